//! A door that lets no block in, and keeps lists of what it was told.

use std::collections::BTreeMap;
use std::sync::Mutex;

use anyhow::{Result, bail, ensure};
use cid::Cid;
use filigree_blocks::{BlockHeader, FullBlock, Tipset};
use filigree_rpc::{BlockListener, Door};
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;

/// See the head of the file.
#[derive(Default)]
pub struct MockDoor {
    given: Mutex<BTreeMap<(Address, ChainEpoch), Cid>>,
    bad: Mutex<Vec<Cid>>,
    listeners: Mutex<Vec<BlockListener>>,
}

impl MockDoor {
    /// As if a good block came.
    pub fn tell(&self, header: &BlockHeader) {
        let mut listeners = self.listeners.lock().unwrap();
        listeners.retain(|listener| listener(header));
    }

    /// Who listens.
    pub fn listeners(&self) -> usize {
        self.listeners.lock().unwrap().len()
    }
}

impl Door for MockDoor {
    fn submit(&self, block: &FullBlock) -> Result<()> {
        bail!("block {} is not taken here", block.header.cid())
    }

    fn give_out(&self, block: &FullBlock) -> Result<()> {
        let header = &block.header;
        ensure!(header.signature.is_some(), "it is not signed");
        let mut given = self.given.lock().unwrap();
        let first = given
            .entry((header.miner, header.height))
            .or_insert(header.cid());
        ensure!(*first == header.cid(), "it would be a second one");
        Ok(())
    }

    fn mark_bad(&self, block: &Cid) -> Result<()> {
        self.bad.lock().unwrap().push(*block);
        Ok(())
    }

    fn unmark_bad(&self, block: Option<&Cid>) -> Result<()> {
        let mut bad = self.bad.lock().unwrap();
        bad.retain(|bad| block.is_some_and(|block| block != bad));
        Ok(())
    }

    fn why_bad(&self, block: &Cid) -> Option<String> {
        let bad = self.bad.lock().unwrap();
        bad.contains(block).then(|| "it smells".to_owned())
    }

    fn validate(&self, tipset: &Tipset) -> Result<()> {
        ensure!(tipset.height() == 0, "it is not good");
        Ok(())
    }

    fn listen(&self, listener: BlockListener) {
        self.listeners.lock().unwrap().push(listener);
    }
}
