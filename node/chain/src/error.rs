//! What can go wrong with the chain.

use cid::Cid;
use filigree_blocks::{DecodeError, RootsError, TipsetError, TipsetKey};
use filigree_consensus::weight::NoPower;
use filigree_store::StoreError;
use fvm_shared::clock::ChainEpoch;

/// Why the chain has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something the chain consists of is not in the store.
    #[error("{what} {cid} is not in the store; `db check` tells what else is missing")]
    Missing {
        /// "block", "message".
        what: &'static str,
        /// Its CID.
        cid: Box<Cid>,
    },
    /// Something in the store is not what its CID was put down for.
    #[error("{cid} in the store: {reason}")]
    Malformed {
        /// Its CID.
        cid: Box<Cid>,
        /// What the decoder says.
        reason: DecodeError,
    },
    /// Blocks under one key that are no tipset.
    #[error("the blocks {key} are no tipset: {reason}")]
    NotATipset {
        /// Their CIDs.
        key: TipsetKey,
        /// Why not.
        reason: Box<TipsetError>,
    },
    /// A tipset that does not come after its parents.
    #[error("tipset {key} at epoch {height} has parents at epoch {parents}")]
    Order {
        /// The tipset.
        key: TipsetKey,
        /// Its epoch.
        height: ChainEpoch,
        /// That of its parents.
        parents: ChainEpoch,
    },
    /// The list of a block's messages.
    #[error(transparent)]
    Messages(Box<RootsError>),
    /// There is no chain in the store.
    #[error("the store has no chain; make one of a genesis block or import a snapshot")]
    NoChain,
    /// The store's chain begins with another block.
    #[error("the store's chain begins with {found}, not with {expected}: it is of another network")]
    OtherGenesis {
        /// The genesis that was wanted.
        expected: TipsetKey,
        /// The genesis there is.
        found: TipsetKey,
    },
    /// Two tipsets whose chains do not meet.
    #[error("the chains of {first} and {second} have nothing in common")]
    NothingInCommon {
        /// One.
        first: TipsetKey,
        /// The other.
        second: TipsetKey,
    },
    /// Two tipsets whose chains meet too far back.
    #[error(
        "more than {limit} tipsets lie between {from} and {to}; ask for tipsets closer together"
    )]
    TooFar {
        /// One.
        from: TipsetKey,
        /// The other.
        to: TipsetKey,
        /// The most.
        limit: usize,
    },
    /// An epoch after the tipset that is asked about, or before the genesis.
    #[error("epoch {epoch} is not on the chain of a tipset at epoch {head}")]
    OffChain {
        /// The epoch asked for.
        epoch: ChainEpoch,
        /// The epoch of the tipset asked about.
        head: ChainEpoch,
    },
    /// So many epochs without a block that the state that decides who may make the next one is not behind the last.
    #[error(
        "a block at epoch {epoch} is elected by the state of epoch {lookback}, which is not before its parents' epoch \
         {parents}: the network has stood still too long"
    )]
    StoodStill {
        /// The block's epoch.
        epoch: ChainEpoch,
        /// The lookback.
        lookback: ChainEpoch,
        /// The parents' epoch.
        parents: ChainEpoch,
    },
    /// No entry of the beacon where there must be one.
    #[error("no beacon entry for epoch {epoch} in the tipsets up to {key}")]
    NoBeacon {
        /// The epoch.
        epoch: ChainEpoch,
        /// Where the search began.
        key: TipsetKey,
    },
    /// A checkpoint that is on another fork, behind finality.
    #[error("tipset {key} cannot be a checkpoint: its fork leaves our chain behind finality")]
    Checkpoint {
        /// The tipset.
        key: TipsetKey,
    },
    /// A chain without weight.
    #[error(transparent)]
    NoPower(#[from] NoPower),
    /// State could not be read.
    #[error("state cannot be read: {0:#}")]
    State(anyhow::Error),
    /// The sender of a message on chain is nobody.
    #[error("{cid} is from an address that no actor has in the state {state}")]
    NoSender {
        /// The message.
        cid: Box<Cid>,
        /// The state.
        state: Box<Cid>,
    },
}

impl From<RootsError> for ChainError {
    fn from(error: RootsError) -> Self {
        Self::Messages(Box::new(error))
    }
}
