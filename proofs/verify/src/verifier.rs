//! The verifier that a node gives to its host: bounded threads, panics made into refusals, verdicts remembered.

use std::panic::{AssertUnwindSafe, catch_unwind};

use cid::Cid;
use filigree_vm::{Verdict, Verifier, VerifyError};
use fvm_shared::piece::PieceInfo;
use fvm_shared::sector::{
    AggregateSealVerifyProofAndInfos, RegisteredSealProof, ReplicaUpdateInfo, SealVerifyInfo,
    WindowPoStVerifyInfo, WinningPoStVerifyInfo,
};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use serde::Serialize;

use crate::cache::{Question, Verdicts};
use crate::{Keys, aggregate, pieces, post, seal, update};

/// What a verifier may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Threads; zero for one on each core.
    pub threads: usize,
    /// Verdicts remembered, of some 100 bytes each.
    pub verdicts: usize,
}

impl Default for Limits {
    /// All cores; 16 384 verdicts, more than the window proofs of a day.
    fn default() -> Self {
        Self {
            threads: 0,
            verdicts: 1 << 14,
        }
    }
}

/// Judges proofs with the network's library.
#[derive(Debug)]
pub struct ProofVerifier {
    keys: Keys,
    pool: ThreadPool,
    verdicts: Verdicts,
}

/// Kinds of questions in the cache.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Kind {
    Seal,
    Aggregate,
    WindowPost,
    WinningPost,
    Update,
}

impl ProofVerifier {
    /// A verifier with these keys. A node that must judge every proof gives [`Keys::complete`] ones.
    pub fn new(keys: Keys, limits: Limits) -> Result<Self, ThreadPoolBuildError> {
        let pool = ThreadPoolBuilder::new()
            .num_threads(limits.threads)
            .thread_name(|index| format!("verify-{index}"))
            .build()?;
        Ok(Self {
            keys,
            pool,
            verdicts: Verdicts::new(limits.verdicts),
        })
    }

    /// Judges the winning proof of spacetime of a block header: consensus rules ask, not actors.
    pub fn winning_post(&self, info: &WinningPoStVerifyInfo) -> Verdict {
        self.judge(Kind::WinningPost, info, || {
            post::verify_winning(&self.keys, info)
        })
    }

    /// The verdict on `input`: remembered, or given by `verify` in the pool.
    fn judge<T: Serialize + Sync>(
        &self,
        kind: Kind,
        input: &T,
        verify: impl FnOnce() -> Verdict + Send,
    ) -> Verdict {
        let question = Question::new(kind as u8, input);
        if let Some(valid) = question.and_then(|question| self.verdicts.get(question)) {
            return Ok(valid);
        }
        let verdict = guard(|| self.pool.install(verify));
        if let (Some(question), Ok(valid)) = (question, &verdict) {
            self.verdicts.insert(question, *valid);
        }
        verdict
    }
}

impl Verifier for ProofVerifier {
    fn unsealed_sector_cid(
        &self,
        proof: RegisteredSealProof,
        pieces: &[PieceInfo],
    ) -> Result<Cid, VerifyError> {
        guard(|| pieces::unsealed_sector_cid(proof, pieces))
    }

    fn window_post(&self, info: &WindowPoStVerifyInfo) -> Verdict {
        self.judge(Kind::WindowPost, info, || {
            post::verify_window(&self.keys, info)
        })
    }

    fn seal(&self, info: &SealVerifyInfo) -> Verdict {
        self.judge(Kind::Seal, info, || seal::verify(&self.keys, info))
    }

    fn seals(&self, infos: &[SealVerifyInfo]) -> Vec<Verdict> {
        self.pool
            .install(|| infos.par_iter().map(|info| self.seal(info)).collect())
    }

    fn aggregate_seals(&self, info: &AggregateSealVerifyProofAndInfos) -> Verdict {
        self.judge(Kind::Aggregate, info, || {
            aggregate::verify(&self.keys, info)
        })
    }

    fn replica_update(&self, info: &ReplicaUpdateInfo) -> Verdict {
        self.judge(Kind::Update, info, || update::verify(&self.keys, info))
    }
}

/// Makes a panic of the library into a refusal of what it was given, as the reference host does.
fn guard<T>(question: impl FnOnce() -> Result<T, VerifyError>) -> Result<T, VerifyError> {
    catch_unwind(AssertUnwindSafe(question)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        let text = text.unwrap_or_else(|| "without a message".to_owned());
        Err(VerifyError::Malformed(format!(
            "the proof library panicked: {text}"
        )))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_refusal() {
        let refused = guard::<bool>(|| panic!("at {}", "the library"));
        let Err(VerifyError::Malformed(text)) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(text, "the proof library panicked: at the library");
    }
}
