//! Sectors that a network begins with: sealed before there is a chain, and known to its genesis (Lotus, `lotus-seed pre-seal`).

use std::path::Path;

use cid::Cid;
use filigree_proofs_prove::{Control, SectorId};
use fvm_shared::ActorID;
use fvm_shared::sector::{RegisteredSealProof, SectorNumber};

use crate::error::SealError;
use crate::prover::Prover;
use crate::sector::{Randomness, Sector};

/// What they are sealed from, as there is no chain yet to draw from.
const TICKET: [u8; 32] = *b"sealed before there was a chain.";

/// A sector for a genesis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presealed {
    /// Its number.
    pub number: SectorNumber,
    /// Commitment to its replica.
    pub comm_r: Cid,
    /// Commitment to its data, zeros.
    pub comm_d: Cid,
}

/// Seals the sectors 0 to `count` of a miner into the directory of its sectors. What an earlier run has sealed stands.
///
/// # Errors
/// When the seal proof is unknown, or files cannot be written.
pub fn preseal(
    prover: &Prover,
    directory: &Path,
    miner: ActorID,
    seal_proof: RegisteredSealProof,
    count: u64,
) -> Result<Vec<Presealed>, SealError> {
    let control = Control::default();
    let seal = |number| {
        let mut sector = Sector::new(number, seal_proof);
        sector.ticket = Some(Randomness {
            epoch: 0,
            value: TICKET,
        });
        let replica = sector.replica(miner)?;
        debug_assert_eq!(replica.id, SectorId { miner, number });
        prover.write_data(directory, &replica, &control)?;
        let sealed = prover.seal(directory, &replica, &control)?;
        Ok(Presealed {
            number,
            comm_r: sealed.sealed_cid()?,
            comm_d: sealed.unsealed_cid()?,
        })
    };
    (0..count).map(seal).collect()
}
