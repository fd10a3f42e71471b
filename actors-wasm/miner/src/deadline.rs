//! Sectors that are proven at the same time of the proving period (Filecoin spec, "PoSt", "Design"; FIP-0010 for proofs accepted unseen).
//!
//! When the challenge window is over, what was proven and how is kept as snapshots, so that a proof that was accepted unseen can be disputed
//! until the next window.
//!
//! In reading order: this file (the deadline, new sectors), `proofs` (proofs that come in, and disputes), `faults` (declared, and found when the
//! window is over), `end` (expiration, termination), `compact` (removing what is terminated).

mod compact;
mod end;
mod faults;
mod proofs;

use filigree_sdk::collections::{Blocks, OpenArray};
use filigree_sdk::prelude::*;
use fvm_shared::sector::PoStProof;

use crate::bitfield_queue::BitFieldQueue;
use crate::partition::Partition;
use crate::power::PowerPair;
use crate::quantize::QuantSpec;
use crate::sectors::SectorsArray;
use crate::types::{SectorOnChainInfo, Sizes};
pub use proofs::{DisputeInfo, PoStResult};

/// Partitions as they stand in state: all numbers from 0 on.
pub type Partitions = Array<Partition, 3>;

/// Partitions, open.
pub type OpenPartitions<S> = OpenArray<S, Partition, 3>;

/// Proofs accepted unseen, as they stand in state.
pub type PostSubmissions = Array<WindowedPoSt, 2>;

/// A deadline.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// Its partitions.
    pub partitions: Partitions,
    /// Partitions by the epoch at which sectors of theirs may end. It may be that none do: an entry stays until its epoch.
    pub expirations_epochs: Array<BitField, 5>,
    /// Partitions that are proven in the window that is open.
    pub partitions_posted: BitField,
    /// Partitions with sectors that were terminated early and are not paid for yet.
    pub early_terminations: BitField,
    /// How many sectors are not terminated.
    pub live_sectors: u64,
    /// How many sectors there are in all.
    pub total_sectors: u64,
    /// Power that is faulty.
    pub faulty_power: PowerPair,
    /// Proofs accepted unseen in the window that is open.
    pub optimistic_post_submissions: PostSubmissions,
    /// All sectors of the miner when the last window was over; empty if no proof can be disputed.
    pub sectors_snapshot: SectorsArray,
    /// The partitions when the last window was over.
    pub partitions_snapshot: Partitions,
    /// Proofs accepted unseen in the last window. One that is disputed is removed.
    pub optimistic_post_submissions_snapshot: PostSubmissions,
    /// Power of the sectors that are not terminated, faulty and unproven ones too. It limits the daily fee.
    pub live_power: PowerPair,
    /// What is paid for all its sectors a day, attoFIL (FIP-0100).
    pub daily_fee: TokenAmount,
}

/// A proof that was accepted unseen.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowedPoSt {
    /// The partitions it proves.
    pub partitions: BitField,
    /// The proof.
    pub proofs: Vec<PoStProof>,
}

/// How sectors come into a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// They were committed now: their first proof is to come, and the deadline's daily fee becomes higher by theirs.
    New,
    /// They were proven in another partition of the deadline, whose daily fee has theirs in it.
    Moved,
}

impl Deadline {
    /// Without sectors.
    pub fn new<S: Blocks + Copy>(store: S) -> Result<Self> {
        let partitions = OpenArray::empty(store).close()?;
        let submissions = OpenArray::empty(store).close()?;
        Ok(Self {
            partitions,
            expirations_epochs: OpenArray::empty(store).close()?,
            partitions_posted: BitField::new(),
            early_terminations: BitField::new(),
            live_sectors: 0,
            total_sectors: 0,
            faulty_power: PowerPair::zero(),
            optimistic_post_submissions: submissions,
            sectors_snapshot: OpenArray::empty(store).close()?,
            partitions_snapshot: partitions,
            optimistic_post_submissions_snapshot: submissions,
            live_power: PowerPair::zero(),
            daily_fee: TokenAmount::default(),
        })
    }

