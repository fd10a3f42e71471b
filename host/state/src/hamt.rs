//! The map that state lives in: a HAMT of bit width 5 (specs.filecoin.io, "HAMT"), here with typed values over the write buffer.

use std::rc::Rc;

use cid::Cid;
use filigree_ipld::{Blocks, Broken};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::buffer::WriteBuffer;

const BITS: u32 = 5;

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

impl From<Broken<anyhow::Error>> for HamtError {
    fn from(broken: Broken<anyhow::Error>) -> Self {
        match broken {
            Broken::Missing(cid) => Self::MissingNode(cid),
            Broken::Malformed(cid, reason) => Self::MalformedNode { cid, reason },
            Broken::TooDeep => Self::TooDeep,
            Broken::EmptyNode => Self::EmptyNode,
            Broken::Store(error) => Self::Store(error),
            Broken::OutOfRange(index) => unreachable!("index {index} in a map"),
        }
    }
}

/// The write buffer, as maps see it.
struct Nodes<'a>(&'a WriteBuffer);

impl Blocks for Nodes<'_> {
    type Error = anyhow::Error;

    fn read(&self, cid: &Cid) -> anyhow::Result<Option<Rc<[u8]>>> {
        self.0.read(cid)
    }

    fn write(&self, block: &[u8], links: Option<Vec<Cid>>) -> anyhow::Result<Cid> {
        Ok(self.0.write_dag_cbor(block, links.map(Rc::from)))
    }
}

/// A map from bytes to CBOR values. Nodes are read when needed and kept; changes are in memory until
/// [`flush`](Self::flush). The store is given with each call and must always be the same.
#[derive(Debug)]
pub(crate) struct Hamt(filigree_ipld::Hamt);

impl Hamt {
    /// An empty map.
    pub fn new() -> Self {
        Self(filigree_ipld::Hamt::new(BITS))
    }

    /// The map whose root node is `root`.
    pub fn load(store: &WriteBuffer, root: &Cid) -> Result<Self, HamtError> {
        Ok(Self(filigree_ipld::Hamt::load(&Nodes(store), root, BITS)?))
    }

    /// The value of a key.
    pub fn get<V: DeserializeOwned>(
        &self,
        store: &WriteBuffer,
        key: &[u8],
    ) -> Result<Option<V>, HamtError> {
        self.0.get(&Nodes(store), key)?.map(decode).transpose()
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
        Ok(self.0.set(&Nodes(store), key, &value)?)
    }

    /// Removes a key; tells whether it was there.
    pub fn delete(&mut self, store: &WriteBuffer, key: &[u8]) -> Result<bool, HamtError> {
        Ok(self.0.remove(&Nodes(store), key)?.is_some())
    }

    /// Writes the changed nodes into the buffer and gives the CID of the root.
    pub fn flush(&mut self, store: &WriteBuffer) -> Cid {
        let root = self.0.flush(&Nodes(store));
        root.expect("the buffer takes every block")
    }

    /// Calls `f` with every key and value, in the order of the keys' hashes. Nodes read on the way are not kept.
    pub fn for_each<V: DeserializeOwned>(
        &self,
        store: &WriteBuffer,
        mut f: impl FnMut(&[u8], V) -> Result<(), HamtError>,
    ) -> Result<(), HamtError> {
        let visit = |key: &[u8], value: &[u8]| f(key, decode(value)?).map(|()| true);
        self.0.for_each_while(&Nodes(store), visit).map(drop)
    }
}

fn decode<V: DeserializeOwned>(value: &[u8]) -> Result<V, HamtError> {
    fvm_ipld_encoding::from_slice(value).map_err(|e| HamtError::MalformedValue(e.to_string()))
}

#[cfg(test)]
mod tests;
