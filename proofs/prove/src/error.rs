//! Why a step did not give its result.

use std::io;
use std::path::{Path, PathBuf};

use filigree_proofs_params::{ForeignDirectory, NotADevnet};

use crate::Step;

/// Result of a step.
pub type Result<T> = std::result::Result<T, ProveError>;

/// Why a step gave no result.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// It was asked to stop. What it had begun is cleaned up, or is by the next run.
    #[error("stopped")]
    Cancelled,
    /// The input makes no sense.
    #[error("{0}")]
    Input(String),
    /// The step before it is not done.
    #[error("{step} has not been done: {} is missing", what.display())]
    NotReady {
        /// The step that must be done first.
        step: Step,
        /// What it would have left.
        what: PathBuf,
    },
    /// The step was done, and what it left was removed since.
    #[error("{step} was done, but {} is gone since; remove {} to do it again", what.display(), record.display())]
    Lost {
        /// The step.
        step: Step,
        /// What it had left.
        what: PathBuf,
        /// Its record.
        record: PathBuf,
    },
    /// An earlier run of the step was with another input, and its result stands.
    #[error("{step} was done with another input; remove {} to do it again", record.display())]
    OtherInput {
        /// The step.
        step: Step,
        /// Its record.
        record: PathBuf,
    },
    /// A parameter file is absent.
    #[error("{}: the parameter file is missing; run `filigree params fetch`, or `filigree params generate` for a development network", .0.display())]
    Parameters(PathBuf),
    /// The network does not take proofs of the development set.
    #[error(transparent)]
    NotADevnet(#[from] NotADevnet),
    /// The directory of parameters is named for the other set.
    #[error(transparent)]
    Directory(#[from] ForeignDirectory),
    /// Reading or writing failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// What was read or written.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The library refused or failed.
    #[error("{step}: {reason}")]
    Library {
        /// In this step.
        step: Step,
        /// What it says.
        reason: String,
    },
    /// The worker says so.
    #[error("{0}")]
    Failed(String),
    /// The worker process ended without an answer.
    #[error("the worker ended without an answer: {0}")]
    Worker(String),
}

/// Names the path at which reading or writing failed.
pub trait AtPath<T> {
    /// With `path` in the error.
    fn at(self, path: &Path) -> Result<T>;
}

impl<T> AtPath<T> for io::Result<T> {
    fn at(self, path: &Path) -> Result<T> {
        self.map_err(|source| ProveError::Io {
            path: path.to_owned(),
            source,
        })
    }
}

/// Names the step in which the library failed.
pub trait InStep<T> {
    /// With `step` in the error.
    fn in_step(self, step: Step) -> Result<T>;
    /// With `step` in the error; or, if what failed is reading or writing, with `folder`, where the step works.
    fn in_step_at(self, step: Step, folder: &Path) -> Result<T>;
}

impl<T> InStep<T> for anyhow::Result<T> {
    fn in_step(self, step: Step) -> Result<T> {
        self.map_err(|e| ProveError::Library {
            step,
            reason: format!("{e:#}"),
        })
    }

    fn in_step_at(self, step: Step, folder: &Path) -> Result<T> {
        match self
            .as_ref()
            .err()
            .and_then(|e| e.chain().find_map(os_error))
        {
            Some(code) => Err(io::Error::from_raw_os_error(code)).at(folder),
            None => self.in_step(step),
        }
    }
}

/// What the system says of a failed read or write.
fn os_error(error: &(dyn std::error::Error + 'static)) -> Option<i32> {
    error.downcast_ref::<io::Error>()?.raw_os_error()
}
