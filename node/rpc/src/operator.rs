//! What is done to a node as a process: its miners and their sectors, its database, the upgrades of a network that is its own.
//!
//! The parts that do it are not known here; the daemon, which has them, implements [`Operator`]. Nodes of the network have
//! nothing like it but for the miners', so the methods are of the namespace `Filigree`; some have Lotus' names besides.

use std::io::Write;
use std::path::Path;

use anyhow::Result;
use filigree_blocks::{Tipset, TipsetKey};
use fvm_shared::ActorID;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::sector::SectorNumber;

use crate::identity::PeerId;
use crate::json::filigree::{
    Collected, DeadlineStatus, Exported, MinerRounds, NetworkInfo, Rehearsed, ScheduledUpgrade,
    SectorStatus, StoreChecked, StoreUsage,
};
use crate::tasks::Task;

/// How much of a chain is exported, checked or kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// All of it.
    Full,
    /// All headers; messages and states of the last epochs, somewhat more than two finalities.
    Light,
}

/// Something that is wrong with the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// A part of the node: `chain`, or a miner's address.
    pub system: String,
    /// A part of that part: `upgrade`, `window proofs`.
    pub subsystem: String,
    /// What is wrong, and what to do about it.
    pub why: String,
}

/// A running node. Calls block until all is done; errors say what was wrong, and what to do. Those that take long are given a [`Task`],
/// which they tell how far they are; called off, they end with an error that says so.
pub trait Operator: Send + Sync {
    /// What network this is, where its files are, and what of it is mock.
    fn network(&self) -> NetworkInfo;

    /// Who this node is among nodes.
    fn peer_id(&self) -> PeerId;

    /// What time it is for the network, seconds since 1970. A clock of a network of one's own stands still while the node does.
    fn now_seconds(&self) -> u64;

    /// Makes the blocks of so many epochs at once. Gives the head after them.
    ///
    /// # Errors
    /// When the clock is not virtual, or mining fails.
    fn advance(&self, epochs: u64) -> Result<Tipset>;

    /// Tells the pool of messages of a head that was set, or that a checkpoint made the head.
    ///
    /// # Errors
    /// When messages of the head are missing, or the store fails.
    fn follow_head(&self) -> Result<()>;

    /// The upgrades of the network, past and future.
    fn upgrades(&self) -> Vec<ScheduledUpgrade>;

    /// Upgrades the network to the actors of the bundle in a file, after `epoch`; with `version`, to that version too.
    ///
    /// # Errors
    /// When the network is not of this process, the file is no bundle, the epoch has passed, or what the upgrade would do fails on a
    /// copy of the head's state.
    fn upgrade(
        &self,
        bundle: &Path,
        epoch: ChainEpoch,
        version: Option<u32>,
        task: &Task,
    ) -> Result<ScheduledUpgrade>;

    /// Takes an upgrade back that is to come, or that failed.
    ///
    /// # Errors
    /// When there is none after this epoch, or the chain has states that came of it.
    fn cancel_upgrade(&self, epoch: ChainEpoch) -> Result<()>;

    /// Does what an upgrade would do, on a copy of the state of the head.
    ///
    /// # Errors
    /// Those that the upgrade would fail with.
    fn rehearse(&self, bundle: &Path, task: &Task) -> Result<Rehearsed>;

    /// Writes a snapshot into a file that is not there yet.
    ///
    /// # Errors
    /// When it cannot be written, or part of the chain is missing.
    fn export(&self, path: &Path, span: Span, task: &Task) -> Result<Exported>;

    /// Writes a snapshot of the chain that ends at `head` as a CAR file, with states of so many epochs; of messages before these, none or
    /// all.
    ///
    /// # Errors
    /// When part of the chain is missing, or `out` takes no more.
    fn export_to(
        &self,
        head: &TipsetKey,
        states: u64,
        skip_old_messages: bool,
        out: &mut dyn Write,
        task: &Task,
    ) -> Result<()>;

    /// Whether the chain in the database is complete.
    ///
    /// # Errors
    /// When the disk fails. What is missing is in the answer.
    fn check(&self, span: Span, task: &Task) -> Result<StoreChecked>;

    /// Deletes what the chain does not lead to, and with [`Span::Light`] old states and messages as well.
    ///
    /// # Errors
    /// When it is being done already, or the disk fails.
    fn collect_garbage(&self, span: Span, task: &Task) -> Result<Collected>;

    /// What the database takes up.
    fn usage(&self) -> StoreUsage;

    /// What became of the rounds of the miners of this process.
    fn mining(&self) -> Vec<MinerRounds>;

    /// The miners of this process, by id.
    fn miners(&self) -> Vec<ActorID>;

    /// Begins a sector of committed capacity. Gives its number.
    ///
    /// # Errors
    /// When the miner is not of this process; so for all that follow.
    fn pledge(&self, miner: ActorID) -> Result<SectorNumber>;

    /// The sectors of a miner, by number.
    ///
    /// # Errors
    /// See [`pledge`](Self::pledge).
    fn sectors(&self, miner: ActorID) -> Result<Vec<SectorStatus>>;

    /// Tries at once what a sector waits to try again.
    ///
    /// # Errors
    /// See [`pledge`](Self::pledge); and when there is no such sector.
    fn retry(&self, miner: ActorID, number: SectorNumber) -> Result<()>;

    /// Forgets a sector and deletes its files.
    ///
    /// # Errors
    /// As [`retry`](Self::retry); and when it is on chain, where it has to be terminated first.
    fn remove(&self, miner: ActorID, number: SectorNumber) -> Result<()>;

    /// How the proving of a miner's deadlines goes.
    ///
    /// # Errors
    /// See [`pledge`](Self::pledge).
    fn deadlines(&self, miner: ActorID) -> Result<Vec<DeadlineStatus>>;

    /// The parts of the node that are logged.
    fn log_parts(&self) -> Vec<String>;

    /// Sets from which level on a part is logged; `*` for all.
    ///
    /// # Errors
    /// When there is no such part or level.
    fn set_log_level(&self, part: &str, level: &str) -> Result<()>;

    /// What is wrong now.
    fn troubles(&self) -> Vec<Trouble>;
}
