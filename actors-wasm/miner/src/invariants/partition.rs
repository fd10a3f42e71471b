//! Partitions: what they note of their sectors, and when these end.

use std::collections::BTreeMap;

use filigree_sdk::collections::Blocks;
use filigree_sdk::prelude::*;
use fvm_shared::sector::SectorNumber;

use super::Checker;
use crate::expiration_queue::{ExpirationQueue, ExpirationSet};
use crate::fees::daily_fee_for_sectors;
use crate::partition::Partition;
use crate::power::{PowerPair, power_for_sectors};
use crate::quantize::QuantSpec;
use crate::types::SectorOnChainInfo;

/// What partitions come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PartitionTotals {
    pub sectors: BitField,
    pub live: BitField,
    pub live_power: PowerPair,
    pub faulty_power: PowerPair,
    pub active_power: PowerPair,
    pub daily_fee: TokenAmount,
    pub pledge: TokenAmount,
    /// Epochs at which sectors end; of one partition.
    pub expirations: Vec<ChainEpoch>,
    /// Of one partition.
    pub has_early_terminations: bool,
    /// Partitions with such; of a deadline.
    pub early_terminations: BitField,
}

impl PartitionTotals {
    pub fn add(&mut self, one: &Self) {
        self.sectors |= &one.sectors;
        self.live |= &one.live;
        self.live_power += one.live_power;
        self.faulty_power += one.faulty_power;
        self.active_power += one.active_power;
        self.daily_fee += &one.daily_fee;
        self.pledge += &one.pledge;
    }
}

/// Deadline and partition.
type Place = (u64, u64);

