//! Sets of numbers by epoch: what happens when. Epochs are rounded up to few, so that a set is found under the epoch it is dealt with at.

use filigree_sdk::collections::{Blocks, OpenArray};
use filigree_sdk::prelude::*;

use crate::quantize::QuantSpec;

/// An open queue.
pub struct BitFieldQueue<S, const BITS: u32> {
    amt: OpenArray<S, BitField, BITS>,
    quant: QuantSpec,
}

/// The key of an epoch in a queue. Fails with `USR_ILLEGAL_STATE` if it is negative.
pub(crate) fn key(epoch: ChainEpoch) -> Result<u64> {
    u64::try_from(epoch).map_err(|_| Error::illegal_state("an epoch before the first"))
}

/// The set of these numbers. Fails with `USR_ILLEGAL_STATE` if one of them is 2^64 - 1.
pub(crate) fn bits(numbers: impl IntoIterator<Item = u64>) -> Result<BitField> {
    let numbers: Vec<u64> = numbers.into_iter().collect();
    BitField::try_from_bits(numbers).map_err(|_| Error::illegal_state("a number is too large"))
}

impl<S: Blocks + Copy, const BITS: u32> BitFieldQueue<S, BITS> {
    /// Opens it.
    pub fn open(store: S, queue: &Array<BitField, BITS>, quant: QuantSpec) -> Result<Self> {
        let amt = queue.open_in(store)?;
        Ok(Self { amt, quant })
    }

    /// Writes what changed.
    pub fn close(self) -> Result<Array<BitField, BITS>> {
        self.amt.close()
    }

    /// Adds numbers at an epoch.
    pub fn add_to_queue(&mut self, epoch: ChainEpoch, numbers: &BitField) -> Result<()> {
        if numbers.is_empty() {
            return Ok(());
        }
        let key = key(self.quant.quantize_up(epoch))?;
        let both = match self.amt.get(key)? {
            Some(there) => &there | numbers,
            None => numbers.clone(),
        };
        self.amt.set(key, &both)
    }

    /// Adds numbers at an epoch.
    pub fn add_to_queue_values(
        &mut self,
        epoch: ChainEpoch,
        numbers: impl IntoIterator<Item = u64>,
    ) -> Result<()> {
        self.add_to_queue(epoch, &bits(numbers)?)
    }

    /// Adds numbers, each at an epoch.
    pub fn add_many_to_queue_values(
        &mut self,
        values: impl IntoIterator<Item = (ChainEpoch, u64)>,
    ) -> Result<()> {
        let quant = self.quant;
        let round = |(epoch, number)| (quant.quantize_up(epoch), number);
        let mut values: Vec<_> = values.into_iter().map(round).collect();
        values.sort_unstable();
        values.dedup();
        for same in values.chunk_by(|one, other| one.0 == other.0) {
            self.add_to_queue_values(same[0].0, same.iter().map(|(_, number)| *number))?;
        }
        Ok(())
    }

    /// Removes numbers from all epochs and moves those after them down, as if they had never been counted.
    pub fn cut(&mut self, to_cut: &BitField) -> Result<()> {
        let mut entries = Vec::new();
        self.amt.for_each(|key, numbers| {
            entries.push((key, numbers.cut(to_cut)));
            Ok(())
        })?;
        for (key, numbers) in entries {
            if numbers.is_empty() {
                self.amt.remove(key)?;
            } else {
                self.amt.set(key, &numbers)?;
            }
        }
        Ok(())
    }

    /// Removes all up to an epoch; gives the numbers, or `None` if there was nothing.
    pub fn pop_until(&mut self, until: ChainEpoch) -> Result<Option<BitField>> {
        let (mut keys, mut popped) = (Vec::new(), BitField::new());
        self.for_each_while(|key, numbers| {
            let is_due = key as ChainEpoch <= until;
            if is_due {
                keys.push(key);
                popped |= &numbers;
            }
            Ok(is_due)
        })?;
        for key in &keys {
            self.amt.remove(*key)?;
        }
        Ok((!keys.is_empty()).then_some(popped))
    }

    /// Visits sets by epoch, in order, until `visit` says `false`.
    pub fn for_each_while(&self, visit: impl FnMut(u64, BitField) -> Result<bool>) -> Result<bool> {
        self.amt.for_each_while(0, visit)
    }

    /// Replaces the set at a key; removes it, if there is none.
    pub(crate) fn put(&mut self, key: u64, numbers: Option<&BitField>) -> Result<()> {
        match numbers {
            Some(numbers) => self.amt.set(key, numbers),
            None => self.amt.remove(key).map(drop),
        }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.amt.count() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantize::NO_QUANTIZATION;
    use fvm_ipld_blockstore::MemoryBlockstore;

    type Queue<'a> = BitFieldQueue<&'a MemoryBlockstore, 5>;

    fn queue(store: &MemoryBlockstore, quant: QuantSpec) -> Queue<'_> {
        let amt = OpenArray::empty(store);
        BitFieldQueue { amt, quant }
    }

    fn entries(queue: &Queue<'_>) -> Vec<(u64, Vec<u64>)> {
        let mut entries = Vec::new();
        let visit = |key, numbers: BitField| {
            entries.push((key, numbers.iter().collect()));
            Ok(true)
        };
        queue.for_each_while(visit).unwrap();
        entries
    }

    #[test]
    fn numbers_are_found_under_rounded_epochs() {
        let store = MemoryBlockstore::new();
        let mut queue = queue(&store, QuantSpec { unit: 5, offset: 3 });
        queue.add_to_queue_values(0, [1, 4]).unwrap();
        queue.add_to_queue_values(3, [2]).unwrap();
        queue.add_to_queue_values(4, [3]).unwrap();
        queue.add_to_queue_values(9, []).unwrap();
        assert_eq!(entries(&queue), [(3, vec![1, 2, 4]), (8, vec![3])]);
        queue
            .add_many_to_queue_values([(13, 9), (7, 3), (9, 8), (10, 9)])
            .unwrap();
        assert_eq!(
            entries(&queue),
            [(3, vec![1, 2, 4]), (8, vec![3]), (13, vec![8, 9])]
        );
        // As it was closed, it is opened.
        let quant = queue.quant;
        let closed = queue.close().unwrap();
        let mut queue = Queue::open(&store, &closed, quant).unwrap();
        assert_eq!(queue.pop_until(2), Ok(None));
        assert_eq!(queue.pop_until(12), Ok(Some(bits([1, 2, 3, 4]).unwrap())));
        assert_eq!(entries(&queue), [(13, vec![8, 9])]);
        assert!(!queue.is_empty());
        queue.pop_until(13).unwrap();
        assert!(queue.is_empty());
    }

    #[test]
    fn what_is_cut_moves_the_rest_down() {
        let store = MemoryBlockstore::new();
        let mut queue = queue(&store, NO_QUANTIZATION);
        queue.add_to_queue_values(1, [1, 2, 3, 6]).unwrap();
        queue.add_to_queue_values(2, [2, 5]).unwrap();
        queue.add_to_queue_values(3, [2, 4]).unwrap();
        queue.cut(&bits([2, 4, 5]).unwrap()).unwrap();
        assert_eq!(entries(&queue), [(1, vec![1, 2, 3])]);
    }

    #[test]
    fn there_are_no_epochs_below_zero() {
        let store = MemoryBlockstore::new();
        let mut queue = queue(&store, NO_QUANTIZATION);
        let error = queue.add_to_queue_values(-1, [1]).unwrap_err();
        assert_eq!(error.code, ExitCode::USR_ILLEGAL_STATE);
        assert!(bits([u64::MAX]).is_err());
    }
}
