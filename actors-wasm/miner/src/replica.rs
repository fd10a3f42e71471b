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
