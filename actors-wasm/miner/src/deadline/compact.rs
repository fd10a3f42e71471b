//! Compaction: partitions are taken apart, and their live sectors go to the last ones. What was terminated is gone then (Filecoin spec,
//! "PoSt", "Design"; FIP-0010, "CompactPartitions", for when it is allowed).

use filigree_sdk::collections::{Blocks, OpenArray};
use filigree_sdk::prelude::*;

use super::{Arrival, Deadline, OpenPartitions};
use crate::bitfield_queue::BitFieldQueue;
use crate::power::PowerPair;
use crate::quantize::QuantSpec;
use crate::sectors::Sectors;
use crate::types::Sizes;

/// What partitions that are taken apart leave.
#[derive(Default)]
struct Removed {
    dead: BitField,
    live: BitField,
    power: PowerPair,
}

impl Deadline {
    /// Takes partitions apart and moves the others down; adds their live sectors again. Gives the sectors that were terminated. Fails with
    /// `USR_ILLEGAL_ARGUMENT` if there is no such partition, if one has faulty or unproven sectors, or if terminations are not paid for yet.
    pub fn compact_partitions<S: Blocks + Copy>(
        &mut self,
        store: S,
        sectors: &Sectors<S>,
        sizes: Sizes,
        to_remove: &BitField,
        quant: QuantSpec,
    ) -> Result<BitField> {
        let old = self.partitions_amt(store)?;
        let count = old.count();
        ensure!(
            to_remove.len() <= count,
            illegal_argument,
            "more partitions to compact than there are"
        );
        let Some(last) = to_remove.last() else {
            return Ok(BitField::new());
        };
        ensure!(
            last < count,
            illegal_argument,
            "there is no partition {last}"
        );
        ensure!(
            self.early_terminations.is_empty(),
            illegal_argument,
            "terminated sectors of the deadline are not paid for yet"
        );

        let (partitions, removed) = split(store, &old, to_remove)?;
        self.partitions = partitions.close()?;
        self.live_sectors = self.less_sectors(removed.live.len())?;
        let gone = removed.live.len() + removed.dead.len();
        let left = self.total_sectors.checked_sub(gone);
        self.total_sectors =
            left.ok_or_else(|| Error::illegal_state("a deadline has too few sectors"))?;
        self.live_power -= removed.power;

        let mut queue = BitFieldQueue::open(store, &self.expirations_epochs, quant)?;
        queue.cut(to_remove)?;
        self.expirations_epochs = queue.close()?;

        let live = sectors.load_sectors(&removed.live)?;
        let (power, _) = self.add_sectors(store, sizes, Arrival::Moved, &live, quant)?;
        ensure!(
            power == removed.power,
            illegal_state,
            "compaction changed the power"
        );
        Ok(removed.dead)
    }
}

/// The partitions that stay, moved down, and what the others leave.
fn split<S: Blocks + Copy>(
    store: S,
    old: &OpenPartitions<S>,
    to_remove: &BitField,
) -> Result<(OpenPartitions<S>, Removed)> {
    let mut kept = OpenArray::empty(store);
    let mut removed = Removed::default();
    old.for_each(|index, partition| {
        if !to_remove.get(index) {
            return kept.set(kept.count(), &partition);
        }
        ensure!(
            partition.faults.is_empty(),
            illegal_argument,
            "partition {index} has faulty sectors"
        );
        ensure!(
            partition.unproven.is_empty(),
            illegal_argument,
            "partition {index} has unproven sectors"
        );
        removed.live |= &partition.live_sectors();
        removed.dead |= &partition.terminated;
        removed.power += partition.live_power;
        Ok(())
    })?;
    Ok((kept, removed))
}
