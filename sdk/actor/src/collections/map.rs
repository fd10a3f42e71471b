//! A map over many blocks: a HAMT (IPLD "HashMap", SHA-256, buckets of three), bit for bit as in the built-in actors.

use std::fmt;
use std::marker::PhantomData;

use cid::Cid;
use filigree_ipld::hamt::MAX_BITS;
use filigree_ipld::{Blocks, Broken, Hamt};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{MapKey, Stopped, decode};
use crate::cbor;
use crate::error::{Error, Result};
use crate::store::ActorStore;

/// A map as it stands in state: the CID of its root. `BITS` is the bit width of its nodes, 1 to 6.
pub struct Map<K, V, const BITS: u32 = 5> {
    root: Cid,
    entries: PhantomData<fn() -> (K, V)>,
}

impl<K: MapKey, V: Serialize + DeserializeOwned, const BITS: u32> Map<K, V, BITS> {
    /// An empty map.
    pub fn new() -> Result<Self> {
        OpenMap::empty(ActorStore).close()
    }

    /// The map with this root.
    pub const fn from_root(root: Cid) -> Self {
        Self {
            root,
            entries: PhantomData,
        }
    }

    /// CID of the root.
    pub fn root(&self) -> &Cid {
        &self.root
    }

    /// Opens it, to look at many entries or change some.
    pub fn open(&self) -> Result<OpenMap<ActorStore, K, V, BITS>> {
        self.open_in(ActorStore)
    }

    /// Opens it in another store: a node's or a tool's.
    pub fn open_in<S: Blocks>(&self, store: S) -> Result<OpenMap<S, K, V, BITS>> {
        let hamt = Hamt::load(&store, &self.root, BITS).map_err(damaged)?;
        Ok(OpenMap::of(hamt, store))
    }

    /// Looks up one value.
    pub fn get(&self, key: &K) -> Result<Option<V>> {
        self.open()?.get(key)
    }

    /// Opens it, changes it, and writes what changed.
    pub fn edit<R>(
        &mut self,
        change: impl FnOnce(&mut OpenMap<ActorStore, K, V, BITS>) -> Result<R>,
    ) -> Result<R> {
        let mut open = self.open()?;
        let result = change(&mut open)?;
        *self = open.close()?;
        Ok(result)
    }
}

/// A map whose nodes are read as they are needed. Changes are written by [`close`](Self::close).
pub struct OpenMap<S, K, V, const BITS: u32 = 5> {
    hamt: Hamt,
    store: S,
    entries: PhantomData<fn() -> (K, V)>,
}

impl<S: Blocks, K: MapKey, V: Serialize + DeserializeOwned, const BITS: u32>
    OpenMap<S, K, V, BITS>
{
    /// An empty map.
    pub fn empty(store: S) -> Self {
        Self::of(Hamt::new(BITS), store)
    }

    fn of(hamt: Hamt, store: S) -> Self {
        const {
            assert!(
                BITS >= 1 && BITS <= MAX_BITS,
                "a map has nodes of 1 to MAX_BITS bits"
            )
        };
        Self {
            hamt,
            store,
            entries: PhantomData,
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &K) -> Result<Option<V>> {
        let value = self.hamt.get(&self.store, &key.to_key());
        value.map_err(damaged)?.map(decode).transpose()
    }

    /// Whether there is such a key.
    pub fn contains(&self, key: &K) -> Result<bool> {
        let value = self.hamt.get(&self.store, &key.to_key());
        Ok(value.map_err(damaged)?.is_some())
    }

    /// Sets a value.
    pub fn set(&mut self, key: &K, value: &V) -> Result<()> {
        let (key, value) = (key.to_key(), cbor::encode(value)?);
        self.hamt.set(&self.store, &key, &value).map_err(damaged)
    }

    /// Sets the value of a key that has none yet; tells whether it had none.
    pub fn insert(&mut self, key: &K, value: &V) -> Result<bool> {
        let (key, value) = (key.to_key(), cbor::encode(value)?);
        self.hamt.insert(&self.store, &key, &value).map_err(damaged)
    }

    /// Removes a key; gives its value.
    pub fn remove(&mut self, key: &K) -> Result<Option<V>> {
        let value = self.hamt.remove(&self.store, &key.to_key());
        let value = value.map_err(damaged)?;
        value.map(|value| decode(&value)).transpose()
    }

    /// Visits every entry, in the order of the keys' hashes.
    pub fn for_each(&self, mut visit: impl FnMut(K, V) -> Result<()>) -> Result<()> {
        self.for_each_while(|key, value| visit(key, value).map(|()| true))
            .map(drop)
    }

    /// Visits entries in the order of the keys' hashes until `visit` says `false`; tells whether it never did.
    pub fn for_each_while(&self, mut visit: impl FnMut(K, V) -> Result<bool>) -> Result<bool> {
        let visit = |key: &[u8], value: &[u8]| {
            let key = K::from_key(key)
                .ok_or_else(|| Error::illegal_state("a map has a malformed key"))?;
            Ok(visit(key, decode(value)?)?)
        };
        let result = self.hamt.for_each_while(&self.store, visit);
        result.map_err(|stopped: Stopped<S::Error>| stopped.error(damaged))
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.hamt.is_empty()
    }

    /// Writes the changed nodes.
    pub fn close(mut self) -> Result<Map<K, V, BITS>> {
        let root = self.hamt.flush(&self.store).map_err(damaged)?;
        Ok(Map::from_root(root))
    }
}

/// What exactly is wrong would cost more code than the map itself.
fn damaged<E>(_: Broken<E>) -> Error {
    Error::illegal_state("a map cannot be read or written")
}

impl<K, V, const BITS: u32> Clone for Map<K, V, BITS> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V, const BITS: u32> Copy for Map<K, V, BITS> {}

impl<K, V, const BITS: u32> PartialEq for Map<K, V, BITS> {
    fn eq(&self, other: &Self) -> bool {
        self.root == other.root
    }
}

impl<K, V, const BITS: u32> Eq for Map<K, V, BITS> {}

impl<K, V, const BITS: u32> fmt::Debug for Map<K, V, BITS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Map({})", self.root)
    }
}

impl<K, V, const BITS: u32> Serialize for Map<K, V, BITS> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> std::result::Result<Z::Ok, Z::Error> {
        self.root.serialize(serializer)
    }
}

impl<'de, K, V, const BITS: u32> Deserialize<'de> for Map<K, V, BITS> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Ok(Self {
            root: Cid::deserialize(deserializer)?,
            entries: PhantomData,
        })
    }
}
