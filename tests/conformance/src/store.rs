//! Blocks in memory: those of a vector and of a bundle, shared and never changed, and below them what one run writes.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::Read;
use std::rc::Rc;
use std::sync::Arc;

use cid::Cid;
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_car::CarReader;

/// Blocks by CID.
pub type Blocks = HashMap<Cid, Vec<u8>>;

/// Reads a CAR (version 1): its roots and its blocks, each checked against its CID.
pub fn read_car(reader: impl Read) -> Result<(Vec<Cid>, Blocks), fvm_ipld_car::Error> {
    let mut car = CarReader::new(reader)?;
    let mut blocks = Blocks::new();
    for block in &mut car {
        let block = block?;
        blocks.insert(block.cid, block.data);
    }
    Ok((car.header.roots, blocks))
}

/// A blockstore over shared layers. Writes stay in this store and its clones.
#[derive(Clone, Debug, Default)]
pub struct LayeredStore {
    layers: Vec<Arc<Blocks>>,
    written: Rc<RefCell<Blocks>>,
}

impl LayeredStore {
    /// An empty store over `layers`.
    pub fn new(layers: Vec<Arc<Blocks>>) -> Self {
        Self {
            layers,
            written: Rc::default(),
        }
    }

    /// A copy of what was written to this store.
    pub fn written(&self) -> Blocks {
        self.written.borrow().clone()
    }
}

impl Blockstore for LayeredStore {
    fn get(&self, cid: &Cid) -> anyhow::Result<Option<Vec<u8>>> {
        if let Some(block) = self.layers.iter().find_map(|layer| layer.get(cid)) {
            return Ok(Some(block.clone()));
        }
        Ok(self.written.borrow().get(cid).cloned())
    }

    fn put_keyed(&self, cid: &Cid, block: &[u8]) -> anyhow::Result<()> {
        self.written.borrow_mut().insert(*cid, block.to_vec());
        Ok(())
    }

    fn has(&self, cid: &Cid) -> anyhow::Result<bool> {
        let shared = self.layers.iter().any(|layer| layer.contains_key(cid));
        Ok(shared || self.written.borrow().contains_key(cid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use multihash_codetable::{Code, MultihashDigest};

    fn block(data: &[u8]) -> (Cid, Vec<u8>) {
        let cid = Cid::new_v1(0x55, Code::Blake2b256.digest(data));
        (cid, data.to_vec())
    }

    #[test]
    fn layers_are_read_and_writes_stay_apart() {
        let ((a, a_data), (b, b_data), (c, _)) = (block(b"a"), block(b"b"), block(b"c"));
        let layers = vec![
            Arc::new(Blocks::from([(a, a_data)])),
            Arc::new(Blocks::from([(b, b_data)])),
        ];
        let (one, two) = (LayeredStore::new(layers.clone()), LayeredStore::new(layers));
        one.put_keyed(&c, b"c").unwrap();
        for (cid, in_one, in_two) in [(a, true, true), (b, true, true), (c, true, false)] {
            assert_eq!(
                (one.has(&cid).unwrap(), two.has(&cid).unwrap()),
                (in_one, in_two)
            );
            assert_eq!(one.get(&cid).unwrap().is_some(), in_one);
            assert_eq!(two.get(&cid).unwrap().is_some(), in_two);
        }
    }

    #[test]
    fn a_block_that_is_not_its_cid_is_refused() {
        let (cid, data) = block(b"good");
        let mut car = Vec::new();
        let header = fvm_ipld_car::CarHeader::new(vec![cid], 1);
        let mut writer = fvm_ipld_car::CarWriter::new(header, &mut car).unwrap();
        writer.write(fvm_ipld_car::Block { cid, data }).unwrap();
        let (roots, blocks) = read_car(car.as_slice()).unwrap();
        assert_eq!((roots, blocks.len()), (vec![cid], 1));
        *car.last_mut().unwrap() ^= 1;
        assert!(read_car(car.as_slice()).is_err());
    }
}
