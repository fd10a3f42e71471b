//! Faults that are declared, or found out when the window is over.

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

    fn take_snapshots<S: Blocks + Copy>(&mut self, store: S, sectors: SectorsArray) -> Result<()> {
        self.partitions_posted = BitField::new();
        self.partitions_snapshot = self.partitions;
        self.optimistic_post_submissions_snapshot = self.optimistic_post_submissions;
        self.optimistic_post_submissions = OpenArray::empty(store).close()?;
        let is_disputable =
            self.optimistic_post_submissions != self.optimistic_post_submissions_snapshot;
        self.sectors_snapshot = match is_disputable {
            true => sectors,
            false => OpenArray::empty(store).close()?,
        };
        Ok(())
    }
}
