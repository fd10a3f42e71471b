//! Proofs of spacetime that come in, and those that are disputed. Whether a proof is valid is seen elsewhere: here, what it would prove is
//! taken as proven (FIP-0010, "SubmitWindowedPoSt" and "DisputeWindowedPoSt"; Filecoin spec, "Storage Deal Flow", "Skipped Faults").

use filigree_sdk::collections::Blocks;
use filigree_sdk::prelude::*;
use fvm_shared::sector::{PoStProof, SectorSize};

use super::{Deadline, WindowedPoSt, must_get};
use crate::bitfield_queue::bits;
use crate::power::PowerPair;
use crate::quantize::QuantSpec;
use crate::sector_map::PartitionSectorMap;
use crate::sectors::Sectors;
use crate::types::PoStPartition;

/// What a proof proves, and what it changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PoStResult {
    /// Change of active power.
    pub power_delta: PowerPair,
    /// Power of sectors that were skipped and not faulty before.
    pub new_faulty_power: PowerPair,
    /// Power that was to be recovered and is not.
    pub retracted_recovery_power: PowerPair,
    /// Power that was faulty and is no longer.
    pub recovered_power: PowerPair,
    /// All sectors of the partitions.
    pub sectors: BitField,
    /// Those among them that are not proven: faulty or terminated.
    pub ignored_sectors: BitField,
    /// The partitions.
    pub partitions: BitField,
}

/// What a disputed proof was for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DisputeInfo {
    /// All sectors of the partitions.
    pub all_sector_nos: BitField,
    /// Those among them that were not proven.
    pub ignored_sector_nos: BitField,
    /// Those that were proven, by partition.
    pub disputed_sectors: PartitionSectorMap,
    /// Their power, as it was.
    pub disputed_power: PowerPair,
}

impl Deadline {
    /// Takes partitions as proven, except for sectors that were skipped. Fails with `USR_ILLEGAL_ARGUMENT` if a partition is named twice or is
    /// proven already, or skipped sectors are not in it; with `USR_NOT_FOUND` if it does not exist.
    pub fn record_proven_sectors<S: Blocks + Copy>(
        &mut self,
        store: S,
        sectors: &Sectors<S>,
        size: SectorSize,
        quant: QuantSpec,
        fault_expiration: ChainEpoch,
        posts: &[PoStPartition],
    ) -> Result<PoStResult> {
        let mut result = PoStResult {
            partitions: self.posted_partitions(posts)?,
            ..Default::default()
        };
        let mut rescheduled = Vec::new();
        let mut partitions = self.partitions_amt(store)?;
        for post in posts {
            let mut partition = must_get(&partitions, post.index)?;
            let skipped = partition.record_skipped_faults(
                store,
                sectors,
                size,
                quant,
                fault_expiration,
                &post.skipped,
            )?;
            if skipped.has_new_faults {
                rescheduled.push(post.index);
            }
            let recovered = partition.recover_faults(store, sectors, size, quant)?;
            let activated = partition.activate_unproven();
            partitions.set(post.index, &partition)?;

            result.sectors |= &partition.sectors;
            result.ignored_sectors |= &partition.faults;
            result.ignored_sectors |= &partition.terminated;
            result.new_faulty_power += skipped.new_faulty_power;
            result.retracted_recovery_power += skipped.retracted_recovery_power;
            result.recovered_power += recovered;
            result.power_delta += skipped.power_delta + activated + recovered;
        }
        self.partitions_posted |= &result.partitions;
        self.add_expiration_partitions(store, fault_expiration, &rescheduled, quant)?;
        self.faulty_power += result.new_faulty_power - result.recovered_power;
        self.partitions = partitions.close()?;
        Ok(result)
    }

    /// The partitions that are to be proven.
    fn posted_partitions(&self, posts: &[PoStPartition]) -> Result<BitField> {
        let partitions = bits(posts.iter().map(|post| post.index))
            .map_err(|_| Error::illegal_argument("the number of a partition is too large"))?;
        ensure!(
            partitions.len() == posts.len() as u64,
            illegal_argument,
            "a partition is proven twice in one proof"
        );
        ensure!(
            !self.partitions_posted.contains_any(&partitions),
            illegal_argument,
            "a partition is proven already"
        );
        Ok(partitions)
    }

    /// Keeps a proof that was accepted unseen.
    pub fn record_post_proofs<S: Blocks + Copy>(
        &mut self,
        store: S,
        partitions: &BitField,
        proofs: &[PoStProof],
    ) -> Result<()> {
        let mut submissions = self.optimistic_post_submissions.open_in(store)?;
        let post = WindowedPoSt {
            partitions: partitions.clone(),
            proofs: proofs.to_vec(),
        };
        submissions.set(submissions.count(), &post)?;
        self.optimistic_post_submissions = submissions.close()?;
        Ok(())
    }

    /// Removes a proof of the last window and gives it. Fails with `USR_ILLEGAL_ARGUMENT` if there is none.
    pub fn take_post_proofs<S: Blocks + Copy>(
        &mut self,
        store: S,
        index: u64,
    ) -> Result<(BitField, Vec<PoStProof>)> {
        let mut submissions = self.optimistic_post_submissions_snapshot.open_in(store)?;
        let post = submissions.remove(index)?;
        let post =
            post.ok_or_else(|| Error::illegal_argument(format!("there is no proof {index}")))?;
        self.optimistic_post_submissions_snapshot = submissions.close()?;
        Ok((post.partitions, post.proofs))
    }

    /// What a proof of the last window was for.
    pub fn load_partitions_for_dispute<S: Blocks + Copy>(
        &self,
        store: S,
        partitions: &BitField,
    ) -> Result<DisputeInfo> {
        let snapshot = self.partitions_snapshot.open_in(store)?;
        let mut info = DisputeInfo::default();
        for index in partitions.iter() {
            let partition = snapshot.get(index)?;
            let partition = partition
                .ok_or_else(|| Error::illegal_state("a partition that was proven is missing"))?;
            info.all_sector_nos |= &partition.sectors;
            info.ignored_sector_nos |= &partition.faults;
            info.ignored_sector_nos |= &partition.terminated;
            info.ignored_sector_nos |= &partition.unproven;
            info.disputed_sectors.add(index, partition.active_sectors());
            info.disputed_power += partition.active_power();
        }
        Ok(info)
    }
}
