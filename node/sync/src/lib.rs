//! How blocks come into a node's chain.
//!
//! Whoever has a block, a miner of this process, a caller of the RPC, later the network, hands it to the one [`Intake`]: it
//! judges the block, stores it, lets the chain take it, and brings the pool of messages to the head that came of it.
//!
//! Fetching what is missing, blocks from other nodes and chains that are longer than ours, is not here yet: a block whose
//! parents this node does not have is an error that names them ([`IntakeError::UnknownParents`]).
//!
//! In reading order: [`intake`], with `judged` (verdicts are remembered), [`bad`] (blocks that somebody declared bad), [`validate`]
//! (tipsets judged once more) and [`incoming`] (who is told of blocks); [`follow`] (the pool and the chain's head);
//! [`accounts`] (what the pool asks of state); [`error`].

pub mod accounts;
pub mod bad;
pub mod error;
pub mod follow;
pub mod incoming;
pub mod intake;
mod judged;
pub mod validate;

pub use accounts::{AccountsAfter, base_on};
pub use bad::MarkError;
pub use error::IntakeError;
pub use incoming::Listener;
pub use intake::{Intake, Parts, VerifyWinning};
