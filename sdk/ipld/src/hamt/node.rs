//! One node of a HAMT: `[bitfield, [pointer, ...]]`, a pointer being a link to a node or a bucket `[[key, value], ...]`.
//! The n-th set bit of the bitfield (big-endian, shortest form) belongs to the n-th pointer.

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::rc::Rc;

use cid::Cid;
use fvm_ipld_encoding::{CBOR, DAG_CBOR};

use crate::blocks::{Blocks, Broken, Slice, read_node};
use crate::cbor::{self, TAG_CID, major};

const MAX_BUCKET: usize = 3;

/// The path of a key: its hash, a few bits a level, from the top.
pub(super) struct HashBits<'a> {
    hash: &'a [u8; 32],
    used: u32,
}

impl<'a> HashBits<'a> {
    pub fn new(hash: &'a [u8; 32]) -> Self {
        Self { hash, used: 0 }
    }

    /// The next `bits` of the hash, or what is left of it; `None` after its end.
    fn next(&mut self, bits: u32) -> Option<u32> {
        let take = bits.min(256 - self.used);
        if take == 0 {
            return None;
        }
        let at = self.used as usize / 8;
        let high = u16::from(self.hash[at]) << 8;
        let low = self.hash.get(at + 1).copied().map_or(0, u16::from);
        // The `take` bits after the first `used % 8` of these 16.
        let bits = ((high | low) << (self.used % 8)) >> (16 - take);
        self.used += take;
        Some(u32::from(bits))
    }
}

/// A key with its encoded value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub key: Slice,
    pub value: Slice,
}

/// The order of a bucket.
fn by_key(a: &Entry, b: &Entry) -> Ordering {
    (*a.key).cmp(&*b.key)
}

/// What is called with each key and encoded value.
type Visit<'a, E> = dyn FnMut(&[u8], &[u8]) -> Result<bool, E> + 'a;

#[derive(Debug)]
enum Pointer {
    /// A node of the store, read or not.
    Link(Cid, OnceCell<Box<Node>>),
    /// A node with changes.
    Dirty(Box<Node>),
    /// Entries in the order of their keys: 1 to 3.
    Bucket(Vec<Entry>),
}

/// See the head of the file.
#[derive(Debug, Default)]
pub(super) struct Node {
    bitfield: u32,
    pointers: Vec<Pointer>,
}

impl Node {
    pub fn is_empty(&self) -> bool {
        self.pointers.is_empty()
    }

    fn decode(block: &Rc<[u8]>) -> Result<Self, &'static str> {
        const CUT: &str = "malformed CBOR";
        let mut input = &**block;
        if cbor::take_head(&mut input) != Some((major::ARRAY, 2)) {
            return Err("not a pair");
        }
        let Some((major::BYTES, len)) = cbor::take_head(&mut input) else {
            return Err("a bitfield that is not bytes");
        };
        let bits = cbor::take(&mut input, len).ok_or(CUT)?;
        let (leading, low) = bits.split_at(bits.len().saturating_sub(4));
        if leading.iter().any(|&byte| byte != 0) {
            return Err("more than 32 bits in the bitfield");
        }
        let bitfield = low
            .iter()
            .fold(0, |bits, &byte| bits << 8 | u32::from(byte));
        let Some((major::ARRAY, len)) = cbor::take_head(&mut input) else {
            return Err("pointers that are not an array");
        };
        if len != u64::from(bitfield.count_ones()) {
            return Err("as many pointers as bits are expected");
        }
        let mut pointers = Vec::with_capacity(len as usize);
        for _ in 0..len {
            let pointer = match cbor::take_head(&mut input).ok_or(CUT)? {
                (major::TAG, TAG_CID) => {
                    let cid = cbor::take_tagged_cid(&mut input).ok_or("a malformed link")?;
                    if cid.codec() != DAG_CBOR {
                        return Err("a link to a block that is not DAG-CBOR");
                    }
                    Pointer::Link(cid, OnceCell::new())
                }
                (major::ARRAY, len @ 1..=3) => {
                    let mut entries = Vec::with_capacity(MAX_BUCKET);
                    for _ in 0..len {
                        if cbor::take_head(&mut input) != Some((major::ARRAY, 2)) {
                            return Err("an entry that is not a pair");
                        }
                        let Some((major::BYTES, len)) = cbor::take_head(&mut input) else {
                            return Err("a key that is not bytes");
                        };
                        let key = cbor::take(&mut input, len).ok_or(CUT)?;
                        let key = Slice::before(block, input, key.len());
                        let before = input.len();
                        cbor::skip_item(&mut input).ok_or(CUT)?;
                        let value = Slice::before(block, input, before - input.len());
                        entries.push(Entry { key, value });
                    }
                    if !entries.is_sorted_by(|a, b| by_key(a, b).is_lt()) {
                        return Err("keys of a bucket out of order");
                    }
                    Pointer::Bucket(entries)
                }
                (major::ARRAY, _) => return Err("a bucket that is empty or too large"),
                _ => return Err("a pointer that is neither link nor bucket"),
            };
            pointers.push(pointer);
        }
        if !input.is_empty() {
            return Err("bytes follow the node");
        }
        Ok(Self { bitfield, pointers })
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(16 + 44 * self.pointers.len());
        cbor::put_head(&mut out, major::ARRAY, 2);
        let bits = self.bitfield.to_be_bytes();
        let bits = &bits[self.bitfield.leading_zeros() as usize / 8..];
        cbor::put_head(&mut out, major::BYTES, bits.len() as u64);
        out.extend(bits);
        cbor::put_head(&mut out, major::ARRAY, self.pointers.len() as u64);
        for pointer in &self.pointers {
            match pointer {
                Pointer::Link(cid, _) => cbor::put_cid(&mut out, cid),
                Pointer::Bucket(entries) => {
                    cbor::put_head(&mut out, major::ARRAY, entries.len() as u64);
                    for entry in entries {
                        cbor::put_head(&mut out, major::ARRAY, 2);
                        cbor::put_head(&mut out, major::BYTES, entry.key.len() as u64);
                        out.extend_from_slice(&entry.key);
                        out.extend_from_slice(&entry.value);
                    }
                }
                Pointer::Dirty(_) => unreachable!("flush turns changed children into links first"),
            }
        }
        out
    }

    /// Where the pointer of a bit is, and whether there is one.
    fn position(&self, bit: u32) -> (usize, bool) {
        let below = self.bitfield & ((1 << bit) - 1);
        (below.count_ones() as usize, self.bitfield & (1 << bit) != 0)
    }
}

