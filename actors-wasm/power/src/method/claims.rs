//! What miners say of themselves.

use filigree_builtin::calls::power::{EnrollCronEventParams, UpdateClaimedPowerParams};
use filigree_builtin::{Type, internal_api};
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;

use crate::cron::CronEvent;
use crate::state::Power;

/// The caller's address, if it is a miner.
fn calling_miner(ctx: &Context) -> Result<Address> {
    internal_api::require_type(ctx, &[Type::Miner])?;
    Ok(Address::new_id(ctx.caller()))
}

/// The caller's power grew or fell.
pub(crate) fn update_claimed_power(
    ctx: &mut Context,
    change: &UpdateClaimedPowerParams,
) -> Result<()> {
    let miner = calling_miner(ctx)?;
    ctx.transaction(|state: &mut Power, _| {
        let mut claims = state.claims.open()?;
        state.add_to_claim(&mut claims, &miner, change)?;
        state.claims = claims.close()?;
        Ok(())
    })
}

/// The caller pledged more or less, attoFIL.
pub(crate) fn update_pledge_total(ctx: &mut Context, change: &TokenAmount) -> Result<()> {
    let miner = calling_miner(ctx)?;
    ctx.transaction(|state: &mut Power, _| state.add_pledge(ActorStore, &miner, change))
}

/// The caller wants to be called.
pub(crate) fn enroll_cron_event(ctx: &mut Context, params: EnrollCronEventParams) -> Result<()> {
    let event = CronEvent {
        miner_addr: calling_miner(ctx)?,
        callback_payload: params.payload,
    };
    // Cron goes through every epoch from the earliest on.
    ensure!(
        params.event_epoch >= 0,
        illegal_argument,
        "an epoch before the first"
    );
    ctx.transaction(|state: &mut Power, _| state.enroll(ActorStore, params.event_epoch, &event))
}
