//! One node of an AMT: `[bitmap, [link, ...], [value, ...]]`, values in leaves (height 0), links above. The n-th set bit of the
//! bitmap (little-endian, as long as the width demands) belongs to the n-th link or value.

use std::cell::OnceCell;
use std::rc::Rc;

use cid::Cid;

use crate::blocks::{Blocks, Broken, Slice, read_node};
use crate::cbor::{self, TAG_CID, major};

/// How many indexes a node of a height covers; of one level below, each of its children.
pub(super) fn span(bits: u32, height: u32) -> u64 {
    1u64.checked_shl(bits * height).unwrap_or(u64::MAX)
}

#[derive(Debug)]
pub(super) enum Pointer {
    /// A node of the store, read or not.
    Link(Cid, OnceCell<Box<Node>>),
    /// A node with changes.
    Dirty(Box<Node>),
}

#[derive(Debug)]
pub(super) enum Content {
    Values(Vec<Slice>),
    Pointers(Vec<Pointer>),
}

/// See the head of the file.
#[derive(Debug)]
pub(super) struct Node {
    bitmap: u64,
    content: Content,
}

impl Default for Node {
    fn default() -> Self {
        Self::empty(0)
    }
}

/// What is called with each index and encoded value.
type Visit<'a, E> = dyn FnMut(u64, &[u8]) -> Result<bool, E> + 'a;

/// What setting a value did.
pub(super) struct Set {
    pub is_new: bool,
    pub is_change: bool,
}

impl Node {
    pub fn empty(height: u32) -> Self {
        Self {
            bitmap: 0,
            content: match height {
                0 => Content::Values(Vec::new()),
                _ => Content::Pointers(Vec::new()),
            },
        }
    }

    /// A node whose first child is `below`.
    pub fn above(below: Self) -> Self {
        Self {
            bitmap: 1,
            content: Content::Pointers(vec![Pointer::Dirty(Box::new(below))]),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.bitmap == 0
    }

    pub fn has_only_the_first(&self) -> bool {
        self.bitmap == 1
    }

    /// Where the link or value of a bit is, and whether there is one.
    fn position(&self, bit: u64) -> (usize, bool) {
        let below = self.bitmap & ((1 << bit) - 1);
        (below.count_ones() as usize, self.bitmap & (1 << bit) != 0)
    }

    /// Takes a node off `input`, the end of `block`.
    pub fn take(
        block: &Rc<[u8]>,
        input: &mut &[u8],
        bits: u32,
        height: u32,
    ) -> Result<Self, &'static str> {
        const CUT: &str = "malformed CBOR";
        let Some((major::ARRAY, 3)) = cbor::take_head(input) else {
            return Err("not an array of three");
        };
        let Some((major::BYTES, len)) = cbor::take_head(input) else {
            return Err("a bitmap that is not bytes");
        };
        if len != bitmap_bytes(bits) as u64 {
            return Err("a bitmap of the wrong length");
        }
        let bytes = cbor::take(input, len).ok_or(CUT)?;
        let bitmap = bytes
            .iter()
            .rev()
            .fold(0, |map, &byte| map << 8 | u64::from(byte));
        if bits < 3 && bitmap >> (1 << bits) != 0 {
            return Err("a bitmap beyond the width");
        }
        let count = bitmap.count_ones() as usize;
        let (links, values) = if height == 0 { (0, count) } else { (count, 0) };
        let array_of = |input: &mut &[u8], len: usize| match cbor::take_head(input) {
            Some((major::ARRAY, found)) if found == len as u64 => Ok(()),
            _ => Err("as many links or values as bits are expected"),
        };
        array_of(input, links)?;
        let mut pointers = Vec::with_capacity(links);
        for _ in 0..links {
            let Some((major::TAG, TAG_CID)) = cbor::take_head(input) else {
                return Err("a link without its tag");
            };
            let cid = cbor::take_tagged_cid(input).ok_or("a malformed link")?;
            pointers.push(Pointer::Link(cid, OnceCell::new()));
        }
        array_of(input, values)?;
        let mut slices = Vec::with_capacity(values);
        for _ in 0..values {
            let before = input.len();
            cbor::skip_item(input).ok_or(CUT)?;
            slices.push(Slice::before(block, input, before - input.len()));
        }
        Ok(Self {
            bitmap,
            content: match height {
                0 => Content::Values(slices),
                _ => Content::Pointers(pointers),
            },
        })
    }

