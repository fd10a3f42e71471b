//! What a deal may look like to be published (Filecoin spec, "Storage Deal Collateral" and "Storage Deal Flow"; FIP-0052 for the longest
//! deal). A deal that breaks a rule is left out; the rest of its batch is published.

use cid::Version;
use filigree_builtin::POLICY;
use filigree_sdk::prelude::*;
use fvm_shared::bigint::BigInt;
use fvm_shared::commcid::{FIL_COMMITMENT_UNSEALED, SHA2_256_TRUNC254_PADDED};

use crate::deal::DealProposal;

/// Longest label, bytes.
pub const MAX_LABEL_BYTES: usize = 256;

/// Shortest deal, epochs.
pub const MIN_DURATION: ChainEpoch = POLICY.min_deal_duration;

/// Longest deal, epochs.
pub const MAX_DURATION: ChainEpoch = POLICY.max_deal_duration;

/// More than all there is: the highest collateral and the highest price of an epoch, FIL.
pub const MAX_AMOUNT_FIL: u64 = 2_000_000_000;

/// The network, as far as collateral depends on it.
pub struct Network {
    /// Raw power, bytes.
    pub raw_power: BigInt,
    /// The baseline, bytes.
    pub baseline_power: BigInt,
    /// Circulating supply, attoFIL.
    pub circulating_supply: TokenAmount,
}

/// The rule that a deal to be published at `now` breaks, if it breaks one.
pub fn broken_rule(
    deal: &DealProposal,
    network: &Network,
    now: ChainEpoch,
) -> Option<&'static str> {
    let rules = [
        (
            "the label is too long",
            deal.label.len_bytes() <= MAX_LABEL_BYTES,
        ),
        (
            "no such size of a piece",
            deal.piece_size.validate().is_ok(),
        ),
        ("not the CID of a piece", is_piece_cid(&deal.piece_cid)),
        (
            "it ends before it starts",
            deal.end_epoch > deal.start_epoch,
        ),
        ("it starts in the past", deal.start_epoch >= now),
    ];
    if let Some((rule, _)) = rules.into_iter().find(|(_, holds)| !holds) {
        return Some(rule);
    }
    let max = TokenAmount::from_whole(MAX_AMOUNT_FIL);
    let is_amount = |amount: &TokenAmount| !amount.is_negative() && *amount <= max;
    let rules = [
        (
            "its duration",
            (MIN_DURATION..=MAX_DURATION).contains(&deal.duration()),
        ),
        ("its price", is_amount(&deal.storage_price_per_epoch)),
        (
            "the client's collateral",
            is_amount(&deal.client_collateral),
        ),
        (
            "the provider's collateral",
            is_amount(&deal.provider_collateral) && is_enough_collateral(deal, network),
        ),
    ];
    rules
        .into_iter()
        .find(|(_, holds)| !holds)
        .map(|(rule, _)| rule)
}

/// Whether a CID is a commitment to a piece (CommP).
fn is_piece_cid(cid: &Cid) -> bool {
    cid.version() == Version::V1
        && cid.codec() == FIL_COMMITMENT_UNSEALED
        && cid.hash().code() == SHA2_256_TRUNC254_PADDED
        && cid.hash().size() == 32
}

