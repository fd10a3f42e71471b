//! What cron makes a miner do, through the power actor: close a deadline, or go on with terminated sectors.

use filigree_builtin::POLICY;
use filigree_builtin::calls::miner::DeferredCronEventParams;
use filigree_builtin::network::EPOCHS_IN_DAY;
use filigree_builtin::smooth::FilterEstimate;
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;

use super::effects::{self, CronEvent};
use super::terminate;
use crate::fees::daily_proof_fee_payable;
use crate::monies::{expected_reward_for_power, pledge_penalty_for_continued_fault};
use crate::state::Miner;
use crate::types::PowerPair;

/// Does what was enrolled; nothing, if there is no such event.
pub(crate) fn on_event(ctx: &mut Context, params: &DeferredCronEventParams) -> Result<()> {
    let (reward, power) = (&params.reward_smoothed, &params.quality_adj_power_smoothed);
    match CronEvent::decode(&params.event_payload.0)? {
        Some(CronEvent::ProvingDeadline) => close_deadline(ctx, reward, power)?,
        Some(CronEvent::ProcessEarlyTerminations) => go_on(ctx, reward, power)?,
        None => (),
    }
    effects::check_balance(ctx)
}

/// What the end of a deadline comes to. Amounts are in attoFIL.
struct Closed {
    power_delta: PowerPair,
    pledge_delta: TokenAmount,
    to_burn: TokenAmount,
    /// The next event, if there is one.
    next: Option<ChainEpoch>,
    /// Whether sectors were queued for early termination, and none before.
    begins_queue: bool,
}

/// At a deadline's last epoch: who did not prove is faulty, who was faulty pays, all pay the daily fee, sectors expire.
fn close_deadline(
    ctx: &mut Context,
    reward: &FilterEstimate,
    power: &FilterEstimate,
) -> Result<()> {
    let closed = ctx.transaction(|state: &mut Miner, ctx| advance(state, ctx, reward, power))?;
    effects::update_power(ctx, closed.power_delta)?;
    effects::burn(ctx, &closed.to_burn)?;
    effects::update_pledge(ctx, &closed.pledge_delta)?;
    if let Some(next) = closed.next {
        effects::enroll_cron(ctx, next, CronEvent::ProvingDeadline)?;
    }
    // With a queue from before, its event comes in this epoch too.
    if closed.begins_queue {
        go_on(ctx, reward, power)?;
    }
    Ok(())
}

/// Pays for a portion of terminated sectors; if there are more, in the next epoch again.
fn go_on(ctx: &mut Context, reward: &FilterEstimate, power: &FilterEstimate) -> Result<()> {
    match terminate::process_queue(ctx, reward, power)? {
        true => terminate::schedule(ctx),
        false => Ok(()),
    }
}

fn advance(
    state: &mut Miner,
    ctx: &Context,
    reward: &FilterEstimate,
    power: &FilterEstimate,
) -> Result<Closed> {
    let (epoch, balance) = (ctx.epoch()?, ctx.balance()?);
    let mut info = state.get_info(ActorStore)?;
    state.process_pending_worker(&mut info, epoch)?;
    let deposits = state.cleanup_expired_pre_commits(&POLICY, ActorStore, epoch)?;
    state.apply_penalty(&deposits)?;

    let had_queue = !state.early_terminations.is_empty();
    let deadline = state.advance_deadline(&POLICY, ActorStore, epoch)?;
    // Faults that show only now are free once.
    let faulty = deadline.previously_faulty_power.qa;
    state.apply_penalty(&pledge_penalty_for_continued_fault(reward, power, faulty))?;
    if deadline.daily_fee.is_positive() {
        let live = deadline.live_power.qa;
        let day_reward = expected_reward_for_power(reward, power, live, EPOCHS_IN_DAY);
        let fee = daily_proof_fee_payable(&POLICY, &deadline.daily_fee, &day_reward);
        state.apply_penalty(&fee)?;
    }

    let (to_burn, unlocked) =
        state.repay_partial_debt_in_priority_order(ActorStore, epoch, &balance)?;
    let vested = state.unlock_vested_funds(ActorStore, epoch)?;
    let goes_on = state.continue_deadline_cron();
    if !goes_on {
        state.deadline_cron_active = false;
    }
    Ok(Closed {
        power_delta: deadline.power_delta,
        pledge_delta: deadline.pledge_delta - unlocked - vested,
        to_burn,
        next: goes_on.then(|| state.deadline_info(&POLICY, epoch + 1).last()),
        begins_queue: !had_queue && !state.early_terminations.is_empty(),
    })
}
