//! The blocks: on disk, anywhere else, or in memory above others.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use cid::Cid;
use filigree_store::{Blocks, Work};
use fvm_ipld_blockstore::Blockstore;

/// A handle to blocks; clones share them, and threads.
#[derive(Clone)]
pub struct Store(Arc<Layer>);

enum Layer {
    Disk(Blocks),
    Shared(Box<dyn Blockstore + Send + Sync>),
    Memory {
        own: RwLock<HashMap<Cid, Arc<[u8]>>>,
        below: Option<Store>,
    },
}

impl From<Blocks> for Store {
    fn from(blocks: Blocks) -> Self {
        Self(Arc::new(Layer::Disk(blocks)))
    }
}

impl Store {
    /// Over any blocks.
    pub fn shared(blocks: impl Blockstore + Send + Sync + 'static) -> Self {
        Self(Arc::new(Layer::Shared(Box::new(blocks))))
    }

    /// No blocks yet, and all in memory.
    pub fn memory() -> Self {
        Self::above(None)
    }

    /// These blocks, with what is written kept in memory and away from them: to see what would be.
    pub fn overlay(&self) -> Self {
        Self::above(Some(self.clone()))
    }

    fn above(below: Option<Self>) -> Self {
        let own = RwLock::default();
        Self(Arc::new(Layer::Memory { own, below }))
    }

    /// Keeps garbage collection from what is written until something leads to it.
    pub fn work(&self) -> Option<Work> {
        match &*self.0 {
            Layer::Disk(blocks) => Some(blocks.work()),
            Layer::Memory { below, .. } => below.as_ref().and_then(Self::work),
            Layer::Shared(_) => None,
        }
    }
}

impl Blockstore for Store {
    fn get(&self, cid: &Cid) -> anyhow::Result<Option<Vec<u8>>> {
        match &*self.0 {
            Layer::Disk(blocks) => blocks.get(cid),
            Layer::Shared(blocks) => blocks.get(cid),
            Layer::Memory { own, below } => {
                let own = own.read().unwrap_or_else(PoisonError::into_inner);
                match (own.get(cid), below) {
                    (Some(block), _) => Ok(Some(block.to_vec())),
                    (None, Some(below)) => below.get(cid),
                    (None, None) => Ok(None),
                }
            }
        }
    }

    fn put_keyed(&self, cid: &Cid, block: &[u8]) -> anyhow::Result<()> {
        match &*self.0 {
            Layer::Disk(blocks) => blocks.put_keyed(cid, block),
            Layer::Shared(blocks) => blocks.put_keyed(cid, block),
            Layer::Memory { own, .. } => {
                let mut own = own.write().unwrap_or_else(PoisonError::into_inner);
                own.insert(*cid, Arc::from(block));
                Ok(())
            }
        }
    }

    fn put_many_keyed<D, I>(&self, blocks: I) -> anyhow::Result<()>
    where
        Self: Sized,
        D: AsRef<[u8]>,
        I: IntoIterator<Item = (Cid, D)>,
    {
        match &*self.0 {
            Layer::Disk(disk) => disk.put_many_keyed(blocks),
            _ => blocks
                .into_iter()
                .try_for_each(|(cid, block)| self.put_keyed(&cid, block.as_ref())),
        }
    }

    fn has(&self, cid: &Cid) -> anyhow::Result<bool> {
        match &*self.0 {
            Layer::Disk(blocks) => blocks.has(cid),
            Layer::Shared(blocks) => blocks.has(cid),
            Layer::Memory { own, below } => {
                let own = own.read().unwrap_or_else(PoisonError::into_inner);
                match (own.contains_key(cid), below) {
                    (false, Some(below)) => below.has(cid),
                    (found, _) => Ok(found),
                }
            }
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &*self.0 {
            Layer::Disk(_) => "Store(disk)",
            Layer::Shared(_) => "Store(shared)",
            Layer::Memory { below: Some(_), .. } => "Store(overlay)",
            Layer::Memory { below: None, .. } => "Store(memory)",
        })
    }
}

#[cfg(test)]
mod tests {
    use fvm_ipld_encoding::CborStore;
    use multihash_codetable::Code;

    use super::*;

    #[test]
    fn what_is_written_above_stays_above() {
        let memory = Store::memory();
        let below = memory.put_cbor(&1, Code::Blake2b256).unwrap();
        let store = Store::shared(memory.clone());
        let overlay = store.overlay();
        let above = overlay.put_cbor(&2, Code::Blake2b256).unwrap();
        assert_eq!(overlay.get_cbor(&below).unwrap(), Some(1));
        assert_eq!(overlay.clone().get_cbor(&above).unwrap(), Some(2));
        assert!(overlay.has(&above).unwrap() && overlay.has(&below).unwrap());
        assert!(!store.has(&above).unwrap() && !memory.has(&above).unwrap());
        let written = store.put_cbor(&3, Code::Blake2b256).unwrap();
        assert!(memory.has(&written).unwrap() && overlay.has(&written).unwrap());
    }
}
