//! What the pledge of sectors is computed from.

use filigree_builtin::POLICY;
use filigree_builtin::smooth::FilterEstimate;
use filigree_sdk::prelude::*;
use fvm_shared::bigint::BigInt;

use super::effects;
use crate::fees::daily_proof_fee;
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

/// What sectors cost, one after the other: those of a batch are mostly alike, and pledges take long to compute.
pub(crate) struct Costs<'a> {
    inputs: &'a PledgeInputs,
    last: Option<(i128, Cost)>,
}

/// What a sector costs, attoFIL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cost {
    /// Once, until it ends.
    pub initial_pledge: TokenAmount,
    /// Every day.
    pub daily_fee: TokenAmount,
}

impl<'a> Costs<'a> {
    /// Costs in a network.
    pub(crate) fn new(inputs: &'a PledgeInputs) -> Self {
        Self { inputs, last: None }
    }

    /// What quality-adjusted power costs.
    pub(crate) fn of(&mut self, qa_power: i128) -> Cost {
        match &self.last {
            Some((power, cost)) if *power == qa_power => cost.clone(),
            _ => {
                let supply = &self.inputs.circulating_supply;
                let cost = Cost {
                    initial_pledge: self.inputs.initial_pledge(qa_power),
                    daily_fee: daily_proof_fee(&POLICY, supply, qa_power),
                };
                self.last = Some((qa_power, cost.clone()));
                cost
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::pledge_inputs;

    #[test]
    fn costs_are_those_of_the_power_asked_for() {
        let inputs = pledge_inputs();
        let mut costs = Costs::new(&inputs);
        for power in [32i128 << 30, 32 << 30, 320 << 30, 32 << 30] {
            let cost = costs.of(power);
            assert_eq!(cost.initial_pledge, inputs.initial_pledge(power));
            let fee = daily_proof_fee(&POLICY, &inputs.circulating_supply, power);
            assert_eq!(cost.daily_fee, fee);
        }
        assert!(costs.of(320 << 30).daily_fee > costs.of(32 << 30).daily_fee);
    }
}
