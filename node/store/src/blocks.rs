//! Blocks by their CIDs.
//!
//! Identity CIDs hold their block themselves: they are read without the disk and never written.

use std::fmt;

use anyhow::Result;
use cid::Cid;
use fvm_ipld_blockstore::Blockstore;
use fvm_shared::IDENTITY_HASH;
use rocksdb::ReadOptions;

use crate::barrier::Work;
use crate::db::{Batch, Db, Durability, columns};
use crate::error::StoreError;

/// The blocks of a store. Cheap to clone, used by many threads at once.
///
/// Whoever writes blocks before anything leads to them holds [`work`](Self::work) meanwhile, or garbage collection may take
/// them.
#[derive(Clone)]
pub struct Blocks {
    db: Db,
}

impl Blocks {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// A block; `None` if it is not here.
    ///
    /// # Errors
    /// When the disk fails or the database is damaged.
    pub fn read(&self, cid: &Cid) -> Result<Option<Vec<u8>>, StoreError> {
        if is_inline(cid) {
            return Ok(Some(cid.hash().digest().to_vec()));
        }
        let column = self.db.column(columns::BLOCKS);
        let found = self.db.rocks().get_cf(column, cid.to_bytes());
        found.map_err(|e| self.db.error("read a block", &e))
    }

    /// Many blocks, in the order of the CIDs. Reads close to each other on disk are made together.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_many(&self, cids: &[Cid]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.read_many_by(cids, &ReadOptions::default())
    }

    /// As [`read_many`](Self::read_many), past the cache: a walk over all of the store would push out what the node uses.
    pub(crate) fn read_once(&self, cids: &[Cid]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        let mut options = ReadOptions::default();
        options.fill_cache(false);
        self.read_many_by(cids, &options)
    }

    fn read_many_by(
        &self,
        cids: &[Cid],
        options: &ReadOptions,
    ) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        let keys: Vec<Vec<u8>> = cids.iter().map(Cid::to_bytes).collect();
        let column = self.db.column(columns::BLOCKS);
        let rocks = self.db.rocks();
        let found = rocks.batched_multi_get_cf_opt(column, &keys, false, options);
        let blocks = cids.iter().zip(found).map(|(cid, found)| match found {
            _ if is_inline(cid) => Ok(Some(cid.hash().digest().to_vec())),
            Ok(block) => Ok(block.map(|block| block.to_vec())),
            Err(e) => Err(self.db.error("read a block", &e)),
        });
        blocks.collect()
    }

    /// Whether a block is here.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn contains(&self, cid: &Cid) -> Result<bool, StoreError> {
        if is_inline(cid) {
            return Ok(true);
        }
        // Who hears that a block is here may leave out writing it, so it must stay.
        let _entered = self.db.barrier().enter(std::slice::from_ref(cid));
        let column = self.db.column(columns::BLOCKS);
        let found = self.db.rocks().get_pinned_cf(column, cid.to_bytes());
        let found = found.map_err(|e| self.db.error("read a block", &e))?;
        Ok(found.is_some())
    }

    /// Work that writes blocks which nothing leads to yet: garbage collection that begins while this is held waits, before
    /// it asks for its roots, until it is given back. One that has begun already keeps whatever is written.
    ///
    /// Hold it from the first block until the root is in a table or an index that the roots are read from.
    pub fn work(&self) -> Work {
        Work::begin(self.db.clone())
    }
}

/// In batches: [`Batch::put_block`]; all blocks of a call are written at once.
impl Blockstore for Blocks {
    fn get(&self, cid: &Cid) -> Result<Option<Vec<u8>>> {
        Ok(self.read(cid)?)
    }

    fn has(&self, cid: &Cid) -> Result<bool> {
        Ok(self.contains(cid)?)
    }

    fn put_keyed(&self, cid: &Cid, block: &[u8]) -> Result<()> {
        self.put_many_keyed([(*cid, block)])
    }

    fn put_many_keyed<D, I>(&self, blocks: I) -> Result<()>
    where
        D: AsRef<[u8]>,
        I: IntoIterator<Item = (Cid, D)>,
    {
        let mut batch = Batch::new(self.db.clone());
        for (cid, block) in blocks {
            batch.put_block(&cid, block.as_ref());
        }
        if batch.is_empty() {
            return Ok(());
        }
        Ok(batch.commit(Durability::Buffered)?)
    }
}

impl fmt::Debug for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Blocks").field(&self.db.dir()).finish()
    }
}

/// Whether a CID holds its block itself.
pub(crate) fn is_inline(cid: &Cid) -> bool {
    cid.hash().code() == IDENTITY_HASH
}
