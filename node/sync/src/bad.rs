//! Blocks that somebody has declared bad, whatever the rules say of them: neither they nor what is built on them come in.
//!
//! Whoever declares one bad knows more than the rules: that it came of a fault in actors, say. Nothing is declared bad by the node
//! itself; verdicts by the rules are remembered elsewhere (`judged`).

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use cid::Cid;
use filigree_store::{Db, Durability, StoreError, Table, TableDef};
use tracing::error;

/// Why, by block.
const TABLE: TableDef<Cid, String> = TableDef::new("sync.bad");

/// Most blocks that can be declared bad.
pub const MOST_BAD: usize = 1_024;

/// Why a block is not declared bad.
#[derive(Debug, thiserror::Error)]
pub enum MarkError {
    /// Without it there is no chain.
    #[error("the first block of the chain cannot be declared bad")]
    Genesis,
    /// There are many.
    #[error("{MOST_BAD} blocks are declared bad already; take some back with SyncUnmarkBad")]
    TooMany,
    /// What has this CID is no header.
    #[error(
        "{0} is in the store and no block of a chain: give the CID of a header, not of a tipset, a message or a state"
    )]
    NotABlock(Box<Cid>),
    /// The chain cannot leave it.
    #[error("the block is not declared bad, for the chain cannot leave it: {0}")]
    Chain(#[from] filigree_chain::ChainError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Declared bad, and why.
pub(crate) type Marks = BTreeMap<Cid, String>;

/// See the head of the file. They survive a restart.
pub(crate) struct BadBlocks {
    table: Table<Cid, String>,
    marks: RwLock<Marks>,
}

impl BadBlocks {
    /// Those of a store.
    pub fn open(db: &Db) -> Result<Self, StoreError> {
        let table = db.table(TABLE);
        let marks = table.entries().collect::<Result<_, _>>()?;
        Ok(Self {
            table,
            marks: RwLock::new(marks),
        })
    }

    /// While it is held, none is added.
    pub fn read(&self) -> RwLockReadGuard<'_, Marks> {
        self.marks.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Declares one bad, then does what must be done before the next block comes in. If that fails, it is as before.
    pub fn mark(
        &self,
        block: &Cid,
        why: &str,
        then: impl FnOnce() -> Result<(), MarkError>,
    ) -> Result<(), MarkError> {
        let mut marks = self.write();
        if marks.len() >= MOST_BAD && !marks.contains_key(block) {
            return Err(MarkError::TooMany);
        }
        self.table.set(block, &why.to_owned(), Durability::Synced)?;
        let before = marks.insert(*block, why.to_owned());
        then().inspect_err(|_| self.put_back(&mut marks, block, before))
    }

    fn put_back(&self, marks: &mut Marks, block: &Cid, before: Option<String>) {
        let stored = match &before {
            Some(why) => self.table.set(block, why, Durability::Synced),
            None => self.table.remove(block, Durability::Synced),
        };
        if let Err(error) = stored {
            error!(%block, %error, "the mark of a block cannot be taken back; it is there again after the next start");
        }
        match before {
            Some(why) => marks.insert(*block, why),
            None => marks.remove(block),
        };
    }

    /// Takes that back.
    pub fn unmark(&self, block: &Cid) -> Result<(), StoreError> {
        let mut marks = self.write();
        self.table.remove(block, Durability::Synced)?;
        marks.remove(block);
        Ok(())
    }

    /// Takes all back.
    pub fn unmark_all(&self) -> Result<(), StoreError> {
        let mut marks = self.write();
        while let Some(block) = marks.keys().next().copied() {
            self.table.remove(&block, Durability::Synced)?;
            marks.remove(&block);
        }
        Ok(())
    }

    fn write(&self) -> RwLockWriteGuard<'_, Marks> {
        self.marks.write().unwrap_or_else(PoisonError::into_inner)
    }
}
