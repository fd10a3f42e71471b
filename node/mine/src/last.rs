//! Never two blocks where one is allowed. A miner that makes them is punished (consensus faults, Filecoin spec), so what blocks
//! it made is on disk, safe from a loss of power, before anybody can see them; and the next one is held against them, also after a
//! kill, and after the head was set back.
//!
//! The faults (Lotus, `chain/vm/fvm.go`): two blocks of one epoch; two blocks on the same parents; a block on parents beside which
//! there is an own block that it leaves out.

use std::sync::{Mutex, PoisonError};

use cid::Cid;
use filigree_blocks::{Tipset, TipsetKey};
use filigree_chain::ChainError;
use filigree_store::{Db, Durability, StoreError, Table, TableDef};
use fvm_shared::ActorID;
use fvm_shared::clock::ChainEpoch;
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

const TABLE: TableDef<(ActorID, ChainEpoch), LastBlock> = TableDef::new("mine.blocks");

/// How long blocks are remembered: longer than finality, behind which nobody can report a fault.
const KEPT_EPOCHS: ChainEpoch = 1_000;

/// A block that a miner signed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct LastBlock {
    /// Its epoch.
    pub epoch: ChainEpoch,
    /// What it is built on.
    pub parents: TipsetKey,
    /// Its CID. It is in the store only if it was good: a kill may have come in between.
    pub block: Cid,
    /// Whether the chain has seen it, and so perhaps others. The store may have lost it after that.
    pub shown: bool,
}

