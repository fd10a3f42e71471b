//! A sparse array over many blocks: an AMT (version 3), bit for bit as in the built-in actors.

use std::fmt;
use std::marker::PhantomData;

use cid::Cid;
use filigree_ipld::amt::MAX_BITS;
use filigree_ipld::{Amt, Blocks, Broken};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Stopped, decode};
use crate::cbor;
use crate::error::{Error, Result};
use crate::store::ActorStore;

/// An array as it stands in state: the CID of its root. `BITS` is the bit width of its nodes, 1 to 6.
pub struct Array<V, const BITS: u32 = 3> {
    root: Cid,
    values: PhantomData<fn() -> V>,
}

impl<V: Serialize + DeserializeOwned, const BITS: u32> Array<V, BITS> {
    /// An empty array.
    pub fn new() -> Result<Self> {
        OpenArray::empty(ActorStore).close()
    }

    /// The array with this root.
    pub const fn from_root(root: Cid) -> Self {
        Self {
            root,
            values: PhantomData,
        }
    }

    /// CID of the root.
    pub fn root(&self) -> &Cid {
        &self.root
    }

    /// Opens it, to look at many values or change some.
    pub fn open(&self) -> Result<OpenArray<ActorStore, V, BITS>> {
        self.open_in(ActorStore)
    }

    /// Opens it in another store: a node's or a tool's.
    pub fn open_in<S: Blocks>(&self, store: S) -> Result<OpenArray<S, V, BITS>> {
        let amt = Amt::load(&store, &self.root).map_err(damaged)?;
        crate::ensure!(
            amt.bits() == BITS,
            illegal_state,
            "an array is of another width"
        );
        Ok(OpenArray::of(amt, store))
    }

    /// Opens it, changes it, and writes what changed.
    pub fn edit<R>(
        &mut self,
        change: impl FnOnce(&mut OpenArray<ActorStore, V, BITS>) -> Result<R>,
    ) -> Result<R> {
        let mut open = self.open()?;
        let result = change(&mut open)?;
        *self = open.close()?;
        Ok(result)
    }
}

/// An array whose nodes are read as they are needed. Changes are written by [`close`](Self::close).
pub struct OpenArray<S, V, const BITS: u32 = 3> {
    amt: Amt,
    store: S,
    values: PhantomData<fn() -> V>,
}

impl<S: Blocks, V: Serialize + DeserializeOwned, const BITS: u32> OpenArray<S, V, BITS> {
    /// An empty array.
    pub fn empty(store: S) -> Self {
        Self::of(Amt::new(BITS), store)
    }

    fn of(amt: Amt, store: S) -> Self {
        const {
            assert!(
                BITS >= 1 && BITS <= MAX_BITS,
                "an array has nodes of 1 to MAX_BITS bits"
            )
        };
        Self {
            amt,
            store,
            values: PhantomData,
        }
    }

    /// The value at an index.
    pub fn get(&self, index: u64) -> Result<Option<V>> {
        let value = self.amt.get(&self.store, index).map_err(damaged)?;
        value.map(decode).transpose()
    }

    /// Whether there is a value at an index.
    pub fn contains(&self, index: u64) -> Result<bool> {
        Ok(self.amt.get(&self.store, index).map_err(damaged)?.is_some())
    }

    /// Sets the value at an index.
    pub fn set(&mut self, index: u64, value: &V) -> Result<()> {
        let value = cbor::encode(value)?;
        self.amt.set(&self.store, index, &value).map_err(damaged)
    }

    /// Removes the value at an index; gives it.
    pub fn remove(&mut self, index: u64) -> Result<Option<V>> {
        let value = self.amt.remove(&self.store, index).map_err(damaged)?;
        value.map(|value| decode(&value)).transpose()
    }

    /// How many values there are.
    pub fn count(&self) -> u64 {
        self.amt.count()
    }

    /// Visits every value, in the order of indexes.
    pub fn for_each(&self, mut visit: impl FnMut(u64, V) -> Result<()>) -> Result<()> {
        self.for_each_while(0, |index, value| visit(index, value).map(|()| true))
            .map(drop)
    }

    /// Visits the values from index `start` on, in order, until `visit` says `false`; tells whether it never did.
    pub fn for_each_while(
        &self,
        start: u64,
        mut visit: impl FnMut(u64, V) -> Result<bool>,
    ) -> Result<bool> {
        let visit = |index, value: &[u8]| Ok(visit(index, decode(value)?)?);
        let result = self.amt.for_each_while(&self.store, start, visit);
        result.map_err(|stopped: Stopped<S::Error>| stopped.error(damaged))
    }

    /// Writes the changed nodes.
    pub fn close(mut self) -> Result<Array<V, BITS>> {
        let root = self.amt.flush(&self.store).map_err(damaged)?;
        Ok(Array::from_root(root))
    }
}

/// What exactly is wrong would cost more code than the array itself.
fn damaged<E>(_: Broken<E>) -> Error {
    Error::illegal_state("an array cannot be read or written")
}

impl<V, const BITS: u32> Clone for Array<V, BITS> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V, const BITS: u32> Copy for Array<V, BITS> {}

impl<V, const BITS: u32> PartialEq for Array<V, BITS> {
    fn eq(&self, other: &Self) -> bool {
        self.root == other.root
    }
}

impl<V, const BITS: u32> Eq for Array<V, BITS> {}

impl<V, const BITS: u32> fmt::Debug for Array<V, BITS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Array({})", self.root)
    }
}

impl<V, const BITS: u32> Serialize for Array<V, BITS> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> std::result::Result<Z::Ok, Z::Error> {
        self.root.serialize(serializer)
    }
}

impl<'de, V, const BITS: u32> Deserialize<'de> for Array<V, BITS> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Ok(Self {
            root: Cid::deserialize(deserializer)?,
            values: PhantomData,
        })
    }
}
