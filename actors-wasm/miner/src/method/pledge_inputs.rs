//! What the pledge of sectors is computed from.

use filigree_builtin::smooth::FilterEstimate;
use filigree_sdk::prelude::*;
use fvm_shared::bigint::BigInt;

use super::effects;
use crate::monies;

/// The state of the network, as far as pledges depend on it.
pub(crate) struct PledgeInputs {
    /// Quality-adjusted power, smoothed, bytes.
    pub network_qap: FilterEstimate,
    /// The baseline, bytes.
    pub network_baseline: BigInt,
    /// The circulating supply, attoFIL.
    pub circulating_supply: TokenAmount,
    /// Reward of an epoch, smoothed, attoFIL.
    pub epoch_reward: FilterEstimate,
    /// Since the pledge of FIP-0081 began to come into force; negative before.
    pub epochs_since_ramp_start: ChainEpoch,
    /// How long it takes to.
    pub ramp_duration_epochs: u64,
}

impl PledgeInputs {
    /// Asks the actors that know.
    pub(crate) fn request(ctx: &mut Context) -> Result<Self> {
        let reward = effects::epoch_reward(ctx)?;
        let power = effects::total_power(ctx)?;
        Ok(Self {
            network_qap: power.quality_adj_power_smoothed,
            network_baseline: reward.this_epoch_baseline_power.0,
            circulating_supply: ctx.circulating_supply()?,
            epoch_reward: reward.this_epoch_reward_smoothed,
            epochs_since_ramp_start: ctx.epoch()? - power.ramp_start_epoch,
            ramp_duration_epochs: power.ramp_duration_epochs,
        })
    }

    /// The pledge for quality-adjusted power, attoFIL.
    pub(crate) fn initial_pledge(&self, qa_power: i128) -> TokenAmount {
        monies::initial_pledge_for_power(
            qa_power,
            &self.network_baseline,
            &self.epoch_reward,
            &self.network_qap,
            &self.circulating_supply,
            self.epochs_since_ramp_start,
            self.ramp_duration_epochs,
        )
    }
}
