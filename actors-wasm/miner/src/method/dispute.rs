//! Disputes of windowed proofs that were believed (FIP-0010). Whoever shows that one is invalid is rewarded by the miner.

use filigree_builtin::POLICY;
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;

use super::{effects, post};
use crate::deadline_info::{
    DeadlineInfo, deadline_available_for_optimistic_post_dispute, new_deadline_info,
    quant_spec_for_deadline,
};
use crate::monies;
use crate::params::DisputeWindowedPoStParams;
use crate::sectors::Sectors;
use crate::state::Miner;
use crate::types::{MinerInfo, PowerPair};

/// What a dispute comes to. Amounts are in attoFIL.
struct Outcome {
    pledge_delta: TokenAmount,
    power_delta: PowerPair,
    to_burn: TokenAmount,
    to_reward: TokenAmount,
}

/// Verifies a proof again. If it is invalid, its sectors become faulty and the miner pays; otherwise this fails.
pub(crate) fn dispute(ctx: &mut Context, params: DisputeWindowedPoStParams) -> Result<()> {
    ensure!(
        params.deadline < POLICY.wpost_period_deadlines,
        illegal_argument,
        "there is no deadline {}",
        params.deadline
    );
    // As they are now, not as they were then: penalties are estimates anyway.
    let reward = effects::epoch_reward(ctx)?.this_epoch_reward_smoothed;
    let power = effects::total_power(ctx)?.quality_adj_power_smoothed;

    let outcome = ctx.transaction(|state: &mut Miner, ctx| {
        let (epoch, balance) = (ctx.epoch()?, ctx.balance()?);
        let target = target_deadline(state, params.deadline, epoch)?;
        let info = state.get_info(ActorStore)?;
        let (disputed, power_delta) = record_faults(state, ctx, &params, &info, &target)?;

        let penalty = monies::pledge_penalty_for_invalid_windowpost(&reward, &power, disputed.qa);
        let reward = monies::reward_for_disputed_window_post();
        // The miner might get the reward itself, so it is no part of the penalty.
        state.apply_penalty(&(penalty + &reward))?;
        let (to_burn, unlocked) =
            state.repay_partial_debt_in_priority_order(ActorStore, epoch, &balance)?;
        let to_reward = reward.min(to_burn.clone());
        Ok(Outcome {
            pledge_delta: -unlocked,
            power_delta,
            to_burn: to_burn - &to_reward,
            to_reward,
        })
    })?;

    effects::update_power(ctx, outcome.power_delta)?;
    let mut to_burn = outcome.to_burn;
    if !outcome.to_reward.is_zero() {
        let reporter = Address::new_id(ctx.caller());
        if ctx.transfer(&reporter, &outcome.to_reward).is_err() {
            to_burn += outcome.to_reward;
        }
    }
    effects::burn(ctx, &to_burn)?;
    effects::update_pledge(ctx, &outcome.pledge_delta)?;
    effects::check_balance(ctx)
}

/// The deadline as it last was, if its proofs may be disputed now.
fn target_deadline(state: &Miner, index: u64, epoch: ChainEpoch) -> Result<DeadlineInfo> {
    let current = state.deadline_info(&POLICY, epoch);
    ensure!(
        deadline_available_for_optimistic_post_dispute(&POLICY, current.period_start, index, epoch),
        forbidden,
        "proofs may be disputed in the {} epochs after the challenge window",
        POLICY.wpost_dispute_window
    );
    let period_start = match current.index < index {
        true => current.period_start - POLICY.wpost_proving_period,
        false => current.period_start,
    };
    Ok(new_deadline_info(&POLICY, period_start, index, epoch))
}

/// Takes the proof out of the deadline, and makes its sectors faulty if it is invalid. Gives the power that was disputed, for penalties, and
/// what changes of the miner's power, which is less if sectors have ended since.
fn record_faults(
    state: &mut Miner,
    ctx: &Context,
    params: &DisputeWindowedPoStParams,
    info: &MinerInfo,
    target: &DeadlineInfo,
) -> Result<(PowerPair, PowerPair)> {
    let mut deadlines = state.load_deadlines(ActorStore)?;
    let mut deadline = deadlines.load_deadline(ActorStore, params.deadline)?;
    let (partitions, proofs) = deadline.take_post_proofs(ActorStore, params.post_index)?;
    let disputed = deadline.load_partitions_for_dispute(ActorStore, &partitions)?;

    let sectors = Sectors::load(ActorStore, &deadline.sectors_snapshot)?;
    let infos = sectors.load_for_proof(&disputed.all_sector_nos, &disputed.ignored_sector_nos)?;
    ensure!(
        !post::verify(ctx, target.challenge, &infos, proofs)?,
        illegal_argument,
        "the proof is valid"
    );
    let power_delta = deadline.record_faults(
        ActorStore,
        &sectors,
        info.sector_size,
        quant_spec_for_deadline(target),
        target.last() + POLICY.fault_max_age,
        &disputed.disputed_sectors,
    )?;
    deadlines.update_deadline(&POLICY, ActorStore, params.deadline, &deadline)?;
    state.save_deadlines(ActorStore, &deadlines)?;
    Ok((disputed.disputed_power, power_delta))
}
