//! The sectors of a miner: sealed, proven when they are due, declared faulty and recovered.
//!
//! ```text
//! GetTicket → Packing → PreCommit1 → PreCommit2 → PreCommitting → PreCommitWait → WaitSeed
//!           → Committing → SubmitCommit → CommitWait → FinalizeSector → Proving
//! ```
//!
//! Each sector is a record in the database, and its state one of these (the names are Lotus'); [`state`] has a file for each.
//! A record is written before an effect that must not happen twice and after each that is done, so a process that is killed at any moment
//! goes on where it was. A message is noted, with its CID, before it is put into the pool; after a restart it is looked
//! for, and sent again only if it is nowhere. What it did is read from the miner's state a few epochs back, never concluded from memory:
//! chains reorganise.
//!
//! Windows are proven by what the chain says, so also those of sectors that have no record ([`window`]).
//!
//! In reading order: [`parts`] (what it works with), [`pipeline`] (the door), [`sector`] (a record) and `table`, [`state`], `driver` (who runs
//! them), `look` and `message` (what the chain says), `stuck`, `money`, [`prover`] (proofs, real and mock) with [`parameters`], [`window`], [`winning`],
//! [`preseal`] (sectors that a network begins with), [`status`].
//!
//! Not here: deals. A sector's data is zeros; pieces come in where `state/packing` writes them.

mod bell;
mod driver;
mod error;
mod look;
mod message;
mod money;
pub mod parameters;
pub mod parts;
pub mod pipeline;
pub mod preseal;
pub mod prover;
pub mod sector;
mod shared;
pub mod state;
pub mod status;
mod stuck;
mod table;
pub mod window;
pub mod winning;

pub use error::SealError;
pub use parameters::Parameters;
pub use parts::{Parts, Settings};
pub use pipeline::Pipeline;
pub use preseal::{Presealed, preseal};
pub use prover::Prover;
pub use status::{DeadlineStatus, SectorStatus, WindowCounts};
#[doc(hidden)]
pub use table::Death;
pub use winning::Winning;
