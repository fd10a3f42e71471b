//! The hash map that state lives in: a HAMT of bit width 5 over SHA-256 of the key, buckets of up to 3 entries, nodes in
//! DAG-CBOR (specs.filecoin.io, "HAMT"; the same tree as the crate `fvm_ipld_hamt`, which is its oracle in tests).
//!
//! It exists for speed: the crate decodes every node through a generic tree of values and copies the block before. Here
//! a node keeps its block and points into it; values stay encoded until asked for, and go back unchanged into the next
//! node. So a value is checked when it is read, not when its node is.
//!
//! Left out: other bit widths, and iteration over a part.

mod node;

use cid::Cid;
use multihash_codetable::{Code, MultihashDigest};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::buffer::WriteBuffer;
use node::{HashBits, Node};

/// What is wrong with a HAMT.
#[derive(Debug, thiserror::Error)]
pub enum HamtError {
    /// A node is not in the store.
    #[error("HAMT node {0} is not in the blockstore")]
    MissingNode(Cid),
    /// A node breaks the rules of the format.
    #[error("HAMT node {cid} is malformed: {reason}")]
    MalformedNode {
        /// The node.
        cid: Cid,
        /// The rule.
        reason: &'static str,
    },
    /// A value is not of the type this HAMT holds.
    #[error("a HAMT value is malformed: {0}")]
    MalformedValue(String),
    /// A value cannot be encoded.
    #[error("a HAMT value cannot be encoded: {0}")]
    Encode(String),
    /// Two keys with the same hash, or a tree that was made to look like it.
    #[error("the HAMT is too deep")]
    TooDeep,
    /// A node below the root lost its last entry: it held so few that it should not have existed.
    #[error("a HAMT node below the root is empty")]
    EmptyNode,
    /// The blockstore failed.
    #[error("the blockstore failed: {0:#}")]
    Store(anyhow::Error),
}

/// A map from bytes to CBOR values. Nodes are read when needed and kept; changes are in memory until
/// [`flush`](Self::flush). The store is given with each call and must always be the same.
#[derive(Debug)]
pub(crate) struct Hamt {
    root: Node,
    /// The CID of the root while nothing has changed.
    flushed: Option<Cid>,
}

impl Hamt {
    /// An empty map.
    pub fn new() -> Self {
        Self {
            root: Node::default(),
            flushed: None,
        }
    }

    /// The map whose root node is `root`.
    pub fn load(store: &WriteBuffer, root: &Cid) -> Result<Self, HamtError> {
        Ok(Self {
            root: Node::load(store, root, true)?,
            flushed: Some(*root),
        })
    }

    /// The value of a key.
    pub fn get<V: DeserializeOwned>(
        &self,
        store: &WriteBuffer,
        key: &[u8],
    ) -> Result<Option<V>, HamtError> {
        self.root
            .get(store, &mut HashBits::new(&hash(key)), key)?
            .map(decode)
            .transpose()
    }

    /// Sets the value of a key.
    pub fn set<V: Serialize>(
        &mut self,
        store: &WriteBuffer,
        key: &[u8],
        value: &V,
    ) -> Result<(), HamtError> {
        let value =
            fvm_ipld_encoding::to_vec(value).map_err(|e| HamtError::Encode(e.to_string()))?;
        let entry = node::Entry::new(key, &value);
        if self
            .root
            .set(store, &mut HashBits::new(&hash(key)), entry)?
        {
            self.flushed = None;
        }
        Ok(())
    }

    /// Removes a key; tells whether it was there.
    pub fn delete(&mut self, store: &WriteBuffer, key: &[u8]) -> Result<bool, HamtError> {
        let deleted = self
            .root
            .delete(store, &mut HashBits::new(&hash(key)), key)?;
        if deleted {
            self.flushed = None;
        }
        Ok(deleted)
    }

    /// Writes the changed nodes into the buffer and gives the CID of the root.
    pub fn flush(&mut self, store: &WriteBuffer) -> Cid {
        *self.flushed.get_or_insert_with(|| self.root.flush(store))
    }

    /// Calls `f` with every key and value, in the order of the keys' hashes. Nodes read on the way are not kept.
    pub fn for_each<V: DeserializeOwned>(
        &self,
        store: &WriteBuffer,
        mut f: impl FnMut(&[u8], V) -> Result<(), HamtError>,
    ) -> Result<(), HamtError> {
        self.root
            .for_each(store, 0, &mut |key, value| f(key, decode(value)?))
    }
}

fn decode<V: DeserializeOwned>(value: &[u8]) -> Result<V, HamtError> {
    fvm_ipld_encoding::from_slice(value).map_err(|e| HamtError::MalformedValue(e.to_string()))
}

fn hash(key: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(Code::Sha2_256.digest(key).digest());
    hash
}

#[cfg(test)]
mod tests;
