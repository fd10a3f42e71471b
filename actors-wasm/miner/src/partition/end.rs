//! How sectors of a partition end: on time, or early. Those that end early are queued, since their termination is to be paid, and deals
//! are to be told, which may take several calls (Filecoin spec, "Storage Deal Flow", "Sector Termination").

use filigree_sdk::collections::Blocks;
use filigree_sdk::prelude::*;
use fvm_shared::sector::SectorSize;

use super::Partition;
use crate::bitfield_queue::BitFieldQueue;
use crate::expiration_queue::ExpirationSet;
use crate::power::{PowerPair, power_for_sectors};
use crate::quantize::{NO_QUANTIZATION, QuantSpec};
use crate::sectors::{Sectors, select_sectors};
use crate::termination::TerminationResult;

impl Partition {
    /// Terminates live sectors. Gives what goes with them, active power without that of unproven sectors, and the power of these. Fails with
    /// `USR_ILLEGAL_ARGUMENT` if some are not live.
    pub fn terminate_sectors<S: Blocks + Copy>(
        &mut self,
        store: S,
        sectors: &Sectors<S>,
        epoch: ChainEpoch,
        numbers: &BitField,
        size: SectorSize,
        quant: QuantSpec,
    ) -> Result<(ExpirationSet, PowerPair)> {
        ensure!(
            self.live_sectors().contains_all(numbers),
            illegal_argument,
            "only live sectors can be terminated"
        );
        let infos = sectors.load_sectors(numbers)?;
        let (faults, recoveries) = (self.faults.clone(), self.recoveries.clone());
        let (mut removed, recovering_power) = self.edit_expirations(store, quant, |queue| {
            queue.remove_sectors(&infos, &faults, &recoveries, size)
        })?;
        let removed_sectors = &removed.on_time_sectors | &removed.early_sectors;
        self.record_early_termination(store, epoch, &removed_sectors)?;

        let unproven = &removed_sectors & &self.unproven;
        let unproven_power = power_for_sectors(size, select_sectors(&infos, &unproven)?);
        self.faults -= &removed_sectors;
        self.recoveries -= &removed_sectors;
        self.terminated |= &removed_sectors;
        self.unproven -= &unproven;
        self.live_power -= removed.active_power + removed.faulty_power;
        self.faulty_power -= removed.faulty_power;
        self.recovering_power -= recovering_power;
        self.unproven_power -= unproven_power;
        removed.active_power -= unproven_power;
        self.validate_state()?;
        Ok((removed, unproven_power))
    }

    /// Terminates all sectors that end up to an epoch, and gives them. For when a deadline is over: all sectors are proven or faulty then.
    pub fn pop_expired_sectors<S: Blocks + Copy>(
        &mut self,
        store: S,
        until: ChainEpoch,
        quant: QuantSpec,
    ) -> Result<ExpirationSet> {
        ensure!(
            self.unproven.is_empty(),
            illegal_state,
            "sectors cannot expire before they are proven or faulty"
        );
        let popped = self.edit_expirations(store, quant, |queue| queue.pop_until(until))?;
        let expired = &popped.on_time_sectors | &popped.early_sectors;
        ensure!(
            self.recoveries.is_empty() && self.recovering_power.is_zero(),
            illegal_state,
            "sectors cannot expire while some are to be recovered"
        );
        ensure!(
            !self.terminated.contains_any(&expired),
            illegal_state,
            "a sector expires that was terminated"
        );
        self.terminated |= &expired;
        self.faults -= &expired;
        self.live_power -= popped.active_power + popped.faulty_power;
        self.faulty_power -= popped.faulty_power;
        self.record_early_termination(store, until, &popped.early_sectors)?;
        self.validate_state()?;
        Ok(popped)
    }

    /// Queues sectors that ended early.
    fn record_early_termination<S: Blocks + Copy>(
        &mut self,
        store: S,
        epoch: ChainEpoch,
        sectors: &BitField,
    ) -> Result<()> {
        if sectors.is_empty() {
            return Ok(());
        }
        let mut queue = BitFieldQueue::open(store, &self.early_terminated, NO_QUANTIZATION)?;
        queue.add_to_queue(epoch, sectors)?;
        self.early_terminated = queue.close()?;
        Ok(())
    }

    /// Takes up to `max_sectors`, at least one, out of the queue of sectors that ended early; tells whether there are more.
    pub fn pop_early_terminations<S: Blocks + Copy>(
        &mut self,
        store: S,
        max_sectors: u64,
    ) -> Result<(TerminationResult, bool)> {
        let mut queue = BitFieldQueue::open(store, &self.early_terminated, NO_QUANTIZATION)?;
        let mut result = TerminationResult {
            partitions_processed: 1,
            ..Default::default()
        };
        // What is left of each set that is touched; of the last, perhaps something.
        let mut touched: Vec<(u64, Option<BitField>)> = Vec::new();
        queue.for_each_while(|key, sectors| {
            let limit = max_sectors - result.sectors_processed;
            let taken = match sectors.slice(0, limit) {
                Some(part) if part != sectors => {
                    touched.push((key, Some(&sectors - &part)));
                    part
                }
                _ => {
                    touched.push((key, None));
                    sectors
                }
            };
            result.sectors_processed += taken.len();
            result.sectors.insert(key as ChainEpoch, taken);
            Ok(result.sectors_processed < max_sectors)
        })?;
        for (key, rest) in &touched {
            queue.put(*key, rest.as_ref())?;
        }
        let has_more = !queue.is_empty();
        self.early_terminated = queue.close()?;
        Ok((result, has_more))
    }
}
