//! Blocks read from the store below, kept for a second reading. Bounded by bytes; two generations, so that what is in
//! use survives: when the young half is full it becomes the old half, and the old half goes.

use std::rc::Rc;

use cid::Cid;

use crate::cid_map::QuickMap;

/// A bounded cache of immutable blocks.
#[derive(Debug)]
pub(crate) struct ReadCache {
    young: QuickMap<Cid, Rc<[u8]>>,
    old: QuickMap<Cid, Rc<[u8]>>,
    young_bytes: usize,
    half_bytes: usize,
}

/// What an entry costs beside its bytes: the key, the pointer, the counts.
const ENTRY_BYTES: usize = 160;

impl ReadCache {
    /// A cache of at most `limit_bytes`. Zero keeps nothing.
    pub fn new(limit_bytes: usize) -> Self {
        Self {
            young: QuickMap::default(),
            old: QuickMap::default(),
            young_bytes: 0,
            half_bytes: limit_bytes / 2,
        }
    }

    /// The block, if it is still here.
    pub fn get(&mut self, cid: &Cid) -> Option<Rc<[u8]>> {
        if let Some(block) = self.young.get(cid) {
            return Some(Rc::clone(block));
        }
        let block = self.old.remove(cid)?;
        self.put(*cid, Rc::clone(&block));
        Some(block)
    }

    /// Whether the block is here; does not count as a use.
    pub fn has(&self, cid: &Cid) -> bool {
        self.young.contains_key(cid) || self.old.contains_key(cid)
    }

    /// Keeps a block, unless it is too large to be worth it.
    pub fn put(&mut self, cid: Cid, block: Rc<[u8]>) {
        let cost = block.len().saturating_add(ENTRY_BYTES);
        if cost > self.half_bytes {
            return;
        }
        if self.young_bytes.saturating_add(cost) > self.half_bytes {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        if self.young.insert(cid, block).is_none() {
            self.young_bytes = self.young_bytes.saturating_add(cost);
        }
    }
}

#[cfg(test)]
mod tests {
    use fvm_ipld_encoding::IPLD_RAW;
    use multihash_codetable::{Code, MultihashDigest};

    use super::*;

    fn block(n: u32) -> (Cid, Rc<[u8]>) {
        let data = n.to_be_bytes();
        (
            Cid::new_v1(IPLD_RAW, Code::Blake2b256.digest(&data)),
            Rc::from(&data[..]),
        )
    }

    #[test]
    fn keeps_what_is_used_and_stays_bounded() {
        let mut cache = ReadCache::new(20 * (ENTRY_BYTES + 4));
        let (hot, data) = block(0);
        cache.put(hot, data);
        for n in 1..1000 {
            let (cid, data) = block(n);
            cache.put(cid, data);
            assert!(cache.get(&hot).is_some(), "{n}");
            assert!(cache.young.len() <= 10 && cache.old.len() <= 10);
        }
        assert!(!cache.has(&block(1).0));
        assert!(cache.has(&block(999).0));
    }

    #[test]
    fn zero_keeps_nothing() {
        let mut cache = ReadCache::new(0);
        let (cid, data) = block(1);
        cache.put(cid, data);
        assert!(cache.get(&cid).is_none());
    }
}
