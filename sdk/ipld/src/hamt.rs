//! A hash map over many blocks: a HAMT over SHA-256 of the key, buckets of up to 3 entries, nodes in DAG-CBOR
//! (specs.filecoin.io, "HAMT"; version 3 of go-hamt-ipld and `fvm_ipld_hamt`).
//!
//! A value is checked when it is read, not when its node is. Left out: bit widths above 5, other hashes, iteration over a part.

mod node;

use cid::Cid;

use crate::blocks::{Blocks, Broken, Slice};
use node::{Entry, HashBits, Node, Tree};

/// Widest nodes: 32 pointers.
pub const MAX_BITS: u32 = 5;

/// A map from bytes to CBOR values. Nodes are read when needed and kept; changes are in memory until [`flush`](Self::flush). The
/// store is given with each call and must always be the same.
#[derive(Debug)]
pub struct Hamt {
    bits: u32,
    root: Node,
    /// The CID of the root while nothing has changed.
    flushed: Option<Cid>,
}

impl Hamt {
    /// An empty map with nodes of `1 << bits` pointers, `bits` from 1 to [`MAX_BITS`].
    pub fn new(bits: u32) -> Self {
        assert!((1..=MAX_BITS).contains(&bits), "bit width {bits}");
        Self {
            bits,
            root: Node::default(),
            flushed: None,
        }
    }

    /// The map whose root node is `root`.
    pub fn load<B: Blocks>(store: &B, root: &Cid, bits: u32) -> Result<Self, Broken<B::Error>> {
        if !(1..=MAX_BITS).contains(&bits) {
            return Err(Broken::Malformed(
                *root,
                "a bit width that is not supported",
            ));
        }
        let empty = Self::new(bits);
        Ok(Self {
            root: empty.tree(store).load(root, true)?,
            flushed: Some(*root),
            ..empty
        })
    }

    fn tree<'a, B: Blocks>(&self, store: &'a B) -> Tree<'a, B> {
        Tree {
            store,
            bits: self.bits,
        }
    }

    /// The encoded value of a key.
    pub fn get<B: Blocks>(&self, store: &B, key: &[u8]) -> Result<Option<&[u8]>, Broken<B::Error>> {
        let hash = store.sha256(key);
        self.tree(store)
            .get(&self.root, &mut HashBits::new(&hash), key)
    }

    /// Sets the encoded value of a key.
    pub fn set<B: Blocks>(
        &mut self,
        store: &B,
        key: &[u8],
        value: &[u8],
    ) -> Result<(), Broken<B::Error>> {
        self.put(store, key, value, true).map(drop)
    }

    /// Sets the encoded value of a key that has none yet; tells whether it had none.
    pub fn insert<B: Blocks>(
        &mut self,
        store: &B,
        key: &[u8],
        value: &[u8],
    ) -> Result<bool, Broken<B::Error>> {
        self.put(store, key, value, false)
    }

    /// Sets a value; tells whether anything changed.
    fn put<B: Blocks>(
        &mut self,
        store: &B,
        key: &[u8],
        value: &[u8],
        overwrite: bool,
    ) -> Result<bool, Broken<B::Error>> {
        let (tree, hash) = (self.tree(store), store.sha256(key));
        let entry = Entry {
            key: Slice::own(key),
            value: Slice::own(value),
        };
        let path = &mut HashBits::new(&hash);
        let changed = tree.set(&mut self.root, path, entry, overwrite)?;
        if changed {
            self.flushed = None;
        }
        Ok(changed)
    }

    /// Removes a key; gives its encoded value.
    pub fn remove<B: Blocks>(
        &mut self,
        store: &B,
        key: &[u8],
    ) -> Result<Option<Slice>, Broken<B::Error>> {
        let (tree, hash) = (self.tree(store), store.sha256(key));
        let removed = tree.remove(&mut self.root, &mut HashBits::new(&hash), key)?;
        if removed.is_some() {
            self.flushed = None;
        }
        Ok(removed)
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.root.is_empty()
    }

    /// Writes the changed nodes and gives the CID of the root.
    pub fn flush<B: Blocks>(&mut self, store: &B) -> Result<Cid, Broken<B::Error>> {
        if let Some(cid) = self.flushed {
            return Ok(cid);
        }
        let cid = self.tree(store).flush(&mut self.root)?;
        self.flushed = Some(cid);
        Ok(cid)
    }

    /// Calls `visit` with every key and encoded value, in the order of the keys' hashes, until it says `false`; tells whether it
    /// never did. Nodes read on the way are not kept.
    pub fn for_each_while<B: Blocks, E: From<Broken<B::Error>>>(
        &self,
        store: &B,
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<bool, E>,
    ) -> Result<bool, E> {
        self.tree(store).for_each(&self.root, 0, &mut visit)
    }
}
