//! Sectors and deadlines: which sector comes where, and what happens at the end of a deadline.

use filigree_builtin::Policy;
use filigree_sdk::collections::Blocks;
use filigree_sdk::prelude::*;

use super::Miner;
use crate::assignment::{Candidate, assign_deadlines};
use crate::deadline::Arrival;
use crate::deadline_info::deadline_is_mutable;
use crate::power::PowerPair;
use crate::termination::TerminationResult;
use crate::types::{SectorOnChainInfo, Sizes};

/// What the end of a deadline changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdvanceDeadlineResult {
    /// Change of the pledge, attoFIL.
    pub pledge_delta: TokenAmount,
    /// Change of active power.
    pub power_delta: PowerPair,
    /// Power that was faulty before, also what was to be recovered.
    pub previously_faulty_power: PowerPair,
    /// Power of new faults, and of what was to be recovered and is not.
    pub detected_faulty_power: PowerPair,
    /// Power that is faulty after that and before sectors expire.
    pub total_faulty_power: PowerPair,
    /// Daily fee of the deadline, attoFIL.
    pub daily_fee: TokenAmount,
    /// Power of the deadline, also what is faulty or unproven.
    pub live_power: PowerPair,
}

impl Miner {
    /// Adds new sectors to deadlines, as `assignment` says. Fails with `USR_ILLEGAL_STATE` if all are full.
    pub fn assign_sectors_to_deadlines<S: Blocks + Copy>(
        &mut self,
        policy: &Policy,
        store: S,
        now: ChainEpoch,
        mut sectors: Vec<SectorOnChainInfo>,
        sizes: Sizes,
    ) -> Result<()> {
        // Partitions' sets of sectors are shorter if numbers follow each other.
        sectors.sort_by_key(|sector| sector.sector_number);
        let mut deadlines = self.load_deadlines(store)?;
        let period_start = self.current_proving_period_start(policy, now);
        let counted = deadlines.load_counted(store)?;
        let candidates = (0..).zip(&counted).filter_map(|(index, deadline)| {
            let is_mutable = deadline_is_mutable(policy, period_start, index as u64, now);
            is_mutable.then_some(Candidate {
                index,
                live_sectors: deadline.counts.live_sectors,
                total_sectors: deadline.counts.total_sectors,
            })
        });
        let max_partitions = policy.max_partitions_per_deadline;
        let assigned =
            assign_deadlines(max_partitions, sizes.partition, candidates, sectors.len())?;
        let mut shares = vec![Vec::new(); counted.len()];
        for (index, sector) in assigned.into_iter().zip(sectors) {
            shares[index].push(sector);
        }
        for ((index, share), deadline) in (0..).zip(shares).zip(&counted) {
            if share.is_empty() {
                continue;
            }
            let mut deadline = deadline.decode()?;
            let quant = self.quant_spec_for_deadline(policy, index);
            deadline.add_sectors(store, sizes, Arrival::New, &share, quant)?;
            deadlines.update_deadline(policy, store, index, &deadline)?;
        }
        self.save_deadlines(store, &deadlines)
    }

    /// Adds new sectors to a deadline. Fails with `USR_ILLEGAL_ARGUMENT` if there is none, or it is open or the next.
    pub fn assign_sectors_to_deadline<S: Blocks + Copy>(
        &mut self,
        policy: &Policy,
        store: S,
        now: ChainEpoch,
        mut sectors: Vec<SectorOnChainInfo>,
        sizes: Sizes,
        index: u64,
    ) -> Result<()> {
        let mut deadlines = self.load_deadlines(store)?;
        let mut deadline = deadlines.load_deadline(store, index)?;
        sectors.sort_by_key(|sector| sector.sector_number);
        let period_start = self.current_proving_period_start(policy, now);
        ensure!(
            deadline_is_mutable(policy, period_start, index, now),
            illegal_argument,
            "deadline {index} is open or the next"
        );
        let quant = self.quant_spec_for_deadline(policy, index);
        deadline.add_sectors(store, sizes, Arrival::New, &sectors, quant)?;
        deadlines.update_deadline(policy, store, index, &deadline)?;
        self.save_deadlines(store, &deadlines)
    }

