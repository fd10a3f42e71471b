//! What data makes of a sector that had none (FIP-0019, FIP-0100).

use filigree_builtin::POLICY;
use filigree_sdk::prelude::*;
use fvm_shared::sector::SectorSize;

use crate::fees::{daily_proof_fee, daily_proof_fee_adjust};
use crate::method::data::DataOutput;
use crate::method::pledge_inputs::PledgeInputs;
use crate::power::qa_power_for_weight;
use crate::types::{SectorOnChainInfo, SectorOnChainInfoFlags};

/// The sector with data, from this epoch on. Its pledge never becomes less.
pub(crate) fn updated_sector(
    old: &SectorOnChainInfo,
    sealed_cid: Cid,
    data: &DataOutput,
    inputs: &PledgeInputs,
    sector_size: SectorSize,
    epoch: ChainEpoch,
) -> SectorOnChainInfo {
    let duration = old.expiration - epoch;
    let verified_deal_weight = data.verified_space * i128::from(duration);
    let power = qa_power_for_weight(sector_size, duration, verified_deal_weight);
    let daily_fee = if old.daily_fee.is_zero() {
        // A sector from before there were fees.
        daily_proof_fee(&POLICY, &inputs.circulating_supply, power)
    } else {
        let before = qa_power_for_weight(sector_size, duration, old.verified_deal_weight);
        daily_proof_fee_adjust(&old.daily_fee, before, power)
    };
    SectorOnChainInfo {
        sealed_cid,
        sector_key_cid: old.sector_key_cid.or(Some(old.sealed_cid)),
        deal_weight: data.unverified_space * i128::from(duration),
        verified_deal_weight,
        power_base_epoch: epoch,
        initial_pledge: inputs.initial_pledge(power).max(old.initial_pledge.clone()),
        expected_day_reward: None,
        expected_storage_pledge: None,
        replaced_day_reward: None,
        flags: SectorOnChainInfoFlags(old.flags.0 | SectorOnChainInfoFlags::SIMPLE_QA_POWER.0),
        daily_fee,
        ..old.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::power::qa_power_for_sector;
    use crate::testing::{pledge_inputs, sealed_cid};

    const SIZE: SectorSize = SectorSize::_32GiB;
    const BYTES: i128 = 32 << 30;

    fn empty(daily_fee: i64, pledge: i64) -> SectorOnChainInfo {
        SectorOnChainInfo {
            sector_number: 7,
            sealed_cid: Cid::default(),
            expiration: 1_000_000,
            initial_pledge: TokenAmount::from_whole(pledge),
            daily_fee: TokenAmount::from_atto(daily_fee),
            expected_day_reward: Some(TokenAmount::from_atto(5)),
            ..Default::default()
        }
    }

    fn update(old: &SectorOnChainInfo, verified: i128, unverified: i128) -> SectorOnChainInfo {
        let data = DataOutput {
            unverified_space: unverified,
            verified_space: verified,
        };
        updated_sector(old, sealed_cid(), &data, &pledge_inputs(), SIZE, 200_000)
    }

    #[test]
    fn data_counts_from_now_to_the_end() {
        let new = update(&empty(100, 1), BYTES / 2, BYTES / 4);
        assert_eq!(new.verified_deal_weight, BYTES / 2 * 800_000);
        assert_eq!(new.deal_weight, BYTES / 4 * 800_000);
        assert_eq!(
            (new.activation, new.expiration, new.power_base_epoch),
            (0, 1_000_000, 200_000)
        );
        assert_eq!(qa_power_for_sector(SIZE, &new), BYTES * 55 / 10);
        assert!(new.flags.contains(SectorOnChainInfoFlags::SIMPLE_QA_POWER));
        assert_eq!(new.expected_day_reward, None);
    }

    #[test]
    fn the_first_commitment_is_kept() {
        let old = empty(100, 1);
        let new = update(&old, 0, BYTES);
        assert_eq!(
            (new.sealed_cid, new.sector_key_cid),
            (sealed_cid(), Some(old.sealed_cid))
        );
        let again = update(&new, 0, BYTES);
        assert_eq!(again.sector_key_cid, Some(old.sealed_cid));
    }

    #[test]
    fn the_pledge_becomes_more_or_stays() {
        let needed = pledge_inputs().initial_pledge(10 * BYTES);
        assert_eq!(update(&empty(100, 0), BYTES, 0).initial_pledge, needed);
        let rich = TokenAmount::from_whole(1_000);
        assert_eq!(update(&empty(100, 1_000), BYTES, 0).initial_pledge, rich);
    }

    #[test]
    fn the_fee_grows_as_the_power_does() {
        assert_eq!(
            update(&empty(100, 1), BYTES, 0).daily_fee,
            TokenAmount::from_atto(1_000)
        );
        assert_eq!(
            update(&empty(100, 1), 0, BYTES).daily_fee,
            TokenAmount::from_atto(100)
        );
        // A sector from before there were fees begins to pay.
        let supply = pledge_inputs().circulating_supply;
        let fee = daily_proof_fee(&POLICY, &supply, 10 * BYTES);
        assert_eq!(update(&empty(0, 1), BYTES, 0).daily_fee, fee);
    }
}
