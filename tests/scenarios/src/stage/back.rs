//! Going back to how a stage was.

use filigree_sandbox::Checkpoint;
use fvm_shared::clock::ChainEpoch;

use super::Stage;
use crate::books::Books;

/// How all stood at some time.
#[derive(Clone, Debug)]
pub struct Point {
    checkpoint: Checkpoint,
    last_tick: Option<ChainEpoch>,
    books: Books,
}

/// A time to come back to, with all that was recorded until then.
#[derive(Clone, Debug)]
pub struct Mark {
    point: Point,
    steps: usize,
}

impl Stage {
    /// How all stand now.
    pub fn checkpoint(&self) -> Point {
        Point {
            checkpoint: self.sandbox.checkpoint(),
            last_tick: self.last_tick,
            books: self.books.clone(),
        }
    }

    /// Puts all back to how they stood. What was recorded since stays.
    pub fn revert(&mut self, point: &Point) {
        self.sandbox.revert(&point.checkpoint);
        self.last_tick = point.last_tick;
        self.books = point.books.clone();
    }

    /// As it is now.
    pub fn mark(&self) -> Mark {
        Mark {
            point: self.checkpoint(),
            steps: self.steps.len(),
        }
    }

    /// Goes back, and forgets all steps since.
    pub fn back_to(&mut self, mark: &Mark) {
        self.revert(&mark.point);
        self.steps.truncate(mark.steps);
        self.gas.truncate(mark.steps);
        self.times.truncate(mark.steps);
    }
}
