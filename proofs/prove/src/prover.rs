//! Who does tasks: worker processes with the network's library ([`Pool`]), or the mock of `proofs/mock`, with which tests of what is around
//! proofs take milliseconds.

use std::fmt;

use crate::{Control, Outcome, Pool, Result, Task};

/// Does tasks. Those who give them need not know how.
pub trait Prover: fmt::Debug + Send + Sync {
    /// Does a task when there is room for it, until it is done or `control` is stopped.
    fn run(&self, task: &Task, control: &Control) -> Result<Outcome>;
}

impl Prover for Pool {
    fn run(&self, task: &Task, control: &Control) -> Result<Outcome> {
        Pool::run(self, task, control)
    }
}
