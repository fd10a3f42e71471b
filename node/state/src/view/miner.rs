//! A miner: who acts for it, what it stores, what it has to prove when, and its money.

use filigree_actor_miner::Miner;
use filigree_actor_miner::deadline::Deadline;
use filigree_actor_miner::deadline_info::DeadlineInfo;
use filigree_actor_miner::deadlines::Deadlines;
use filigree_actor_miner::partition::Partition;
use filigree_actor_miner::sectors::Sectors;
use filigree_actor_miner::types::{MinerInfo, SectorOnChainInfo, SectorPreCommitOnChainInfo};
use filigree_builtin::Policy;
use filigree_sdk::collections::BitField;
use filigree_state::ActorState;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::sector::SectorNumber;

use super::View;
use crate::error::Error;

/// A miner's state, with all below it.
#[derive(Debug)]
pub struct MinerView<'a> {
    view: &'a View,
    /// Code, balance and sequence number.
    pub actor: ActorState,
    /// The state.
    pub state: Miner,
}

impl View {
    /// A miner.
    ///
    /// # Errors
    /// If there is none at the address, or its state cannot be read.
    pub fn miner(&self, address: &Address) -> Result<MinerView<'_>, Error> {
        let actor = self.named(address, "storageminer")?;
        Ok(MinerView {
            view: self,
            state: self.state("a miner's state", &actor)?,
            actor,
        })
    }
}

fn wrong() -> impl FnOnce(filigree_sdk::error::Error) -> Error {
    Error::actor("a miner's state")
}

impl MinerView<'_> {
    /// Owner, worker, control addresses; how it proves, how large its sectors are, where to reach it.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn info(&self) -> Result<MinerInfo, Error> {
        self.state.get_info(self.view.store()).map_err(wrong())
    }

    /// The address of the key that signs the miner's blocks, by this state. `None`, if the worker has no key.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn worker_key(&self) -> Result<Option<Address>, Error> {
        self.view.key_address(&self.info()?.worker)
    }

    /// The deadline that is open at an epoch.
    pub fn proving_deadline(&self, policy: &Policy, epoch: ChainEpoch) -> DeadlineInfo {
        self.state.deadline_info(policy, epoch).next_not_elapsed()
    }

    /// All deadlines of a proving period.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn deadlines(&self) -> Result<Deadlines, Error> {
        self.state
            .load_deadlines(self.view.store())
            .map_err(wrong())
    }

    /// A deadline by its index.
    ///
    /// # Errors
    /// If there is none, or the state cannot be read.
    pub fn deadline(&self, index: u64) -> Result<Deadline, Error> {
        self.deadlines()?
            .load_deadline(self.view.store(), index)
            .map_err(wrong())
    }

    /// The partitions of a deadline, in order.
    ///
    /// # Errors
    /// If there is no such deadline, or the state cannot be read.
    pub fn partitions(&self, deadline: u64) -> Result<Vec<Partition>, Error> {
        let deadline = self.deadline(deadline)?;
        let mut partitions = Vec::new();
        deadline
            .partitions_amt(self.view.store())
            .and_then(|open| {
                open.for_each(|_, partition| {
                    partitions.push(partition);
                    Ok(())
                })
            })
            .map_err(wrong())?;
        Ok(partitions)
    }

    /// Sectors that some of each partition's sectors make up.
    fn union(&self, of: impl Fn(&Partition) -> BitField) -> Result<BitField, Error> {
        let store = self.view.store();
        let mut all = BitField::new();
        let deadlines = self.deadlines()?;
        deadlines
            .for_each(store, |_, deadline| {
                deadline.partitions_amt(store)?.for_each(|_, partition| {
                    all |= &of(&partition);
                    Ok(())
                })
            })
            .map_err(wrong())?;
        Ok(all)
    }

    /// Sectors that give power: proven, not faulty, not terminated.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn active_sectors(&self) -> Result<BitField, Error> {
        self.union(Partition::active_sectors)
    }

    /// Sectors that are not terminated.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn live_sectors(&self) -> Result<BitField, Error> {
        self.union(Partition::live_sectors)
    }

    /// Sectors that are faulty, declared or found out.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn faults(&self) -> Result<BitField, Error> {
        self.union(|partition| partition.faults.clone())
    }

    /// Faulty sectors that shall be proven the next time.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn recoveries(&self) -> Result<BitField, Error> {
        self.union(|partition| partition.recoveries.clone())
    }

    /// Proven sectors, in order: all that are kept, or those in a set.
    ///
    /// # Errors
    /// If one of the set is not there, or the state cannot be read.
    pub fn sectors(&self, only: Option<&BitField>) -> Result<Vec<SectorOnChainInfo>, Error> {
        let sectors = Sectors::load(self.view.store(), &self.state.sectors).map_err(wrong())?;
        if let Some(only) = only {
            return sectors.load_sectors(only).map_err(wrong());
        }
        let mut all = Vec::new();
        sectors
            .for_each(|sector| {
                all.push(sector);
                Ok(())
            })
            .map_err(wrong())?;
        Ok(all)
    }

    /// A proven sector.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn sector(&self, number: SectorNumber) -> Result<Option<SectorOnChainInfo>, Error> {
        let sector = self.state.get_sector(self.view.store(), number);
        sector.map_err(wrong())
    }

    /// Deadline and partition of a sector; `None` if it is in none.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn sector_location(&self, number: SectorNumber) -> Result<Option<(u64, u64)>, Error> {
        let found = self.state.find_sector(self.view.store(), number);
        found.map_err(wrong())
    }

    /// A sector that is announced and not proven yet.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn precommit(
        &self,
        number: SectorNumber,
    ) -> Result<Option<SectorPreCommitOnChainInfo>, Error> {
        let found = self
            .state
            .get_precommitted_sector(self.view.store(), number);
        found.map_err(wrong())
    }

    /// Whether a sector's number was ever used, or given up.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn is_allocated(&self, number: SectorNumber) -> Result<bool, Error> {
        Ok(self.allocated()?.get(number))
    }

    /// All sector numbers ever used, or given up.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn allocated(&self) -> Result<BitField, Error> {
        let what = "a miner's sector numbers";
        let block = self.view.block(what, &self.state.allocated_sectors)?;
        fvm_ipld_encoding::from_slice(&block).map_err(|e| Error::Malformed {
            what,
            why: e.to_string(),
        })
    }

    /// What may be withdrawn, attoFIL; negative, if it owes more than it has. What has vested and was not freed yet is not in it.
    ///
    /// # Errors
    /// If the state's amounts contradict each other.
    pub fn available_balance(&self) -> Result<TokenAmount, Error> {
        let available = self.state.get_available_balance(&self.actor.balance);
        available.map_err(wrong())
    }
}
