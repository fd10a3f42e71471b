//! What public networks began with, and when it is freed (Lotus, `chain/stmgr/supply.go`, "post-Calico").

use filigree_builtin::network::EPOCHS_IN_DAY;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;

use super::{Supply, Vesting};

const SIX_MONTHS: ChainEpoch = 183 * EPOCHS_IN_DAY;
const YEAR: ChainEpoch = 365 * EPOCHS_IN_DAY;

/// FIL, and over how long it is freed.
const VESTING: [(u64, ChainEpoch); 6] = [
    (10_632_000, 0),
    (19_015_887 + 32_787_700, SIX_MONTHS),
    (22_421_712 + 9_400_000, YEAR),
    (7_223_364, 2 * YEAR),
    (87_637_883 + 898_958, 3 * YEAR),
    (100_000_000 + 300_000_000 + 9_805_053, 6 * YEAR),
];

/// What the reserve of a public network began with, in FIL.
const RESERVED_FIL: u64 = 300_000_000;

impl Supply {
    /// Mainnet's.
    pub fn mainnet() -> Self {
        Self::public(148_888, RESERVED_FIL)
    }

    /// The calibration network's, whose reserve was counted anew.
    pub fn calibnet() -> Self {
        Self::public(-5, 1_200_000_000)
    }

    /// `start` is the epoch of the upgrade called liftoff, when money began to be freed.
    fn public(start: ChainEpoch, reserved_since_v25_fil: u64) -> Self {
        let vesting = VESTING.map(|(fil, duration)| Vesting {
            amount: TokenAmount::from_whole(fil),
            start,
            duration,
        });
        Self {
            vesting: vesting.to_vec(),
            reserved: TokenAmount::from_whole(RESERVED_FIL),
            reserved_since_v25: TokenAmount::from_whole(reserved_since_v25_fil),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 300 million for the protocol's developers, 200 for those who invested, and 100 for the foundation make 600 with what
    /// was found to circulate already.
    #[test]
    fn all_of_it_is_about_six_hundred_million() {
        let total: u64 = VESTING.iter().map(|(fil, _)| fil).sum();
        assert_eq!(total, 599_822_557);
    }

    #[test]
    fn what_has_vested_by_an_epoch() {
        let vested = |epoch| -> TokenAmount {
            let mainnet = Supply::mainnet();
            mainnet.vesting.iter().map(|part| part.vested(epoch)).sum()
        };
        assert_eq!(vested(148_887), TokenAmount::default());
        assert_eq!(vested(148_888).atto() / 10i64.pow(18), 10_632_000.into());
        assert_eq!(
            vested(148_888 + 6 * YEAR),
            TokenAmount::from_whole(599_822_557)
        );
        // Three years after: half of the last row is left.
        let half = TokenAmount::from_whole(599_822_557) - vested(148_888 + 3 * YEAR);
        let expected = TokenAmount::from_atto(TokenAmount::from_whole(409_805_053).atto() / 2);
        let difference = (half - expected).atto().clone();
        assert!(difference.magnitude() < &(6 * YEAR as u64).into());
    }
}
