//! Sectors that are proven together, by one proof of spacetime (Filecoin spec, "PoSt", "Design").
//!
//! A sector comes unproven. Its first proof makes it active. It may become faulty, be declared recovered, and be proven again. In the end it is
//! terminated, and stays in the partition until the deadline is compacted.
//!
//! In reading order: this file (the partition, new and replaced sectors), `faults` (faults and recoveries), `end` (expiration and
//! termination).

mod end;
mod faults;

use filigree_sdk::collections::{Blocks, OpenArray};
use filigree_sdk::prelude::*;
use fvm_shared::sector::SectorSize;

use crate::expiration_queue::{ExpirationQueue, Expirations};
use crate::power::PowerPair;
use crate::quantize::QuantSpec;
use crate::types::SectorOnChainInfo;
pub use faults::{MissedPost, NewFaults, SkippedFaults};

/// A partition.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// All its sectors, also those that are terminated.
    pub sectors: BitField,
    /// Sectors that wait for their first proof.
    pub unproven: BitField,
    /// Sectors that are faulty, declared or found out.
    pub faults: BitField,
    /// Faulty sectors that shall be proven the next time.
    pub recoveries: BitField,
    /// Sectors that are terminated.
    pub terminated: BitField,
    /// When sectors end.
    pub expirations_epochs: Expirations,
    /// Sectors that were terminated early and are not paid for yet, by epoch.
    pub early_terminated: Array<BitField, 3>,
    /// Power of the sectors that are not terminated.
    pub live_power: PowerPair,
    /// Power of those that wait for their first proof.
    pub unproven_power: PowerPair,
    /// Power of those that are faulty.
    pub faulty_power: PowerPair,
    /// Power of those that are faulty and shall be proven the next time.
    pub recovering_power: PowerPair,
}

impl Partition {
    /// Without sectors.
    pub fn new<S: Blocks + Copy>(store: S) -> Result<Self> {
        Ok(Self {
            sectors: BitField::new(),
            unproven: BitField::new(),
            faults: BitField::new(),
            recoveries: BitField::new(),
            terminated: BitField::new(),
            expirations_epochs: OpenArray::empty(store).close()?,
            early_terminated: OpenArray::empty(store).close()?,
            live_power: PowerPair::zero(),
            unproven_power: PowerPair::zero(),
            faulty_power: PowerPair::zero(),
            recovering_power: PowerPair::zero(),
        })
    }

    /// Sectors that are not terminated.
    pub fn live_sectors(&self) -> BitField {
        &self.sectors - &self.terminated
    }

    /// Sectors that give power: proven, not faulty, not terminated.
    pub fn active_sectors(&self) -> BitField {
        &(&self.live_sectors() - &self.faults) - &self.unproven
    }

    /// Power of those.
    pub fn active_power(&self) -> PowerPair {
        self.live_power - self.faulty_power - self.unproven_power
    }

    /// Adds sectors, already `proven` or not. Gives their power and their daily fee, attoFIL.
    pub fn add_sectors<S: Blocks + Copy>(
        &mut self,
        store: S,
        proven: bool,
        sectors: &[SectorOnChainInfo],
        size: SectorSize,
        quant: QuantSpec,
    ) -> Result<(PowerPair, TokenAmount)> {
        let added = self.edit_expirations(store, quant, |queue| {
            queue.add_active_sectors(sectors, size)
        })?;
        ensure!(
            !self.sectors.contains_any(&added.sectors),
            illegal_state,
            "a sector is in the partition already"
        );
        self.sectors |= &added.sectors;
        self.live_power += added.power;
        if !proven {
            self.unproven_power += added.power;
            self.unproven |= &added.sectors;
        }
        self.validate_state()?;
        Ok((added.power, added.daily_fee))
    }

    /// Replaces active sectors by others, which may have the same numbers: so power, pledge and expiration change. Gives new power, pledge
    /// and daily fee less the old.
    pub fn replace_sectors<S: Blocks + Copy>(
        &mut self,
        store: S,
        old: &[SectorOnChainInfo],
        new: &[SectorOnChainInfo],
        size: SectorSize,
        quant: QuantSpec,
    ) -> Result<(PowerPair, TokenAmount, TokenAmount)> {
        let replaced =
            self.edit_expirations(store, quant, |queue| queue.replace_sectors(old, new, size))?;
        ensure!(
            self.active_sectors().contains_all(&replaced.old),
            illegal_state,
            "only active sectors are replaced"
        );
        self.sectors -= &replaced.old;
        self.sectors |= &replaced.new;
        self.live_power += replaced.power_delta;
        self.validate_state()?;
        Ok((
            replaced.power_delta,
            replaced.pledge_delta,
            replaced.daily_fee_delta,
        ))
    }

    /// Opens the expiration queue, changes it, and writes what changed.
    fn edit_expirations<S: Blocks + Copy, R>(
        &mut self,
        store: S,
        quant: QuantSpec,
        change: impl FnOnce(&mut ExpirationQueue<S>) -> Result<R>,
    ) -> Result<R> {
        let mut queue = ExpirationQueue::open(store, &self.expirations_epochs, quant)?;
        let result = change(&mut queue)?;
        self.expirations_epochs = queue.close()?;
        Ok(result)
    }

    /// Fails with `USR_ILLEGAL_STATE` if powers or sets of sectors do not fit together.
    pub fn validate_state(&self) -> Result<()> {
        ensure!(
            self.is_power_consistent() && self.are_sets_consistent(),
            illegal_state,
            "power or sectors of a partition do not fit together"
        );
        Ok(())
    }

    /// No power is negative, and parts are not more than the whole.
    fn is_power_consistent(&self) -> bool {
        let (live, unproven) = (self.live_power, self.unproven_power);
        let (faulty, recovering) = (self.faulty_power, self.recovering_power);
        let is_negative = [live, unproven, faulty, recovering]
            .iter()
            .any(PowerPair::is_negative);
        !is_negative
            && unproven.raw <= live.raw
            && faulty.raw <= live.raw
            && recovering.raw <= faulty.raw
    }

    /// Unproven and faulty sectors are not terminated, recovering ones are faulty, and all are in the partition.
    fn are_sets_consistent(&self) -> bool {
        let mut all = &self.unproven | &self.faults;
        if self.terminated.contains_any(&all) {
            return false;
        }
        all |= &self.terminated;
        self.sectors.contains_all(&all) && self.faults.contains_all(&self.recoveries)
    }
}

/// Fails with `USR_ILLEGAL_ARGUMENT` unless sectors are in a partition.
pub fn validate_partition_contains_sectors(
    partition: &Partition,
    sectors: &BitField,
) -> Result<()> {
    ensure!(
        partition.sectors.contains_all(sectors),
        illegal_argument,
        "not all sectors are in the partition"
    );
    Ok(())
}

#[cfg(test)]
mod tests;
