//! Sectors of a miner: numbers that are used, sectors that are announced, sectors that are proven.

use filigree_builtin::Policy;
use filigree_builtin::policy::MAX_SECTOR_NUMBER;
use filigree_sdk::collections::Blocks;
use filigree_sdk::prelude::*;
use fvm_shared::sector::SectorNumber;

use super::Miner;
use crate::bitfield_queue::BitFieldQueue;
use crate::block;
use crate::sectors::Sectors;
use crate::types::{SectorOnChainInfo, SectorPreCommitOnChainInfo};

/// Whether sector numbers may be marked as used that are already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CollisionPolicy {
    /// They may.
    AllowCollisions,
    /// They may not.
    DenyCollisions,
}

/// Numbers.
impl Miner {
    /// Marks sector numbers as used. Fails with `USR_ILLEGAL_ARGUMENT` if one is already and must not be.
    pub fn allocate_sector_numbers<S: Blocks + Copy>(
        &mut self,
        store: S,
        numbers: &BitField,
        policy: CollisionPolicy,
    ) -> Result<()> {
        let used: BitField = block::load(store, &self.allocated_sectors)?;
        ensure!(
            policy == CollisionPolicy::AllowCollisions || !used.contains_any(numbers),
            illegal_argument,
            "a sector number is used already"
        );
        self.allocated_sectors = block::save(store, &(&used | numbers))?;
        Ok(())
    }
}

/// Sectors that are announced.
impl Miner {
    /// Adds announced sectors. Fails with `USR_ILLEGAL_STATE` if one is there.
    pub fn put_precommitted_sectors<S: Blocks + Copy>(
        &mut self,
        store: S,
        precommits: &[SectorPreCommitOnChainInfo],
    ) -> Result<()> {
        let mut map = self.pre_committed_sectors.open_in(store)?;
        for precommit in precommits {
            let number = precommit.info.sector_number;
            ensure!(
                map.insert(&number, precommit)?,
                illegal_state,
                "sector {number} is announced already"
            );
        }
        self.pre_committed_sectors = map.close()?;
        Ok(())
    }

    /// An announced sector.
    pub fn get_precommitted_sector<S: Blocks + Copy>(
        &self,
        store: S,
        number: SectorNumber,
    ) -> Result<Option<SectorPreCommitOnChainInfo>> {
        self.pre_committed_sectors.open_in(store)?.get(&number)
    }

    /// Announced sectors; those that are not are left out.
    pub fn find_precommitted_sectors<S: Blocks + Copy>(
        &self,
        store: S,
        numbers: &[SectorNumber],
    ) -> Result<Vec<SectorPreCommitOnChainInfo>> {
        let map = self.pre_committed_sectors.open_in(store)?;
        let found = numbers.iter().map(|number| map.get(number));
        found.filter_map(Result::transpose).collect()
    }

    /// Announced sectors that must be there. Fails with `USR_NOT_FOUND`, or with `USR_ILLEGAL_ARGUMENT` if a number is too large.
    pub fn get_precommitted_sectors<S: Blocks + Copy>(
        &self,
        store: S,
        numbers: impl IntoIterator<Item = SectorNumber>,
    ) -> Result<Vec<SectorPreCommitOnChainInfo>> {
        let map = self.pre_committed_sectors.open_in(store)?;
        let get = |number: SectorNumber| {
            ensure!(
                number <= MAX_SECTOR_NUMBER,
                illegal_argument,
                "sector number {number} is too large"
            );
            let found = map.get(&number)?;
            found.ok_or_else(|| Error::not_found(format!("sector {number} is not announced")))
        };
        numbers.into_iter().map(get).collect()
    }

    /// Removes announced sectors. Fails with `USR_ILLEGAL_STATE` if one is not there.
    pub fn delete_precommitted_sectors<S: Blocks + Copy>(
        &mut self,
        store: S,
        numbers: &[SectorNumber],
    ) -> Result<()> {
        let mut map = self.pre_committed_sectors.open_in(store)?;
        for number in numbers {
            ensure!(
                map.remove(number)?.is_some(),
                illegal_state,
                "sector {number} is not announced"
            );
        }
        self.pre_committed_sectors = map.close()?;
        Ok(())
    }