    /// Takes a portion out of the sectors that were terminated early; tells whether there are more.
    pub fn pop_early_terminations<S: Blocks + Copy>(
        &mut self,
        policy: &Policy,
        store: S,
        max_partitions: u64,
        max_sectors: u64,
    ) -> Result<(TerminationResult, bool)> {
        let mut result = TerminationResult::new();
        if self.early_terminations.is_empty() {
            return Ok((result, false));
        }
        let mut deadlines = self.load_deadlines(store)?;
        let mut finished = Vec::new();
        for index in self.early_terminations.iter() {
            let mut deadline = deadlines.load_deadline(store, index)?;
            let (part, has_more) = deadline.pop_early_terminations(
                store,
                max_partitions - result.partitions_processed,
                max_sectors - result.sectors_processed,
            )?;
            result.add(part);
            if !has_more {
                finished.push(index);
            }
            deadlines.update_deadline(policy, store, index, &deadline)?;
            if !result.below_limit(max_partitions, max_sectors) {
                break;
            }
        }
        for index in finished {
            self.early_terminations.unset(index);
        }
        self.save_deadlines(store, &deadlines)?;
        Ok((result, !self.early_terminations.is_empty()))
    }

    /// Closes the deadline that an epoch is in, and goes to the next: sectors that were not proven become faulty, those that are due expire.
    pub fn advance_deadline<S: Blocks + Copy>(
        &mut self,
        policy: &Policy,
        store: S,
        now: ChainEpoch,
    ) -> Result<AdvanceDeadlineResult> {
        let info = self.deadline_info(policy, now);
        if !info.period_started() {
            return Ok(AdvanceDeadlineResult::default());
        }
        self.current_deadline = (info.index + 1) % policy.wpost_period_deadlines;
        if self.current_deadline == 0 {
            self.proving_period_start = info.next_period_start();
        }
        let mut deadlines = self.load_deadlines(store)?;
        let mut deadline = deadlines.load_deadline(store, info.index)?;
        let previously_faulty_power = deadline.faulty_power;
        if !deadline.is_live() {
            return Ok(AdvanceDeadlineResult {
                previously_faulty_power,
                total_faulty_power: previously_faulty_power,
                ..Default::default()
            });
        }
        let (quant, last) = (info.quant_spec(), info.last());
        let fault_expiration = last + policy.fault_max_age;
        let (power_delta, detected_faulty_power) =
            deadline.process_deadline_end(store, quant, fault_expiration, self.sectors)?;
        let total_faulty_power = deadline.faulty_power;
        let expired = deadline.pop_expired_sectors(store, last, quant)?;

        // Of those that end early the pledge stays: it pays for the termination.
        let pledge_delta = -expired.on_time_pledge;
        self.add_initial_pledge(&pledge_delta)?;
        if !expired.early_sectors.is_empty() {
            self.early_terminations.set(info.index);
        }
        deadlines.update_deadline(policy, store, info.index, &deadline)?;
        self.save_deadlines(store, &deadlines)?;
        Ok(AdvanceDeadlineResult {
            pledge_delta,
            // Faulty power was lost before.
            power_delta: power_delta - expired.active_power,
            previously_faulty_power,
            detected_faulty_power,
            total_faulty_power,
            daily_fee: deadline.daily_fee,
            live_power: deadline.live_power,
        })
    }

    /// Whether there is a reason for cron to run at the end of the next deadline.
    pub fn continue_deadline_cron(&self) -> bool {
        !self.pre_commit_deposits.is_zero()
            || !self.initial_pledge.is_zero()
            || !self.locked_funds.is_zero()
    }
}
