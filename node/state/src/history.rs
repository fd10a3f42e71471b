//! What applying and judging ask of the chain. `node/chain` gives it; tests give less.

use std::sync::Arc;

use anyhow::Result;
use filigree_blocks::{BeaconEntry, ChainMessage, Tipset, TipsetKey};
use filigree_consensus::ChainConfig;
use fvm_shared::clock::ChainEpoch;

/// Which tipset stands for an epoch that has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nulls {
    /// The last one before it.
    Before,
    /// The first one after it.
    After,
}

/// The messages of a block.
pub type BlockMessages = Arc<[ChainMessage]>;

/// The chain, as far as it is known. Every question but [`child`](Self::child) is about the past of a tipset that is given,
/// whether that is on the heaviest chain or not. An error means that this node cannot tell.
pub trait History: Send + Sync {
    /// A tipset by its key.
    fn tipset(&self, key: &TipsetKey) -> Result<Tipset>;

    /// The tipset at `epoch`, which is not after `base`, among `base` and its ancestors.
    fn tipset_at(&self, base: &Tipset, epoch: ChainEpoch, nulls: Nulls) -> Result<Tipset>;

    /// The messages of each block, in the tipset's order: those without signatures of their own first. Several
    /// blocks may have a message, or several messages with one number of a sender: which are applied is not said here.
    fn messages(&self, tipset: &Tipset) -> Result<Vec<BlockMessages>>;

    /// Digest of the ticket of `epoch`, as seen from `base`. `None`, if there is none for anybody: in the future, say.
    fn chain_randomness(&self, base: &Tipset, epoch: ChainEpoch) -> Result<Option<[u8; 32]>>;

    /// Digest of the beacon's entry for `epoch`; otherwise as [`chain_randomness`](Self::chain_randomness).
    fn beacon_randomness(&self, base: &Tipset, epoch: ChainEpoch) -> Result<Option<[u8; 32]>>;

    /// The last beacon entry of a tipset, or of its nearest ancestor that has one.
    fn latest_beacon(&self, tipset: &Tipset) -> Result<BeaconEntry>;

    /// A tipset known to be good that is built on this one, if there is one: it says what state this one has led to.
    fn child(&self, tipset: &Tipset) -> Result<Option<Tipset>>;

    /// The network's parameters are others from now on: an upgrade was scheduled.
    fn configure(&self, config: &ChainConfig);
}
