//! Proving sectors when their deadlines come (WindowPoSt; Filecoin spec, "PoSt"), by what the miner's state says: every partition that has
//! live sectors and was not proven since its window opened is proven, those sectors left out that cannot be opened; sectors whose files fail
//! are declared faulty in time, and those that are there again recovered.
//!
//! One thread: it looks whenever the head changes. [`due`] (what is to be proven), [`submit`] (proof and message), [`declare`].

mod declare;
mod due;
mod submit;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use cid::Cid;
use filigree_actor_miner::deadline_info::DeadlineInfo;
use filigree_blocks::Tipset;
use filigree_proofs_prove::post::WindowProof;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::error::ExitCode;
use serde::{Deserialize, Serialize};

use crate::driver::text;
use crate::error::{Failure, SealError};
use crate::message::Fate;
use crate::prover::Windowed;
use crate::shared::{Shared, Thread};

/// How long nothing is looked at if nobody rings.
const LOOK: Duration = Duration::from_secs(1);
/// So many epochs before a deadline closes, its proof should be in the pool: not every epoch has a block.
const MARGIN: ChainEpoch = 5;
/// How long a message must be nowhere to be sent again.
const LOST_AFTER: Duration = Duration::from_millis(300);

/// What was done for a deadline of a miner, in the proving period that begins or began last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// When it opens or opened.
    pub open: ChainEpoch,
    /// Proofs that were sent.
    pub proofs: Vec<Submitted>,
    /// Faults that were declared.
    pub faults: Option<Cid>,
    /// Recoveries that were declared.
    pub recoveries: Option<Cid>,
    /// What was done last, or why it was not.
    pub result: String,
}

/// A proof that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submitted {
    /// Of these partitions.
    pub partitions: Vec<u64>,
    /// The message.
    pub message: Cid,
}

/// A proof that was made.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub close: ChainEpoch,
    pub windowed: Windowed,
    pub proof: WindowProof,
}

/// The thread of the windows.
pub(crate) fn run(shared: &Arc<Shared>) {
    let mut last = None;
    while !shared.is_stopped() {
        let rings = shared.bell.rings();
        let head = shared.head();
        // After a failure everything is tried again when the chain has moved.
        if last.as_ref() != Some(&(head.key().clone(), rings)) {
            let passed = catch_unwind(AssertUnwindSafe(|| pass(shared, &head)));
            match passed {
                Ok(Err(Failure::Retry(error))) => {
                    tracing::warn!(miner = shared.miner, error = text(&error), "windows");
                }
                Ok(_) => (),
                Err(_) => {
                    tracing::error!(miner = shared.miner, "a bug: windows panicked, see above");
                }
            }
            last = Some((head.key().clone(), rings));
        }
        shared.set_quiet(Thread::Window, head.key().clone(), rings);
        shared.bell.wait(rings, LOOK);
    }
}

/// See [`Pipeline::holds_back`](crate::Pipeline::holds_back).
pub(crate) fn holds_back(shared: &Shared, epoch: ChainEpoch) -> Result<Option<String>, SealError> {
    let head = shared.head();
    if shared.is_stopped() || shared.has_seen_windows(head.key()) {
        return Ok(None);
    }
    let view = shared.now(&head)?;
    let miner = view.miner(&shared.address())?;
    let deadline = miner.state.deadline_info(&shared.policy(), epoch);
    let is_near = epoch + MARGIN >= deadline.close;
    let is_open = deadline.open <= head.height() + 1;
    if !is_near || due::due(&miner, deadline.index, is_open)?.is_empty() {
        return Ok(None);
    }
    let (miner, index, close) = (shared.miner, deadline.index, deadline.close);
    Ok(Some(format!(
        "the window proof of miner f0{miner} for deadline {index} is not ready, and would come too late: the deadline closes at epoch {close}"
    )))
}

/// Does what is to be done on a head.
fn pass(shared: &Arc<Shared>, head: &Tipset) -> Result<(), Failure> {
    if let Err(error) = shared.lift_stuck(head) {
        tracing::warn!(miner = shared.miner, error = text(&error), "stuck messages");
    }
    let current = {
        let view = shared.now(head)?;
        let miner = view.miner(&shared.address())?;
        let policy = shared.policy();
        // What is sent now is mined in the next epoch at the earliest.
        miner.state.deadline_info(&policy, head.height() + 1)
    };
    let at = |epoch| -> Result<DeadlineInfo, SealError> {
        let view = shared.now(head)?;
        let miner = view.miner(&shared.address())?;
        Ok(miner.state.deadline_info(&shared.policy(), epoch))
    };
    // First what takes no time: a proof may.
    let length = current.close - current.open;
    for ahead in 2..=4 {
        let deadline = at(current.open + ahead * length)?;
        attempt(shared, deadline, || {
            declare::declare(shared, head, deadline)
        })?;
    }
    shared
        .made
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .retain(|made| made.close > head.height());
    for deadline in [current, at(current.close)?] {
        if deadline.challenge <= head.height() {
            attempt(shared, deadline, || submit::prove(shared, head, deadline))?;
        }
    }
    Ok(())
}

/// Does something for a deadline; if it fails, its record says why, and the others come nonetheless.
fn attempt(
    shared: &Shared,
    deadline: DeadlineInfo,
    act: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let reason = match act() {
        Ok(()) => return Ok(()),
        Err(Failure::Stopped) => return Err(Failure::Stopped),
        Err(Failure::Retry(error)) => text(&error),
        Err(Failure::Never(reason)) => reason,
    };
    let mut window = shared.window(&deadline)?;
    if window.result != reason {
        tracing::warn!(miner = shared.miner, deadline = deadline.index, open = deadline.open, %reason, "window");
        window.result = reason;
        shared.records.save_window(deadline.index, &window)?;
    }
    Ok(())
}

impl Shared {
    /// What was done for a deadline, as it is seen now.
    fn window(&self, deadline: &DeadlineInfo) -> Result<Window, SealError> {
        let window = self.records.window(deadline.index)?;
        if window.open == deadline.open {
            return Ok(window);
        }
        Ok(Window {
            open: deadline.open,
            ..Window::default()
        })
    }

    /// Whether a message still does something: it waits, or is mined and succeeded. An error says how it ended otherwise.
    fn is_under_way(&self, message: &Cid) -> Result<Result<(), Option<ExitCode>>, SealError> {
        let mut fate = self.fate(message)?;
        if fate == Fate::Nowhere {
            std::thread::sleep(LOST_AFTER);
            fate = self.fate(message)?;
        }
        Ok(match fate {
            Fate::Waiting => Ok(()),
            Fate::Mined { exit_code, .. } if exit_code.is_success() => Ok(()),
            Fate::Mined { exit_code, .. } => Err(Some(exit_code)),
            Fate::Nowhere => Err(None),
        })
    }
}