    /// About how long the node is when encoded, at least.
    pub fn encoded_len(&self) -> usize {
        match &self.content {
            Content::Values(values) => values.iter().map(|value| value.len()).sum(),
            Content::Pointers(pointers) => 44 * pointers.len(),
        }
    }

    /// Appends the node, whose changed children must have been written.
    pub fn put(&self, out: &mut Vec<u8>, bits: u32) {
        cbor::put_head(out, major::ARRAY, 3);
        let bytes = bitmap_bytes(bits);
        cbor::put_head(out, major::BYTES, bytes as u64);
        out.extend_from_slice(&self.bitmap.to_le_bytes()[..bytes]);
        let (links, values) = match &self.content {
            Content::Values(values) => (&[][..], &values[..]),
            Content::Pointers(pointers) => (&pointers[..], &[][..]),
        };
        cbor::put_head(out, major::ARRAY, links.len() as u64);
        for pointer in links {
            match pointer {
                Pointer::Link(cid, _) => cbor::put_cid(out, cid),
                Pointer::Dirty(_) => unreachable!("flush turns changed children into links first"),
            }
        }
        cbor::put_head(out, major::ARRAY, values.len() as u64);
        for value in values {
            out.extend_from_slice(value);
        }
    }
}

fn bitmap_bytes(bits: u32) -> usize {
    (1usize << bits).div_ceil(8)
}

/// A store with the width of the nodes in it.
pub(super) struct Tree<'a, B> {
    pub store: &'a B,
    pub bits: u32,
}

