//! A map over many blocks: a HAMT (IPLD "HashMap", SHA-256, buckets of three), bit for bit as in the built-in actors.

use std::fmt;
use std::marker::PhantomData;

use cid::Cid;
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_hamt::{BytesKey, Config, Hamt};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::MapKey;
use super::hash::Sha256;
use crate::error::{Error, Result};
use crate::store::ActorStore;

/// A map as it stands in state: the CID of its root. `BITS` is the bit width of its nodes.
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
    pub fn open_in<S: Blockstore>(&self, store: S) -> Result<OpenMap<S, K, V, BITS>> {
        let hamt = Hamt::load_with_config(&self.root, store, config(BITS)).map_err(damaged)?;
        Ok(OpenMap {
            hamt,
            keys: PhantomData,
        })
    }

    /// Looks up one value.
    pub fn get(&self, key: &K) -> Result<Option<V>>
    where
        V: Clone,
    {
        Ok(self.open()?.get(key)?.cloned())
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
pub struct OpenMap<S: Blockstore, K, V, const BITS: u32 = 5> {
    hamt: Hamt<S, V, BytesKey, Sha256>,
    keys: PhantomData<fn() -> K>,
}

impl<S: Blockstore, K: MapKey, V: Serialize + DeserializeOwned, const BITS: u32>
    OpenMap<S, K, V, BITS>
{
    /// An empty map.
    pub fn empty(store: S) -> Self {
        Self {
            hamt: Hamt::new_with_config(store, config(BITS)),
            keys: PhantomData,
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &K) -> Result<Option<&V>> {
        self.hamt.get(&BytesKey(key.to_key())).map_err(damaged)
    }

    /// Whether there is such a key.
    pub fn contains(&self, key: &K) -> Result<bool> {
        self.hamt
            .contains_key(&BytesKey(key.to_key()))
            .map_err(damaged)
    }

    /// Sets a value; gives the one before.
    pub fn set(&mut self, key: &K, value: V) -> Result<Option<V>>
    where
        V: PartialEq,
    {
        self.hamt
            .set(BytesKey(key.to_key()), value)
            .map_err(damaged)
    }

    /// Removes a key; gives its value.
    pub fn remove(&mut self, key: &K) -> Result<Option<V>> {
        let removed = self.hamt.delete(&BytesKey(key.to_key())).map_err(damaged)?;
        Ok(removed.map(|(_, value)| value))
    }

    /// Visits every entry, in the order of the keys' hashes.
    pub fn for_each(&self, mut visit: impl FnMut(K, &V) -> Result<()>) -> Result<()> {
        for entry in self.hamt.iter() {
            let (key, value) = entry.map_err(damaged)?;
            let key = K::from_key(&key.0)
                .ok_or_else(|| Error::illegal_state("a map has a malformed key"))?;
            visit(key, value)?;
        }
        Ok(())
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.hamt.is_empty()
    }

    /// Writes the changed nodes.
    pub fn close(mut self) -> Result<Map<K, V, BITS>> {
        Ok(Map::from_root(self.hamt.flush().map_err(damaged)?))
    }
}

fn config(bits: u32) -> Config {
    Config {
        bit_width: bits,
        ..Config::default()
    }
}

/// What exactly is wrong would cost more code than the map itself.
fn damaged(_: fvm_ipld_hamt::Error) -> Error {
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
