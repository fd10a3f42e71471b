//! Actors of the SDK beside the same actors written by hand against the crate `fvm_sdk`, and what a sandbox costs.
//!
//! A comparison of size and gas says something only if both actors do the same. So one script of calls (`script`) runs on
//! both, as true Wasm in a sandbox (`play`), and what comes of each call must be equal: a test asks that, and `cargo xtask
//! bench sdk` again before it prints a figure.
//!
//! In reading order: [`actors`] (which are compared), [`script`] and its receiver [`vault`], [`play`], [`time`] (starts and
//! calls), [`figures`] (what is printed), [`options`].

pub mod actors;
pub mod figures;
pub mod options;
pub mod play;
pub mod script;
pub mod time;
pub mod vault;
