//! Sectors that a network begins with: pre-committed and sealed before there is a chain.

use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;

use super::activate::activate;
use super::data::activate_deals;
use super::pledge_inputs::PledgeInputs;
use crate::events;
use crate::params::InternalSectorSetupForPresealParams;
use crate::state::Miner;

/// Activates pre-committed sectors and their deals without proofs.
pub(crate) fn setup(ctx: &mut Context, params: InternalSectorSetupForPresealParams) -> Result<()> {
    let state: Miner = ctx.load()?;
    let precommits = state.find_precommitted_sectors(ActorStore, &params.sectors)?;
    let info = state.get_info(ActorStore)?;
    let (batch, data) = activate_deals(ctx, &precommits)?;
    let activated = batch.successes(&precommits);

    let inputs = PledgeInputs {
        network_qap: params.quality_adj_power_smoothed,
        network_baseline: params.reward_baseline_power.0,
        circulating_supply: ctx.circulating_supply()?,
        epoch_reward: params.reward_smoothed,
        epochs_since_ramp_start: 0,
        ramp_duration_epochs: 0,
    };
    let (data, pieces): (Vec<_>, Vec<_>) = data.into_iter().unzip();
    activate(ctx, &activated, &data, &inputs, &info)?;
    for (precommit, pieces) in activated.into_iter().zip(pieces) {
        let info = &precommit.info;
        events::sector_activated(
            ctx,
            info.sector_number,
            info.unsealed_cid.0.as_ref(),
            pieces,
        )?;
    }
    Ok(())
}
