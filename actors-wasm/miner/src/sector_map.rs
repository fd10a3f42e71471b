//! Sectors named in a call, by deadline and partition: faults and recoveries, and terminations (Filecoin spec, "Storage Deal Flow",
//! "Declare and Recover Faults" and "Sector Termination"). How many a call may name is policy; since FIP-0100 it may name them in any
//! number of declarations.

use std::collections::BTreeMap;

use filigree_builtin::Policy;
use filigree_sdk::prelude::*;

/// Sectors by deadline and partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeadlineSectorMap(BTreeMap<u64, PartitionSectorMap>);

impl DeadlineSectorMap {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds sectors of a partition. Fails with `USR_ILLEGAL_ARGUMENT` if there is no such deadline.
    pub fn add(
        &mut self,
        policy: &Policy,
        deadline: u64,
        partition: u64,
        sectors: BitField,
    ) -> Result<()> {
        ensure!(
            deadline < policy.wpost_period_deadlines,
            illegal_argument,
            "there is no deadline {deadline}"
        );
        let partitions = self.0.entry(deadline).or_default();
        partitions.add(partition, sectors);
        Ok(())
    }

    /// Fails with `USR_ILLEGAL_ARGUMENT` if there are too many partitions or sectors.
    pub fn check(&self, max_partitions: u64, max_sectors: u64) -> Result<()> {
        let (partitions, sectors) = self.count()?;
        ensure!(
            partitions <= max_partitions,
            illegal_argument,
            "{partitions} partitions, at most {max_partitions} are allowed"
        );
        ensure!(
            sectors <= max_sectors,
            illegal_argument,
            "{sectors} sectors, at most {max_sectors} are allowed"
        );
        Ok(())
    }

    /// How many partitions and sectors there are. Fails with `USR_ILLEGAL_ARGUMENT` if they are beyond counting.
    pub fn count(&self) -> Result<(u64, u64)> {
        let mut sum = (0, 0);
        for map in self.0.values() {
            let (partitions, sectors) = map.count()?;
            sum = (sum.0 + partitions, plus(sum.1, sectors)?);
        }
        Ok(sum)
    }

    /// Deadlines, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &PartitionSectorMap)> {
        self.0.iter().map(|(deadline, map)| (*deadline, map))
    }
}

/// Sectors by partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionSectorMap(BTreeMap<u64, BitField>);

impl PartitionSectorMap {
    /// Adds sectors of a partition.
    pub fn add(&mut self, partition: u64, sectors: BitField) {
        *self.0.entry(partition).or_default() |= &sectors;
    }

    /// How many partitions and sectors there are. Fails with `USR_ILLEGAL_ARGUMENT` if they are beyond counting.
    pub fn count(&self) -> Result<(u64, u64)> {
        let mut sectors = 0;
        for numbers in self.0.values() {
            sectors = plus(sectors, numbers.len())?;
        }
        Ok((self.0.len() as u64, sectors))
    }

    /// Partitions, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &BitField)> {
        self.0
            .iter()
            .map(|(partition, sectors)| (*partition, sectors))
    }

    /// How many partitions there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn plus(one: u64, other: u64) -> Result<u64> {
    one.checked_add(other)
        .ok_or_else(|| Error::illegal_argument("sectors beyond counting"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitfield_queue::bits;
    use filigree_builtin::policy::MAINNET;

    fn map(entries: &[(u64, u64, &[u64])]) -> DeadlineSectorMap {
        let mut map = DeadlineSectorMap::new();
        for (deadline, partition, sectors) in entries {
            let sectors = bits(sectors.iter().copied()).unwrap();
            map.add(&MAINNET, *deadline, *partition, sectors).unwrap();
        }
        map
    }

    #[test]
    fn sectors_named_twice_count_once() {
        let map = map(&[(3, 1, &[5, 6]), (0, 2, &[7]), (3, 1, &[6, 8]), (3, 0, &[])]);
        assert_eq!(map.count(), Ok((3, 4)));
        let order: Vec<_> = map
            .iter()
            .flat_map(|(deadline, map)| map.iter().map(move |(p, s)| (deadline, p, s.len())))
            .collect();
        assert_eq!(order, [(0, 2, 1), (3, 0, 0), (3, 1, 3)]);
        assert_eq!(map.check(3, 4), Ok(()));
        assert!(map.check(2, 4).is_err() && map.check(3, 3).is_err());
    }

    #[test]
    fn there_are_48_deadlines_and_not_too_many_sectors() {
        let mut map = map(&[(47, 0, &[1])]);
        let error = map.add(&MAINNET, 48, 0, BitField::new()).unwrap_err();
        assert_eq!(error.code, ExitCode::USR_ILLEGAL_ARGUMENT);
        let all = || BitField::from_ranges(fvm_ranges(0..u64::MAX));
        map.add(&MAINNET, 1, 0, all()).unwrap();
        assert_eq!(
            map.count().unwrap_err().code,
            ExitCode::USR_ILLEGAL_ARGUMENT
        );
    }

    fn fvm_ranges(range: std::ops::Range<u64>) -> impl fvm_ipld_bitfield::iter::RangeIterator {
        fvm_ipld_bitfield::iter::Ranges::new(std::iter::once(range))
    }
}
