//! A sparse array over many blocks: an AMT, nodes in DAG-CBOR (specs.filecoin.io, "AMT"; version 3 of go-amt-ipld and
//! `fvm_ipld_amt`). The root is `[bit width, height, count, node]`.
//!
//! A value is checked when it is read, not when its node is. Left out: bit widths above 6.

mod node;

use std::rc::Rc;

use cid::Cid;

use crate::blocks::{Blocks, Broken, Slice, read_node};
use crate::cbor::{self, major};
use node::{Node, Tree, span};

/// Widest nodes: 64 pointers or values.
pub const MAX_BITS: u32 = 6;

/// The largest index, so that counts fit.
pub const MAX_INDEX: u64 = u64::MAX - 1;

const MAX_HEIGHT: u64 = 64;

/// An array of CBOR values. Nodes are read when needed and kept; changes are in memory until [`flush`](Self::flush). The store is
/// given with each call and must always be the same.
#[derive(Debug)]
pub struct Amt {
    bits: u32,
    /// Levels of nodes above the leaves.
    height: u32,
    count: u64,
    root: Node,
    /// The CID of the root while nothing has changed.
    flushed: Option<Cid>,
}

impl Amt {
    /// An empty array with nodes of `1 << bits` pointers or values, `bits` from 1 to [`MAX_BITS`].
    pub fn new(bits: u32) -> Self {
        assert!((1..=MAX_BITS).contains(&bits), "bit width {bits}");
        Self {
            bits,
            height: 0,
            count: 0,
            root: Node::empty(0),
            flushed: None,
        }
    }

    /// The array whose root is `root`, which says the width itself.
    pub fn load<B: Blocks>(store: &B, root: &Cid) -> Result<Self, Broken<B::Error>> {
        let block = read_node(store, root)?;
        let mut amt = Self::decode(&block).map_err(|rule| Broken::Malformed(*root, rule))?;
        amt.flushed = Some(*root);
        Ok(amt)
    }

    fn decode(block: &Rc<[u8]>) -> Result<Self, &'static str> {
        let mut input = &**block;
        let Some((major::ARRAY, 4)) = cbor::take_head(&mut input) else {
            return Err("a root that is not an array of four");
        };
        let mut number = || match cbor::take_head(&mut input) {
            Some((major::UNSIGNED, number)) => Ok(number),
            _ => Err("a number is missing"),
        };
        let (bits, height, count) = (number()?, number()?, number()?);
        if !(1..=u64::from(MAX_BITS)).contains(&bits) {
            return Err("a bit width that is not supported");
        }
        if height > MAX_HEIGHT {
            return Err("a root that is too high");
        }
        let (bits, height) = (bits as u32, height as u32);
        let root = Node::take(block, &mut input, bits, height)?;
        if !input.is_empty() {
            return Err("bytes follow the root");
        }
        Ok(Self {
            bits,
            height,
            count,
            root,
            flushed: None,
        })
    }

    fn tree<'a, B: Blocks>(&self, store: &'a B) -> Tree<'a, B> {
        Tree {
            store,
            bits: self.bits,
        }
    }

    /// Bits of an index at each level.
    pub fn bits(&self) -> u32 {
        self.bits
    }

    /// How many values there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether an index is beyond the array as high as it is.
    fn is_beyond<E>(&self, index: u64) -> Result<bool, Broken<E>> {
        if index > MAX_INDEX {
            return Err(Broken::OutOfRange(index));
        }
        Ok(index >= span(self.bits, self.height + 1))
    }

    /// The encoded value at an index.
    pub fn get<B: Blocks>(&self, store: &B, index: u64) -> Result<Option<&[u8]>, Broken<B::Error>> {
        if self.is_beyond(index)? {
            return Ok(None);
        }
        self.tree(store).get(&self.root, self.height, index)
    }

    /// Sets the encoded value at an index.
    pub fn set<B: Blocks>(
        &mut self,
        store: &B,
        index: u64,
        value: &[u8],
    ) -> Result<(), Broken<B::Error>> {
        while self.is_beyond(index)? {
            self.height += 1;
            let below = std::mem::replace(&mut self.root, Node::empty(self.height));
            if !below.is_empty() {
                self.root = Node::above(below);
            }
        }
        let (tree, value) = (self.tree(store), Slice::own(value));
        let set = tree.set(&mut self.root, self.height, index, value)?;
        if set.is_new {
            self.count = self.count.saturating_add(1);
        }
        if set.is_change {
            self.flushed = None;
        }
        Ok(())
    }

    /// Removes the value at an index; gives it, encoded.
    pub fn remove<B: Blocks>(
        &mut self,
        store: &B,
        index: u64,
    ) -> Result<Option<Slice>, Broken<B::Error>> {
        if self.is_beyond(index)? {
            return Ok(None);
        }
        let tree = self.tree(store);
        let removed = tree.remove(&mut self.root, self.height, index)?;
        if removed.is_none() {
            return Ok(None);
        }
        self.flushed = None;
        self.count = self.count.saturating_sub(1);
        if self.root.is_empty() {
            self.height = 0;
            self.root = Node::empty(0);
        }
        while self.height > 0 && self.root.has_only_the_first() {
            self.root = tree.take_first(&mut self.root, self.height)?;
            self.height -= 1;
        }
        Ok(removed)
    }

    /// Writes the changed nodes and gives the CID of the root.
    pub fn flush<B: Blocks>(&mut self, store: &B) -> Result<Cid, Broken<B::Error>> {
        if let Some(cid) = self.flushed {
            return Ok(cid);
        }
        let links = self.tree(store).flush_below(&mut self.root)?;
        let mut block = Vec::with_capacity(16 + self.root.encoded_len());
        cbor::put_head(&mut block, major::ARRAY, 4);
        for number in [self.bits.into(), self.height.into(), self.count] {
            cbor::put_head(&mut block, major::UNSIGNED, number);
        }
        self.root.put(&mut block, self.bits);
        let cid = store.write(&block, links).map_err(Broken::Store)?;
        self.flushed = Some(cid);
        Ok(cid)
    }

    /// Calls `visit` with every index from `start` on and its encoded value, in order, until it says `false`; tells whether it
    /// never did. Nodes read on the way are not kept.
    pub fn for_each_while<B: Blocks, E: From<Broken<B::Error>>>(
        &self,
        store: &B,
        start: u64,
        mut visit: impl FnMut(u64, &[u8]) -> Result<bool, E>,
    ) -> Result<bool, E> {
        let tree = self.tree(store);
        tree.for_each(&self.root, self.height, 0, start, &mut visit)
    }
}
