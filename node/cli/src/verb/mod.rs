//! The verbs, a file for each group: what can be typed after it, and what it does.

pub mod actor;
pub mod auth;
pub mod chain;
pub mod completions;
pub mod config;
pub mod daemon;
pub mod db;
pub mod devnet;
pub mod genesis;
pub mod log;
pub mod miner;
pub mod mpool;
pub mod msg;
pub mod sector;
pub mod send;
pub mod snapshot;
pub mod state;
pub mod status;
pub mod wallet;
