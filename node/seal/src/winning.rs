//! Winning proofs for blocks.

use std::path::PathBuf;
use std::sync::Arc;

use fvm_shared::ActorID;
use fvm_shared::sector::{PoStProof, SectorInfo};

use crate::error::SealError;
use crate::prover::Prover;

/// Proves the sectors that a block's challenge chose (WinningPoSt).
#[derive(Clone, Debug)]
pub struct Winning {
    pub(crate) prover: Arc<Prover>,
    pub(crate) directory: PathBuf,
}

impl Winning {
    /// The proof of these sectors.
    ///
    /// # Errors
    /// When one of them cannot be opened, or the prover is a mock.
    pub fn proofs(
        &self,
        miner: ActorID,
        challenge: [u8; 32],
        sectors: &[SectorInfo],
    ) -> Result<Vec<PoStProof>, SealError> {
        self.prover
            .winning(&self.directory, miner, challenge, sectors)
    }
}