impl<B: Blocks> Tree<'_, B> {
    /// Reads a node below the root.
    fn load(&self, cid: &Cid, height: u32) -> Result<Node, Broken<B::Error>> {
        let block = read_node(self.store, cid)?;
        let mut input = &*block;
        let malformed = |rule| Broken::Malformed(*cid, rule);
        let node = Node::take(&block, &mut input, self.bits, height).map_err(malformed)?;
        match input {
            [] => Ok(node),
            _ => Err(malformed("bytes follow the node")),
        }
    }

    /// The node behind a link, read on first use.
    fn child<'n>(
        &self,
        cid: &Cid,
        node: &'n OnceCell<Box<Node>>,
        height: u32,
    ) -> Result<&'n Node, Broken<B::Error>> {
        if let Some(node) = node.get() {
            return Ok(node);
        }
        let loaded = Box::new(self.load(cid, height)?);
        Ok(node.get_or_init(|| loaded))
    }

    /// The bit of an index in a node of a height, and the index below it.
    fn step(&self, height: u32, index: u64) -> (u64, u64) {
        let span = span(self.bits, height);
        (index / span, index % span)
    }

    pub fn get<'n>(
        &self,
        node: &'n Node,
        height: u32,
        index: u64,
    ) -> Result<Option<&'n [u8]>, Broken<B::Error>> {
        let (bit, index) = self.step(height, index);
        let (at, true) = node.position(bit) else {
            return Ok(None);
        };
        match &node.content {
            Content::Values(values) => Ok(Some(&values[at])),
            Content::Pointers(pointers) => {
                let below = match &pointers[at] {
                    Pointer::Link(cid, node) => self.child(cid, node, height - 1)?,
                    Pointer::Dirty(node) => node,
                };
                self.get(below, height - 1, index)
            }
        }
    }

    pub fn set(
        &self,
        node: &mut Node,
        height: u32,
        index: u64,
        value: Slice,
    ) -> Result<Set, Broken<B::Error>> {
        let (bit, index) = self.step(height, index);
        let (at, there) = node.position(bit);
        node.bitmap |= 1 << bit;
        match &mut node.content {
            Content::Values(values) => {
                let is_change = !there || *values[at] != *value;
                if there {
                    values[at] = value;
                } else {
                    values.insert(at, value);
                }
                Ok(Set {
                    is_new: !there,
                    is_change,
                })
            }
            Content::Pointers(pointers) => {
                if !there {
                    let below = Box::new(Node::empty(height - 1));
                    pointers.insert(at, Pointer::Dirty(below));
                }
                let pointer = &mut pointers[at];
                match pointer {
                    Pointer::Dirty(below) => self.set(below, height - 1, index, value),
                    Pointer::Link(cid, below) => {
                        self.child(cid, below, height - 1)?;
                        let below = below.get_mut().expect("the child was just read");
                        let set = self.set(below, height - 1, index, value)?;
                        if set.is_change {
                            *pointer = Pointer::Dirty(std::mem::take(below));
                        }
                        Ok(set)
                    }
                }
            }
        }
    }

    pub fn remove(
        &self,
        node: &mut Node,
        height: u32,
        index: u64,
    ) -> Result<Option<Slice>, Broken<B::Error>> {
        let (bit, index) = self.step(height, index);
        let (at, true) = node.position(bit) else {
            return Ok(None);
        };
        match &mut node.content {
            Content::Values(values) => {
                node.bitmap &= !(1 << bit);
                Ok(Some(values.remove(at)))
            }
            Content::Pointers(pointers) => {
                let pointer = &mut pointers[at];
                let below = match pointer {
                    Pointer::Dirty(below) => below,
                    Pointer::Link(cid, below) => {
                        self.child(cid, below, height - 1)?;
                        below.get_mut().expect("the child was just read")
                    }
                };
                let removed = self.remove(below, height - 1, index)?;
                if removed.is_some() {
                    let below = std::mem::take(below);
                    if below.is_empty() {
                        node.bitmap &= !(1 << bit);
                        pointers.remove(at);
                    } else {
                        *pointer = Pointer::Dirty(below);
                    }
                }
                Ok(removed)
            }
        }
    }

    /// Takes the first child out of a node of a height, which is of no use afterwards.
    pub fn take_first(&self, node: &mut Node, height: u32) -> Result<Node, Broken<B::Error>> {
        let Content::Pointers(pointers) = &mut node.content else {
            unreachable!("a node above the leaves has pointers");
        };
        let below = match &mut pointers[0] {
            Pointer::Dirty(below) => below,
            Pointer::Link(cid, below) => {
                self.child(cid, below, height - 1)?;
                below.get_mut().expect("the child was just read")
            }
        };
        Ok(std::mem::take(&mut **below))
    }

    /// Writes the changed nodes below a node; gives its links, unless it holds values, which may have links of their own.
    pub fn flush_below(&self, node: &mut Node) -> Result<Option<Vec<Cid>>, Broken<B::Error>> {
        let Content::Pointers(pointers) = &mut node.content else {
            return Ok(None);
        };
        let mut links = Vec::with_capacity(pointers.len());
        for pointer in pointers {
            if let Pointer::Dirty(below) = pointer {
                let cid = self.flush(below)?;
                *pointer = Pointer::Link(cid, OnceCell::from(std::mem::take(below)));
            }
            if let Pointer::Link(cid, _) = pointer {
                links.push(*cid);
            }
        }
        Ok(Some(links))
    }

    fn flush(&self, node: &mut Node) -> Result<Cid, Broken<B::Error>> {
        let links = self.flush_below(node)?;
        let mut block = Vec::with_capacity(16 + node.encoded_len());
        node.put(&mut block, self.bits);
        self.store.write(&block, links).map_err(Broken::Store)
    }

    /// See [`Amt::for_each_while`](super::Amt::for_each_while). `first` is the node's first index.
    pub fn for_each<E: From<Broken<B::Error>>>(
        &self,
        node: &Node,
        height: u32,
        first: u64,
        start: u64,
        visit: &mut Visit<E>,
    ) -> Result<bool, E> {
        let span = span(self.bits, height);
        let (mut bitmap, mut at) = (node.bitmap, 0);
        while bitmap != 0 {
            let bit = u64::from(bitmap.trailing_zeros());
            bitmap &= bitmap - 1;
            let index = first.saturating_add(bit.saturating_mul(span));
            let (here, last) = (at, index.saturating_add(span - 1));
            at += 1;
            if last < start {
                continue;
            }
            let go_on = match &node.content {
                Content::Values(values) => visit(index, &values[here])?,
                Content::Pointers(pointers) => match &pointers[here] {
                    Pointer::Dirty(below) => {
                        self.for_each(below, height - 1, index, start, visit)?
                    }
                    Pointer::Link(cid, below) => match below.get() {
                        Some(below) => self.for_each(below, height - 1, index, start, visit)?,
                        None => {
                            let below = self.load(cid, height - 1)?;
                            self.for_each(&below, height - 1, index, start, visit)?
                        }
                    },
                },
            };
            if !go_on {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
