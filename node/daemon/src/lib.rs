//! A node as a process: what it is told, where its files are, how its parts are put together, what it says, how it ends.
//!
//! Everything below is a part that knows nothing of the process it is in; here they meet. On a network of one's own
//! ([`devnet`]) the process has miners, too; of a public network it answers from a chain that was imported, since it has no
//! connections to other nodes yet.
//!
//! In reading order: [`options`] (what can be typed), [`run`] (from there to the end), [`config`], [`home`] (the data directory), [`aside`] (a network that makes room
//! in it for another),
//! [`network`] (what a network of one's own is) and `policy` (its rules), [`devnet`] (how it is made), [`bundle`], [`proofs`] (how they are judged),
//! [`engines`] and [`proving`] (machines and workers), `rules` (what is settled about a chain), [`node`] (all parts), `miners`,
//! [`services`] (what the RPC works with), [`operator`] (what can be done to them) with `upgrades` and `troubles`, [`banner`], [`logs`], [`metrics`], [`pages`], [`signals`].

pub mod aside;
pub mod banner;
pub mod bundle;
pub mod config;
pub mod devnet;
pub mod engines;
pub mod home;
pub mod logs;
pub mod metrics;
mod miners;
pub mod network;
pub mod node;
pub mod operator;
pub mod options;
pub mod pages;
mod policy;
pub mod proofs;
pub mod proving;
mod rules;
pub mod run;
pub mod services;
mod signals;
mod troubles;
mod upgrades;

pub use options::{DaemonOptions, DevnetOptions, NodeOptions};
pub use proving::WORKER_VERB;
pub use run::{run_daemon, run_devnet};
