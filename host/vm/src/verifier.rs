//! Proof verification, given to the host by the node: the host links no proof library.

use std::fmt;
use std::sync::Arc;

use cid::Cid;
use fvm_shared::piece::PieceInfo;
use fvm_shared::sector::{
    AggregateSealVerifyProofAndInfos, RegisteredSealProof, ReplicaUpdateInfo, SealVerifyInfo,
    WindowPoStVerifyInfo,
};

/// Why a verifier gave no verdict.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The input makes no sense; the actor is told "illegal argument".
    #[error("{0}")]
    Malformed(String),
    /// The verifier cannot tell (a missing or damaged verifying key, say). The message gets no receipt: it is never taken
    /// for an invalid proof.
    #[error("cannot verify: {0:#}")]
    Unavailable(anyhow::Error),
}

/// Verdict of a proof: valid or not.
pub type Verdict = Result<bool, VerifyError>;

/// Verification of seals, proofs of spacetime and replica updates. A panic counts as [`VerifyError::Malformed`].
///
/// Up to nv20, window proofs may have the older types 5 to 9, which `fvm_shared` 4 gives as
/// [`RegisteredPoStProof::Invalid`](fvm_shared::sector::RegisteredPoStProof::Invalid) with that number.
pub trait Verifier {
    /// CID of a sector's data (CommD) from its pieces, padded with zero pieces to the sector's size.
    fn unsealed_sector_cid(
        &self,
        proof: RegisteredSealProof,
        pieces: &[PieceInfo],
    ) -> Result<Cid, VerifyError>;

    /// A window proof of spacetime.
    fn window_post(&self, info: &WindowPoStVerifyInfo) -> Verdict;

    /// One seal (proof of replication).
    fn seal(&self, info: &SealVerifyInfo) -> Verdict;

    /// Many seals, one verdict each, in order. Override to verify in parallel.
    fn seals(&self, infos: &[SealVerifyInfo]) -> Vec<Verdict> {
        infos.iter().map(|info| self.seal(info)).collect()
    }

    /// An aggregate of seals.
    fn aggregate_seals(&self, info: &AggregateSealVerifyProofAndInfos) -> Verdict;

    /// A replica update ("snap deal").
    fn replica_update(&self, info: &ReplicaUpdateInfo) -> Verdict;
}

/// A verifier that several machines and threads have.
pub type SharedVerifier = Arc<dyn Verifier + Send + Sync>;

impl fmt::Debug for dyn Verifier + Send + Sync {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier")
    }
}

impl<V: Verifier + ?Sized> Verifier for Arc<V> {
    fn unsealed_sector_cid(
        &self,
        proof: RegisteredSealProof,
        pieces: &[PieceInfo],
    ) -> Result<Cid, VerifyError> {
        (**self).unsealed_sector_cid(proof, pieces)
    }

    fn window_post(&self, info: &WindowPoStVerifyInfo) -> Verdict {
        (**self).window_post(info)
    }

    fn seal(&self, info: &SealVerifyInfo) -> Verdict {
        (**self).seal(info)
    }

    fn seals(&self, infos: &[SealVerifyInfo]) -> Vec<Verdict> {
        (**self).seals(infos)
    }

    fn aggregate_seals(&self, info: &AggregateSealVerifyProofAndInfos) -> Verdict {
        (**self).aggregate_seals(info)
    }

    fn replica_update(&self, info: &ReplicaUpdateInfo) -> Verdict {
        (**self).replica_update(info)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Judges many seals otherwise than one: so it is seen who was asked.
    struct ByBatch;

    impl Verifier for ByBatch {
        fn unsealed_sector_cid(
            &self,
            _: RegisteredSealProof,
            _: &[PieceInfo],
        ) -> Result<Cid, VerifyError> {
            Ok(Cid::default())
        }

        fn window_post(&self, _: &WindowPoStVerifyInfo) -> Verdict {
            Ok(false)
        }

        fn seal(&self, _: &SealVerifyInfo) -> Verdict {
            Ok(false)
        }

        fn seals(&self, _: &[SealVerifyInfo]) -> Vec<Verdict> {
            vec![Ok(true)]
        }

        fn aggregate_seals(&self, _: &AggregateSealVerifyProofAndInfos) -> Verdict {
            Ok(false)
        }

        fn replica_update(&self, _: &ReplicaUpdateInfo) -> Verdict {
            Ok(false)
        }
    }

    #[test]
    fn a_shared_verifier_verifies_batches_as_the_one_it_shares() {
        let shared: SharedVerifier = Arc::new(ByBatch);
        let verdicts = Verifier::seals(&shared, &[]);
        assert!(matches!(&verdicts[..], [Ok(true)]));
    }
}
