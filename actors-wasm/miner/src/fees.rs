//! The daily fee for storing sectors: a share of the circulating supply for each byte of quality-adjusted power, fixed when a sector is
//! activated, updated or extended, and no more than half of what it is expected to earn that day (FIP-0100).

use filigree_builtin::Policy;
use filigree_sdk::prelude::*;
use fvm_shared::bigint::{BigInt, Integer};

pub use crate::monies::reward_for_consensus_slash_report;
use crate::types::SectorOnChainInfo;

/// What quality-adjusted power, in bytes, costs a day, attoFIL.
pub fn daily_proof_fee(
    policy: &Policy,
    circulating_supply: &TokenAmount,
    qa_power: impl Into<BigInt>,
) -> TokenAmount {
    let qa_power: BigInt = qa_power.into();
    let num = circulating_supply.atto() * policy.daily_fee_circulating_supply_qap_multiplier_num;
    let denom = BigInt::from(policy.daily_fee_circulating_supply_qap_multiplier_denom);
    TokenAmount::from_atto((num * qa_power).div_floor(&denom))
}

/// The fee of a sector whose power becomes another, attoFIL. There must have been some.
pub fn daily_proof_fee_adjust(
    daily_fee: &TokenAmount,
    old_qa_power: i128,
    new_qa_power: i128,
) -> TokenAmount {
    if old_qa_power == new_qa_power {
        return daily_fee.clone();
    }
    TokenAmount::from_atto(daily_fee.atto() * new_qa_power).div_floor(old_qa_power)
}

/// What of a fee is paid, by the expected reward of the day, attoFIL.
pub fn daily_proof_fee_payable(
    policy: &Policy,
    daily_fee: &TokenAmount,
    estimated_day_reward: &TokenAmount,
) -> TokenAmount {
    let cap = estimated_day_reward.div_floor(policy.daily_fee_block_reward_cap_denom);
    cap.min(daily_fee.clone())
}

/// The fees of sectors together, attoFIL.
pub fn daily_fee_for_sectors<'a>(
    sectors: impl IntoIterator<Item = &'a SectorOnChainInfo>,
) -> TokenAmount {
    let mut sum = TokenAmount::default();
    for sector in sectors {
        sum += &sector.daily_fee;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use filigree_builtin::policy::MAINNET;

    fn atto(amount: u128) -> TokenAmount {
        TokenAmount::from_atto(amount)
    }

    #[test]
    fn the_fee_is_a_share_of_the_supply() {
        // FIP-0100: 5.56e-15 of the supply for 32 GiB; of 680 million FIL that is 3.78e-6 FIL.
        let supply = TokenAmount::from_whole(680_000_000);
        let fee = daily_proof_fee(&MAINNET, &supply, 32i128 << 30);
        // 161817 · 680e24 · 2^35 / 1e30, by hand: 3780792051428.7…
        assert_eq!(
            fee,
            atto(161_817 * 680_000_000 * (1u128 << 35) / 1_000_000_000_000)
        );
        assert_eq!(fee.atto().to_string().len(), 13);
        // Verified data costs ten times as much.
        let ten = daily_proof_fee(&MAINNET, &supply, 320i128 << 30);
        assert!((&fee * 10..=&fee * 10 + atto(9)).contains(&ten));
        assert_eq!(daily_proof_fee(&MAINNET, &supply, 0), atto(0));
    }

    #[test]
    fn the_fee_follows_the_power() {
        let fee = atto(1_001);
        assert_eq!(daily_proof_fee_adjust(&fee, 7, 7), fee);
        assert_eq!(daily_proof_fee_adjust(&fee, 10, 100), atto(10_010));
        assert_eq!(daily_proof_fee_adjust(&fee, 100, 10), atto(100));
    }

    #[test]
    fn half_of_the_reward_is_the_most_that_is_paid() {
        let paid = |fee, reward| daily_proof_fee_payable(&MAINNET, &atto(fee), &atto(reward));
        assert_eq!(paid(100, 1_000), atto(100));
        assert_eq!(paid(100, 201), atto(100));
        assert_eq!(paid(100, 199), atto(99));
        assert_eq!(paid(100, 0), atto(0));
    }

    #[test]
    fn fees_are_added() {
        let sector = |fee| SectorOnChainInfo {
            daily_fee: atto(fee),
            ..Default::default()
        };
        assert_eq!(daily_fee_for_sectors(&[sector(3), sector(4)]), atto(7));
    }
}
