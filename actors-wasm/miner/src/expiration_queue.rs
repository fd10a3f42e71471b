//! When the sectors of a partition end: expiration sets by epoch, rounded up to the ends of the partition's deadline (Filecoin spec,
//! "Storage Deal Flow", "Sector Expiration"; FIP-0026 for how long is too long).
//!
//! A sector that is not faulty stands under its own expiration, on time. If that is not so, it was rescheduled to end sooner. A faulty sector
//! stands under the epoch at which it has been faulty for too long, early; or, if that would be later, still on time.

mod groups;

use std::collections::BTreeMap;

use filigree_sdk::collections::{Blocks, OpenArray};
use filigree_sdk::prelude::*;
use fvm_shared::sector::{SectorNumber, SectorSize};

use crate::bitfield_queue::{bits, key};
pub use crate::expiration_set::ExpirationSet;
use crate::power::{PowerPair, power_for_sector};
use crate::quantize::QuantSpec;
use crate::types::SectorOnChainInfo;
pub use groups::SectorGroup;

/// A queue as it stands in state.
pub type Expirations = Array<ExpirationSet, 4>;

/// An open queue.
pub struct ExpirationQueue<S> {
    amt: OpenArray<S, ExpirationSet, 4>,
    quant: QuantSpec,
}

/// What adding or removing active sectors comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActiveSectors {
    /// Their numbers.
    pub sectors: BitField,
    /// Their power.
    pub power: PowerPair,
    /// Their pledge, attoFIL.
    pub pledge: TokenAmount,
    /// Their daily fee, attoFIL.
    pub daily_fee: TokenAmount,
}

impl ActiveSectors {
    /// These sectors, ending on time.
    fn on_time(self) -> ExpirationSet {
        ExpirationSet {
            on_time_sectors: self.sectors,
            on_time_pledge: self.pledge,
            active_power: self.power,
            fee_deduction: self.daily_fee,
            ..Default::default()
        }
    }

    fn add(&mut self, set: &ExpirationSet) {
        self.sectors |= &set.on_time_sectors;
        self.power += set.active_power;
        self.pledge += &set.on_time_pledge;
        self.daily_fee += &set.fee_deduction;
    }
}

/// What replacing sectors changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// Numbers of the old ones.
    pub old: BitField,
    /// Numbers of the new ones.
    pub new: BitField,
    /// New power less old.
    pub power_delta: PowerPair,
    /// New pledge less old, attoFIL.
    pub pledge_delta: TokenAmount,
    /// New daily fee less old, attoFIL.
    pub daily_fee_delta: TokenAmount,
}

impl<S: Blocks + Copy> ExpirationQueue<S> {
    /// Opens it.
    pub fn open(store: S, queue: &Expirations, quant: QuantSpec) -> Result<Self> {
        let amt = queue.open_in(store)?;
        Ok(Self { amt, quant })
    }

    /// Writes what changed.
    pub fn close(self) -> Result<Expirations> {
        self.amt.close()
    }

