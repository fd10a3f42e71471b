//! An in-memory blockstore in two layers: a genesis shared by all hosts, and one host's own writes on top.
//!
//! Both hosts start from the very same blocks without copying them; whatever one writes stays invisible to the other.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use cid::Cid;
use fvm_ipld_blockstore::Blockstore;

/// Blocks by CID.
pub type Blocks = HashMap<Cid, Vec<u8>>;

/// Shared blocks below, private writes on top. Clones share the top layer too.
#[derive(Clone, Default)]
pub struct LayeredStore {
    base: Arc<Blocks>,
    top: Rc<RefCell<Blocks>>,
}

impl LayeredStore {
    /// An empty top layer over `base`.
    pub fn new(base: Arc<Blocks>) -> Self {
        Self {
            base,
            top: Rc::default(),
        }
    }

    /// A copy of what was written on top.
    pub fn written(&self) -> Blocks {
        self.top.borrow().clone()
    }
}

impl Blockstore for LayeredStore {
    fn get(&self, k: &Cid) -> anyhow::Result<Option<Vec<u8>>> {
        if let Some(block) = self.top.borrow().get(k) {
            return Ok(Some(block.clone()));
        }
        Ok(self.base.get(k).cloned())
    }

    fn put_keyed(&self, k: &Cid, block: &[u8]) -> anyhow::Result<()> {
        self.top.borrow_mut().insert(*k, block.to_vec());
        Ok(())
    }

    fn has(&self, k: &Cid) -> anyhow::Result<bool> {
        Ok(self.top.borrow().contains_key(k) || self.base.contains_key(k))
    }
}
