//! Walks over a chain: from its head back to the genesis block, and into messages, receipts and state as far as asked.
//!
//! Export, check and collection are such walks; they differ in what they do with a block, and with one that is missing. Each
//! block is met once. Memory is bounded: what was seen is a [`DiskSet`], and of what is still to be read there are at most the
//! links of some hundred blocks for each level of a tree.

use std::collections::BTreeMap;

use cid::Cid;
use filigree_blocks::BlockHeader;
use fvm_ipld_encoding::DAG_CBOR;
use fvm_shared::clock::ChainEpoch;

use crate::blocks::Blocks;
use crate::db::Db;
use crate::disk_set::DiskSet;
use crate::error::StoreError;
use crate::links::{follow, links};

/// Blocks read at once.
const TOGETHER: usize = 128;

/// From so many blocks still to be read on, they are read one by one, so that they become fewer soon.
const MANY_OPEN: usize = 1 << 20;

/// Memory for what was seen, before it goes to disk.
const SEEN_BYTES: usize = 128 << 20;

/// How far back from the head something is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// To the genesis block.
    All,
    /// So many epochs.
    Recent(u64),
}

/// What of a chain is taken. Headers always are, all of them, and the state of the genesis block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// State, and receipts as far as they are here.
    pub state: Depth,
    /// Messages.
    pub messages: Depth,
}

impl Extent {
    /// Everything.
    pub const FULL: Self = Self {
        state: Depth::All,
        messages: Depth::All,
    };

    /// The state and messages of the last 2,000 epochs: what nodes of the network exchange, somewhat more than two
    /// finalities.
    pub const LIGHT: Self = Self {
        state: Depth::Recent(2_000),
        messages: Depth::Recent(2_000),
    };
}

impl Depth {
    /// The height above which something is taken.
    pub(crate) fn floor(self, head: ChainEpoch) -> ChainEpoch {
        match self {
            Self::All => ChainEpoch::MIN,
            Self::Recent(epochs) => head.saturating_sub_unsigned(epochs),
        }
    }
}

/// What a block is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// A block header.
    Header,
    /// What the genesis block names as its parents, which is no block of the chain.
    Origin,
    /// The messages of a block.
    Messages,
    /// The receipts that a block names, with their events.
    Receipts,
    /// The state that a block names.
    State,
    /// Something that a caller asked for.
    Pinned,
}

/// A block that a walk came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub cid: Cid,
    pub part: Part,
    /// Epoch of the header that leads here.
    pub height: ChainEpoch,
    /// Where the part begins.
    pub root: Cid,
}

impl Place {
    /// Whether a chain is whole without this block. Nodes do not exchange the messages of the genesis block, nor what it names as
    /// its parents. Receipts and their events are computed from states and messages by those who want them: snapshots of Lotus
    /// and Forest have none.
    pub fn may_be_missing(&self) -> bool {
        match self.part {
            Part::Header | Part::State | Part::Pinned => false,
            Part::Origin | Part::Receipts => true,
            Part::Messages => self.height == 0,
        }
    }
}

/// What is done on a walk.
pub(crate) trait Visitor {
    /// Whether blocks that cannot have links are read.
    const READS_LEAVES: bool = true;

    /// A block, whose data is empty where leaves are not read. Says whether to go on below it.
    fn block(&mut self, place: &Place, data: &[u8]) -> Result<bool, StoreError>;

    /// A block that is not here, or not what it should be.
    fn missing(&mut self, place: &Place) -> Result<(), StoreError>;
}

/// A walk.
pub(crate) struct Walk {
    blocks: Blocks,
    pub seen: DiskSet,
    extent: Extent,
    /// Nothing but headers is taken at this height and below.
    floor: ChainEpoch,
    headers: u64,
}

impl Walk {
    pub fn new(db: &Db, extent: Extent) -> Self {
        Self {
            blocks: db.blocks(),
            seen: DiskSet::new(db.clone(), SEEN_BYTES),
            extent,
            floor: ChainEpoch::MIN,
            headers: 0,
        }
    }

    /// The same walk, which takes nothing but headers at this height and below.
    pub fn down_to(self, floor: ChainEpoch) -> Self {
        Self { floor, ..self }
    }

