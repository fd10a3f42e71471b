//! One node of a HAMT: `[bitfield, [pointer, ...]]`, a pointer being a link to a node or a bucket `[[key, value], ...]`.
//! The n-th set bit of the bitfield (big-endian, shortest form) belongs to the n-th pointer.

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::fmt;
use std::ops::{Deref, Range};
use std::rc::Rc;

use cid::Cid;
use fvm_ipld_encoding::{CBOR, DAG_CBOR};

use super::{HamtError, hash};
use crate::buffer::WriteBuffer;
use crate::cbor::{self, TAG_CID, major};

const BIT_WIDTH: usize = 5;
const MAX_BUCKET: usize = 3;
/// A hash of 256 bits, 5 at a time; the last level has a single bit.
const MAX_DEPTH: usize = 256usize.div_ceil(BIT_WIDTH);

/// The path of a key: its hash, 5 bits a level, from the top.
pub(super) struct HashBits<'a> {
    hash: &'a [u8; 32],
    used: usize,
}

impl<'a> HashBits<'a> {
    pub fn new(hash: &'a [u8; 32]) -> Self {
        Self { hash, used: 0 }
    }

    fn at(hash: &'a [u8; 32], used: usize) -> Self {
        Self { hash, used }
    }

    fn next(&mut self) -> Result<u32, HamtError> {
        let take = BIT_WIDTH.min(256 - self.used);
        if take == 0 {
            return Err(HamtError::TooDeep);
        }
        let at = self.used / 8;
        let high = u16::from(self.hash[at]) << 8;
        let low = self.hash.get(at + 1).copied().map_or(0, u16::from);
        self.used += take;
        // The `take` bits after the first `used % 8` of these 16.
        let bits = ((high | low) << ((self.used - take) % 8)) >> (16 - take);
        Ok(u32::from(bits))
    }
}

/// Bytes within a block, or of their own.
#[derive(Clone)]
struct Slice {
    block: Rc<[u8]>,
    range: Range<u32>,
}

impl Slice {
    fn own(bytes: &[u8]) -> Self {
        Self {
            range: 0..bytes.len() as u32,
            block: bytes.into(),
        }
    }
}

impl Deref for Slice {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.block[self.range.start as usize..self.range.end as usize]
    }
}

impl fmt::Debug for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x?}", &**self)
    }
}

/// A key with its encoded value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    key: Slice,
    value: Slice,
}

impl Entry {
    pub fn new(key: &[u8], value: &[u8]) -> Self {
        Self {
            key: Slice::own(key),
            value: Slice::own(value),
        }
    }
}

/// The order of a bucket.
fn by_key(a: &Entry, b: &Entry) -> Ordering {
    (*a.key).cmp(&*b.key)
}

