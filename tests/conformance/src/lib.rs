//! The runner of conformance vectors: does a message give the receipt, gas and state root that were recorded?
//!
//! In reading order: [`vector`] (the files), [`bundle`] (the actors they call), [`chain`] and [`verifier`] (the world
//! around a message, as recorded), [`run`] (one vector), [`diff`] and [`tree`] (what differs), [`suite`] (many vectors),
//! [`report`]. The program is `src/bin/conformance.rs`; its [`options`], and the [`workspace`] their defaults are in.
//!
//! Left out: proofs are not verified and there are no consensus faults, as in every runner of these vectors; vectors of
//! classes other than `message` are skipped by name.

pub mod bundle;
pub mod chain;
pub mod cidjson;
pub mod diff;
pub mod options;
pub mod report;
pub mod run;
pub mod store;
pub mod suite;
pub mod tree;
pub mod vector;
pub mod verifier;
pub mod workspace;

#[cfg(test)]
mod run_tests;
#[cfg(test)]
mod sample;

pub use bundle::{Bundle, BundleError, NoActors};
pub use chain::ReplayChain;
pub use diff::Difference;
pub use report::{Totals, VectorReport};
pub use run::{Outcome, Run, Runner, Skip};
pub use vector::{Found, Loaded, Vector, VectorError, VectorFile};
pub use verifier::VectorVerifier;