    /// From the blocks of heads back. Headers are met from the highest down. The extent counts from the height `top`; if none is
    /// given, from that of the highest.
    pub fn chain(
        &mut self,
        heads: &[Cid],
        top: Option<ChainEpoch>,
        visitor: &mut impl Visitor,
    ) -> Result<(), StoreError> {
        let mut open = BTreeMap::new();
        self.open_headers(heads, ChainEpoch::MAX, &mut open, visitor)?;
        let highest = open.keys().next_back().map_or(0, |(height, _)| *height);
        let top = top.unwrap_or(highest);
        let state_floor = self.extent.state.floor(top).max(self.floor);
        let messages_floor = self.extent.messages.floor(top).max(self.floor);
        while let Some(((height, _), (cid, bytes, header))) = open.pop_last() {
            let place = Place {
                cid,
                part: Part::Header,
                height,
                root: cid,
            };
            if !visitor.block(&place, &bytes)? {
                continue;
            }
            if height > messages_floor {
                self.tree(header.messages, Part::Messages, height, visitor)?;
            }
            if height > state_floor {
                self.tree(header.parent_receipts, Part::Receipts, height, visitor)?;
            }
            if height > state_floor || height == 0 {
                self.tree(header.parent_state, Part::State, height, visitor)?;
            }
            if height > 0 {
                // A tipset's key is a block, too, by which actors and tools know the tipset, and to which no header links.
                self.seen.retain_new(&mut vec![header.parents.cid()])?;
                self.open_headers(header.parents.cids(), height, &mut open, visitor)?;
            } else {
                for origin in header.parents.cids() {
                    self.tree(*origin, Part::Origin, height, visitor)?;
                }
            }
        }
        Ok(())
    }

    /// From one block down, by all its links.
    pub fn tree(
        &mut self,
        root: Cid,
        part: Part,
        height: ChainEpoch,
        visitor: &mut impl Visitor,
    ) -> Result<(), StoreError> {
        let mut first = Vec::new();
        // The links in an inline CID that is malformed are as malformed as those of a block, and that is told of blocks alone.
        let _ = follow(&root, &mut first);
        self.seen.retain_new(&mut first)?;
        self.open_trees(first, part, height, root, visitor)
    }

    /// As [`tree`](Self::tree), for blocks that are in `seen` already.
    pub fn open_trees<V: Visitor>(
        &mut self,
        mut open: Vec<Cid>,
        part: Part,
        height: ChainEpoch,
        root: Cid,
        visitor: &mut V,
    ) -> Result<(), StoreError> {
        let mut found = Vec::new();
        while !open.is_empty() {
            let count = if open.len() > MANY_OPEN { 1 } else { TOGETHER };
            let mut cids = open.split_off(open.len().saturating_sub(count));
            cids.reverse();
            let place = |cid: &Cid| Place {
                cid: *cid,
                part,
                height,
                root,
            };
            if !V::READS_LEAVES {
                for leaf in cids.extract_if(.., |cid| cid.codec() != DAG_CBOR) {
                    visitor.block(&place(&leaf), &[])?;
                }
            }
            let blocks = self.blocks.read_once(&cids)?;
            for (cid, block) in cids.iter().zip(blocks) {
                let Some(block) = block else {
                    visitor.missing(&place(cid))?;
                    continue;
                };
                let goes_on = visitor.block(&place(cid), &block)?;
                if goes_on && links(cid, &block, &mut found).is_err() {
                    visitor.missing(&place(cid))?;
                }
            }
            self.seen.retain_new(&mut found)?;
            // The last is read first: the first link is to be.
            open.extend(found.drain(..).rev());
        }
        Ok(())
    }

    /// Reads the headers among `cids` that were not seen.
    fn open_headers(
        &mut self,
        cids: &[Cid],
        below: ChainEpoch,
        open: &mut Open,
        visitor: &mut impl Visitor,
    ) -> Result<(), StoreError> {
        let mut cids = cids.to_vec();
        self.seen.retain_new(&mut cids)?;
        for (cid, block) in cids.iter().zip(self.blocks.read_once(&cids)?) {
            let header = block.as_deref().map(BlockHeader::from_bytes);
            match (block, header) {
                // A header that stands no lower than its child is none.
                (Some(bytes), Some(Ok(header))) if header.height < below => {
                    // Of one height, the first is met first.
                    let order = u64::MAX - self.headers;
                    self.headers += 1;
                    open.insert((header.height, order), (*cid, bytes, header));
                }
                _ => visitor.missing(&Place {
                    cid: *cid,
                    part: Part::Header,
                    height: below,
                    root: *cid,
                })?,
            }
        }
        Ok(())
    }
}

/// Headers whose parents are not read yet, by height: those of one tipset, of one for each fork.
type Open = BTreeMap<(ChainEpoch, u64), (Cid, Vec<u8>, BlockHeader)>;
