//! How far down a chain has its states and messages. They were deleted below, or a snapshot had none: that is no damage, and a
//! check looks for none of it.

use fvm_shared::clock::ChainEpoch;

use crate::db::{Batch, Db, Durability};
use crate::error::StoreError;
use crate::table::TableDef;

/// The height, under the only key.
const FLOOR: TableDef<(), ChainEpoch> = TableDef::new("store.floor");

impl Db {
    /// The height above which the states and messages of the chain are to be here; `None` when all of them are. Headers always are,
    /// and so is the first state.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn floor(&self) -> Result<Option<ChainEpoch>, StoreError> {
        self.table(FLOOR).get(&())
    }

    /// Notes that they may be gone up to a height, before they are deleted.
    pub(crate) fn raise_floor(&self, height: ChainEpoch) -> Result<(), StoreError> {
        match self.floor()? {
            Some(floor) if floor >= height => Ok(()),
            _ if height <= 0 => Ok(()),
            _ => self.table(FLOOR).set(&(), &height, Durability::Synced),
        }
    }

    /// Notes what an import has found, with the head that it makes.
    pub(crate) fn put_floor(
        &self,
        batch: &mut Batch,
        floor: Option<ChainEpoch>,
    ) -> Result<(), StoreError> {
        match floor {
            Some(height) => self.table(FLOOR).put(batch, &(), &height),
            None => {
                self.table(FLOOR).delete(batch, &());
                Ok(())
            }
        }
    }
}
