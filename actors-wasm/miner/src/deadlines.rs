//! All deadlines of a miner: they divide its proving period (Filecoin spec, "PoSt", "Design").

use std::fmt;
use std::rc::Rc;

use filigree_builtin::Policy;
use filigree_sdk::collections::Blocks;
use filigree_sdk::prelude::*;
use fvm_shared::sector::SectorNumber;
use serde::de::{self, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

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

    /// A deadline. Fails with `USR_ILLEGAL_ARGUMENT` if there is none. Of an index the lowest 32 bits count, as they always have on chain: to
    /// one that was not checked before, deadlines have more than one number.
    pub fn load_deadline<S: Blocks + Copy>(&self, store: S, index: u64) -> Result<Deadline> {
        let cid = self.due.get(index as u32 as usize);
        let cid =
            cid.ok_or_else(|| Error::illegal_argument(format!("there is no deadline {index}")))?;
        block::load(store, cid)
    }

    /// All deadlines, in order, as far as their sectors are counted. Those that are alike, as empty ones are, are read once.
    pub fn load_counted<S: Blocks + Copy>(&self, store: S) -> Result<Vec<CountedDeadline>> {
        let mut read: Vec<(&Cid, CountedDeadline)> = Vec::new();
        let mut all = Vec::with_capacity(self.due.len());
        for cid in &self.due {
            let deadline = match read.iter().find(|(known, _)| *known == cid) {
                Some((_, deadline)) => deadline.clone(),
                None => {
                    let block = block::read(store, cid)?;
                    let counts = block::decode(&block)?;
                    let deadline = CountedDeadline { counts, block };
                    read.push((cid, deadline.clone()));
                    deadline
                }
            };
            all.push(deadline);
        }
        Ok(all)
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

/// A deadline of which little is decoded.
#[derive(Clone, Debug)]
pub struct CountedDeadline {
    /// How many sectors it has.
    pub counts: SectorCounts,
    block: Rc<[u8]>,
}

impl CountedDeadline {
    /// All of it.
    pub fn decode(&self) -> Result<Deadline> {
        block::decode(&self.block)
    }
}

/// How many sectors a deadline has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SectorCounts {
    /// Those that are not terminated.
    pub live_sectors: u64,
    /// All.
    pub total_sectors: u64,
}

impl<'de> Deserialize<'de> for SectorCounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_seq(Counts)
    }
}

/// Reads them from an encoded [`Deadline`].
struct Counts;

impl<'de> Visitor<'de> for Counts {
    type Value = SectorCounts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Deadline, which is an array of 13")
    }

    fn visit_seq<A: SeqAccess<'de>>(
        self,
        mut seq: A,
    ) -> std::result::Result<SectorCounts, A::Error> {
        for _ in 0..4 {
            seq.next_element::<IgnoredAny>()?;
        }
        let mut count = || {
            let count = seq.next_element()?;
            count.ok_or_else(|| de::Error::invalid_length(0, &Self))
        };
        let counts = SectorCounts {
            live_sectors: count()?,
            total_sectors: count()?,
        };
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use filigree_builtin::policy::MAINNET;
    use fvm_ipld_blockstore::MemoryBlockstore;

    #[test]
    fn sectors_are_counted_without_the_rest() {
        let store = &MemoryBlockstore::new();
        let mut deadline = Deadline::new(store).unwrap();
        let empty = block::save(store, &deadline).unwrap();
        let mut deadlines = Deadlines::new(&MAINNET, empty);
        deadline.live_sectors = 7;
        deadline.total_sectors = 1_000;
        deadline.partitions_posted.set(3);
        deadlines
            .update_deadline(&MAINNET, store, 5, &deadline)
            .unwrap();
        let counted = deadlines.load_counted(store).unwrap();
        let at = |index: usize| {
            let counts = counted[index].counts;
            (counts.live_sectors, counts.total_sectors)
        };
        assert_eq!(counted.len(), 48);
        assert_eq!((at(4), at(5), at(6)), ((0, 0), (7, 1_000), (0, 0)));
        assert_eq!(counted[5].decode(), Ok(deadline));
    }

    #[test]
    fn the_lowest_32_bits_of_an_index_count() {
        let store = &MemoryBlockstore::new();
        let mut deadline = Deadline::new(store).unwrap();
        let empty = block::save(store, &deadline).unwrap();
        let mut deadlines = Deadlines::new(&MAINNET, empty);
        deadline.total_sectors = 7;
        deadlines
            .update_deadline(&MAINNET, store, 5, &deadline)
            .unwrap();
        for index in [5, (1 << 32) + 5, (1 << 63) + 5] {
            assert_eq!(deadlines.load_deadline(store, index).unwrap(), deadline);
        }
        // To be replaced, it has to be named as it is.
        let wrong = deadlines.update_deadline(&MAINNET, store, (1 << 32) + 5, &deadline);
        assert!(wrong.is_err());
    }

    #[test]
    fn there_is_no_deadline_after_the_last() {
        let store = &MemoryBlockstore::new();
        let deadline = Deadline::new(store).unwrap();
        let cid = block::save(store, &deadline).unwrap();
        let mut deadlines = Deadlines::new(&MAINNET, cid);
        assert_eq!(deadlines.load_deadline(store, 47), Ok(deadline.clone()));
        for none in [48, 1 << 31, u64::MAX, (1 << 32) + 48] {
            let error = deadlines.load_deadline(store, none).unwrap_err();
            assert_eq!(error.code, ExitCode::USR_ILLEGAL_ARGUMENT);
        }
        assert!(
            deadlines
                .update_deadline(&MAINNET, store, 48, &deadline)
                .is_err()
        );
        assert_eq!(deadlines.find_sector(store, 1), Ok(None));
    }
}
