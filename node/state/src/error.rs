//! Why a tipset was not applied, or state not read. None of these says that a block is bad: they are this node's troubles.
//! What is large is boxed: an error travels in every result.

use cid::Cid;
use filigree_sdk::error::Error as ActorError;
use filigree_state::StateError;
use filigree_vm::{ExecuteError, MachineError};
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::error::ExitCode;
use fvm_shared::version::NetworkVersion;

use crate::upgrade::MigrationError;

/// See the head of the file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The state tree cannot be read or written.
    #[error(transparent)]
    Tree(Box<StateError>),
    /// The blocks below fail.
    #[error("the blockstore failed: {0:#}")]
    Store(anyhow::Error),
    /// The chain does not tell what is asked of it.
    #[error("looking up the chain: {0:#}")]
    History(anyhow::Error),
    /// The host cannot start.
    #[error("the host cannot start at epoch {epoch}: {source}")]
    Machine {
        /// For which epoch.
        epoch: ChainEpoch,
        /// Why.
        source: Box<MachineError>,
    },
    /// The host cannot run a message.
    #[error("{what} could not be run: {source}")]
    Execute {
        /// Which message.
        what: String,
        /// Why.
        source: ExecuteError,
    },
    /// A message of the protocol failed, which it must not.
    #[error("{what} ended with exit code {code}: {why}")]
    Protocol {
        /// Which.
        what: String,
        /// How it ended.
        code: ExitCode,
        /// What it said.
        why: String,
    },
    /// One miner has two blocks in a tipset.
    #[error("the miner {0} has two blocks in a tipset")]
    TwoBlocks(Address),
    /// Blocks and lists of messages do not go together.
    #[error("{blocks} blocks with {lists} lists of messages")]
    Lists {
        /// Blocks of the tipset.
        blocks: usize,
        /// Lists that the chain gave.
        lists: usize,
    },
    /// Events came out with another root than the receipt has.
    #[error("the events of a message have the root {found}, its receipt says {expected:?}")]
    Events {
        /// In the receipt.
        expected: Option<Box<Cid>>,
        /// Of the events.
        found: Box<Cid>,
    },
    /// There is no such actor.
    #[error("there is no actor {0}")]
    NoActor(Address),
    /// An actor is something else than is asked of it.
    #[error("{address} is no {expected}, but {found}")]
    OtherActor {
        /// Which.
        address: Box<Address>,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// The state of an actor is not what it should be.
    #[error("{what}: {why}")]
    Malformed {
        /// Whose.
        what: &'static str,
        /// Why.
        why: String,
    },
    /// Nobody told what happens at an upgrade.
    #[error(
        "the network goes to version {version} after epoch {epoch}, and no migration is known for it"
    )]
    UnknownMigration {
        /// When.
        epoch: ChainEpoch,
        /// To which version.
        version: NetworkVersion,
    },
    /// A migration failed; the state is as it was.
    #[error("the migration after epoch {epoch} failed: {source}")]
    Migration {
        /// When.
        epoch: ChainEpoch,
        /// Why.
        source: Box<MigrationError>,
    },
    /// A question cannot be answered across an upgrade.
    #[error("the network is upgraded at epoch {0}: ask at the tipset after it")]
    AtUpgrade(ChainEpoch),
    /// More happened than a trace may tell.
    #[error(
        "the trace is longer than {} MiB, the most that is kept: replay one message instead of a tipset, or raise rpc.trace_mib",
        limit_bytes >> 20
    )]
    LongTrace {
        /// How long it may be.
        limit_bytes: usize,
    },
    /// A message is not in a tipset.
    #[error("the message {0} is not in the tipset")]
    NoMessage(Cid),
    /// No state is so far back, or so far ahead.
    #[error("a block at epoch {round} looks back to {lookback}, but its parents are at {base}")]
    Lookback {
        /// The block's epoch.
        round: ChainEpoch,
        /// The epoch looked back to.
        lookback: ChainEpoch,
        /// The parents' epoch.
        base: ChainEpoch,
    },
    /// An upgrade comes too late, or before another one.
    #[error("an upgrade after epoch {epoch} cannot be scheduled: {why}")]
    Schedule {
        /// When it should be.
        epoch: ChainEpoch,
        /// Why not.
        why: String,
    },
}

/// Whether blocks cannot be read, as far as it can be told.
pub(crate) fn is_of_store(error: &StateError) -> bool {
    matches!(error, StateError::Store(_) | StateError::Missing { .. })
}

impl From<StateError> for Error {
    fn from(error: StateError) -> Self {
        Self::Tree(Box::new(error))
    }
}

impl Error {
    /// Whether the rules are to blame, and not this node: what an upgrade brought cannot take over the state, or cannot be run. However
    /// often it is tried, that is what comes of it; while of a disk that fails nothing follows.
    pub(crate) fn is_of_rules(&self) -> bool {
        match self {
            Self::UnknownMigration { .. } | Self::Protocol { .. } => true,
            Self::Migration { source, .. } => !source.is_of_node(),
            Self::Machine { source, .. } => match &**source {
                MachineError::UnsupportedVersion(_) => true,
                MachineError::State(error) => !is_of_store(error),
                _ => false,
            },
            Self::Execute { source, .. } => !matches!(source, ExecuteError::State(_)),
            _ => false,
        }
    }

    /// For errors of an actor's state type.
    pub(crate) fn actor(what: &'static str) -> impl FnOnce(ActorError) -> Self {
        move |error| Self::Malformed {
            what,
            why: error.to_string(),
        }
    }
}
