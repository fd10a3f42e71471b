//! Host and proofs meet: messages to the miner actor, as Wasm, carry real proofs of 2 KiB sectors. The actor asks the host, the host asks
//! the proof library with its keys, and the receipt says what came of it. Every proof is tried spoilt as well.
//!
//! Scenarios play on a devnet's bundle in a sandbox, whose randomness follows from the epoch. So what is proven is the same in every run,
//! and proofs can be recorded. The default tests take them from `recorded/`; if a change of the actors or of the sandbox gives another
//! ticket, seed or challenge, they say so, and how to record again ([`prover::HOW_TO_RECORD`]). `cargo xtask test --slow` makes them all
//! anew.
//!
//! In reading order: [`scenario`] (what is done, and what must come of it), [`Stage`] (the chain), [`Provider`] (a miner, `provider/`),
//! [`spoilt`] (what is done to a proof), [`Question`] (what a prover is asked), [`Prover`] (recorded, or made by [`Maker`]), [`keys`].

pub mod keys;
mod maker;
pub mod prover;
mod provider;
mod question;
pub mod scenario;
pub mod spoilt;
mod stage;

pub use maker::Maker;
pub use prover::Prover;
pub use provider::{Announced, Provider};
pub use question::{Answer, Data, Piece, Question, SealedSector, Sector, Seeded, Stored};
pub use stage::{Actors, Stage};
