//! Sectors that were terminated early, as they are dealt with in portions (Filecoin spec, "Storage Deal Flow", "Sector Termination"; FIP-0098
//! for the fee).

use std::collections::BTreeMap;

use filigree_sdk::prelude::*;

/// A portion of terminated sectors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TerminationResult {
    /// Sectors by the epoch they were terminated at.
    pub sectors: BTreeMap<ChainEpoch, BitField>,
    /// Partitions they are from.
    pub partitions_processed: u64,
    /// How many they are.
    pub sectors_processed: u64,
}

impl TerminationResult {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether there may be more in the portion.
    pub fn below_limit(&self, max_partitions: u64, max_sectors: u64) -> bool {
        self.partitions_processed < max_partitions && self.sectors_processed < max_sectors
    }

    /// Whether there are no sectors.
    pub fn is_empty(&self) -> bool {
        self.sectors_processed == 0
    }

    /// Adds another portion.
    pub fn add(&mut self, other: Self) {
        self.partitions_processed += other.partitions_processed;
        self.sectors_processed += other.sectors_processed;
        for (epoch, sectors) in other.sectors {
            *self.sectors.entry(epoch).or_default() |= &sectors;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitfield_queue::bits;

    #[test]
    fn portions_are_added_by_epoch() {
        let portion = |epoch, numbers: [u64; 2]| TerminationResult {
            sectors: BTreeMap::from([(epoch, bits(numbers).unwrap())]),
            partitions_processed: 1,
            sectors_processed: 2,
        };
        let mut sum = portion(5, [1, 2]);
        sum.add(portion(5, [3, 4]));
        sum.add(portion(4, [5, 6]));
        let sectors: Vec<_> = sum.sectors.values().map(|sectors| sectors.len()).collect();
        assert_eq!(sectors, [2, 4]);
        assert_eq!((sum.partitions_processed, sum.sectors_processed), (3, 6));
        assert!(sum.below_limit(4, 7) && !sum.below_limit(3, 7) && !sum.below_limit(4, 6));
    }
}
