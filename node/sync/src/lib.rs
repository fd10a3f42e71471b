//! How blocks come into a node's chain.
//!
//! Whoever has a block, a miner of this process, a caller of the RPC, later the network, hands it to the one [`Intake`]: it
//! judges the block, stores it, lets the chain take it, and brings the pool of messages to the head that came of it.
//!
//! Fetching what is missing, blocks from other nodes and chains that are longer than ours, is not here yet: a block whose
//! parents this node does not have is an error that names them ([`IntakeError::UnknownParents`]).
//!
//! In reading order: [`intake`], with `judged` (verdicts are remembered); [`follow`] (the pool and the chain's head);
//! [`accounts`] (what the pool asks of state); [`error`].

pub mod accounts;
pub mod error;
pub mod follow;
pub mod intake;
mod judged;

pub use accounts::{AccountsAfter, base_on};
pub use error::IntakeError;
pub use intake::{Intake, Parts, VerifyWinning};
