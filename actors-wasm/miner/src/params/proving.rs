//! Windowed proofs, faults and recoveries.

use filigree_sdk::prelude::*;
use fvm_shared::randomness::Randomness;
use fvm_shared::sector::PoStProof;

use crate::types::PoStPartition;

/// Parameters of SubmitWindowedPoSt.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmitWindowedPoStParams {
    /// The deadline: the one that is open.
    pub deadline: u64,
    /// What is proven.
    pub partitions: Vec<PoStPartition>,
    /// The proof: exactly one.
    pub proofs: Vec<PoStProof>,
    /// An epoch of the chain this is for.
    pub chain_commit_epoch: ChainEpoch,
    /// Its randomness, from the ticket chain.
    pub chain_commit_rand: Randomness,
}

/// Parameters of DisputeWindowedPoSt.
#[tuple]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisputeWindowedPoStParams {
    /// The deadline.
    pub deadline: u64,
    /// Which of the proofs submitted for it.
    pub post_index: u64,
}

/// Some sectors of a partition.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectorDeclaration {
    /// The deadline.
    pub deadline: u64,
    /// The partition of the deadline.
    pub partition: u64,
    /// The sectors.
    pub sectors: BitField,
}

/// Parameters of DeclareFaults.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclareFaultsParams {
    /// Sectors that cannot be proven.
    pub faults: Vec<SectorDeclaration>,
}

/// Parameters of DeclareFaultsRecovered.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclareFaultsRecoveredParams {
    /// Faulty sectors that will be proven again.
    pub recoveries: Vec<SectorDeclaration>,
}

/// Parameters of TerminateSectors.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerminateSectorsParams {
    /// Sectors to end now; none, to go on with those that were terminated before.
    pub terminations: Vec<SectorDeclaration>,
}

/// What TerminateSectors returns.
#[tuple]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminateSectorsReturn {
    /// Whether all that were terminated are paid for. If not, the rest is done later, and nothing can be withdrawn meanwhile.
    pub done: bool,
}

/// Parameters of CompactPartitions.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompactPartitionsParams {
    /// The deadline.
    pub deadline: u64,
    /// Its partitions to compact.
    pub partitions: BitField,
}

/// Parameters of CompactSectorNumbers.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompactSectorNumbersParams {
    /// Numbers that will not be used.
    pub mask_sector_numbers: BitField,
}
