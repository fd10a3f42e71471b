//! What can be wrong with state. Any of these means a damaged store or a bug, never a bad message.

use std::fmt::Display;

use cid::Cid;
use fvm_ipld_encoding::{CBOR, DAG_CBOR};
use fvm_shared::ActorID;
use fvm_shared::state::StateTreeVersion;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::buffer::WriteBuffer;
use crate::hamt::HamtError;

/// State that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The blockstore failed.
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
    /// A block is not what its place in the state says.
    #[error("{cid} is malformed: {reason}")]
    Malformed {
        /// The block's CID.
        cid: Cid,
        /// What it should hold, and what is wrong with it.
        reason: String,
    },
    /// A value has no encoding.
    #[error("{what} cannot be encoded: {reason}")]
    Encode {
        /// What was to be encoded.
        what: &'static str,
        /// The encoder's words.
        reason: String,
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
        source: Box<HamtError>,
    },
    /// The init actor has no id left to give.
    #[error("all actor ids are taken")]
    IdsExhausted,
    /// Transactions were not closed in pairs: a bug of the host.
    #[error("{0}")]
    Transaction(&'static str),
}

/// Reads and decodes an object that must exist. `what` names it in errors.
pub(crate) fn load<T: DeserializeOwned>(
    store: &WriteBuffer,
    cid: &Cid,
    what: &'static str,
) -> Result<T, StateError> {
    let malformed = |reason: &dyn Display| StateError::Malformed {
        cid: *cid,
        reason: format!("{what}: {reason}"),
    };
    if !matches!(cid.codec(), CBOR | DAG_CBOR) {
        return Err(malformed(&format_args!(
            "codec {:#x} is not CBOR",
            cid.codec()
        )));
    }
    let block = store
        .read(cid)
        .map_err(StateError::Store)?
        .ok_or(StateError::Missing { what, cid: *cid })?;
    fvm_ipld_encoding::from_slice(&block).map_err(|e| malformed(&e))
}

/// Encodes an object as DAG-CBOR and puts it into the buffer.
pub(crate) fn save<T: Serialize>(
    store: &WriteBuffer,
    object: &T,
    what: &'static str,
) -> Result<Cid, StateError> {
    let bytes = fvm_ipld_encoding::to_vec(object).map_err(|e| StateError::Encode {
        what,
        reason: e.to_string(),
    })?;
    Ok(store.write_dag_cbor(bytes, None))
}