/// Whether the provider's collateral is at least a share of the circulating supply, rounded down: the policy's percentage of the piece's share
/// of power or baseline, whichever is more.
fn is_enough_collateral(deal: &DealProposal, network: &Network) -> bool {
    let size = BigInt::from(deal.piece_size.0);
    let power = (&network.raw_power).max(&network.baseline_power).max(&size);
    let divisor = power * POLICY.prov_collateral_percent_supply_denom;
    let dividend = network.circulating_supply.atto() * &size;
    let dividend = dividend * POLICY.prov_collateral_percent_supply_num;
    // c ≥ ⌊dividend / divisor⌋, without dividing.
    (deal.provider_collateral.atto() + 1u8) * divisor > dividend
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::Label;
    use crate::testing::deal;
    use cid::multihash::Multihash;
    use fvm_shared::piece::PaddedPieceSize;

    fn network(raw: u64, baseline: u64, supply: u64) -> Network {
        Network {
            raw_power: raw.into(),
            baseline_power: baseline.into(),
            circulating_supply: TokenAmount::from_atto(supply),
        }
    }

    /// The rule broken by `deal()` after a change, at epoch 100, where no collateral is needed.
    fn broken(change: impl FnOnce(&mut DealProposal)) -> Option<&'static str> {
        let mut deal = DealProposal {
            start_epoch: 100,
            end_epoch: 100 + MIN_DURATION,
            ..deal()
        };
        change(&mut deal);
        broken_rule(&deal, &network(0, 0, 0), 100)
    }

    #[test]
    fn times_and_durations_have_bounds() {
        assert_eq!(broken(|_| ()), None);
        assert_eq!(broken(|deal| deal.end_epoch = 100 + MAX_DURATION), None);
        for end in [99 + MIN_DURATION, 101 + MAX_DURATION, ChainEpoch::MAX] {
            assert_eq!(broken(|deal| deal.end_epoch = end), Some("its duration"));
        }
        let ends = Some("it ends before it starts");
        for end in [100, 99, -1, ChainEpoch::MIN] {
            assert_eq!(broken(|deal| deal.end_epoch = end), ends);
        }
        for start in [99, 0, ChainEpoch::MIN] {
            assert_eq!(
                broken(|deal| deal.start_epoch = start),
                Some("it starts in the past")
            );
        }
    }

    #[test]
    fn labels_have_256_bytes_at_most() {
        for label in [Label::Bytes(vec![0; 256]), Label::Text("é".repeat(128))] {
            assert_eq!(broken(|deal| deal.label = label), None);
        }
        for label in [Label::Bytes(vec![0; 257]), Label::Text("é".repeat(129))] {
            assert_eq!(
                broken(|deal| deal.label = label),
                Some("the label is too long")
            );
        }
    }

    #[test]
    fn pieces_are_powers_of_two_with_commitments() {
        for size in [128, 256, 1 << 63] {
            assert_eq!(broken(|deal| deal.piece_size = PaddedPieceSize(size)), None);
        }
        for size in [0, 64, 127, 129, 384, u64::MAX] {
            let rule = broken(|deal| deal.piece_size = PaddedPieceSize(size));
            assert_eq!(rule, Some("no such size of a piece"));
        }
        let cid =
            |codec, code, len| Cid::new_v1(codec, Multihash::wrap(code, &[7; 32][..len]).unwrap());
        for bad in [
            cid(0x55, SHA2_256_TRUNC254_PADDED, 32),
            cid(FIL_COMMITMENT_UNSEALED, 0x12, 32),
            cid(FIL_COMMITMENT_UNSEALED, SHA2_256_TRUNC254_PADDED, 31),
            Cid::new_v0(Multihash::wrap(0x12, &[7; 32]).unwrap()).unwrap(),
        ] {
            assert_eq!(
                broken(|deal| deal.piece_cid = bad),
                Some("not the CID of a piece")
            );
        }
    }

    #[test]
    fn amounts_are_between_nothing_and_two_billion() {
        let max = TokenAmount::from_whole(MAX_AMOUNT_FIL);
        let atto = TokenAmount::from_atto(1);
        for good in [TokenAmount::default(), max.clone()] {
            assert_eq!(
                broken(|deal| deal.storage_price_per_epoch = good.clone()),
                None
            );
            assert_eq!(broken(|deal| deal.client_collateral = good.clone()), None);
            assert_eq!(broken(|deal| deal.provider_collateral = good), None);
        }
        for bad in [-&atto, max + atto] {
            let price = broken(|deal| deal.storage_price_per_epoch = bad.clone());
            assert_eq!(price, Some("its price"));
            let client = broken(|deal| deal.client_collateral = bad.clone());
            assert_eq!(client, Some("the client's collateral"));
            let provider = broken(|deal| deal.provider_collateral = bad);
            assert_eq!(provider, Some("the provider's collateral"));
        }
    }

    #[test]
    fn the_provider_locks_its_share_of_one_percent_of_the_supply() {
        // 1% of 1,000,000 attoFIL by 2048 bytes of the largest of power, baseline and the piece itself.
        for (raw, baseline, least) in [
            (0, 0, 10_000),
            (2_048, 100, 10_000),
            (4_096, 0, 5_000),
            (0, 4_096, 5_000),
            (4_096, 8_192, 2_500),
            // 6826.67 and 0.02 are rounded down.
            (3_000, 0, 6_826),
            (1 << 30, 0, 0),
        ] {
            let network = network(raw, baseline, 1_000_000);
            let with = |collateral| DealProposal {
                piece_size: PaddedPieceSize(2_048),
                provider_collateral: TokenAmount::from_atto(collateral),
                ..deal()
            };
            assert!(
                is_enough_collateral(&with(least), &network),
                "{raw} {baseline}"
            );
            assert!(
                !is_enough_collateral(&with(least - 1), &network),
                "{raw} {baseline}"
            );
        }
    }
}
