//! Tipsets in the store: headers by their CIDs, put together.

use cid::Cid;
use filigree_blocks::{Block, BlockHeader, FullBlock, Tipset, TipsetKey, cid_of};
use filigree_store::{Batch, Db, Durability};

use crate::cache::Cache;
use crate::error::ChainError;
use crate::messages;

/// Tipsets in memory: those of a finality and some forks.
const CACHED: usize = 4096;

/// Headers of tipsets, from memory or from disk.
pub(crate) struct Tipsets {
    db: Db,
    cache: Cache<TipsetKey, Tipset>,
}

impl Tipsets {
    pub fn new(db: Db) -> Self {
        Self {
            db,
            cache: Cache::new(CACHED),
        }
    }

    pub fn load(&self, key: &TipsetKey) -> Result<Tipset, ChainError> {
        if let Some(tipset) = self.cache.get(key) {
            return Ok(tipset);
        }
        let cids = key.cids();
        let bytes = self.db.blocks().read_many(cids)?;
        let headers = cids
            .iter()
            .zip(bytes)
            .map(|(cid, bytes)| header(cid, bytes));
        let blocks: Vec<Block> = headers
            .map(|header| header.map(Block::new))
            .collect::<Result<_, _>>()?;
        let tipset = Tipset::of_blocks(blocks).map_err(|reason| ChainError::NotATipset {
            key: key.clone(),
            reason: Box::new(reason),
        })?;
        self.remember(key.clone(), &tipset);
        Ok(tipset)
    }

    /// The parents of a tipset, which must be before it: whoever walks back comes to an end.
    pub fn parents(&self, tipset: &Tipset) -> Result<Tipset, ChainError> {
        let parents = self.load(tipset.parents())?;
        if parents.height() >= tipset.height() {
            return Err(ChainError::Order {
                key: tipset.key().clone(),
                height: tipset.height(),
                parents: parents.height(),
            });
        }
        Ok(parents)
    }

    pub fn block(&self, cid: &Cid) -> Result<BlockHeader, ChainError> {
        header(cid, self.db.blocks().read(cid)?)
    }

    /// Stores headers, and the key by which actors and Ethereum's tools know the tipset.
    pub fn put(&self, tipset: &Tipset) -> Result<(), ChainError> {
        let mut batch = self.db.batch();
        put_headers(&mut batch, tipset);
        batch.commit(Durability::Buffered)?;
        self.remember(tipset.key().clone(), tipset);
        Ok(())
    }

    /// Stores a block and its messages.
    pub fn put_block(&self, block: &FullBlock) -> Result<Cid, ChainError> {
        let mut batch = self.db.batch();
        messages::put(&mut batch, block)?;
        let bytes = block.header.to_bytes();
        let cid = cid_of(&bytes);
        batch.put_block(&cid, &bytes);
        batch.commit(Durability::Buffered)?;
        Ok(cid)
    }

    fn remember(&self, key: TipsetKey, tipset: &Tipset) {
        self.cache.insert(key, tipset.clone(), 1);
    }
}

/// Adds headers and key of a tipset to a batch.
pub(crate) fn put_headers(batch: &mut Batch, tipset: &Tipset) {
    for block in tipset.blocks() {
        batch.put_block(&block.cid(), &block.header().to_bytes());
    }
    put_key(batch, tipset.key());
}

fn put_key(batch: &mut Batch, key: &TipsetKey) {
    let block = key.block();
    batch.put_block(&cid_of(&block), &block);
}

fn header(cid: &Cid, bytes: Option<Vec<u8>>) -> Result<BlockHeader, ChainError> {
    let bytes = bytes.ok_or(ChainError::Missing {
        what: "block",
        cid: Box::new(*cid),
    })?;
    BlockHeader::from_bytes(&bytes).map_err(|reason| ChainError::Malformed {
        cid: Box::new(*cid),
        reason,
    })
}
