//! What can be wrong with state. Any of these means a damaged store or a bug, never a bad message.

use cid::Cid;
use fvm_shared::ActorID;
use fvm_shared::state::StateTreeVersion;

/// State that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The blockstore failed, or a block did not decode.
    #[error("the blockstore failed: {0:#}")]
    Store(anyhow::Error),
    /// A block that state refers to is missing.
    #[error("{what} is missing from the blockstore: {cid}")]
    Missing {
        /// What the block holds.
        what: &'static str,
        /// Its CID.
        cid: Cid,
    },
    /// A singleton actor is missing.
    #[error("the {0} actor (f0{1}) is missing from the state tree")]
    MissingActor(&'static str, ActorID),
    /// Only version 5 trees exist at network version 18 and later.
    #[error("state tree version {0:?} is not supported, only V5")]
    Version(StateTreeVersion),
    /// Only version 1 manifests exist.
    #[error("manifest version {0} is not supported, only 1")]
    ManifestVersion(u32),
    /// A bundle without an actor that the protocol needs.
    #[error("the manifest names no {0} actor")]
    MissingCode(&'static str),
    /// A HAMT of the state is damaged.
    #[error("{what}: {source}")]
    Hamt {
        /// Which HAMT.
        what: &'static str,
        /// What is wrong.
        source: fvm_ipld_hamt::Error,
    },
    /// Transactions were not closed in pairs: a bug of the host.
    #[error("{0}")]
    Transaction(&'static str),
}