    /// Adds sectors that are not faulty.
    pub fn add_active_sectors<'a>(
        &mut self,
        sectors: impl IntoIterator<Item = &'a SectorOnChainInfo>,
        size: SectorSize,
    ) -> Result<ActiveSectors> {
        let mut total = ActiveSectors::default();
        for group in groups::by_expiration(self.quant, sectors, size) {
            let set = group.on_time()?;
            self.add(group.epoch, &set)?;
            total.add(&set);
        }
        Ok(total)
    }

    /// Has sectors that are not faulty end at another epoch. Their power and pledge stay as they are.
    pub fn reschedule_expirations(
        &mut self,
        new_expiration: ChainEpoch,
        sectors: &[SectorOnChainInfo],
        size: SectorSize,
    ) -> Result<()> {
        if sectors.is_empty() {
            return Ok(());
        }
        let removed = self.remove_active_sectors(sectors, size)?;
        self.add(new_expiration, &removed.on_time())
    }

    /// Notes sectors as faulty that were not: they end at an epoch, early, unless they end before. Gives their power.
    pub fn reschedule_as_faults(
        &mut self,
        new_expiration: ChainEpoch,
        sectors: &[SectorOnChainInfo],
        size: SectorSize,
    ) -> Result<PowerPair> {
        let early_epoch = self.quant.quantize_up(new_expiration);
        let (mut early, mut power) = (ExpirationSet::empty(), PowerPair::zero());
        for (group, mut set) in self.find_sectors_by_expiration(sectors, size)? {
            power += group.power;
            if group.epoch <= early_epoch {
                // They end on time, with their pledge, but faulty.
                set.active_power -= group.power;
                set.faulty_power += group.power;
            } else {
                let numbers = bits(group.sectors.iter().copied())?;
                set.on_time_sectors -= &numbers;
                set.on_time_pledge -= &group.pledge;
                set.active_power -= group.power;
                set.fee_deduction -= &group.daily_fee;
                early.early_sectors |= &numbers;
                early.faulty_power += group.power;
                early.fee_deduction += &group.daily_fee;
            }
            set.validate_state()?;
            self.put(key(group.epoch)?, &set)?;
        }
        if !early.is_empty() {
            self.add(new_expiration, &early)?;
        }
        Ok(power)
    }

    /// Notes all sectors as faulty: they end at an epoch, early, unless they end before.
    pub fn reschedule_all_as_faults(&mut self, fault_expiration: ChainEpoch) -> Result<()> {
        let last = self.quant.quantize_up(fault_expiration);
        let (mut kept, mut gone) = (Vec::new(), Vec::new());
        let mut early = ExpirationSet::empty();
        self.amt.for_each(|key, mut set| {
            if key as ChainEpoch <= last {
                set.faulty_power += set.active_power;
                set.active_power = PowerPair::zero();
                set.validate_state()?;
                kept.push((key, set));
                return Ok(());
            }
            ensure!(
                set.early_sectors.is_empty(),
                illegal_state,
                "faulty sectors end too late"
            );
            gone.push(key);
            early.early_sectors |= &set.on_time_sectors;
            early.faulty_power += set.active_power + set.faulty_power;
            early.fee_deduction += &set.fee_deduction;
            Ok(())
        })?;
        for (key, set) in kept {
            self.amt.set(key, &set)?;
        }
        if gone.is_empty() {
            return Ok(());
        }
        self.add(fault_expiration, &early)?;
        for key in gone {
            self.amt.remove(key)?;
        }
        Ok(())
    }

    /// Notes faulty sectors as good again: they end on time, at their own expiration. Gives their power. Fails if one is not found.
    pub fn reschedule_recovered(
        &mut self,
        sectors: &[SectorOnChainInfo],
        size: SectorSize,
    ) -> Result<PowerPair> {
        let mut rescheduled = Vec::new();
        let mut recovered = PowerPair::zero();
        self.find(sectors, |set, sector, is_early| {
            let power = power_for_sector(size, sector);
            recovered += power;
            set.faulty_power -= power;
            if is_early {
                set.early_sectors.unset(sector.sector_number);
                set.fee_deduction -= &sector.daily_fee;
                rescheduled.push(sector);
            } else {
                set.active_power += power;
            }
        })?;
        self.add_active_sectors(rescheduled, size)?;
        Ok(recovered)
    }

    /// Removes sectors that are not faulty and adds others, which may have the same numbers.
    pub fn replace_sectors(
        &mut self,
        old: &[SectorOnChainInfo],
        new: &[SectorOnChainInfo],
        size: SectorSize,
    ) -> Result<Replaced> {
        let old = self.remove_active_sectors(old, size)?;
        let new = self.add_active_sectors(new, size)?;
        Ok(Replaced {
            old: old.sectors,
            new: new.sectors,
            power_delta: new.power - old.power,
            pledge_delta: new.pledge - old.pledge,
            daily_fee_delta: new.daily_fee - old.daily_fee,
        })
    }

    /// Removes sectors, of which some are faulty and some of these are recovering. Gives what is removed, and the power that was recovering.
    /// Fails if one is not found.
    pub fn remove_sectors(
        &mut self,
        sectors: &[SectorOnChainInfo],
        faults: &BitField,
        recovering: &BitField,
        size: SectorSize,
    ) -> Result<(ExpirationSet, PowerPair)> {
        // Those that are not faulty are under their own expiration, the others among the first few entries.
        let (faulty, active): (Vec<&SectorOnChainInfo>, Vec<_>) = sectors
            .iter()
            .partition(|sector| faults.get(sector.sector_number));
        let mut removed = self.remove_active_sectors(active, size)?.on_time();
        let mut recovering_power = PowerPair::zero();
        self.find(faulty, |set, sector, is_early| {
            let (number, power) = (sector.sector_number, power_for_sector(size, sector));
            if is_early {
                set.early_sectors.unset(number);
                removed.early_sectors.set(number);
            } else {
                set.on_time_sectors.unset(number);
                set.on_time_pledge -= &sector.initial_pledge;
                removed.on_time_sectors.set(number);
                removed.on_time_pledge += &sector.initial_pledge;
            }
            set.faulty_power -= power;
            set.fee_deduction -= &sector.daily_fee;
            removed.faulty_power += power;
            removed.fee_deduction += &sector.daily_fee;
            if recovering.get(number) {
                recovering_power += power;
            }
        })?;
        Ok((removed, recovering_power))
    }

    /// Removes all up to an epoch, and gives it.
    pub fn pop_until(&mut self, until: ChainEpoch) -> Result<ExpirationSet> {
        let (mut keys, mut popped) = (Vec::new(), ExpirationSet::empty());
        self.amt.for_each_while(0, |key, set| {
            let is_due = key as ChainEpoch <= until;
            if is_due {
                keys.push(key);
                popped.add(&set)?;
            }
            Ok(is_due)
        })?;
        for key in keys {
            self.amt.remove(key)?;
        }
        Ok(popped)
    }

    /// Visits all sets by epoch, in order.
    pub fn for_each(&self, visit: impl FnMut(u64, ExpirationSet) -> Result<()>) -> Result<()> {
        self.amt.for_each(visit)
    }
}

