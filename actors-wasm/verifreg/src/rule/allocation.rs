//! Making and claiming allocations (FIP-0045, "Creation of allocations" and "Creation of claims from allocations").

use filigree_builtin::POLICY;
use filigree_builtin::calls::verifreg::{Allocation, AllocationClaim, AllocationRequest};
use filigree_sdk::prelude::*;

/// Whether an allocation may be made now.
pub(crate) fn check_request(request: &AllocationRequest, now: ChainEpoch) -> Result<()> {
    let AllocationRequest {
        size,
        term_min,
        term_max,
        expiration,
        ..
    } = *request;
    ensure!(
        i128::from(size.0) >= i128::from(POLICY.minimum_verified_allocation_size),
        illegal_argument,
        "a piece of {} bytes is too small",
        size.0
    );
    ensure!(
        term_min >= POLICY.minimum_verified_allocation_term,
        illegal_argument,
        "a term of {term_min} epochs is too short"
    );
    ensure!(
        term_max <= POLICY.maximum_verified_allocation_term,
        illegal_argument,
        "a term of {term_max} epochs is too long"
    );
    ensure!(
        term_min <= term_max,
        illegal_argument,
        "no term is {term_min} epochs at the least and {term_max} at the most"
    );
    ensure!(
        expiration >= now,
        illegal_argument,
        "the expiration, {expiration}, has passed"
    );
    ensure!(
        expiration <= now + POLICY.maximum_verified_allocation_expiration,
        illegal_argument,
        "the expiration, {expiration}, is too far away"
    );
    Ok(())
}

/// Whether a provider may claim an allocation now, for a sector that expires at `sector_expiry`.
pub(crate) fn can_claim(
    claim: &AllocationClaim,
    allocation: &Allocation,
    provider: ActorID,
    sector_expiry: ChainEpoch,
    now: ChainEpoch,
) -> Result<bool> {
    // A sector that expires further back than epochs can be counted: release 18 takes that for a bug of its own.
    let lifetime = sector_expiry
        .checked_sub(now)
        .ok_or_else(|| Error::assertion_failed("the sector expires too long ago"))?;
    Ok(provider == allocation.provider
        && claim.client == allocation.client
        && claim.data == allocation.data
        && claim.size == allocation.size
        && now <= allocation.expiration
        && (allocation.term_min..=allocation.term_max).contains(&lifetime))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fvm_shared::piece::PaddedPieceSize;

    const DAY: ChainEpoch = 2_880;
    const NOW: ChainEpoch = 1_000;

    fn request() -> AllocationRequest {
        AllocationRequest {
            provider: 1_000,
            data: Cid::default(),
            size: PaddedPieceSize(1 << 20),
            term_min: 180 * DAY,
            term_max: 5 * (31_556_925 / 30),
            expiration: NOW + 60 * DAY,
        }
    }

    #[test]
    fn requests_are_within_limits() {
        let good = request();
        assert_eq!(check_request(&good, NOW), Ok(()));
        let soon = AllocationRequest {
            expiration: NOW,
            term_max: good.term_min,
            ..good.clone()
        };
        assert_eq!(check_request(&soon, NOW), Ok(()));
        let small = POLICY.minimum_verified_allocation_size as u64 - 1;
        let cases: [fn(&mut AllocationRequest); 6] = [
            |r| r.term_min -= 1,
            |r| r.term_max += 1,
            |r| r.term_max = r.term_min - 1,
            |r| r.expiration = NOW - 1,
            |r| r.expiration += 1,
            |r| r.term_min = ChainEpoch::MAX,
        ];
        for spoil in cases {
            let mut bad = good.clone();
            spoil(&mut bad);
            let error = check_request(&bad, NOW).unwrap_err();
            assert_eq!(error.code, ExitCode::USR_ILLEGAL_ARGUMENT, "{bad:?}");
        }
        let bad = AllocationRequest {
            size: PaddedPieceSize(small),
            ..good
        };
        assert!(check_request(&bad, NOW).is_err());
        let huge = AllocationRequest {
            size: PaddedPieceSize(u64::MAX),
            ..request()
        };
        assert_eq!(check_request(&huge, NOW), Ok(()));
    }

    #[test]
    fn claims_are_what_was_allocated() {
        let allocation = Allocation {
            client: 100,
            provider: 1_000,
            data: Cid::default(),
            size: PaddedPieceSize(1 << 20),
            term_min: 10,
            term_max: 20,
            expiration: NOW,
        };
        let claim = AllocationClaim {
            client: 100,
            allocation_id: 1,
            data: Cid::default(),
            size: PaddedPieceSize(1 << 20),
        };
        let can = |claim: &AllocationClaim, provider, lifetime, now| {
            can_claim(claim, &allocation, provider, now + lifetime, now).unwrap()
        };
        let too_long_ago = can_claim(&claim, &allocation, 1_000, ChainEpoch::MIN, NOW);
        assert_eq!(
            too_long_ago.unwrap_err().code,
            ExitCode::USR_ASSERTION_FAILED
        );
        for (lifetime, expected) in [(9, false), (10, true), (20, true), (21, false), (-1, false)] {
            assert_eq!(can(&claim, 1_000, lifetime, NOW), expected, "{lifetime}");
        }
        assert!(can(&claim, 1_000, 15, NOW - 1) && !can(&claim, 1_000, 15, NOW + 1));
        assert!(!can(&claim, 1_001, 15, NOW));
        let hash = cid::multihash::Multihash::wrap(0, b"other").unwrap();
        let other_data = Cid::new_v1(0x55, hash);
        for bad in [
            AllocationClaim {
                client: 101,
                ..claim.clone()
            },
            AllocationClaim {
                data: other_data,
                ..claim.clone()
            },
            AllocationClaim {
                size: PaddedPieceSize(2 << 20),
                ..claim.clone()
            },
        ] {
            assert!(!can(&bad, 1_000, 15, NOW));
        }
    }
}