impl<S: Blocks + Copy> Checker<'_, S> {
    pub(super) fn check_partition(
        &mut self,
        place: Place,
        partition: &Partition,
        quant: QuantSpec,
    ) -> Result<PartitionTotals> {
        let state = partition.validate_state();
        self.require(state.is_ok(), "partition/sets", || {
            format!("{place:?}: sets or powers do not fit together")
        });
        let size = self.info.window_post_partition_sectors;
        let count = partition.sectors.len();
        self.require(count <= size, "partition/size", || {
            format!("{place:?}: {count} sectors, at most {size} are allowed")
        });
        let live = partition.live_sectors();
        let infos = self.infos(place, &live);
        self.check_powers(place, partition, &infos);
        let expirations = self.check_queue(place, partition, &infos, quant)?;

        let mut early = BitField::new();
        partition
            .early_terminated
            .open_in(self.store)?
            .for_each(|_, numbers| {
                early |= &numbers;
                Ok(())
            })?;
        self.require(
            partition.terminated.contains_all(&early),
            "partition/early-terminated",
            || format!("{place:?}: a sector in the queue is not terminated"),
        );
        let unpaid = self.infos(place, &early);
        let pledged = infos.values().chain(unpaid.values());
        Ok(PartitionTotals {
            sectors: partition.sectors.clone(),
            live_power: partition.live_power,
            faulty_power: partition.faulty_power,
            active_power: partition.active_power(),
            daily_fee: daily_fee_for_sectors(infos.values()),
            pledge: pledged.map(|sector| &sector.initial_pledge).sum(),
            expirations,
            has_early_terminations: !early.is_empty(),
            live,
            ..Default::default()
        })
    }

    /// What is known of sectors, which must be there.
    fn infos(
        &mut self,
        place: Place,
        numbers: &BitField,
    ) -> BTreeMap<SectorNumber, SectorOnChainInfo> {
        let mut infos = BTreeMap::new();
        for number in numbers.iter() {
            match self.sectors.get(&number).cloned() {
                Some(info) => drop(infos.insert(number, info)),
                None => self.require(false, "partition/sector-exists", || {
                    format!("{place:?}: sector {number}")
                }),
            }
        }
        infos
    }

    fn check_powers(
        &mut self,
        place: Place,
        partition: &Partition,
        infos: &BTreeMap<SectorNumber, SectorOnChainInfo>,
    ) {
        let all = BitField::union([&partition.live_sectors()]);
        let size = self.info.sector_size;
        for (name, noted, numbers) in [
            ("partition/live-power", partition.live_power, &all),
            (
                "partition/unproven-power",
                partition.unproven_power,
                &partition.unproven,
            ),
            (
                "partition/faulty-power",
                partition.faulty_power,
                &partition.faults,
            ),
            (
                "partition/recovering-power",
                partition.recovering_power,
                &partition.recoveries,
            ),
        ] {
            let sectors = numbers.iter().filter_map(|number| infos.get(&number));
            let expected = power_for_sectors(size, sectors);
            self.require(noted == expected, name, || {
                format!("{place:?}: {noted:?}, should be {expected:?}")
            });
        }
    }

    /// Each live sector ends once, when it should. Gives the epochs.
    fn check_queue(
        &mut self,
        place: Place,
        partition: &Partition,
        infos: &BTreeMap<SectorNumber, SectorOnChainInfo>,
        quant: QuantSpec,
    ) -> Result<Vec<ChainEpoch>> {
        let queue = ExpirationQueue::open(self.store, &partition.expirations_epochs, quant)?;
        let mut sets = Vec::new();
        queue.for_each(|key, set| {
            sets.push((key as ChainEpoch, set));
            Ok(())
        })?;
        let mut ending = BitField::new();
        for (epoch, set) in &sets {
            let both = &set.on_time_sectors | &set.early_sectors;
            self.require(
                !ending.contains_any(&both) && both.len() == set.len() && !both.is_empty(),
                "partition/ends-once",
                || format!("{place:?}: at {epoch}"),
            );
            ending |= &both;
            self.require(
                quant.quantize_up(*epoch) == *epoch,
                "partition/expiration-epoch",
                || format!("{place:?}: {epoch} is not the deadline's end"),
            );
            self.check_set(place, *epoch, set, partition, infos, quant);
        }
        let live = partition.live_sectors();
        self.require(ending == live, "partition/all-end", || {
            format!("{place:?}: {} of {} sectors end", ending.len(), live.len())
        });
        Ok(sets.into_iter().map(|(epoch, _)| epoch).collect())
    }

    fn check_set(
        &mut self,
        place: Place,
        epoch: ChainEpoch,
        set: &ExpirationSet,
        partition: &Partition,
        infos: &BTreeMap<SectorNumber, SectorOnChainInfo>,
        quant: QuantSpec,
    ) {
        let size = self.info.sector_size;
        let mut expected = ExpirationSet {
            on_time_sectors: set.on_time_sectors.clone(),
            early_sectors: set.early_sectors.clone(),
            ..Default::default()
        };
        let both = &set.on_time_sectors | &set.early_sectors;
        for number in both.iter() {
            let Some(info) = infos.get(&number) else {
                continue;
            };
            let target = quant.quantize_up(info.expiration);
            let is_early = set.early_sectors.get(number);
            let is_right = if is_early {
                epoch <= target
            } else {
                epoch == target
            };
            self.require(is_right, "partition/expiration", || {
                format!("{place:?}: sector {number} ends at {epoch}, should at {target}")
            });
            let power = power_for_sectors(size, [info]);
            if partition.faults.get(number) {
                expected.faulty_power += power;
            } else {
                expected.active_power += power;
            }
            if !is_early {
                expected.on_time_pledge += &info.initial_pledge;
            }
            expected.fee_deduction += &info.daily_fee;
        }
        self.require(
            partition.faults.contains_all(&set.early_sectors),
            "partition/early-are-faulty",
            || format!("{place:?}: at {epoch}"),
        );
        self.require(*set == expected, "partition/expiration-set", || {
            format!("{place:?}: at {epoch} {set:?}, should be {expected:?}")
        });
    }
}