    /// The partitions, open.
    pub fn partitions_amt<S: Blocks + Copy>(&self, store: S) -> Result<OpenPartitions<S>> {
        self.partitions.open_in(store)
    }

    /// A partition. Fails with `USR_NOT_FOUND` if there is none.
    pub fn load_partition<S: Blocks + Copy>(&self, store: S, index: u64) -> Result<Partition> {
        must_get(&self.partitions_amt(store)?, index)
    }

    /// Adds sectors that are not faulty: to the last partition, then to new ones. Gives their power, and by how much the daily fee becomes
    /// higher, attoFIL. The deadline must not be open.
    pub fn add_sectors<S: Blocks + Copy>(
        &mut self,
        store: S,
        sizes: Sizes,
        arrival: Arrival,
        mut sectors: &[SectorOnChainInfo],
        quant: QuantSpec,
    ) -> Result<(PowerPair, TokenAmount)> {
        let (mut power, mut daily_fee) = (PowerPair::zero(), TokenAmount::default());
        if sectors.is_empty() {
            return Ok((power, daily_fee));
        }
        self.live_sectors += sectors.len() as u64;
        self.total_sectors += sectors.len() as u64;
        let mut expirations = Vec::with_capacity(sectors.len());
        let mut partitions = self.partitions_amt(store)?;
        let mut index = partitions.count().saturating_sub(1);
        while !sectors.is_empty() {
            let mut partition = match partitions.get(index)? {
                Some(partition) => partition,
                None => Partition::new(store)?,
            };
            let room = sizes.partition.saturating_sub(partition.sectors.len());
            let (now, later) = sectors.split_at(sectors.len().min(room as usize));
            if !now.is_empty() {
                let is_moved = arrival == Arrival::Moved;
                let (added, fee) =
                    partition.add_sectors(store, is_moved, now, sizes.sector, quant)?;
                power += added;
                if !is_moved {
                    daily_fee += fee;
                }
                partitions.set(index, &partition)?;
                expirations.extend(now.iter().map(|sector| (sector.expiration, index)));
            }
            sectors = later;
            index += 1;
        }
        self.partitions = partitions.close()?;
        let mut queue = BitFieldQueue::open(store, &self.expirations_epochs, quant)?;
        queue.add_many_to_queue_values(expirations)?;
        self.expirations_epochs = queue.close()?;
        self.daily_fee += &daily_fee;
        self.live_power += power;
        Ok((power, daily_fee))
    }

    /// Notes that sectors of partitions may end at an epoch.
    pub fn add_expiration_partitions<S: Blocks + Copy>(
        &mut self,
        store: S,
        epoch: ChainEpoch,
        partitions: &[u64],
        quant: QuantSpec,
    ) -> Result<()> {
        if partitions.is_empty() {
            return Ok(());
        }
        let mut queue = BitFieldQueue::open(store, &self.expirations_epochs, quant)?;
        queue.add_to_queue_values(epoch, partitions.iter().copied())?;
        self.expirations_epochs = queue.close()?;
        Ok(())
    }

    /// Whether there is anything to do when the window is over.
    pub fn is_live(&self) -> bool {
        self.live_sectors > 0
            || !self.partitions_posted.is_empty()
            || self.partitions != self.partitions_snapshot
            || self.optimistic_post_submissions != self.optimistic_post_submissions_snapshot
    }

    /// Fails with `USR_ILLEGAL_STATE` if counts or powers are impossible.
    pub fn validate_state(&self) -> Result<()> {
        ensure!(
            self.live_sectors <= self.total_sectors,
            illegal_state,
            "a deadline has more live sectors than sectors"
        );
        ensure!(
            !self.faulty_power.is_negative(),
            illegal_state,
            "a deadline has less than no faulty power"
        );
        Ok(())
    }
}

/// A partition that must be there; fails with `USR_NOT_FOUND`.
fn must_get<S: Blocks + Copy>(partitions: &OpenPartitions<S>, index: u64) -> Result<Partition> {
    let partition = partitions.get(index)?;
    partition.ok_or_else(|| Error::not_found(format!("there is no partition {index}")))
}

#[cfg(test)]
mod tests;
