//! A verifier of proofs for many machines.

use std::fmt;
use std::sync::Arc;

use cid::Cid;
use filigree_vm::{Verdict, Verifier, VerifyError};
use fvm_shared::piece::PieceInfo;
use fvm_shared::sector::{
    AggregateSealVerifyProofAndInfos, RegisteredSealProof, ReplicaUpdateInfo, SealVerifyInfo,
    WindowPoStVerifyInfo,
};

/// A verifier; clones and threads share it.
#[derive(Clone)]
pub struct SharedVerifier(Arc<dyn Verifier + Send + Sync>);

impl SharedVerifier {
    /// Shares a verifier.
    pub fn new(verifier: impl Verifier + Send + Sync + 'static) -> Self {
        Self(Arc::new(verifier))
    }
}

impl fmt::Debug for SharedVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedVerifier")
    }
}

impl Verifier for SharedVerifier {
    fn unsealed_sector_cid(
        &self,
        proof: RegisteredSealProof,
        pieces: &[PieceInfo],
    ) -> Result<Cid, VerifyError> {
        self.0.unsealed_sector_cid(proof, pieces)
    }

    fn window_post(&self, info: &WindowPoStVerifyInfo) -> Verdict {
        self.0.window_post(info)
    }

    fn seal(&self, info: &SealVerifyInfo) -> Verdict {
        self.0.seal(info)
    }

    fn seals(&self, infos: &[SealVerifyInfo]) -> Vec<Verdict> {
        self.0.seals(infos)
    }

    fn aggregate_seals(&self, info: &AggregateSealVerifyProofAndInfos) -> Verdict {
        self.0.aggregate_seals(info)
    }

    fn replica_update(&self, info: &ReplicaUpdateInfo) -> Verdict {
        self.0.replica_update(info)
    }
}
