//! The verifier that a node gives to its host: bounded threads, panics made into refusals, verdicts remembered.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use cid::Cid;
use filigree_proofs_params::{NotADevnet, Selection};
use filigree_vm::{Network, Verdict, Verifier, VerifyError};
use fvm_shared::piece::PieceInfo;
use fvm_shared::sector::{
    AggregateSealVerifyProofAndInfos, RegisteredSealProof, ReplicaUpdateInfo, SealVerifyInfo,
    WindowPoStVerifyInfo, WinningPoStVerifyInfo,
};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use serde::Serialize;

use crate::cache::{Question, Verdicts};
use crate::{KeyFault, Keys, aggregate, pieces, post, seal, update};

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

/// Why a node has no verifier.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its network does not take proofs of that set.
    #[error(transparent)]
    Network(#[from] NotADevnet),
    /// Keys that it needs are missing or wrong: each with its file and the command that brings it.
    #[error("keys that proofs are verified with cannot be used:{}", lines(.0))]
    Keys(Vec<Arc<KeyFault>>),
    /// Threads could not be started.
    #[error(transparent)]
    Threads(#[from] ThreadPoolBuildError),
}

fn lines(faults: &[Arc<KeyFault>]) -> String {
    faults.iter().map(|fault| format!("\n  {fault}")).collect()
}

impl ProofVerifier {
    /// The verifier of a node: with the selected keys in `folder`, all of them, of a set that its network takes.
    ///
    /// # Errors
    ///
    /// If the network is no devnet and the set is for development, before anything is read; if a key is missing or wrong.
    pub fn for_network(
        network: &Network,
        selection: &Selection,
        folder: &Path,
        limits: Limits,
    ) -> Result<Self, StartError> {
        selection.set.allowed_on(network.chain_id)?;
        let keys = Keys::load(folder, &selection.files());
        let keys = keys.complete().map_err(StartError::Keys)?;
        Ok(Self::new(keys, limits)?)
    }

    /// A verifier with these keys, for tools. A node has one [for its network](Self::for_network).
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
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_panic_is_a_refusal() {
        let refused = guard::<bool>(|| panic!("at {}", "the library"));
        let Err(VerifyError::Malformed(text)) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(text, "the proof library panicked: at the library");
    }

    #[test]
    fn a_verdict_is_given_once_and_what_is_none_is_asked_for_again() {
        let limits = Limits {
            threads: 1,
            verdicts: 8,
        };
        let verifier = ProofVerifier::new(Keys::default(), limits).unwrap();
        // How often the library is asked when a question comes three times.
        let asked = |kind, input: u64, verdict: fn() -> Verdict| {
            let count = AtomicUsize::new(0);
            for _ in 0..3 {
                let judged = verifier.judge(kind, &input, || {
                    count.fetch_add(1, Ordering::Relaxed);
                    verdict()
                });
                let said = |verdict: Verdict| verdict.map_err(|error| error.to_string());
                assert_eq!(said(judged), said(verdict()));
            }
            count.into_inner()
        };
        assert_eq!(asked(Kind::Seal, 1, || Ok(true)), 1);
        assert_eq!(asked(Kind::Seal, 2, || Ok(false)), 1);
        // Another kind of question, with the same input.
        assert_eq!(asked(Kind::Update, 1, || Ok(false)), 1);
        let malformed = || Err(VerifyError::Malformed("no point".to_owned()));
        assert_eq!(asked(Kind::Seal, 3, malformed), 3);
        let unavailable = || Err(VerifyError::Unavailable(anyhow::anyhow!("no key")));
        assert_eq!(asked(Kind::Seal, 4, unavailable), 3);
        // And was not remembered for when the key is there.
        assert_eq!(asked(Kind::Seal, 4, || Ok(true)), 1);
    }
}