/// A store with the width of the nodes in it.
pub(super) struct Tree<'a, B> {
    pub store: &'a B,
    pub bits: u32,
}

impl<B: Blocks> Tree<'_, B> {
    /// Reads a node. Only a root may be empty or of codec CBOR.
    pub fn load(&self, cid: &Cid, is_root: bool) -> Result<Node, Broken<B::Error>> {
        let malformed = |rule| Err(Broken::Malformed(*cid, rule));
        if cid.codec() != DAG_CBOR && !(is_root && cid.codec() == CBOR) {
            return malformed("a codec that is not DAG-CBOR");
        }
        let block = read_node(self.store, cid)?;
        let node = Node::decode(&block).map_err(|rule| Broken::Malformed(*cid, rule))?;
        if node.is_empty() && !is_root {
            return malformed("an empty node below the root");
        }
        if node.pointers.len() > 1 << self.bits {
            return malformed("more pointers than its width allows");
        }
        Ok(node)
    }

    /// The node behind a link, read on first use.
    fn child<'n>(
        &self,
        cid: &Cid,
        node: &'n OnceCell<Box<Node>>,
    ) -> Result<&'n Node, Broken<B::Error>> {
        if let Some(node) = node.get() {
            return Ok(node);
        }
        let loaded = Box::new(self.load(cid, false)?);
        Ok(node.get_or_init(|| loaded))
    }

    fn step(&self, path: &mut HashBits) -> Result<u32, Broken<B::Error>> {
        path.next(self.bits).ok_or(Broken::TooDeep)
    }

    pub fn get<'n>(
        &self,
        node: &'n Node,
        path: &mut HashBits,
        key: &[u8],
    ) -> Result<Option<&'n [u8]>, Broken<B::Error>> {
        let (at, true) = node.position(self.step(path)?) else {
            return Ok(None);
        };
        match &node.pointers[at] {
            Pointer::Link(cid, node) => self.get(self.child(cid, node)?, path, key),
            Pointer::Dirty(node) => self.get(node, path, key),
            Pointer::Bucket(entries) => Ok(entries
                .iter()
                .find(|entry| *entry.key == *key)
                .map(|entry| &*entry.value)),
        }
    }

    /// Sets an entry, one that is there only if `overwrite`; tells whether that changed anything.
    pub fn set(
        &self,
        node: &mut Node,
        path: &mut HashBits,
        entry: Entry,
        overwrite: bool,
    ) -> Result<bool, Broken<B::Error>> {
        let bit = self.step(path)?;
        let (at, there) = node.position(bit);
        if !there {
            node.bitfield |= 1 << bit;
            node.pointers.insert(at, Pointer::Bucket(vec![entry]));
            return Ok(true);
        }
        let pointer = &mut node.pointers[at];
        match pointer {
            Pointer::Link(cid, node) => {
                self.child(cid, node)?;
                let Some(node) = node.get_mut() else {
                    return Ok(false);
                };
                let changed = self.set(node, path, entry, overwrite)?;
                if changed {
                    *pointer = Pointer::Dirty(std::mem::take(node));
                }
                Ok(changed)
            }
            Pointer::Dirty(node) => self.set(node, path, entry, overwrite),
            Pointer::Bucket(entries) => {
                match entries.binary_search_by(|old| by_key(old, &entry)) {
                    Ok(at) if !overwrite || *entries[at].value == *entry.value => return Ok(false),
                    Ok(at) => entries[at] = entry,
                    Err(at) if entries.len() < MAX_BUCKET => entries.insert(at, entry),
                    Err(_) => {
                        // The bucket is full: all entries move down a level.
                        let mut below = Node::default();
                        for entry in entries.drain(..).chain([entry]) {
                            let hash = self.store.sha256(&entry.key);
                            let path = &mut HashBits {
                                hash: &hash,
                                used: path.used,
                            };
                            self.set(&mut below, path, entry, true)?;
                        }
                        *pointer = Pointer::Dirty(Box::new(below));
                    }
                }
                Ok(true)
            }
        }
    }

    /// Removes a key; gives its value.
    pub fn remove(
        &self,
        node: &mut Node,
        path: &mut HashBits,
        key: &[u8],
    ) -> Result<Option<Slice>, Broken<B::Error>> {
        let bit = self.step(path)?;
        let (at, true) = node.position(bit) else {
            return Ok(None);
        };
        let pointer = &mut node.pointers[at];
        let below = match pointer {
            Pointer::Link(cid, node) => {
                self.child(cid, node)?;
                node.get_mut()
            }
            Pointer::Dirty(node) => Some(node),
            Pointer::Bucket(entries) => {
                let Some(found) = entries.iter().position(|entry| *entry.key == *key) else {
                    return Ok(None);
                };
                let entry = entries.remove(found);
                if entries.is_empty() {
                    node.bitfield &= !(1 << bit);
                    node.pointers.remove(at);
                }
                return Ok(Some(entry.value));
            }
        };
        let Some(below) = below else {
            return Ok(None);
        };
        let removed = self.remove(below, path, key)?;
        if removed.is_some() {
            let below = std::mem::take(below);
            *pointer = collapse(below).ok_or(Broken::EmptyNode)?;
        }
        Ok(removed)
    }

    /// Writes a node and the changed ones below it.
    pub fn flush(&self, node: &mut Node) -> Result<Cid, Broken<B::Error>> {
        let mut links = Vec::new();
        let mut has_values = false;
        for pointer in &mut node.pointers {
            if let Pointer::Dirty(node) = pointer {
                let cid = self.flush(node)?;
                *pointer = Pointer::Link(cid, OnceCell::from(std::mem::take(node)));
            }
            match pointer {
                Pointer::Link(cid, _) => links.push(*cid),
                _ => has_values = true,
            }
        }
        // Values may hold links of their own; without any, the links are all known.
        let links = (!has_values).then_some(links);
        self.store
            .write(&node.encode(), links)
            .map_err(Broken::Store)
    }

    /// See [`Hamt::for_each_while`](super::Hamt::for_each_while).
    pub fn for_each<E: From<Broken<B::Error>>>(
        &self,
        node: &Node,
        depth: u32,
        visit: &mut Visit<E>,
    ) -> Result<bool, E> {
        if depth * self.bits >= 256 {
            return Err(Broken::TooDeep.into());
        }
        for pointer in &node.pointers {
            let go_on = match pointer {
                Pointer::Link(cid, node) => match node.get() {
                    Some(node) => self.for_each(node, depth + 1, visit)?,
                    None => self.for_each(&self.load(cid, false)?, depth + 1, visit)?,
                },
                Pointer::Dirty(node) => self.for_each(node, depth + 1, visit)?,
                Pointer::Bucket(entries) => {
                    let mut go_on = true;
                    for entry in entries {
                        go_on = go_on && visit(&entry.key, &entry.value)?;
                    }
                    go_on
                }
            };
            if !go_on {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The pointer to a node below the root that lost an entry: itself, or a bucket if it holds no more than one, and no node.
/// `None` if nothing is left.
fn collapse(mut node: Box<Node>) -> Option<Pointer> {
    let mut total = 0;
    for pointer in &node.pointers {
        match pointer {
            Pointer::Bucket(entries) => total += entries.len(),
            _ => return Some(Pointer::Dirty(node)),
        }
    }
    if total > MAX_BUCKET {
        return Some(Pointer::Dirty(node));
    }
    let mut all = Vec::with_capacity(MAX_BUCKET);
    for pointer in &mut node.pointers {
        let Pointer::Bucket(entries) = pointer else {
            continue;
        };
        // As few as there are, a sort would be more code than use.
        for entry in entries.drain(..) {
            let at = all.partition_point(|other| by_key(other, &entry).is_lt());
            all.insert(at, entry);
        }
    }
    (total > 0).then_some(Pointer::Bucket(all))
}
