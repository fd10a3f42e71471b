//! Faults that are declared, or found out when the window is over (Filecoin spec, "Storage Deal Flow", "Declare and Recover Faults" and
//! "Detected Faults"; FIP-0010, "Deadline End").

use filigree_sdk::collections::{Blocks, OpenArray};
use filigree_sdk::prelude::*;
use fvm_shared::sector::SectorSize;

use super::{Deadline, must_get};
use crate::power::PowerPair;
use crate::quantize::QuantSpec;
use crate::sector_map::PartitionSectorMap;
use crate::sectors::{Sectors, SectorsArray};

impl Deadline {
    /// Marks sectors as faulty. Gives the change of active power. Fails with `USR_NOT_FOUND` if there is no such partition.
    pub fn record_faults<S: Blocks + Copy>(
        &mut self,
        store: S,
        sectors: &Sectors<S>,
        size: SectorSize,
        quant: QuantSpec,
        fault_expiration: ChainEpoch,
        partition_sectors: &PartitionSectorMap,
    ) -> Result<PowerPair> {
        let mut power_delta = PowerPair::zero();
        let mut with_faults = Vec::new();
        let mut partitions = self.partitions_amt(store)?;
        for (index, numbers) in partition_sectors.iter() {
            let mut partition = must_get(&partitions, index)?;
            let faults =
                partition.record_faults(store, sectors, numbers, fault_expiration, size, quant)?;
            self.faulty_power += faults.new_faulty_power;
            power_delta += faults.power_delta;
            if !faults.sectors.is_empty() {
                with_faults.push(index);
            }
            partitions.set(index, &partition)?;
        }
        self.partitions = partitions.close()?;
        self.add_expiration_partitions(store, fault_expiration, &with_faults, quant)?;
        Ok(power_delta)
    }

    /// Notes that faulty sectors shall be proven the next time. Fails with `USR_NOT_FOUND` if there is no such partition.
    pub fn declare_faults_recovered<S: Blocks + Copy>(
        &mut self,
        store: S,
        sectors: &Sectors<S>,
        size: SectorSize,
        partition_sectors: &PartitionSectorMap,
    ) -> Result<()> {
        let mut partitions = self.partitions_amt(store)?;
        for (index, numbers) in partition_sectors.iter() {
            let mut partition = must_get(&partitions, index)?;
            partition.declare_faults_recovered(sectors, size, numbers)?;
            partitions.set(index, &partition)?;
        }
        self.partitions = partitions.close()?;
        Ok(())
    }

    /// Closes the window: all sectors of partitions that were not proven are faulty, and what can be disputed is kept. Gives the change of
    /// active power, and the power that is penalised. `sectors` are all sectors of the miner.
    pub fn process_deadline_end<S: Blocks + Copy>(
        &mut self,
        store: S,
        quant: QuantSpec,
        fault_expiration: ChainEpoch,
        sectors: SectorsArray,
    ) -> Result<(PowerPair, PowerPair)> {
        let (mut power_delta, mut penalized_power) = (PowerPair::zero(), PowerPair::zero());
        let mut rescheduled = Vec::new();
        let mut partitions = self.partitions_amt(store)?;
        for index in 0..partitions.count() {
            if self.partitions_posted.get(index) {
                continue;
            }
            let partition = partitions.get(index)?;
            let mut partition =
                partition.ok_or_else(|| Error::illegal_state("a partition is missing"))?;
            let was_faulty = partition.recovering_power.is_zero()
                && partition.faulty_power == partition.live_power;
            if was_faulty {
                continue;
            }
            let missed = partition.record_missed_post(store, fault_expiration, quant)?;
            if !missed.new_faulty_power.is_zero() {
                rescheduled.push(index);
            }
            partitions.set(index, &partition)?;
            self.faulty_power += missed.new_faulty_power;
            power_delta += missed.power_delta;
            penalized_power += missed.penalized_power;
        }
        self.partitions = partitions.close()?;
        self.add_expiration_partitions(store, fault_expiration, &rescheduled, quant)?;
        self.take_snapshots(store, sectors)?;
        Ok((power_delta, penalized_power))
    }

    /// Keeps what was proven, until the next window. An empty array is written only where there was another: blocks cost.
    fn take_snapshots<S: Blocks + Copy>(&mut self, store: S, sectors: SectorsArray) -> Result<()> {
        self.partitions_posted = BitField::new();
        self.partitions_snapshot = self.partitions;
        self.optimistic_post_submissions_snapshot = self.optimistic_post_submissions;
        let is_disputable = !is(&self.optimistic_post_submissions, &NO_SUBMISSIONS);
        if is_disputable {
            self.optimistic_post_submissions = OpenArray::empty(store).close()?;
            self.sectors_snapshot = sectors;
        } else if !is(&self.sectors_snapshot, &NO_SECTORS) {
            self.sectors_snapshot = OpenArray::empty(store).close()?;
        }
        Ok(())
    }
}

/// Hash of an array without proofs.
const NO_SUBMISSIONS: [u8; 32] = [
    0x5e, 0x15, 0xfd, 0x92, 0x37, 0x99, 0x30, 0x70, 0xc9, 0xc6, 0xee, 0xc6, 0xcc, 0x6e, 0xf4, 0xe7,
    0xfb, 0x21, 0x0a, 0xa8, 0xa7, 0x69, 0xc5, 0x54, 0x52, 0x88, 0xce, 0xaa, 0xb6, 0xe8, 0x6d, 0xa4,
];

/// Hash of an array without sectors.
const NO_SECTORS: [u8; 32] = [
    0x05, 0x4d, 0xe1, 0xcd, 0x03, 0xc0, 0x74, 0x1e, 0xec, 0x69, 0xf3, 0x4a, 0xab, 0xfe, 0xc5, 0x1f,
    0x64, 0xb3, 0x04, 0xc3, 0x07, 0xa5, 0xf5, 0xbe, 0xb9, 0x65, 0xd9, 0x4f, 0xba, 0x91, 0xd9, 0xe0,
];

fn is<V, const BITS: u32>(array: &Array<V, BITS>, hash: &[u8; 32]) -> bool
where
    V: serde::Serialize + serde::de::DeserializeOwned,
{
    array.root().hash().digest() == hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use fvm_ipld_blockstore::MemoryBlockstore;

    #[test]
    fn hashes_of_empty_arrays_are_right() {
        let store = MemoryBlockstore::new();
        let deadline = Deadline::new(&store).unwrap();
        let hash = |root: &Cid| root.hash().digest().to_vec();
        let submissions = deadline.optimistic_post_submissions.root();
        assert_eq!(hash(submissions), NO_SUBMISSIONS);
        assert_eq!(hash(deadline.sectors_snapshot.root()), NO_SECTORS);
    }
}
