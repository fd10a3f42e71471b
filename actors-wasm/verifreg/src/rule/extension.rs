//! Longer terms for claims (FIP-0045, "Extension of claim term by client" and "Renewal of claim term by spending datacap").

use filigree_builtin::POLICY;
use filigree_builtin::calls::verifreg::Claim;
use filigree_sdk::prelude::*;

/// Whether a client may let its claim last as long as `term_max` without more datacap: it could have asked for that in the first place.
pub(crate) fn check_term(claim: &Claim, client: ActorID, term_max: ChainEpoch) -> ExitCode {
    if claim.client != client {
        ExitCode::USR_FORBIDDEN
    } else if term_max < claim.term_max {
        ExitCode::USR_ILLEGAL_ARGUMENT
    } else {
        ExitCode::OK
    }
}

/// Whether anyone may, for new datacap, let a claim last as long as `term_max`. The longest term is counted from now on.
pub(crate) fn check_extension(claim: &Claim, term_max: ChainEpoch, now: ChainEpoch) -> Result<()> {
    let longest = now + POLICY.maximum_verified_allocation_term - claim.term_start;
    ensure!(
        term_max <= longest,
        illegal_argument,
        "a term of {term_max} epochs is above {longest}"
    );
    ensure!(
        term_max > claim.term_max,
        illegal_argument,
        "a term of {term_max} epochs is not longer than {}",
        claim.term_max
    );
    // Otherwise claims could be revived at will.
    ensure!(
        now <= claim.term_start + claim.term_max,
        forbidden,
        "the claim has expired"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use fvm_shared::piece::PaddedPieceSize;

    fn claim() -> Claim {
        Claim {
            provider: 1_000,
            client: 100,
            data: Cid::default(),
            size: PaddedPieceSize(1 << 20),
            term_min: 10,
            term_max: 500,
            term_start: 1_000,
            sector: 7,
        }
    }

    #[test]
    fn clients_extend_their_own_claims() {
        for (client, term_max, code) in [
            (100, 500, ExitCode::OK),
            (100, 501, ExitCode::OK),
            (100, 499, ExitCode::USR_ILLEGAL_ARGUMENT),
            (101, 501, ExitCode::USR_FORBIDDEN),
            (101, 499, ExitCode::USR_FORBIDDEN),
        ] {
            assert_eq!(check_term(&claim(), client, term_max), code);
        }
    }

    #[test]
    fn new_datacap_extends_claims_that_last() {
        let maximum = POLICY.maximum_verified_allocation_term;
        let check = |term_max, now| check_extension(&claim(), term_max, now).map_err(|e| e.code);
        let illegal = Err(ExitCode::USR_ILLEGAL_ARGUMENT);
        assert_eq!(check(501, 1_500), Ok(()));
        assert_eq!(check(501, 1_501), Err(ExitCode::USR_FORBIDDEN));
        assert_eq!(check(500, 1_500), illegal);
        assert_eq!(check(500, 1_501), illegal);
        // At epoch 1,200 the claim is 200 epochs old.
        assert_eq!(check(maximum + 200, 1_200), Ok(()));
        assert_eq!(check(maximum + 201, 1_200), illegal);
    }
}
