//! The state of a miner.
//!
//! In reading order: this file (the state, who acts, when what is proven), `sectors` (from announced to proven), `schedule` (sectors and deadlines),
//! `funds` (money).

mod funds;
mod schedule;
mod sectors;

use filigree_builtin::Policy;
use filigree_sdk::collections::{Blocks, OpenArray, OpenMap};
use filigree_sdk::prelude::*;
use fvm_shared::sector::SectorNumber;

use crate::block;
use crate::deadline::Deadline;
use crate::deadline_info::{
    DeadlineInfo, new_deadline_info, new_deadline_info_from_offset_and_epoch,
};
use crate::deadlines::Deadlines;
use crate::quantize::QuantSpec;
use crate::sectors::SectorsArray;
use crate::types::{MinerInfo, SectorPreCommitOnChainInfo};
use crate::vesting::VestingFunds;
pub use schedule::AdvanceDeadlineResult;
pub use sectors::CollisionPolicy;

/// Sectors that are announced, by number.
pub type PreCommitMap = Map<SectorNumber, SectorPreCommitOnChainInfo>;

/// A miner's state.
///
/// What it has is more than deposits, locked funds and pledges together; the rest may be withdrawn, less its debt.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miner {
    /// Its [`MinerInfo`].
    pub info: Cid,
    /// Deposits of all announced sectors, attoFIL.
    pub pre_commit_deposits: TokenAmount,
    /// All that is in the vesting table, attoFIL.
    pub locked_funds: TokenAmount,
    /// The vesting table.
    pub vesting_funds: VestingFunds,
    /// What it owes, attoFIL.
    pub fee_debt: TokenAmount,
    /// Pledges of all its sectors, attoFIL.
    pub initial_pledge: TokenAmount,
    /// Sectors that are announced and not proven.
    pub pre_committed_sectors: PreCommitMap,
    /// Announced sectors by the epoch at which they are removed if they are not proven.
    pub pre_committed_sectors_cleanup: Array<BitField, 6>,
    /// All sector numbers ever used, a [`BitField`].
    pub allocated_sectors: Cid,
    /// Sectors that are proven, also those that are terminated and not compacted.
    pub sectors: SectorsArray,
    /// First epoch of a proving period: of the one that was current when cron last ran.
    pub proving_period_start: ChainEpoch,
    /// The deadline that was next when cron last ran.
    pub current_deadline: u64,
    /// Its [`Deadlines`].
    pub deadlines: Cid,
    /// Deadlines with sectors that were terminated early and are not paid for yet.
    pub early_terminations: BitField,
    /// Whether cron runs at the end of each deadline.
    pub deadline_cron_active: bool,
}

impl Miner {
    /// Without sectors and money.
    pub fn new<S: Blocks + Copy>(
        policy: &Policy,
        store: S,
        info: &MinerInfo,
        period_start: ChainEpoch,
        deadline: u64,
    ) -> Result<Self> {
        let empty_deadline = block::save(store, &Deadline::new(store)?)?;
        Ok(Self {
            info: block::save(store, info)?,
            pre_commit_deposits: TokenAmount::default(),
            locked_funds: TokenAmount::default(),
            vesting_funds: VestingFunds::new(),
            fee_debt: TokenAmount::default(),
            initial_pledge: TokenAmount::default(),
            pre_committed_sectors: OpenMap::empty(store).close()?,
            pre_committed_sectors_cleanup: OpenArray::empty(store).close()?,
            allocated_sectors: block::save(store, &BitField::new())?,
            sectors: OpenArray::empty(store).close()?,
            proving_period_start: period_start,
            current_deadline: deadline,
            deadlines: block::save(store, &Deadlines::new(policy, empty_deadline))?,
            early_terminations: BitField::new(),
            deadline_cron_active: false,
        })
    }

    /// Who acts for the miner, and what it proves with.
    pub fn get_info<S: Blocks + Copy>(&self, store: S) -> Result<MinerInfo> {
        block::load(store, &self.info)
    }

    /// Replaces that.
    pub fn save_info<S: Blocks + Copy>(&mut self, store: S, info: &MinerInfo) -> Result<()> {
        self.info = block::save(store, info)?;
        Ok(())
    }

    /// The deadlines.
    pub fn load_deadlines<S: Blocks + Copy>(&self, store: S) -> Result<Deadlines> {
        block::load(store, &self.deadlines)
    }

    /// Replaces the deadlines.
    pub fn save_deadlines<S: Blocks + Copy>(
        &mut self,
        store: S,
        deadlines: &Deadlines,
    ) -> Result<()> {
        self.deadlines = block::save(store, deadlines)?;
        Ok(())
    }

    /// The deadline that is open at an epoch, whether cron runs or not.
    pub fn deadline_info(&self, policy: &Policy, epoch: ChainEpoch) -> DeadlineInfo {
        new_deadline_info_from_offset_and_epoch(policy, self.proving_period_start, epoch)
    }

    /// The deadline that was next when cron last ran.
    pub fn recorded_deadline_info(&self, policy: &Policy, epoch: ChainEpoch) -> DeadlineInfo {
        new_deadline_info(
            policy,
            self.proving_period_start,
            self.current_deadline,
            epoch,
        )
    }

    /// First epoch of the proving period that an epoch is in.
    pub fn current_proving_period_start(&self, policy: &Policy, epoch: ChainEpoch) -> ChainEpoch {
        self.deadline_info(policy, epoch).period_start
    }

    /// Last epochs of a deadline in all periods.
    pub fn quant_spec_for_deadline(&self, policy: &Policy, deadline: u64) -> QuantSpec {
        new_deadline_info(policy, self.proving_period_start, deadline, 0).quant_spec()
    }

    /// First epochs of all deadlines.
    pub fn quant_spec_every_deadline(&self, policy: &Policy) -> QuantSpec {
        QuantSpec {
            unit: policy.wpost_challenge_window,
            offset: self.proving_period_start,
        }
    }
}

#[cfg(test)]
mod tests;
