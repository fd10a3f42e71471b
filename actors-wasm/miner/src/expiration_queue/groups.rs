//! Sectors that end on time, grouped by the epoch they are found under.

use std::collections::BTreeMap;

use filigree_sdk::collections::Blocks;
use filigree_sdk::prelude::*;
use fvm_shared::sector::{SectorNumber, SectorSize};

use super::{ActiveSectors, ExpirationQueue, ExpirationSet};
use crate::bitfield_queue::{bits, key};
use crate::power::{PowerPair, power_for_sector};
use crate::quantize::QuantSpec;
use crate::types::SectorOnChainInfo;

/// Sectors that end at an epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SectorGroup {
    /// The epoch they are found under.
    pub epoch: ChainEpoch,
    /// Their numbers.
    pub sectors: Vec<SectorNumber>,
    /// Their power.
    pub power: PowerPair,
    /// Their pledge, attoFIL.
    pub pledge: TokenAmount,
    /// Their daily fee, attoFIL.
    pub daily_fee: TokenAmount,
}

impl SectorGroup {
    fn add(&mut self, sector: &SectorOnChainInfo, size: SectorSize) {
        self.sectors.push(sector.sector_number);
        self.power += power_for_sector(size, sector);
        self.pledge += &sector.initial_pledge;
        self.daily_fee += &sector.daily_fee;
    }

    /// The group as a set.
    pub(super) fn on_time(&self) -> Result<ExpirationSet> {
        let sectors = ActiveSectors {
            sectors: bits(self.sectors.iter().copied())?,
            power: self.power,
            pledge: self.pledge.clone(),
            daily_fee: self.daily_fee.clone(),
        };
        Ok(sectors.on_time())
    }
}

/// Groups sectors by their own expiration, rounded up; the first to end come first.
pub(super) fn by_expiration<'a>(
    quant: QuantSpec,
    sectors: impl IntoIterator<Item = &'a SectorOnChainInfo>,
    size: SectorSize,
) -> impl Iterator<Item = SectorGroup> {
    let mut groups = BTreeMap::<ChainEpoch, SectorGroup>::new();
    for sector in sectors {
        let epoch = quant.quantize_up(sector.expiration);
        let group = groups.entry(epoch).or_default();
        group.epoch = epoch;
        group.add(sector, size);
    }
    groups.into_values()
}

/// Sectors that are looked for and not yet found.
struct Wanted<'a> {
    sectors: BTreeMap<SectorNumber, &'a SectorOnChainInfo>,
    numbers: BitField,
    size: SectorSize,
}

impl Wanted<'_> {
    /// Takes out those that end on time in a set.
    fn take(&mut self, epoch: ChainEpoch, set: &ExpirationSet) -> SectorGroup {
        let mut group = SectorGroup {
            epoch,
            ..Default::default()
        };
        let found = &set.on_time_sectors & &self.numbers;
        for number in found.iter() {
            if let Some(sector) = self.sectors.remove(&number) {
                group.add(sector, self.size);
            }
        }
        if !group.sectors.is_empty() {
            self.numbers -= &found;
        }
        group
    }
}

impl<S: Blocks + Copy> ExpirationQueue<S> {
    /// Groups sectors that are not faulty by the epoch they are found under, with the sets they are in; the first to end come first. They
    /// are looked for under their own expiration, then everywhere: they may have been rescheduled. Fails if one is not found.
    pub(super) fn find_sectors_by_expiration<'a>(
        &self,
        sectors: impl IntoIterator<Item = &'a SectorOnChainInfo>,
        size: SectorSize,
    ) -> Result<Vec<(SectorGroup, ExpirationSet)>> {
        let sectors: BTreeMap<_, _> = sectors
            .into_iter()
            .map(|sector| (sector.sector_number, sector))
            .collect();
        let epoch_of = |sector: &&SectorOnChainInfo| self.quant.quantize_up(sector.expiration);
        let mut epochs: Vec<ChainEpoch> = sectors.values().map(epoch_of).collect();
        epochs.sort_unstable();
        epochs.dedup();
        let numbers = bits(sectors.keys().copied())?;
        let mut wanted = Wanted {
            sectors,
            numbers,
            size,
        };

        let mut groups = Vec::with_capacity(epochs.len());
        let keep = |group: SectorGroup, set, groups: &mut Vec<_>| {
            if !group.sectors.is_empty() {
                groups.push((group, set));
            }
        };
        for epoch in &epochs {
            if let Some(set) = self.amt.get(key(*epoch)?)? {
                keep(wanted.take(*epoch, &set), set, &mut groups);
            }
        }
        if !wanted.sectors.is_empty() {
            self.amt.for_each_while(0, |key, set| {
                let epoch = key as ChainEpoch;
                if epochs.binary_search(&epoch).is_ok() {
                    return Ok(true);
                }
                ensure!(
                    !set.early_sectors.contains_any(&wanted.numbers),
                    illegal_state,
                    "a sector that should be active ends early"
                );
                keep(wanted.take(epoch, &set), set, &mut groups);
                Ok(!wanted.sectors.is_empty())
            })?;
            groups.sort_by_key(|(group, _)| group.epoch);
        }
        ensure!(
            wanted.sectors.is_empty(),
            illegal_state,
            "sectors are in no expiration set"
        );
        Ok(groups)
    }
}
