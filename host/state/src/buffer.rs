//! New blocks, held back until a state root says which of them are needed.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use anyhow::{Context as _, Result};
use cid::Cid;
use fvm_ipld_blockstore::Blockstore;

use crate::links::links_to_flush;

/// A block that is not in the base store yet, with its links where they are known.
#[derive(Clone)]
struct Pending {
    data: Rc<[u8]>,
    links: Option<Rc<[Cid]>>,
}

/// A write buffer over a blockstore.
pub struct WriteBuffer {
    base: Box<dyn Blockstore>,
    pending: RefCell<HashMap<Cid, Pending>>,
}

impl WriteBuffer {
    /// An empty buffer over `base`.
    pub fn new(base: Box<dyn Blockstore>) -> Self {
        Self {
            base,
            pending: RefCell::default(),
        }
    }

    /// A block, shared with the buffer if it is there.
    pub fn read(&self, cid: &Cid) -> Result<Option<Rc<[u8]>>> {
        if let Some(block) = self.pending.borrow().get(cid) {
            return Ok(Some(Rc::clone(&block.data)));
        }
        Ok(self.base.get(cid)?.map(Rc::from))
    }

    /// Adds a block. `links`, if given, are those that [`scan_links`](crate::scan_links) would find; `flush` then trusts them.
    pub fn write(&self, cid: Cid, data: Rc<[u8]>, links: Option<Rc<[Cid]>>) {
        self.pending
            .borrow_mut()
            .insert(cid, Pending { data, links });
    }

    /// Blocks waiting.
    pub fn len(&self) -> usize {
        self.pending.borrow().len()
    }

    /// Whether no block waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Moves the blocks reachable from `root` to the base store, children before parents, so that an interrupted flush
    /// leaves no block whose children are missing. A block that is not here is taken to be in the base store with all
    /// below it. Unreachable blocks stay: a later message may link them.
    pub fn flush(&self, root: &Cid) -> Result<()> {
        let reachable = self.reachable(root)?;
        for (cid, block) in reachable.iter().rev() {
            self.base.put_keyed(cid, &block.data)?;
        }
        let mut pending = self.pending.borrow_mut();
        for (cid, _) in &reachable {
            pending.remove(cid);
        }
        Ok(())
    }

    /// Moves every block to the base store.
    pub fn flush_all(&self) -> Result<()> {
        let mut pending = self.pending.borrow_mut();
        for (cid, block) in pending.iter() {
            self.base.put_keyed(cid, &block.data)?;
        }
        pending.clear();
        Ok(())
    }

    /// Buffered blocks under `root`, each after all that link to it.
    fn reachable(&self, root: &Cid) -> Result<Vec<(Cid, Pending)>> {
        enum Step {
            Enter(Cid),
            Leave(Cid, Pending),
        }
        let pending = self.pending.borrow();
        let mut seen = HashSet::new();
        let mut steps = vec![Step::Enter(*root)];
        let mut children_first = Vec::new();
        while let Some(step) = steps.pop() {
            let cid = match step {
                Step::Enter(cid) => cid,
                Step::Leave(cid, block) => {
                    children_first.push((cid, block));
                    continue;
                }
            };
            let Some(block) = pending.get(&cid) else { continue };
            if !seen.insert(cid) {
                continue;
            }
            steps.push(Step::Leave(cid, block.clone()));
            match &block.links {
                Some(links) => steps.extend(links.iter().map(|link| Step::Enter(*link))),
                None => {
                    let links = links_to_flush(cid.codec(), &block.data)
                        .with_context(|| format!("flushing block {cid}"))?;
                    steps.extend(links.into_iter().map(Step::Enter));
                }
            }
        }
        children_first.reverse();
        Ok(children_first)
    }
}

impl Blockstore for WriteBuffer {
    fn get(&self, cid: &Cid) -> Result<Option<Vec<u8>>> {
        if let Some(block) = self.pending.borrow().get(cid) {
            return Ok(Some(block.data.to_vec()));
        }
        self.base.get(cid)
    }

    fn put_keyed(&self, cid: &Cid, block: &[u8]) -> Result<()> {
        self.write(*cid, Rc::from(block), None);
        Ok(())
    }

    fn has(&self, cid: &Cid) -> Result<bool> {
        Ok(self.pending.borrow().contains_key(cid) || self.base.has(cid)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fvm_ipld_blockstore::MemoryBlockstore;
    use fvm_ipld_encoding::CborStore;
    use multihash_codetable::Code::Blake2b256;

    #[test]
    fn flush_writes_what_the_root_reaches_and_keeps_the_rest() {
        let base = Rc::new(MemoryBlockstore::new());
        let buffer = WriteBuffer::new(Box::new(Rc::clone(&base)));
        let leaf = buffer.put_cbor(&7u64, Blake2b256).unwrap();
        let middle = buffer.put_cbor(&(leaf, leaf), Blake2b256).unwrap();
        let root = buffer.put_cbor(&(leaf, middle), Blake2b256).unwrap();
        let stray = buffer.put_cbor(&"stray", Blake2b256).unwrap();
        buffer.flush(&root).unwrap();
        for cid in [leaf, middle, root] {
            assert!(base.has(&cid).unwrap(), "{cid}");
        }
        assert!(!base.has(&stray).unwrap());
        assert_eq!(buffer.len(), 1);
        buffer.flush_all().unwrap();
        assert!(base.has(&stray).unwrap());
    }

    #[test]
    fn children_come_before_parents() {
        let buffer = WriteBuffer::new(Box::new(MemoryBlockstore::new()));
        let leaf = buffer.put_cbor(&7u64, Blake2b256).unwrap();
        let middle = buffer.put_cbor(&(leaf,), Blake2b256).unwrap();
        let root = buffer.put_cbor(&(leaf, middle), Blake2b256).unwrap();
        let order: Vec<Cid> = buffer
            .reachable(&root)
            .unwrap()
            .into_iter()
            .rev()
            .map(|(cid, _)| cid)
            .collect();
        assert_eq!(order, [leaf, middle, root]);
    }

    #[test]
    fn a_malformed_block_stops_the_flush_before_anything_is_written() {
        let base = Rc::new(MemoryBlockstore::new());
        let buffer = WriteBuffer::new(Box::new(Rc::clone(&base)));
        let leaf = buffer.put_cbor(&7u64, Blake2b256).unwrap();
        let bad = fvm_ipld_blockstore::Block::new(fvm_ipld_encoding::DAG_CBOR, [0x1f]);
        let bad = buffer.put(Blake2b256, &bad).unwrap();
        let root = buffer.put_cbor(&(leaf, bad), Blake2b256).unwrap();
        assert!(buffer.flush(&root).is_err());
        assert!(!base.has(&leaf).unwrap());
    }
}
