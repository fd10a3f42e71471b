//! The index of messages, made anew: an imported chain has none.

use std::ops::{ControlFlow, RangeInclusive};

use filigree_store::Durability;
use fvm_shared::clock::ChainEpoch;

use crate::chain::Chain;
use crate::error::ChainError;

/// A batch is written when it is so large.
const BATCH_BYTES: usize = 8 << 20;

impl Chain {
    /// Adds the messages of the tipsets at these heights, the lowest first, to the index of the heaviest chain. `report` is told
    /// each height that is done, and may stop. Tipsets whose messages are not in the store, as the older of a light snapshot, are
    /// passed over.
    ///
    /// # Errors
    /// When the store fails.
    pub fn index_messages(
        &self,
        heights: RangeInclusive<ChainEpoch>,
        mut report: impl FnMut(ChainEpoch) -> ControlFlow<()>,
    ) -> Result<(), ChainError> {
        let index = self.db.index();
        let mut batch = self.db.batch();
        for head in index.tipsets(heights) {
            let head = head?;
            let tipset = self.tipset(&head.key)?;
            match self.indexed(&tipset) {
                Ok(indexed) => index.add_messages(&mut batch, &indexed),
                Err(ChainError::Missing { .. } | ChainError::Messages(_)) => {}
                Err(error) => return Err(error),
            }
            if batch.size_bytes() > BATCH_BYTES {
                let full = std::mem::replace(&mut batch, self.db.batch());
                full.commit(Durability::Buffered)?;
            }
            if report(head.height).is_break() {
                break;
            }
        }
        Ok(batch.commit(Durability::Buffered)?)
    }
}