/// Why a block must not be made.
#[derive(Debug, thiserror::Error)]
pub enum SecondBlock {
    /// There was one at the epoch or later.
    #[error("a block at epoch {epoch} would be a second one: the miner's last was at epoch {last}")]
    Epoch {
        /// The epoch.
        epoch: ChainEpoch,
        /// That of the last block.
        last: ChainEpoch,
    },
    /// There was one on the same parents.
    #[error("a block on {parents} would be a second one there, after {block} at epoch {last}")]
    Parents {
        /// The parents.
        parents: TipsetKey,
        /// The first block.
        block: Box<Cid>,
        /// Its epoch.
        last: ChainEpoch,
    },
    /// The parents leave out the miner's own block beside them.
    #[error("a block on {parents} would leave out the miner's own {block}, which is beside them")]
    LeftOut {
        /// The parents.
        parents: TipsetKey,
        /// The own block.
        block: Box<Cid>,
    },
    /// It would be beside a block of which nobody can tell whether it was shown.
    #[error(
        "whether the miner's {block} was shown is not known, so none is made beside it: {error}"
    )]
    Unknown {
        /// The own block.
        block: Box<Cid>,
        /// Why it cannot be told.
        error: Box<ChainError>,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The blocks that miners made within a finality. Whoever signs blocks in a process shares one: of two that claim at once, the second
/// sees the first.
pub struct LastBlocks {
    db: Db,
    table: Table<(ActorID, ChainEpoch), LastBlock>,
    /// Held from the look at what was made to the note of what is.
    claiming: Mutex<()>,
}

impl LastBlocks {
    /// In this store.
    pub fn new(db: &Db) -> Self {
        Self {
            db: db.clone(),
            table: db.table(TABLE),
            claiming: Mutex::default(),
        }
    }

    /// The last block of a miner.
    ///
    /// # Errors
    /// When the store fails.
    pub fn get(&self, miner: ActorID) -> Result<Option<LastBlock>, StoreError> {
        let all = (miner, ChainEpoch::MIN)..=(miner, ChainEpoch::MAX);
        let last = self.table.range_back(all).next();
        Ok(last.transpose()?.map(|(_, block)| block))
    }

    /// Blocks of an epoch and later. The chain may not have them yet, but somebody may: garbage collection must keep them, for their
    /// miners go on from these or not at all.
    ///
    /// # Errors
    /// When the store fails.
    pub fn since(&self, epoch: ChainEpoch) -> Result<Vec<Cid>, StoreError> {
        let made = self.table.entries().filter_map(|entry| match entry {
            Ok((_, made)) => (made.epoch >= epoch).then_some(Ok(made.block)),
            Err(error) => Some(Err(error)),
        });
        made.collect()
    }

    /// Takes down that a miner makes a block on `parents`. When this returns, it may be shown. The block that stands there already
    /// may be claimed again.
    ///
    /// `is_stored` tells whether a block came into the store: one that did not, and was not [shown](Self::show), was never seen by
    /// anybody.
    ///
    /// # Errors
    /// When the block must not be made, or the store fails.
    pub fn claim(
        &self,
        miner: ActorID,
        epoch: ChainEpoch,
        block: Cid,
        parents: &Tipset,
        is_stored: impl Fn(&Cid) -> Result<bool, ChainError>,
    ) -> Result<(), SecondBlock> {
        self.claim_as(false, miner, epoch, block, parents, is_stored)
    }

    /// The same for a block that is shown at once, to somebody who may show it to others.
    ///
    /// # Errors
    /// As [`claim`](Self::claim).
    pub fn claim_shown(
        &self,
        miner: ActorID,
        epoch: ChainEpoch,
        block: Cid,
        parents: &Tipset,
        is_stored: impl Fn(&Cid) -> Result<bool, ChainError>,
    ) -> Result<(), SecondBlock> {
        self.claim_as(true, miner, epoch, block, parents, is_stored)
    }

    fn claim_as(
        &self,
        shown: bool,
        miner: ActorID,
        epoch: ChainEpoch,
        block: Cid,
        parents: &Tipset,
        is_stored: impl Fn(&Cid) -> Result<bool, ChainError>,
    ) -> Result<(), SecondBlock> {
        let new = LastBlock {
            epoch,
            parents: parents.key().clone(),
            block,
            shown,
        };
        let _claiming = self.claiming.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (miner, epoch);
        if let Some(own) = self.table.get(&place)?
            && own.block == new.block
        {
            if new.shown && !own.shown {
                self.table.set(&place, &new, Durability::Synced)?;
            }
            return Ok(());
        }
        if let Some(last) = self.get(miner)?
            && epoch <= last.epoch
        {
            let last = last.epoch;
            return Err(SecondBlock::Epoch { epoch, last });
        }
        // A block that this one could clash with is beside the parents, or on them.
        for own in self.table.range((miner, parents.height())..place) {
            let (_, own) = own?;
            let Some(clash) = clash(&own, parents) else {
                continue;
            };
            let is_seen = own.shown || is_stored(&own.block).map_err(|e| unknown(&own, e))?;
            if is_seen {
                return Err(clash);
            }
        }
        let mut batch = self.db.batch();
        self.table.put(&mut batch, &place, &new)?;
        let oldest = epoch.saturating_sub(KEPT_EPOCHS);
        for old in self.table.range((miner, ChainEpoch::MIN)..(miner, oldest)) {
            self.table.delete(&mut batch, &old?.0);
        }
        Ok(batch.commit(Durability::Synced)?)
    }

    /// Takes down that the block of an epoch was shown.
    ///
    /// # Errors
    /// When the store fails.
    pub fn show(
        &self,
        miner: ActorID,
        epoch: ChainEpoch,
        durability: Durability,
    ) -> Result<(), StoreError> {
        let place = (miner, epoch);
        match self.table.get(&place)? {
            Some(own) if !own.shown => {
                let own = LastBlock { shown: true, ..own };
                self.table.set(&place, &own, durability)
            }
            _ => Ok(()),
        }
    }
}

fn unknown(own: &LastBlock, error: ChainError) -> SecondBlock {
    SecondBlock::Unknown {
        block: Box::new(own.block),
        error: Box::new(error),
    }
}

/// What a block on `parents` would be beside an own block. One that is at the parents' epoch on another fork does not matter: the
/// fault is to leave out what one could have built on.
fn clash(own: &LastBlock, parents: &Tipset) -> Option<SecondBlock> {
    let block = Box::new(own.block);
    if *parents.key() == own.parents {
        return Some(SecondBlock::Parents {
            parents: parents.key().clone(),
            block,
            last: own.epoch,
        });
    }
    let is_left_out = parents.height() == own.epoch
        && *parents.parents() == own.parents
        && !parents.key().cids().contains(&own.block);
    is_left_out.then(|| SecondBlock::LeftOut {
        parents: parents.key().clone(),
        block,
    })
}
