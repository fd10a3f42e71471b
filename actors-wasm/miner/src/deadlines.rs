//! All deadlines of a miner.

use filigree_builtin::Policy;
use filigree_sdk::collections::Blocks;
use filigree_sdk::prelude::*;
use fvm_shared::sector::SectorNumber;

use crate::block;
use crate::deadline::Deadline;

/// The deadlines of a proving period, in order.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// A deadline each.
    pub due: Vec<Cid>,
}

impl Deadlines {
    /// The same deadline at all times.
    pub fn new(policy: &Policy, deadline: Cid) -> Self {
        Self {
            due: vec![deadline; policy.wpost_period_deadlines as usize],
        }
    }

    /// A deadline. Fails with `USR_ILLEGAL_ARGUMENT` if there is none.
    pub fn load_deadline<S: Blocks + Copy>(&self, store: S, index: u64) -> Result<Deadline> {
        let cid = usize::try_from(index).ok().and_then(|i| self.due.get(i));
        let cid =
            cid.ok_or_else(|| Error::illegal_argument(format!("there is no deadline {index}")))?;
        block::load(store, cid)
    }

    /// Replaces a deadline. Fails with `USR_ILLEGAL_STATE` if there is none, or it is impossible.
    pub fn update_deadline<S: Blocks + Copy>(
        &mut self,
        policy: &Policy,
        store: S,
        index: u64,
        deadline: &Deadline,
    ) -> Result<()> {
        ensure!(
            index < policy.wpost_period_deadlines && index < self.due.len() as u64,
            illegal_state,
            "there is no deadline {index}"
        );
        deadline.validate_state()?;
        self.due[index as usize] = block::save(store, deadline)?;
        Ok(())
    }

    /// Visits all deadlines, in order.
    pub fn for_each<S: Blocks + Copy>(
        &self,
        store: S,
        mut visit: impl FnMut(u64, Deadline) -> Result<()>,
    ) -> Result<()> {
        for index in 0..self.due.len() as u64 {
            visit(index, self.load_deadline(store, index)?)?;
        }
        Ok(())
    }

    /// Deadline and partition of a sector, even of one that was terminated; `None` if it is in no partition.
    pub fn find_sector<S: Blocks + Copy>(
        &self,
        store: S,
        sector: SectorNumber,
    ) -> Result<Option<(u64, u64)>> {
        // Deadlines that are empty are one and the same.
        let mut empty = None;
        for (index, cid) in (0..).zip(&self.due) {
            if empty == Some(cid) {
                continue;
            }
            let deadline = self.load_deadline(store, index)?;
            let partitions = deadline.partitions_amt(store)?;
            if partitions.count() == 0 {
                empty = Some(cid);
            }
            let mut found = None;
            partitions.for_each_while(0, |partition, state| {
                if state.sectors.get(sector) {
                    found = Some((index, partition));
                }
                Ok(found.is_none())
            })?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}
