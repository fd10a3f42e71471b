//! A node as people run it: the binary `filigree`, started in a directory of its own, asked over its RPC, stopped or killed.
//!
//! What is here starts it and talks with it; the tests are in `tests/`, one subject to a file. Proofs are mock, but for those of
//! `real_proofs`, which takes minutes.
//!
//! In reading order: [`program`] (which binary), [`bundle`] (the actors), [`node`] (a running node), [`talk`] (messages and what
//! comes of them), [`walk`] (the chain), [`sectors`], [`skip`] (what cannot be tested here).

pub mod bundle;
pub mod node;
pub mod program;
pub mod sectors;
pub mod skip;
pub mod talk;
pub mod walk;

pub use node::{Node, Wish};
