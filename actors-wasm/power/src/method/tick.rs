//! The end of a tipset: miners that asked for it are called, the epoch's power is kept, and the reward actor is told.

use filigree_builtin::calls::miner::{self, DeferredCronEventParams};
use filigree_builtin::calls::reward;
use filigree_builtin::ids;
use filigree_builtin::smooth::FilterEstimate;
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;

use crate::state::Power;

/// Runs the end of a tipset.
pub(crate) fn on_epoch_tick_end(ctx: &mut Context) -> Result<()> {
    ctx.require_caller(&[ids::CRON])?;
    let reward = ctx.send(reward::this_epoch_reward())?;
    call_due_miners(ctx, reward.this_epoch_reward_smoothed)?;
    let power = ctx.transaction(|state: &mut Power, _| {
        state.close_epoch();
        Ok(state.this_epoch_raw_byte_power.clone())
    })?;
    ctx.send_raw(&reward::update_network_kpi(&power)?)?;
    Ok(())
}

/// Calls the miners whose time has come. A call that fails is not made again, and the miner loses its claim.
fn call_due_miners(ctx: &mut Context, reward_smoothed: FilterEstimate) -> Result<()> {
    let now = ctx.epoch()?;
    let (due, quality_adj_power_smoothed) = ctx.transaction(|state: &mut Power, _| {
        let due = state.take_due(ActorStore, now)?;
        Ok((due, state.this_epoch_qa_power_smoothed.clone()))
    })?;
    let mut params = DeferredCronEventParams {
        event_payload: Bytes::default(),
        reward_smoothed,
        quality_adj_power_smoothed,
    };
    let mut failed = Vec::new();
    for event in due {
        params.event_payload = Bytes(event.callback_payload.into());
        let call = miner::on_deferred_cron_event(event.miner_addr, &params)?;
        if ctx.send_raw(&call).is_err() {
            ctx.log(|| "a miner's cron failed: it loses its power".to_owned())?;
            failed.push(event.miner_addr);
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    ctx.transaction(|state: &mut Power, _| state.drop_failed(ActorStore, &failed))
}
