//! The blocks of a sandbox: its own, over a base that is only read and may be shared.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use cid::Cid;
use fvm_ipld_blockstore::Blockstore;

/// A handle to the blocks; clones share them. What the base does not hold is kept in memory.
#[derive(Clone)]
pub(crate) struct Store(Rc<Layers>);

struct Layers {
    own: RefCell<HashMap<Cid, Rc<[u8]>>>,
    base: Box<dyn Blockstore>,
}

impl Store {
    /// No own blocks over `base`.
    pub fn over(base: Box<dyn Blockstore>) -> Self {
        Self(Rc::new(Layers {
            own: RefCell::default(),
            base,
        }))
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
        self.0.own.borrow_mut().insert(*cid, Rc::from(block));
        Ok(())
    }

    fn has(&self, cid: &Cid) -> anyhow::Result<bool> {
        Ok(self.0.own.borrow().contains_key(cid) || self.0.base.has(cid)?)
    }
}

#[cfg(test)]
mod tests {
    use fvm_ipld_blockstore::MemoryBlockstore;
    use fvm_ipld_encoding::CborStore;
    use multihash_codetable::Code;

    use super::*;

    #[test]
    fn the_base_is_read_and_never_written() {
        let base = Rc::new(MemoryBlockstore::new());
        let below = base.put_cbor(&1, Code::Blake2b256).unwrap();
        let store = Store::over(Box::new(Rc::clone(&base)));
        let above = store.put_cbor(&2, Code::Blake2b256).unwrap();
        assert_eq!(store.get_cbor(&below).unwrap(), Some(1));
        assert_eq!(store.clone().get_cbor(&above).unwrap(), Some(2));
        assert!(store.has(&above).unwrap() && store.has(&below).unwrap());
        assert!(!base.has(&above).unwrap());
    }
}
