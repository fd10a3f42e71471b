//! Sealing sectors, and proving that they are stored.
//!
//! The work is the network's own library; this crate makes it something that a node can run for months: every step can be
//! interrupted at any moment and taken up again, reports its progress, and puts files where the network's tools look for
//! them only when they are whole.
//!
//! - [`layout`]: where files are. What is being written is under `partial/`, and moves when it is synced.
//! - [`records`]: what each finished step gave, so that a step that is done is not done again.
//! - [`control`]: stopping, and progress.
//! - Steps: [`pieces`] → [`label`] → [`pre_commit`] → [`commit`] → [`aggregate`]; [`update`] and [`unseal`] of a sealed sector;
//!   [`post`] for the proofs of spacetime.
//! - [`task`], [`worker`], [`pool`]: a step as data, run in a process of its own. The library cannot be interrupted, takes all the
//!   threads it finds and reads the directory of parameters from a variable of its process: a process can be killed,
//!   bounded and told.
//! - [`prover`]: the interface to whoever does tasks, for those who give them.

pub mod aggregate;
pub mod commit;
pub mod control;
pub mod error;
pub mod files;
pub mod label;
pub mod layout;
mod needs;
pub mod params;
mod parents;
pub mod pieces;
pub mod pool;
pub mod post;
pub mod pre_commit;
pub mod prover;
pub mod records;
mod sector;
pub mod task;
pub mod unseal;
pub mod update;
pub mod worker;

pub use control::{Control, Event, Step};
pub use error::{ProveError, Result};
pub use layout::Layout;
pub use pool::{Pool, PoolLimits};
pub use prover::Prover;
pub use sector::{Commitment, Sector, SectorId};
pub use task::{Outcome, Task};
pub use worker::Workers;
