//! The parameters of proofs: whether they are there, and those of development networks made when they are first needed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use filigree_proofs_generate::{Job, Progress, Stage, generate, groth16};
use filigree_proofs_params::catalogue::find;
use filigree_proofs_params::{Kind, Proof, SectorSize, Set, check};
use filigree_proofs_prove::{Control, ProveError};

use crate::error::SealError;
use crate::prover::Tell;

/// By how much those who make parameters stand back behind everybody else.
const NICE: i32 = 19;
/// Between two entries of the log.
const TELL: Duration = Duration::from_secs(5);

/// Where parameters are.
#[derive(Debug)]
pub struct Parameters {
    directory: PathBuf,
    is_development: bool,
    /// What was found right, or made.
    good: Mutex<BTreeSet<(&'static str, u64)>>,
}

impl Parameters {
    /// Development parameters in a directory, whose name has the word `dev`: made when they are missing.
    pub fn development(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            is_development: true,
            good: Mutex::default(),
        }
    }

    /// Parameters of the network's ceremony, which must be there.
    pub fn given(directory: impl Into<PathBuf>) -> Self {
        Self {
            is_development: false,
            ..Self::development(directory)
        }
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Sees to it that the parameters of a proof are there; makes them, if they are of a development network.
    ///
    /// # Errors
    /// When they are missing and cannot be made, or `control` says stop.
    pub fn ensure(
        &self,
        proof: Proof,
        sector_bytes: u64,
        control: &Control,
        tell: Tell<'_>,
    ) -> Result<(), SealError> {
        if !self.is_development {
            // The worker says which file is missing and what brings it.
            return Ok(());
        }
        let size = SectorSize::ALL
            .into_iter()
            .find(|size| size.bytes() == sector_bytes);
        let none = || ProveError::Input(format!("no sectors have {sector_bytes} bytes"));
        let size = size.ok_or_else(none)?;
        // Window proofs are due at their time: they must not have to wait for the long work on the other parameters.
        let first = (proof != Proof::WindowPost).then_some(Proof::WindowPost);
        for proof in first.into_iter().chain([proof]) {
            self.ensure_one(proof, size, control, tell)?;
        }
        Ok(())
    }

    fn ensure_one(
        &self,
        proof: Proof,
        size: SectorSize,
        control: &Control,
        tell: Tell<'_>,
    ) -> Result<(), SealError> {
        let key = (proof.name(), size.bytes());
        let good = || self.good.lock().unwrap_or_else(PoisonError::into_inner);
        if good().contains(&key) {
            return Ok(());
        }
        let what = format!("{} {} parameters", size.name(), proof.name());
        tell(format!("checking {what}"));
        if !self.is_there(proof, size) {
            tracing::info!(directory = %self.directory.display(), "making {what}");
            let start = Instant::now();
            self.make(proof, size, control, &|progress| {
                tell(format!("making {what}: {progress}"));
            })?;
            let seconds = start.elapsed().as_secs();
            tracing::info!(seconds, "made {what}");
        }
        good().insert(key);
        Ok(())
    }

    /// Whether the file is there and right.
    fn is_there(&self, proof: Proof, size: SectorSize) -> bool {
        let file = find(Set::Development, proof, Some(size), Kind::Parameters);
        file.is_some_and(|file| {
            let finding = check(&file, &self.directory, &mut |_| ());
            finding.status.is_good()
        })
    }

    fn make(
        &self,
        proof: Proof,
        size: SectorSize,
        control: &Control,
        tell: &(dyn Fn(String) + Sync),
    ) -> Result<(), SealError> {
        let job = Job {
            proof,
            sector_size: Some(size),
        };
        let told = Mutex::new(None::<Instant>);
        let watch = |progress: Progress| {
            let text = text(&progress);
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            if told.is_none_or(|at| at.elapsed() >= TELL) {
                *told = Some(Instant::now());
                tracing::info!(proof = proof.name(), "parameters: {text}");
            }
            drop(told);
            tell(text);
            !control.is_stopped()
        };
        let threads = rayon::ThreadPoolBuilder::new()
            .thread_name(|number| format!("parameters {number}"))
            .start_handler(|_| {
                // Where that is not possible, it is done at the usual priority.
                let _ = rustix::process::nice(NICE);
            })
            .build();
        let threads = threads.map_err(|e| SealError::Prover(format!("threads: {e}")))?;
        match threads.install(|| generate(&self.directory, &[job], &watch)) {
            Ok(_) => Ok(()),
            Err(filigree_proofs_generate::Error::Cancelled) => Err(ProveError::Cancelled.into()),
            Err(error) => Err(error.into()),
        }
    }
}

fn text(progress: &Progress) -> String {
    let doing = match progress.stage {
        Stage::Waiting => "waiting for whoever makes them already",
        Stage::Checking => "checking",
        Stage::Setup(groth16::Stage::Counting) => "counting constraints",
        Stage::Setup(groth16::Stage::Evaluating) => "evaluating constraints",
        Stage::Setup(groth16::Stage::Points) => "computing points",
    };
    match progress.total {
        0 => doing.to_owned(),
        total => format!("{doing}, {}%", progress.done.saturating_mul(100) / total),
    }
}
