//! The blocks of a sandbox: its own, over a base that is only read and may be shared.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use anyhow::bail;
use cid::Cid;
use fvm_ipld_blockstore::Blockstore;

/// Blocks that threads may share.
pub(crate) type Base = dyn Blockstore + Send + Sync;

/// A handle to the blocks; clones share them. What the base does not hold is kept in memory.
#[derive(Clone)]
pub(crate) struct Store(Rc<Layers>);

struct Layers {
    own: RefCell<HashMap<Cid, Arc<[u8]>>>,
    base: Arc<Base>,
}

impl Store {
    /// No own blocks over `base`.
    pub fn over(base: impl Blockstore + Send + Sync + 'static) -> Self {
        Self(Rc::new(Layers {
            own: RefCell::default(),
            base: Arc::new(base),
        }))
    }

    /// All blocks as they are now, for other threads.
    pub fn freeze(&self) -> Frozen {
        Frozen {
            own: Arc::new(self.0.own.borrow().clone()),
            base: Arc::clone(&self.0.base),
        }
    }
}

impl Blockstore for Store {
    fn get(&self, cid: &Cid) -> anyhow::Result<Option<Vec<u8>>> {
        if let Some(block) = self.0.own.borrow().get(cid) {
            return Ok(Some(block.to_vec()));
        }
        self.0.base.get(cid)
    }

    fn put_keyed(&self, cid: &Cid, block: &[u8]) -> anyhow::Result<()> {
        self.0.own.borrow_mut().insert(*cid, Arc::from(block));
        Ok(())
    }

    fn has(&self, cid: &Cid) -> anyhow::Result<bool> {
        Ok(self.0.own.borrow().contains_key(cid) || self.0.base.has(cid)?)
    }
}

/// The blocks of a store at one time; they are only read. Clones share them.
#[derive(Clone)]
pub(crate) struct Frozen {
    own: Arc<HashMap<Cid, Arc<[u8]>>>,
    base: Arc<Base>,
}

impl Blockstore for Frozen {
    fn get(&self, cid: &Cid) -> anyhow::Result<Option<Vec<u8>>> {
        match self.own.get(cid) {
            Some(block) => Ok(Some(block.to_vec())),
            None => self.base.get(cid),
        }
    }

    fn put_keyed(&self, cid: &Cid, _: &[u8]) -> anyhow::Result<()> {
        bail!("these blocks are only read: {cid} cannot be put among them")
    }

    fn has(&self, cid: &Cid) -> anyhow::Result<bool> {
        Ok(self.own.contains_key(cid) || self.base.has(cid)?)
    }
}

#[cfg(test)]
mod tests {
    use fvm_ipld_encoding::CborStore;
    use multihash_codetable::Code;

    use super::*;

    #[test]
    fn the_base_is_read_and_never_written() {
        let base = Store::over(Nothing);
        let below = base.put_cbor(&1, Code::Blake2b256).unwrap();
        let frozen = base.freeze();
        let store = Store::over(frozen.clone());
        let above = store.put_cbor(&2, Code::Blake2b256).unwrap();
        assert_eq!(store.get_cbor(&below).unwrap(), Some(1));
        assert_eq!(store.clone().get_cbor(&above).unwrap(), Some(2));
        assert!(store.has(&above).unwrap() && store.has(&below).unwrap());
        assert!(!base.has(&above).unwrap());
    }

    #[test]
    fn what_is_frozen_stays_as_it_was_also_in_another_thread() {
        let store = Store::over(Nothing);
        let before = store.put_cbor(&1, Code::Blake2b256).unwrap();
        let frozen = store.freeze();
        let after = store.put_cbor(&2, Code::Blake2b256).unwrap();
        std::thread::spawn(move || {
            assert_eq!(frozen.get_cbor(&before).unwrap(), Some(1));
            assert!(!frozen.has(&after).unwrap());
            assert!(frozen.put_keyed(&after, b"block").is_err());
        })
        .join()
        .unwrap();
    }

    struct Nothing;

    impl Blockstore for Nothing {
        fn get(&self, _: &Cid) -> anyhow::Result<Option<Vec<u8>>> {
            Ok(None)
        }

        fn put_keyed(&self, cid: &Cid, _: &[u8]) -> anyhow::Result<()> {
            bail!("nothing takes {cid}")
        }
    }
}
