//! Sectors that end before their time: by the miner's will, or because they were faulty for too long. They are queued, and paid for in
//! portions (FIP-0098).

use filigree_builtin::calls::market::{self, OnMinerSectorsTerminateParams};
use filigree_builtin::smooth::FilterEstimate;
use filigree_builtin::{POLICY, ids};
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;
use fvm_shared::sector::SectorNumber;

use super::effects::{self, CronEvent};
use super::{faults, illegal_state, require_controlling};
use crate::deadline_info::deadline_is_mutable;
use crate::events;
use crate::monies::{pledge_penalty_for_continued_fault, pledge_penalty_for_termination};
use crate::params::{SectorDeclaration, TerminateSectorsReturn};
use crate::power::qa_power_for_sector;
use crate::sectors::Sectors;
use crate::state::Miner;
use crate::termination::TerminationResult;
use crate::types::PowerPair;

/// Ends sectors, and pays for those that are queued as far as that goes in one call.
pub(crate) fn terminate(
    ctx: &mut Context,
    terminations: Vec<SectorDeclaration>,
) -> Result<TerminateSectorsReturn> {
    let declared = faults::collect(terminations)?;
    let (had_queue, power_delta) = ctx.transaction(|state: &mut Miner, ctx| {
        let had_queue = !state.early_terminations.is_empty();
        let info = state.get_info(ActorStore)?;
        require_controlling(ctx, &info)?;
        let epoch = ctx.epoch()?;
        let mut deadlines = state.load_deadlines(ActorStore)?;
        let sectors = Sectors::load(ActorStore, &state.sectors)?;
        let mut power_delta = PowerPair::zero();
        for (index, partitions) in declared.iter() {
            let period_start = state.current_proving_period_start(&POLICY, epoch);
            ensure!(
                deadline_is_mutable(&POLICY, period_start, index, epoch),
                illegal_argument,
                "deadline {index} is about to be proven"
            );
            let mut deadline = deadlines.load_deadline(ActorStore, index)?;
            power_delta -= deadline.terminate_sectors(
                ActorStore,
                &sectors,
                epoch,
                partitions,
                info.sector_size,
                state.quant_spec_for_deadline(&POLICY, index),
            )?;
            state.early_terminations.set(index);
            deadlines.update_deadline(&POLICY, ActorStore, index, &deadline)?;
        }
        state.save_deadlines(ActorStore, &deadlines)?;
        Ok((had_queue, power_delta))
    })?;
    let reward = effects::epoch_reward(ctx)?.this_epoch_reward_smoothed;
    let power = effects::total_power(ctx)?.quality_adj_power_smoothed;
    let more = process_queue(ctx, &reward, &power)?;
    if more && !had_queue {
        schedule(ctx)?;
    }
    effects::check_balance(ctx)?;
    effects::update_power(ctx, power_delta)?;
    Ok(TerminateSectorsReturn { done: !more })
}

/// Has cron go on with the queue in the next epoch.
pub(crate) fn schedule(ctx: &mut Context) -> Result<()> {
    let next = ctx.epoch()? + 1;
    effects::enroll_cron(ctx, next, CronEvent::ProcessEarlyTerminations)
}

/// Sectors that were taken from the queue, and what they come to. Amounts are in attoFIL.
struct Portion {
    sectors: Vec<SectorNumber>,
    with_data: Vec<SectorNumber>,
    to_burn: TokenAmount,
    pledge_delta: TokenAmount,
}

/// What a portion's sectors cost.
#[derive(Default)]
struct Bill {
    sectors: Vec<SectorNumber>,
    with_data: Vec<SectorNumber>,
    penalty: TokenAmount,
    pledge: TokenAmount,
}

/// Pays for a portion of the queue; tells whether more is left. Penalties depend on reward and power as they are now, not when the sectors
/// ended.
pub(crate) fn process_queue(
    ctx: &mut Context,
    reward: &FilterEstimate,
    power: &FilterEstimate,
) -> Result<bool> {
    let (portion, more) = ctx.transaction(|state: &mut Miner, ctx| {
        let (popped, more) = state
            .pop_early_terminations(
                &POLICY,
                ActorStore,
                POLICY.addressed_partitions_max,
                POLICY.addressed_sectors_max,
            )
            .map_err(illegal_state)?;
        if popped.is_empty() {
            return Ok((None, more));
        }
        let bill = bill(state, &popped, reward, power)?;
        state.apply_penalty(&bill.penalty)?;
        state.add_initial_pledge(&-&bill.pledge)?;
        let (to_burn, unlocked) = state.repay_partial_debt_in_priority_order(
            ActorStore,
            ctx.epoch()?,
            &ctx.balance()?,
        )?;
        let portion = Portion {
            sectors: bill.sectors,
            with_data: bill.with_data,
            to_burn,
            pledge_delta: -(bill.pledge + unlocked),
        };
        Ok((Some(portion), more))
    })?;
    if let Some(portion) = portion {
        effects::burn(ctx, &portion.to_burn)?;
        effects::update_pledge(ctx, &portion.pledge_delta)?;
        terminate_deals(ctx, portion.with_data)?;
        for sector in portion.sectors {
            events::sector_terminated(ctx, sector)?;
        }
    }
    Ok(more)
}

fn bill(
    state: &Miner,
    popped: &TerminationResult,
    reward: &FilterEstimate,
    power: &FilterEstimate,
) -> Result<Bill> {
    let size = state.get_info(ActorStore)?.sector_size;
    let sectors = Sectors::load(ActorStore, &state.sectors)?;
    let mut bill = Bill::default();
    // Sectors are mostly alike, and the fee takes long to compute.
    let mut last: Option<(i128, TokenAmount)> = None;
    for (epoch, numbers) in &popped.sectors {
        for sector in sectors.load_sectors(numbers)? {
            let qa_power = qa_power_for_sector(size, &sector);
            let fault_fee = match last.take() {
                Some((of, fee)) if of == qa_power => fee,
                _ => pledge_penalty_for_continued_fault(reward, power, qa_power),
            };
            let age = epoch - sector.activation;
            bill.penalty += pledge_penalty_for_termination(&sector.initial_pledge, age, &fault_fee);
            last = Some((qa_power, fault_fee));
            bill.pledge += &sector.initial_pledge;
            bill.sectors.push(sector.sector_number);
            if sector.deal_weight > 0 || sector.verified_deal_weight > 0 {
                bill.with_data.push(sector.sector_number);
            }
        }
    }
    Ok(bill)
}

/// Tells the market that sectors with data ended. If it fails, that ends calls by users, but not cron, which would then stop for this miner.
fn terminate_deals(ctx: &mut Context, sectors: Vec<SectorNumber>) -> Result<()> {
    if sectors.is_empty() {
        return Ok(());
    }
    let sectors = BitField::try_from_bits(sectors)
        .map_err(|_| Error::illegal_state("a sector number out of range"))?;
    let epoch = ctx.epoch()?;
    let call =
        market::on_miner_sectors_terminate(&OnMinerSectorsTerminateParams { epoch, sectors })?;
    match ctx.send(call) {
        Err(error) if ctx.origin() != ids::SYSTEM => Err(error),
        _ => Ok(()),
    }
}
