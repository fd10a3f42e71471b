//! Faults and recoveries of a partition (Filecoin spec, "Storage Miner", "Faults, Penalties and
//! Fee Debt").

use filigree_sdk::collections::Blocks;
use filigree_sdk::prelude::*;
use fvm_shared::sector::SectorSize;

use super::{Partition, validate_partition_contains_sectors};
use crate::power::{PowerPair, power_for_sectors};
use crate::quantize::QuantSpec;
use crate::sectors::{Sectors, select_sectors};
use crate::types::SectorOnChainInfo;

/// What sectors that become faulty change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewFaults {
    /// Sectors that were not faulty before.
    pub sectors: BitField,
    /// Change of active power.
    pub power_delta: PowerPair,
    /// Power of the new faults.
    pub new_faulty_power: PowerPair,
}

/// What sectors that were skipped in a proof change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SkippedFaults {
    /// Change of active power.
    pub power_delta: PowerPair,
    /// Power of the new faults.
    pub new_faulty_power: PowerPair,
    /// Power that was to be recovered and is not.
    pub retracted_recovery_power: PowerPair,
    /// Whether there are new faults.
    pub has_new_faults: bool,
}

/// What a missed proof changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MissedPost {
    /// Change of active power.
    pub power_delta: PowerPair,
    /// Power that is penalised: new faults, and what was to be recovered.
    pub penalized_power: PowerPair,
    /// Power of the new faults.
    pub new_faulty_power: PowerPair,
}

impl Partition {
    /// Marks sectors as faulty that are neither faulty nor terminated. The caller validates the state.
    fn add_faults<S: Blocks + Copy>(
        &mut self,
        store: S,
        numbers: BitField,
        sectors: &[SectorOnChainInfo],
        fault_expiration: ChainEpoch,
        size: SectorSize,
        quant: QuantSpec,
    ) -> Result<NewFaults> {
        if sectors.is_empty() {
            return Ok(NewFaults::default());
        }
        let new_faulty_power = self.edit_expirations(store, quant, |queue| {
            queue.reschedule_as_faults(fault_expiration, sectors, size)
        })?;
        self.faults |= &numbers;
        self.faulty_power += new_faulty_power;
        // Unproven sectors had no active power to lose.
        let unproven = &numbers & &self.unproven;
        let unproven_power = power_for_sectors(size, select_sectors(sectors, &unproven)?);
        self.unproven -= &unproven;
        self.unproven_power -= unproven_power;
        Ok(NewFaults {
            sectors: numbers,
            power_delta: unproven_power - new_faulty_power,
            new_faulty_power,
        })
    }

    /// Marks sectors as faulty that were declared so. Those that are faulty or terminated stay as they are, and those that were to be
    /// recovered are not. Fails with `USR_ILLEGAL_ARGUMENT` if some are not in the partition.
    pub fn record_faults<S: Blocks + Copy>(
        &mut self,
        store: S,
        sectors: &Sectors<S>,
        numbers: &BitField,
        fault_expiration: ChainEpoch,
        size: SectorSize,
        quant: QuantSpec,
    ) -> Result<NewFaults> {
        validate_partition_contains_sectors(self, numbers)?;
        let retracted = &self.recoveries & numbers;
        let new = &(&(numbers - &retracted) - &self.terminated) - &self.faults;
        let new_sectors = sectors.load_sectors(&new)?;
        let faults = self.add_faults(store, new, &new_sectors, fault_expiration, size, quant)?;
        let retracted_power = power_for_sectors(size, &sectors.load_sectors(&retracted)?);
        self.remove_recoveries(&retracted, retracted_power);
        self.validate_state()?;
        Ok(faults)
    }

