//! How a step is stopped, and how it tells what it does.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{ProveError, Result};

/// How often what waits looks whether it is to stop.
pub(crate) const LOOK: Duration = Duration::from_millis(20);

/// A step of the work on a sector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Pieces are padded and written one behind the other.
    Pieces,
    /// The layers of labels are computed. Sequential: the hours that sealing takes.
    #[serde(rename = "pre-commit-1")]
    PreCommit1,
    /// The trees are built and the replica is encoded.
    #[serde(rename = "pre-commit-2")]
    PreCommit2,
    /// The challenged nodes are opened.
    #[serde(rename = "commit-1")]
    Commit1,
    /// The openings are proved with Groth16.
    #[serde(rename = "commit-2")]
    Commit2,
    /// Proofs of many sectors become one.
    Aggregate,
    /// Data is encoded into a sector that was sealed empty.
    UpdateEncode,
    /// The encoding is proved.
    UpdateProve,
    /// Data is read out of a sealed sector.
    Unseal,
    /// Sectors are shown to be stored still.
    WindowPost,
    /// The right to a block is shown.
    WinningPost,
}

impl Step {
    /// Its name in records and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pieces => "pieces",
            Self::PreCommit1 => "pre-commit-1",
            Self::PreCommit2 => "pre-commit-2",
            Self::Commit1 => "commit-1",
            Self::Commit2 => "commit-2",
            Self::Aggregate => "aggregate",
            Self::UpdateEncode => "update-encode",
            Self::UpdateProve => "update-prove",
            Self::Unseal => "unseal",
            Self::WindowPost => "window-post",
            Self::WinningPost => "winning-post",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a step reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// It begins.
    Started(Step),
    /// So many of its bytes are done.
    Bytes {
        /// The step.
        step: Step,
        /// Bytes done.
        done: u64,
        /// Of these.
        total: u64,
    },
    /// It is done.
    Done(Step),
    /// It was done before, and its result stands.
    Kept(Step),
}

/// Stops a step, and hears from it.
#[derive(Clone)]
pub struct Control {
    stopped: Arc<AtomicBool>,
    report: Arc<dyn Fn(Event) + Send + Sync>,
}

impl Default for Control {
    /// Never stopped, heard by nobody.
    fn default() -> Self {
        Self::new(|_| ())
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stopped = self.stopped.load(Ordering::Relaxed);
        f.debug_struct("Control")
            .field("stopped", &stopped)
            .finish()
    }
}

impl Control {
    /// A control whose events go to `report`.
    pub fn new(report: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self {
            stopped: Arc::default(),
            report: Arc::new(report),
        }
    }

    /// Asks the step to stop.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked to stop.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Ends the step here if it was asked to stop.
    pub fn check(&self) -> Result<()> {
        match self.is_stopped() {
            true => Err(ProveError::Cancelled),
            false => Ok(()),
        }
    }

    /// Reports an event.
    pub fn report(&self, event: Event) {
        (self.report)(event);
    }

    /// Runs `work` as `step`, unless it is to stop.
    pub fn step<T>(&self, step: Step, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.check()?;
        self.report(Event::Started(step));
        let result = work()?;
        self.report(Event::Done(step));
        Ok(result)
    }
}
