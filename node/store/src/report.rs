//! How long work says how far it has come, and is stopped.
//!
//! Each work tells what it knows, in a type of its own; who shows it to a person needs no more than [`Counts`], which all of these give.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use fvm_shared::clock::ChainEpoch;

use crate::error::StoreError;

/// Told how far long work has come, about ten times a second while it goes well; [`ControlFlow::Break`] stops the work, which then
/// ends with [`StoreError::Stopped`].
pub type Report<'a, P> = &'a mut dyn FnMut(&P) -> ControlFlow<()>;

/// How far work has come, for whoever shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// What is being done now, in a few words.
    pub doing: &'static str,
    /// How much of that is done.
    pub done: u64,
    /// Of how much; 0 where that is not known.
    pub total: u64,
}

impl Counts {
    /// Of a walk from a head down to the first block.
    pub(crate) fn down(doing: &'static str, head: ChainEpoch, height: ChainEpoch) -> Self {
        Self {
            doing,
            done: head.saturating_sub(height).unsigned_abs(),
            total: head.unsigned_abs(),
        }
    }
}

/// Tells.
pub(crate) fn tell<P>(report: Report<'_, P>, progress: &P) -> Result<(), StoreError> {
    match report(progress) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(StoreError::Stopped),
    }
}

/// Says when to tell: often enough for a person, seldom enough for the work.
#[derive(Debug)]
pub(crate) struct Pace {
    every: u32,
    interval: Duration,
    steps: u32,
    last: Instant,
}

/// Steps between two looks at the clock.
const STEPS: u32 = 256;
const INTERVAL: Duration = Duration::from_millis(100);

impl Pace {
    pub fn new() -> Self {
        Self::every(STEPS, INTERVAL)
    }

    /// Each time so many steps were made, if so long has passed.
    pub fn every(steps: u32, interval: Duration) -> Self {
        Self {
            every: steps,
            interval,
            steps: 0,
            last: Instant::now(),
        }
    }

    /// Counts a step of the work; true if it is time to tell.
    pub fn is_due(&mut self) -> bool {
        self.steps += 1;
        if !self.steps.is_multiple_of(self.every) || self.last.elapsed() < self.interval {
            return false;
        }
        self.last = Instant::now();
        true
    }
}