/// The steps of these.
impl<S: Blocks + Copy> ExpirationQueue<S> {
    fn add(&mut self, epoch: ChainEpoch, more: &ExpirationSet) -> Result<()> {
        let key = key(self.quant.quantize_up(epoch))?;
        let mut set = self.amt.get(key)?.unwrap_or_default();
        set.add(more)?;
        self.amt.set(key, &set)
    }

    /// Replaces a set; one without sectors goes.
    fn put(&mut self, key: u64, set: &ExpirationSet) -> Result<()> {
        match set.is_empty() {
            true => self.amt.remove(key).map(drop),
            false => self.amt.set(key, set),
        }
    }

    fn remove_active_sectors<'a>(
        &mut self,
        sectors: impl IntoIterator<Item = &'a SectorOnChainInfo>,
        size: SectorSize,
    ) -> Result<ActiveSectors> {
        let mut total = ActiveSectors::default();
        for (group, mut set) in self.find_sectors_by_expiration(sectors, size)? {
            let part = group.on_time()?;
            set.remove(&part)?;
            self.put(key(group.epoch)?, &set)?;
            total.add(&part);
        }
        Ok(total)
    }

    /// Finds sectors anywhere in the queue, beginning with what ends first, and has `change` change the set of each, told whether it ends
    /// early. Fails if one is not found.
    fn find<'a>(
        &mut self,
        sectors: impl IntoIterator<Item = &'a SectorOnChainInfo>,
        mut change: impl FnMut(&mut ExpirationSet, &'a SectorOnChainInfo, bool),
    ) -> Result<()> {
        let mut remaining: BTreeMap<SectorNumber, &SectorOnChainInfo> = sectors
            .into_iter()
            .map(|sector| (sector.sector_number, sector))
            .collect();
        if remaining.is_empty() {
            return Ok(());
        }
        let mut wanted = bits(remaining.keys().copied())?;
        let mut changed = Vec::new();
        self.amt.for_each_while(0, |key, mut set| {
            let on_time = &set.on_time_sectors & &wanted;
            let early = &set.early_sectors & &wanted;
            let on_time_numbers = on_time.iter().map(|number| (number, false));
            let found = on_time_numbers.chain(early.iter().map(|number| (number, true)));
            let before = remaining.len();
            for (number, is_early) in found {
                if let Some(sector) = remaining.remove(&number) {
                    change(&mut set, sector, is_early);
                }
            }
            if remaining.len() < before {
                set.validate_state()?;
                wanted -= &on_time;
                wanted -= &early;
                changed.push((key, set));
            }
            Ok(!remaining.is_empty())
        })?;
        ensure!(
            remaining.is_empty(),
            illegal_state,
            "sectors are in no expiration set"
        );
        for (key, set) in changed {
            self.put(key, &set)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
