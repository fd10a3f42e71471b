//! Checkpoints and finality: behind what no fork goes.

use std::sync::PoisonError;

use filigree_blocks::{Tipset, TipsetKey};
use filigree_store::{Db, Durability, TableDef};

use crate::chain::Chain;
use crate::error::ChainError;
use crate::head::{Depth, Taken};
use crate::lookup::NullRounds;
use crate::tipsets::Tipsets;

/// The checkpoint, under the only key.
const CHECKPOINT: TableDef<(), TipsetKey> = TableDef::new("chain.checkpoint");

impl Chain {
    /// The checkpoint: a tipset of our chain that was declared final. Survives a restart.
    pub fn checkpoint(&self) -> Option<Tipset> {
        let checkpoint = self.checkpoint.read();
        checkpoint.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Declares a tipset final. If it is of a fork that leaves our chain within finality, it is the head.
    ///
    /// # Errors
    /// When its fork leaves our chain behind finality or the checkpoint before, something is missing, or the store fails.
    pub fn set_checkpoint(&self, tipset: &Tipset) -> Result<(), ChainError> {
        let _work = self.db.blocks().work();
        let mut candidates = self.writer();
        if !self.is_on_chain(tipset)?
            && self.change(&mut candidates, tipset, Depth::Final)? != Taken::Head
        {
            return Err(ChainError::Checkpoint {
                key: tipset.key().clone(),
            });
        }
        self.put_checkpoint(Some(tipset))
    }

    /// Takes the checkpoint back.
    ///
    /// # Errors
    /// When the store fails.
    pub fn remove_checkpoint(&self) -> Result<(), ChainError> {
        let _writer = self.writer();
        self.put_checkpoint(None)
    }

    /// The last tipset that is said to be final: a finality of epochs before the head, or the checkpoint if that is later. After
    /// many epochs without blocks a fork may still go behind it, for forks are measured in tipsets.
    ///
    /// # Errors
    /// When the store fails.
    pub fn finalized(&self) -> Result<Tipset, ChainError> {
        let head = self.head();
        let epoch = head.height().saturating_sub(self.config().finality_epochs);
        let by_depth = self.tipset_at(&head, epoch.max(0), NullRounds::Before)?;
        Ok(match self.checkpoint() {
            Some(checkpoint) if checkpoint.height() > by_depth.height() => checkpoint,
            _ => by_depth,
        })
    }

    /// Changes the checkpoint; for who has the writer.
    pub(crate) fn put_checkpoint(&self, checkpoint: Option<&Tipset>) -> Result<(), ChainError> {
        let table = self.db.table(CHECKPOINT);
        match checkpoint {
            Some(tipset) => table.set(&(), tipset.key(), Durability::Synced)?,
            None => table.remove(&(), Durability::Synced)?,
        }
        let mut current = self
            .checkpoint
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *current = checkpoint.cloned();
        Ok(())
    }
}

pub(crate) fn read(db: &Db, tipsets: &Tipsets) -> Result<Option<Tipset>, ChainError> {
    let key = db.table(CHECKPOINT).get(&())?;
    key.map(|key| tipsets.load(&key)).transpose()
}