    /// Marks sectors as faulty that were skipped in a proof. Those that are faulty or terminated stay as they are, and those that were to be
    /// recovered are not. Fails with `USR_ILLEGAL_ARGUMENT` if some are not in the partition.
    pub fn record_skipped_faults<S: Blocks + Copy>(
        &mut self,
        store: S,
        sectors: &Sectors<S>,
        size: SectorSize,
        quant: QuantSpec,
        fault_expiration: ChainEpoch,
        skipped: &BitField,
    ) -> Result<SkippedFaults> {
        if skipped.is_empty() {
            return Ok(SkippedFaults::default());
        }
        validate_partition_contains_sectors(self, skipped)?;
        let retracted = &self.recoveries & skipped;
        let retracted_power = power_for_sectors(size, &sectors.load_sectors(&retracted)?);
        let new = &(skipped - &self.terminated) - &self.faults;
        let new_sectors = sectors.load_sectors(&new)?;
        let faults = self.add_faults(store, new, &new_sectors, fault_expiration, size, quant)?;
        self.remove_recoveries(&retracted, retracted_power);
        self.validate_state()?;
        Ok(SkippedFaults {
            power_delta: faults.power_delta,
            new_faulty_power: faults.new_faulty_power,
            retracted_recovery_power: retracted_power,
            has_new_faults: !new_sectors.is_empty(),
        })
    }

    /// Marks the sectors to be recovered as good: they are proven. Gives their power.
    pub fn recover_faults<S: Blocks + Copy>(
        &mut self,
        store: S,
        sectors: &Sectors<S>,
        size: SectorSize,
        quant: QuantSpec,
    ) -> Result<PowerPair> {
        if self.recoveries.is_empty() {
            return Ok(PowerPair::zero());
        }
        let recovered = sectors.load_sectors(&self.recoveries)?;
        let power = self.edit_expirations(store, quant, |queue| {
            queue.reschedule_recovered(&recovered, size)
        })?;
        self.faults -= &self.recoveries;
        self.recoveries = BitField::new();
        self.faulty_power -= power;
        self.recovering_power -= power;
        self.validate_state()?;
        Ok(power)
    }

    /// Marks all sectors as proven that waited for their first proof. Gives their power.
    pub fn activate_unproven(&mut self) -> PowerPair {
        self.unproven = BitField::new();
        std::mem::take(&mut self.unproven_power)
    }

    /// Notes that faulty sectors shall be proven the next time; those that are not faulty stay as they are. Fails with `USR_ILLEGAL_ARGUMENT` if
    /// some are not in the partition.
    pub fn declare_faults_recovered<S: Blocks + Copy>(
        &mut self,
        sectors: &Sectors<S>,
        size: SectorSize,
        numbers: &BitField,
    ) -> Result<()> {
        validate_partition_contains_sectors(self, numbers)?;
        let new = &(numbers & &self.faults) - &self.recoveries;
        self.recovering_power += power_for_sectors(size, &sectors.load_sectors(&new)?);
        self.recoveries |= &new;
        self.validate_state()
    }

    fn remove_recoveries(&mut self, numbers: &BitField, power: PowerPair) {
        if numbers.is_empty() {
            return;
        }
        self.recoveries -= numbers;
        self.recovering_power -= power;
    }

    /// Marks all sectors as faulty: no proof came. None is to be recovered any more.
    pub fn record_missed_post<S: Blocks + Copy>(
        &mut self,
        store: S,
        fault_expiration: ChainEpoch,
        quant: QuantSpec,
    ) -> Result<MissedPost> {
        self.edit_expirations(store, quant, |queue| {
            queue.reschedule_all_as_faults(fault_expiration)
        })?;
        let new_faulty_power = self.live_power - self.faulty_power;
        let missed = MissedPost {
            power_delta: self.unproven_power - new_faulty_power,
            penalized_power: self.recovering_power + new_faulty_power,
            new_faulty_power,
        };
        self.faults = self.live_sectors();
        self.recoveries = BitField::new();
        self.unproven = BitField::new();
        self.faulty_power = self.live_power;
        self.recovering_power = PowerPair::zero();
        self.unproven_power = PowerPair::zero();
        self.validate_state()?;
        Ok(missed)
    }
}