/// What is called with each key and encoded value.
pub(super) type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> Result<(), HamtError> + 'a;

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
    /// Reads a node. Only a root may be empty or of codec CBOR.
    pub fn load(store: &WriteBuffer, cid: &Cid, is_root: bool) -> Result<Self, HamtError> {
        let malformed = |reason| HamtError::MalformedNode { cid: *cid, reason };
        if cid.codec() != DAG_CBOR && !(is_root && cid.codec() == CBOR) {
            return Err(malformed("a codec that is not DAG-CBOR"));
        }
        let block = store
            .read(cid)
            .map_err(HamtError::Store)?
            .ok_or(HamtError::MissingNode(*cid))?;
        let node = Self::decode(&block).map_err(malformed)?;
        if node.pointers.is_empty() && !is_root {
            return Err(malformed("an empty node below the root"));
        }
        Ok(node)
    }

    fn decode(block: &Rc<[u8]>) -> Result<Self, &'static str> {
        const CUT: &str = "malformed CBOR";
        if u32::try_from(block.len()).is_err() {
            return Err("a node of more than 4 GiB");
        }
        let mut input = &**block;
        let slice = |bytes: &[u8], rest: &[u8]| {
            let end = (block.len() - rest.len()) as u32;
            Slice {
                block: Rc::clone(block),
                range: end - bytes.len() as u32..end,
            }
        };
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
                    let Some((major::BYTES, len)) = cbor::take_head(&mut input) else {
                        return Err("a link that is not bytes");
                    };
                    let bytes = cbor::take(&mut input, len).ok_or(CUT)?;
                    let Some((0, bytes)) = bytes.split_first() else {
                        return Err("a link without the leading zero byte");
                    };
                    // Bytes after the CID are ignored, as serde's reading of CIDs does.
                    match cbor::parse_cid(bytes) {
                        Ok((cid, _)) if cid.codec() == DAG_CBOR => {
                            Pointer::Link(cid, OnceCell::new())
                        }
                        Ok(_) => return Err("a link to a block that is not DAG-CBOR"),
                        Err(_) => return Err("a link that is not a CID"),
                    }
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
                        let key = slice(key, input);
                        let before = input;
                        cbor::skip_item(&mut input).ok_or(CUT)?;
                        let value = slice(&before[..before.len() - input.len()], input);
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

    pub fn get(
        &self,
        store: &WriteBuffer,
        path: &mut HashBits,
        key: &[u8],
    ) -> Result<Option<&[u8]>, HamtError> {
        let (at, true) = self.position(path.next()?) else {
            return Ok(None);
        };
        match &self.pointers[at] {
            Pointer::Link(cid, node) => child(store, cid, node)?.get(store, path, key),
            Pointer::Dirty(node) => node.get(store, path, key),
            Pointer::Bucket(entries) => Ok(entries
                .iter()
                .find(|entry| *entry.key == *key)
                .map(|entry| &*entry.value)),
        }
    }

    /// Sets an entry; tells whether that changed anything.
    pub fn set(
        &mut self,
        store: &WriteBuffer,
        path: &mut HashBits,
        entry: Entry,
    ) -> Result<bool, HamtError> {
        let bit = path.next()?;
        let (at, true) = self.position(bit) else {
            let (at, _) = self.position(bit);
            self.bitfield |= 1 << bit;
            self.pointers.insert(at, Pointer::Bucket(vec![entry]));
            return Ok(true);
        };
        let pointer = &mut self.pointers[at];
        match pointer {
            Pointer::Link(cid, node) => {
                child(store, cid, node)?;
                let Some(mut node) = node.take() else {
                    return Ok(false);
                };
                let changed = node.set(store, path, entry)?;
                *pointer = reattach(*cid, node, changed);
                Ok(changed)
            }
            Pointer::Dirty(node) => node.set(store, path, entry),
            Pointer::Bucket(entries) => {
                match entries.binary_search_by(|old| by_key(old, &entry)) {
                    Ok(at) if *entries[at].value == *entry.value => return Ok(false),
                    Ok(at) => entries[at] = entry,
                    Err(at) if entries.len() < MAX_BUCKET => entries.insert(at, entry),
                    Err(_) => {
                        // The bucket is full: all entries move down a level.
                        let used = path.used;
                        let mut node = Self::default();
                        for entry in entries.drain(..).chain([entry]) {
                            let hash = hash(&entry.key);
                            node.set(store, &mut HashBits::at(&hash, used), entry)?;
                        }
                        *pointer = Pointer::Dirty(Box::new(node));
                    }
                }
                Ok(true)
            }
        }
    }

    /// Removes a key; tells whether it was there.
    pub fn delete(
        &mut self,
        store: &WriteBuffer,
        path: &mut HashBits,
        key: &[u8],
    ) -> Result<bool, HamtError> {
        let bit = path.next()?;
        let (at, true) = self.position(bit) else {
            return Ok(false);
        };
        let pointer = &mut self.pointers[at];
        match pointer {
            Pointer::Link(cid, node) => {
                child(store, cid, node)?;
                let Some(mut node) = node.take() else {
                    return Ok(false);
                };
                let deleted = node.delete(store, path, key)?;
                *pointer = reattach(*cid, node, deleted);
                if deleted {
                    pointer.collapse()?;
                }
                Ok(deleted)
            }
            Pointer::Dirty(node) => {
                let deleted = node.delete(store, path, key)?;
                if deleted {
                    pointer.collapse()?;
                }
                Ok(deleted)
            }
            Pointer::Bucket(entries) => {
                let Some(found) = entries.iter().position(|entry| *entry.key == *key) else {
                    return Ok(false);
                };
                entries.remove(found);
                if entries.is_empty() {
                    self.bitfield &= !(1 << bit);
                    self.pointers.remove(at);
                }
                Ok(true)
            }
        }
    }

    /// Writes this node and the changed ones below it.
    pub fn flush(&mut self, store: &WriteBuffer) -> Cid {
        let mut links = Vec::new();
        let mut has_values = false;
        for pointer in &mut self.pointers {
            if let Pointer::Dirty(node) = pointer {
                let cid = node.flush(store);
                *pointer = Pointer::Link(cid, OnceCell::from(std::mem::take(node)));
            }
            match pointer {
                Pointer::Link(cid, _) => links.push(*cid),
                _ => has_values = true,
            }
        }
        // Values may hold links of their own; without any, the links are all known.
        let links = (!has_values).then(|| links.into());
        store.write_dag_cbor(self.encode(), links)
    }

    pub fn for_each(
        &self,
        store: &WriteBuffer,
        depth: usize,
        f: &mut Visit,
    ) -> Result<(), HamtError> {
        if depth >= MAX_DEPTH {
            return Err(HamtError::TooDeep);
        }
        for pointer in &self.pointers {
            match pointer {
                Pointer::Link(cid, node) => match node.get() {
                    Some(node) => node.for_each(store, depth + 1, f)?,
                    None => Self::load(store, cid, false)?.for_each(store, depth + 1, f)?,
                },
                Pointer::Dirty(node) => node.for_each(store, depth + 1, f)?,
                Pointer::Bucket(entries) => {
                    for entry in entries {
                        f(&entry.key, &entry.value)?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl Pointer {
    /// After a deletion: a node below the root that holds no more entries than a bucket, and no node, becomes one.
    fn collapse(&mut self) -> Result<(), HamtError> {
        let Self::Dirty(node) = self else {
            return Ok(());
        };
        let mut total = 0;
        for pointer in &node.pointers {
            match pointer {
                Self::Bucket(entries) => total += entries.len(),
                _ => return Ok(()),
            }
        }
        if total > MAX_BUCKET {
            return Ok(());
        }
        if total == 0 {
            return Err(HamtError::EmptyNode);
        }
        let mut all = Vec::with_capacity(MAX_BUCKET);
        for pointer in &mut node.pointers {
            if let Self::Bucket(entries) = pointer {
                all.append(entries);
            }
        }
        all.sort_unstable_by(by_key);
        *self = Self::Bucket(all);
        Ok(())
    }
}

fn reattach(cid: Cid, node: Box<Node>, changed: bool) -> Pointer {
    if changed {
        Pointer::Dirty(node)
    } else {
        Pointer::Link(cid, OnceCell::from(node))
    }
}

/// The node behind a link, read on first use.
fn child<'a>(
    store: &WriteBuffer,
    cid: &Cid,
    node: &'a OnceCell<Box<Node>>,
) -> Result<&'a Node, HamtError> {
    if let Some(node) = node.get() {
        return Ok(node);
    }
    let loaded = Box::new(Node::load(store, cid, false)?);
    Ok(node.get_or_init(|| loaded))
}
