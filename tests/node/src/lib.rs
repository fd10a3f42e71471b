//! A node as people run it: the binary `filigree`, started in a directory of its own, asked over its RPC, stopped or killed.
//!
//! What is here starts it and talks with it; the tests are in `tests/`, one subject to a file. Proofs are mock: what real ones
//! take is tested in `tests/proofs` and `node/seal`.
//!
//! In reading order: [`program`] (which binary), [`bundle`] (the actors), [`node`] (a running node), [`talk`] (messages and what
//! comes of them), [`skip`] (what cannot be tested here).

pub mod bundle;
pub mod node;
pub mod program;
pub mod skip;
pub mod talk;

pub use node::{Node, Wish};
