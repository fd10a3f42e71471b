//! New blocks, held back until a state root says which of them are needed.
//!
//! Reads see the buffer first, then a bounded cache of blocks already read, then the base store. Unreachable blocks
//! stay in the buffer after a flush: before network version 21 an actor may open any block by its CID, so dropping them
//! would be seen.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use anyhow::{Context as _, Result, anyhow};
use cid::Cid;
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::DAG_CBOR;
use multihash_codetable::{Code, MultihashDigest};

use crate::cid_map::QuickMap;
use crate::links::{Target, classify, links_to_flush};
use crate::read_cache::ReadCache;

/// What the cache of blocks read may hold.
const CACHE_BYTES: usize = 32 << 20;

/// A write buffer over a blockstore.
pub struct WriteBuffer {
    base: Box<dyn Blockstore>,
    pending: RefCell<QuickMap<Cid, Pending>>,
    read: RefCell<ReadCache>,
    flushes: Cell<u64>,
}

/// A block that is not in the base store yet, with its links where they are known.
struct Pending {
    data: Rc<[u8]>,
    links: Option<Rc<[Cid]>>,
    /// The last flush that came by here; the first is number 1.
    flush: u64,
}

impl WriteBuffer {
    /// An empty buffer over `base`.
    pub fn new(base: Box<dyn Blockstore>) -> Self {
        Self {
            base,
            pending: RefCell::default(),
            read: RefCell::new(ReadCache::new(CACHE_BYTES)),
            flushes: Cell::new(0),
        }
    }

    /// A block, shared with the buffer. None if neither the buffer nor the base store has it.
    pub fn read(&self, cid: &Cid) -> Result<Option<Rc<[u8]>>> {
        if let Some(block) = self.pending.borrow().get(cid) {
            return Ok(Some(Rc::clone(&block.data)));
        }
        if let Some(block) = self.read.borrow_mut().get(cid) {
            return Ok(Some(block));
        }
        let Some(block) = self.base.get(cid)? else {
            return Ok(None);
        };
        let block: Rc<[u8]> = block.into();
        self.read.borrow_mut().put(*cid, Rc::clone(&block));
        Ok(Some(block))
    }

    /// Adds a block. `links`, if given, are those that [`scan_links`](crate::scan_links) would find; `flush` then trusts
    /// them.
    pub fn write(&self, cid: Cid, data: Rc<[u8]>, links: Option<Rc<[Cid]>>) {
        let block = Pending {
            data,
            links,
            flush: 0,
        };
        self.pending.borrow_mut().insert(cid, block);
    }

    /// Adds a DAG-CBOR block and gives its CID (blake2b-256). For `links` see [`write`](Self::write).
    pub fn write_dag_cbor(&self, data: impl Into<Rc<[u8]>>, links: Option<Rc<[Cid]>>) -> Cid {
        let data = data.into();
        let cid = Cid::new_v1(DAG_CBOR, Code::Blake2b256.digest(&data));
        self.write(cid, data, links);
        cid
    }

    /// Blocks waiting.
    pub fn len(&self) -> usize {
        self.pending.borrow().len()
    }

    /// Whether no block waits.
    pub fn is_empty(&self) -> bool {
        self.pending.borrow().is_empty()
    }

    /// Moves the blocks reachable from `root` to the base store, children before parents, so that an interrupted flush
    /// leaves no block whose children are missing. A block that is not here is taken to be in the base store with all
    /// below it. Unreachable blocks stay: a later message may link them.
    ///
    /// A malformed block or an impossible link is an error before anything is written. If the base store fails, what it
    /// has not taken stays.
    pub fn flush(&self, root: &Cid) -> Result<()> {
        self.reachable(root)?
            .iter()
            .try_for_each(|cid| self.hand_over(cid))
    }

    /// Moves every block to the base store.
    pub fn flush_all(&self) -> Result<()> {
        let mut cids: Vec<Cid> = self.pending.borrow().keys().copied().collect();
        cids.sort_unstable();
        cids.iter().try_for_each(|cid| self.hand_over(cid))
    }

    fn hand_over(&self, cid: &Cid) -> Result<()> {
        let data = self
            .pending
            .borrow()
            .get(cid)
            .map(|block| Rc::clone(&block.data));
        if let Some(data) = data {
            self.base.put_keyed(cid, &data)?;
            self.pending.borrow_mut().remove(cid);
            self.read.borrow_mut().put(*cid, data);
        }
        Ok(())
    }

    /// Buffered blocks under `root`, children before parents.
    fn reachable(&self, root: &Cid) -> Result<Vec<Cid>> {
        enum Step {
            Enter(Cid),
            Leave(Cid),
        }
        let flush = self.flushes.get() + 1;
        self.flushes.set(flush);
        let mut pending = self.pending.borrow_mut();
        let mut children_first = Vec::new();
        let mut steps = vec![Step::Enter(*root)];
        while let Some(step) = steps.pop() {
            let cid = match step {
                Step::Enter(cid) => cid,
                Step::Leave(cid) => {
                    children_first.push(cid);
                    continue;
                }
            };
            let follow = |data: &[u8]| {
                links_to_flush(cid.codec(), data).with_context(|| format!("flushing block {cid}"))
            };
            match classify(&cid).map_err(|e| anyhow!("impossible link {cid}: {e}"))? {
                Target::Commitment => {}
                Target::Inline => {
                    let links = follow(cid.hash().digest())?;
                    steps.extend(links.into_iter().map(Step::Enter));
                }
                Target::Block => {
                    let Some(block) = pending.get_mut(&cid).filter(|block| block.flush != flush)
                    else {
                        continue;
                    };
                    block.flush = flush;
                    steps.push(Step::Leave(cid));
                    match &block.links {
                        Some(links) => steps.extend(links.iter().copied().map(Step::Enter)),
                        None => steps.extend(follow(&block.data)?.into_iter().map(Step::Enter)),
                    }
                }
            }
        }
        Ok(children_first)
    }
}

/// For libraries that work over blockstores. [`WriteBuffer::read`] and [`WriteBuffer::write`] copy less.
impl Blockstore for WriteBuffer {
    fn get(&self, cid: &Cid) -> Result<Option<Vec<u8>>> {
        if let Some(block) = self.pending.borrow().get(cid) {
            return Ok(Some(block.data.to_vec()));
        }
        if let Some(block) = self.read.borrow_mut().get(cid) {
            return Ok(Some(block.to_vec()));
        }
        self.base.get(cid)
    }

    fn put_keyed(&self, cid: &Cid, block: &[u8]) -> Result<()> {
        self.write(*cid, Rc::from(block), None);
        Ok(())
    }

    fn has(&self, cid: &Cid) -> Result<bool> {
        Ok(self.pending.borrow().contains_key(cid)
            || self.read.borrow().has(cid)
            || self.base.has(cid)?)
    }
}

impl fmt::Debug for WriteBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteBuffer")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
