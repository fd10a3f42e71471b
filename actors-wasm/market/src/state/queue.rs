//! When cron looks at deals: sets of deals by epoch.

use filigree_sdk::collections::{Blocks, OpenMap};
use filigree_sdk::prelude::*;

use super::{DealOps, DealSet};
use crate::deal::DealId;

/// The queue while it is used.
pub struct OpenQueue<S> {
    ops: OpenMap<S, ChainEpoch, DealSet>,
    store: S,
}

impl<S: Blocks + Clone> OpenQueue<S> {
    /// Opens the queue.
    pub fn open(ops: &DealOps, store: S) -> Result<Self> {
        Ok(Self {
            ops: ops.open_in(store.clone())?,
            store,
        })
    }

    /// Takes an epoch's deals out, in the order of their ids' hashes.
    pub fn take(&mut self, epoch: ChainEpoch) -> Result<Vec<DealId>> {
        let mut deals = Vec::new();
        if let Some(set) = self.ops.remove(&epoch)? {
            set.open_in(self.store.clone())?.for_each(|deal, ()| {
                deals.push(deal);
                Ok(())
            })?;
        }
        Ok(deals)
    }

    /// Adds deals at epochs.
    pub fn put(&mut self, mut entries: Vec<(ChainEpoch, DealId)>) -> Result<()> {
        entries.sort_unstable();
        for of_epoch in entries.chunk_by(|one, other| one.0 == other.0) {
            let epoch = of_epoch[0].0;
            let mut set = match self.ops.get(&epoch)? {
                Some(set) => set.open_in(self.store.clone())?,
                None => OpenMap::empty(self.store.clone()),
            };
            for (_, deal) in of_epoch {
                set.set(deal, &())?;
            }
            self.ops.set(&epoch, &set.close()?)?;
        }
        Ok(())
    }

    /// Writes what changed.
    pub fn close(self) -> Result<DealOps> {
        self.ops.close()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fvm_ipld_blockstore::MemoryBlockstore;

    #[test]
    fn deals_come_out_once_at_their_epoch() {
        let store = MemoryBlockstore::new();
        let empty = OpenMap::empty(&store).close().unwrap();
        let mut queue = OpenQueue::open(&empty, &store).unwrap();
        queue.put(vec![(7, 1), (9, 2), (7, 3), (7, 1)]).unwrap();
        queue.put(vec![(9, 4)]).unwrap();
        let ops = queue.close().unwrap();

        let mut queue = OpenQueue::open(&ops, &store).unwrap();
        for (epoch, expected) in [(6, vec![]), (7, vec![1, 3]), (8, vec![]), (7, vec![])] {
            let mut deals = queue.take(epoch).unwrap();
            deals.sort_unstable();
            assert_eq!(deals, expected, "{epoch}");
        }
        let mut deals = queue.take(9).unwrap();
        deals.sort_unstable();
        assert_eq!(deals, [2, 4]);
        assert_eq!(queue.close().unwrap(), empty);
    }
}
