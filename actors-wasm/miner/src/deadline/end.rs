//! How sectors of a deadline end (Filecoin spec, "Storage Deal Flow", "Sector Expiration" and "Sector Termination").

use filigree_sdk::collections::Blocks;
use filigree_sdk::prelude::*;
use fvm_shared::sector::SectorSize;

use super::{Deadline, must_get};
use crate::bitfield_queue::BitFieldQueue;
use crate::expiration_queue::ExpirationSet;
use crate::power::PowerPair;
use crate::quantize::QuantSpec;
use crate::sector_map::PartitionSectorMap;
use crate::sectors::Sectors;
use crate::termination::TerminationResult;

impl Deadline {
    /// Terminates all sectors that end up to an epoch, and gives them.
    pub fn pop_expired_sectors<S: Blocks + Copy>(
        &mut self,
        store: S,
        until: ChainEpoch,
        quant: QuantSpec,
    ) -> Result<ExpirationSet> {
        let mut queue = BitFieldQueue::open(store, &self.expirations_epochs, quant)?;
        let Some(expired_partitions) = queue.pop_until(until)? else {
            return Ok(ExpirationSet::empty());
        };
        self.expirations_epochs = queue.close()?;

        let mut all = ExpirationSet::empty();
        let mut partitions = self.partitions_amt(store)?;
        for index in expired_partitions.iter() {
            let partition = partitions.get(index)?;
            let mut partition = partition
                .ok_or_else(|| Error::illegal_state("a partition that expires is missing"))?;
            let expired = partition.pop_expired_sectors(store, until, quant)?;
            if !expired.early_sectors.is_empty() {
                self.early_terminations.set(index);
            }
            all.add(&expired)?;
            partitions.set(index, &partition)?;
        }
        self.partitions = partitions.close()?;

        self.live_sectors = self.less_sectors(all.len())?;
        self.faulty_power -= all.faulty_power;
        self.live_power -= all.faulty_power + all.active_power;
        self.daily_fee -= &all.fee_deduction;
        Ok(all)
    }

    /// Terminates sectors, which must be live. Gives the active power that is lost. Fails with `USR_NOT_FOUND` if there is no such partition.
    pub fn terminate_sectors<S: Blocks + Copy>(
        &mut self,
        store: S,
        sectors: &Sectors<S>,
        epoch: ChainEpoch,
        partition_sectors: &PartitionSectorMap,
        size: SectorSize,
        quant: QuantSpec,
    ) -> Result<PowerPair> {
        let mut power_lost = PowerPair::zero();
        let mut partitions = self.partitions_amt(store)?;
        for (index, numbers) in partition_sectors.iter() {
            let mut partition = must_get(&partitions, index)?;
            let (removed, removed_unproven) =
                partition.terminate_sectors(store, sectors, epoch, numbers, size, quant)?;
            partitions.set(index, &partition)?;
            if !removed.is_empty() {
                self.early_terminations.set(index);
                self.live_sectors = self.less_sectors(removed.len())?;
            }
            self.faulty_power -= removed.faulty_power;
            self.live_power -= removed.active_power + removed.faulty_power + removed_unproven;
            self.daily_fee -= &removed.fee_deduction;
            power_lost += removed.active_power;
        }
        self.partitions = partitions.close()?;
        Ok(power_lost)
    }

    /// Takes a portion out of the sectors that were terminated early; tells whether there are more.
    pub fn pop_early_terminations<S: Blocks + Copy>(
        &mut self,
        store: S,
        max_partitions: u64,
        max_sectors: u64,
    ) -> Result<(TerminationResult, bool)> {
        let mut result = TerminationResult::new();
        let mut finished = Vec::new();
        let mut partitions = self.partitions_amt(store)?;
        for index in self.early_terminations.iter() {
            let Some(mut partition) = partitions.get(index)? else {
                finished.push(index);
                continue;
            };
            let limit = max_sectors - result.sectors_processed;
            let (part, has_more) = partition.pop_early_terminations(store, limit)?;
            result.add(part);
            if !has_more {
                finished.push(index);
            }
            partitions.set(index, &partition)?;
            if !result.below_limit(max_partitions, max_sectors) {
                break;
            }
        }
        for index in finished {
            self.early_terminations.unset(index);
        }
        self.partitions = partitions.close()?;
        Ok((result, !self.early_terminations.is_empty()))
    }

    /// How many live sectors there are when some are gone.
    pub(super) fn less_sectors(&self, gone: u64) -> Result<u64> {
        let left = self.live_sectors.checked_sub(gone);
        left.ok_or_else(|| Error::illegal_state("a deadline has too few live sectors"))
    }
}