    /// Notes when announced sectors are removed if they are not proven.
    pub fn add_pre_commit_clean_ups<S: Blocks + Copy>(
        &mut self,
        policy: &Policy,
        store: S,
        clean_ups: impl IntoIterator<Item = (ChainEpoch, SectorNumber)>,
    ) -> Result<()> {
        let quant = self.quant_spec_every_deadline(policy);
        let mut queue = BitFieldQueue::open(store, &self.pre_committed_sectors_cleanup, quant)?;
        queue.add_many_to_queue_values(clean_ups)?;
        self.pre_committed_sectors_cleanup = queue.close()?;
        Ok(())
    }

    /// Removes announced sectors that were not proven in time. Gives their deposits, attoFIL, which are to be burnt.
    pub fn cleanup_expired_pre_commits<S: Blocks + Copy>(
        &mut self,
        policy: &Policy,
        store: S,
        now: ChainEpoch,
    ) -> Result<TokenAmount> {
        let mut deposits = TokenAmount::default();
        let quant = self.quant_spec_every_deadline(policy);
        let mut queue = BitFieldQueue::open(store, &self.pre_committed_sectors_cleanup, quant)?;
        let Some(due) = queue.pop_until(now)? else {
            return Ok(deposits);
        };
        self.pre_committed_sectors_cleanup = queue.close()?;
        let mut map = self.pre_committed_sectors.open_in(store)?;
        for number in due.iter() {
            // Most were proven in time.
            if let Some(precommit) = map.remove(&number)? {
                deposits += precommit.pre_commit_deposit;
            }
        }
        self.pre_committed_sectors = map.close()?;
        self.add_pre_commit_deposit(&-&deposits)?;
        Ok(deposits)
    }
}

/// Sectors that are proven.
impl Miner {
    /// Adds or replaces sectors.
    pub fn put_sectors<'a, S: Blocks + Copy>(
        &mut self,
        store: S,
        new_sectors: impl IntoIterator<Item = &'a SectorOnChainInfo>,
    ) -> Result<()> {
        let mut sectors = Sectors::load(store, &self.sectors)?;
        sectors.store(new_sectors)?;
        self.sectors = sectors.flush()?;
        Ok(())
    }

    /// A sector.
    pub fn get_sector<S: Blocks + Copy>(
        &self,
        store: S,
        number: SectorNumber,
    ) -> Result<Option<SectorOnChainInfo>> {
        Sectors::load(store, &self.sectors)?.get(number)
    }

    /// Deadline and partition of a sector, even of one that was terminated; `None` if it is in no partition.
    pub fn find_sector<S: Blocks + Copy>(
        &self,
        store: S,
        number: SectorNumber,
    ) -> Result<Option<(u64, u64)>> {
        self.load_deadlines(store)?.find_sector(store, number)
    }

    /// Whether a sector is neither faulty nor terminated, and, if that is required, proven. Fails with `USR_NOT_FOUND` if it is not in the
    /// partition, and with `USR_ILLEGAL_ARGUMENT` if there is no such deadline.
    pub fn check_sector_active<S: Blocks + Copy>(
        &self,
        store: S,
        deadline: u64,
        partition: u64,
        number: SectorNumber,
        require_proven: bool,
    ) -> Result<bool> {
        let state = self.load_deadlines(store)?.load_deadline(store, deadline)?;
        let state = state.load_partition(store, partition)?;
        ensure!(
            state.sectors.get(number),
            not_found,
            "sector {number} is not in partition {partition} of deadline {deadline}"
        );
        let is_active = !state.faults.get(number) && !state.terminated.get(number);
        Ok(is_active && !(require_proven && state.unproven.get(number)))
    }
}
