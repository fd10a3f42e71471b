//! The development set: what `filigree params generate` makes from the public seed, the same bytes on every machine.
//!
//! Recorded from runs of the generator: `filigree params generate` compares what it made with this table, and fails if
//! they differ.

use crate::digest::Digest;
use crate::file::{Proof, SectorSize};

/// What every setup of the set is derived from, with the name of its circuit. Anyone who knows it can forge proofs.
pub const SEED: &str = "filigree development parameters 1: public, and so unsafe";

/// How many proofs the SRS aggregates at most: a power of two, not below the 819 sectors of one message (FIP-0013) nor
/// the 65 × 13 partitions of non-interactive proofs of 2 KiB sectors (FIP-0092).
pub const SRS_PROOFS: usize = 1024;

/// The files of one circuit.
pub struct Circuit {
    /// What it proves.
    pub proof: Proof,
    /// For sectors of which size.
    pub sector_size: SectorSize,
    /// Its Groth16 parameters.
    pub parameters: Made,
    /// Its verifying key.
    pub key: Made,
}

/// A generated file.
pub struct Made {
    /// What its bytes hash to.
    pub digest: Digest,
    /// Its length.
    pub size_bytes: u64,
}

/// Sector sizes that have development parameters.
pub const SECTOR_SIZES: [SectorSize; 2] = [SectorSize::_2KiB, SectorSize::_8MiB];

/// The SRS.
pub const SRS: Option<Made> = None;

/// Every circuit.
pub const CIRCUITS: &[Circuit] = &[];
