//! The chain and the proofs both hosts see: pure functions of their arguments, errors included.
//!
//! The reference verifies proofs for real; here both sides ask [`seal_verdict`] and its friends instead, after charging, so
//! that every outcome (valid, invalid, malformed) can be reached without a proof.

use anyhow::{Result, bail};
use cid::Cid;
use fvm_ipld_encoding::DAG_CBOR;
use multihash_codetable::{Code, MultihashDigest};

/// What lies outside a host: the chain's history, and how proofs are judged.
pub trait World {
    /// Ticket randomness of an epoch.
    fn chain_randomness(&self, epoch: i64) -> Result<[u8; 32]>;
    /// Beacon randomness of an epoch.
    fn beacon_randomness(&self, epoch: i64) -> Result<[u8; 32]>;
    /// CID of the tipset at an epoch.
    fn tipset_cid(&self, epoch: i64) -> Result<Cid>;
    /// The consensus fault two headers prove.
    fn consensus_fault(&self, h1: &[u8], h2: &[u8], extra: &[u8]) -> Result<Option<Fault>>;
    /// How proofs are judged.
    fn proofs(&self) -> Proofs;
}

/// How proofs are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proofs {
    /// By the pure functions of this file.
    Stub,
    /// All are valid, free of charge for batches, as the reference's conformance runner does; sector commitments are
    /// computed.
    Accept,
}

/// The world of the differential tests: this file's functions.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stub;

impl World for Stub {
    fn chain_randomness(&self, epoch: i64) -> Result<[u8; 32]> {
        chain_randomness(epoch)
    }

    fn beacon_randomness(&self, epoch: i64) -> Result<[u8; 32]> {
        beacon_randomness(epoch)
    }

    fn tipset_cid(&self, epoch: i64) -> Result<Cid> {
        tipset_cid(epoch)
    }

    fn consensus_fault(&self, h1: &[u8], h2: &[u8], extra: &[u8]) -> Result<Option<Fault>> {
        consensus_fault(h1, h2, extra)
    }

    fn proofs(&self) -> Proofs {
        Proofs::Stub
    }
}

/// Asking for this epoch fails, for randomness as for tipsets.
pub const BAD_EPOCH: i64 = 1_313;

/// Ticket randomness of an epoch.
pub fn chain_randomness(epoch: i64) -> Result<[u8; 32]> {
    randomness(0x11, epoch)
}

/// Beacon randomness of an epoch.
pub fn beacon_randomness(epoch: i64) -> Result<[u8; 32]> {
    randomness(0x77, epoch)
}

fn randomness(kind: u8, epoch: i64) -> Result<[u8; 32]> {
    if epoch == BAD_EPOCH {
        bail!("no randomness at epoch {epoch}");
    }
    let mut out = [kind; 32];
    out[..8].copy_from_slice(&epoch.to_be_bytes());
    Ok(out)
}

/// CID of the tipset at an epoch.
pub fn tipset_cid(epoch: i64) -> Result<Cid> {
    if epoch == BAD_EPOCH {
        bail!("no tipset at epoch {epoch}");
    }
    let digest = Code::Blake2b256.digest(&epoch.to_be_bytes());
    Ok(Cid::new_v1(DAG_CBOR, digest))
}

/// A consensus fault: kind (1 double fork mining, 2 parent grinding, 3 time offset), target, epoch.
pub struct Fault {
    /// Numeric fault type.
    pub kind: u8,
    /// The miner to blame; an f2 address (which the host must refuse) when `None`.
    pub target: Option<u64>,
    /// Epoch of the fault.
    pub epoch: i64,
}

/// Decides by the first byte of the first header: 0 or nothing: no fault; 1–3: that fault; 4: a fault of a miner that
/// is not named by ID; anything else: an error.
pub fn consensus_fault(h1: &[u8], h2: &[u8], extra: &[u8]) -> Result<Option<Fault>> {
    let epoch = (h1.len() + 3 * h2.len() + 5 * extra.len()) as i64;
    match h1.first() {
        None | Some(0) => Ok(None),
        Some(&kind @ 1..=3) => Ok(Some(Fault {
            kind,
            target: Some(1_000 + h2.len() as u64),
            epoch,
        })),
        Some(4) => Ok(Some(Fault {
            kind: 1,
            target: None,
            epoch,
        })),
        Some(other) => bail!("cannot parse header starting with {other}"),
    }
}

/// What a proof check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The proof holds.
    Valid,
    /// It does not.
    Invalid,
    /// The input makes no sense.
    Malformed,
}

/// Verdict for a proof about a number of `items` with `bytes` of proof.
pub fn verdict(items: usize, bytes: usize) -> Verdict {
    match (items, bytes % 3) {
        (0, _) => Verdict::Malformed,
        (_, 0) => Verdict::Malformed,
        (_, 1) => Verdict::Valid,
        _ => Verdict::Invalid,
    }
}

/// Verdict for one seal by its sector number.
pub fn seal_verdict(sector: u64) -> Verdict {
    match sector % 3 {
        0 => Verdict::Valid,
        1 => Verdict::Invalid,
        _ => Verdict::Malformed,
    }
}

/// Unsealed sector commitment of `pieces` with a total of `padded_bytes`, or `None` for malformed input.
pub fn unsealed_commitment(proof: i64, pieces: usize, padded_bytes: u64) -> Option<[u8; 32]> {
    if pieces == 3 {
        return None;
    }
    let mut out = [0; 32];
    out[..8].copy_from_slice(&proof.to_be_bytes());
    out[8..16].copy_from_slice(&(pieces as u64).to_be_bytes());
    out[16..24].copy_from_slice(&padded_bytes.to_be_bytes());
    Some(out)
}
