//! The blocks of a bundle of built-in actors, shared by the sandboxes of a process.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use cid::Cid;
use filigree_build::car::Car;
use fvm_ipld_blockstore::Blockstore;

/// A bundle: the root of its manifest and its blocks.
#[derive(Clone)]
pub(crate) struct Bundle {
    /// CID of the manifest.
    pub root: Cid,
    blocks: Arc<HashMap<Cid, Vec<u8>>>,
}

impl Bundle {
    /// Reads a CAR.
    pub fn read(bytes: &[u8]) -> anyhow::Result<Self> {
        let car = Car::read(bytes)?;
        Ok(Self {
            root: *car.roots.first().context("the CAR names no root")?,
            blocks: Arc::new(
                car.blocks
                    .iter()
                    .map(|block| (block.cid, block.data.to_vec()))
                    .collect(),
            ),
        })
    }
}

/// Reads the bundle's blocks.
impl Blockstore for Bundle {
    fn get(&self, cid: &Cid) -> anyhow::Result<Option<Vec<u8>>> {
        Ok(self.blocks.get(cid).cloned())
    }

    fn put_keyed(&self, cid: &Cid, _: &[u8]) -> anyhow::Result<()> {
        bail!("the bundle is read only: {cid} cannot be put into it")
    }

    fn has(&self, cid: &Cid) -> anyhow::Result<bool> {
        Ok(self.blocks.contains_key(cid))
    }
}
