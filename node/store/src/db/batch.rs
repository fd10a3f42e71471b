//! Writes to blocks, index and tables that happen together or not at all.

use cid::Cid;
use rocksdb::{WriteBatch, WriteOptions};

use crate::blocks::is_inline;
use crate::db::{Db, columns};
use crate::error::StoreError;

/// Whether a commit waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Survives the end of the process, however it ends; the disk follows within seconds.
    Buffered,
    /// Survives the loss of power as well, and so does everything committed before it.
    Synced,
}

/// Writes that are made together. Nothing is written before [`commit`](Self::commit); later writes to a key win.
pub struct Batch {
    db: Db,
    writes: WriteBatch,
    blocks: Vec<Cid>,
}

impl Batch {
    pub(crate) fn new(db: Db) -> Self {
        Self {
            db,
            writes: WriteBatch::default(),
            blocks: Vec::new(),
        }
    }

    /// Adds a block. That it has this CID is the caller's word.
    pub fn put_block(&mut self, cid: &Cid, block: &[u8]) {
        if is_inline(cid) {
            return;
        }
        self.writes
            .put_cf(self.db.column(columns::BLOCKS), cid.to_bytes(), block);
        self.blocks.push(*cid);
    }

    /// Bytes to write, with what the log adds.
    pub fn size_bytes(&self) -> usize {
        self.writes.size_in_bytes()
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// Writes everything, at once.
    ///
    /// # Errors
    /// When the disk fails or is full: then nothing of the batch is there.
    pub fn commit(self, durability: Durability) -> Result<(), StoreError> {
        let mut options = WriteOptions::default();
        options.set_sync(durability == Durability::Synced);
        let _entered = self.db.barrier().enter(&self.blocks);
        let written = self.db.rocks().write_opt(self.writes, &options);
        written.map_err(|e| self.db.error("write", &e))
    }

    pub(crate) fn put(&mut self, column: &str, key: &[u8], value: &[u8]) {
        self.writes.put_cf(self.db.column(column), key, value);
    }

    pub(crate) fn delete(&mut self, column: &str, key: &[u8]) {
        self.writes.delete_cf(self.db.column(column), key);
    }
}
