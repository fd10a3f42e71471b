//! Merging the files of blocks, so that what was deleted leaves the disk.

use rocksdb::CompactOptions;

use crate::db::{Db, columns};
use crate::error::StoreError;
use crate::report::{Report, tell};

/// Parts in which files are merged: so often is told how far it has come.
const PARTS: usize = 32;

impl Db {
    /// Merges the files of blocks, one part of the keys after the other, beside whatever else goes on. `report` is told hundredths.
    ///
    /// # Errors
    /// When the disk fails, or [`StoreError::Stopped`].
    pub fn compact(&self, report: Report<'_, u8>) -> Result<(), StoreError> {
        self.flush()?;
        let mut options = CompactOptions::default();
        options.set_exclusive_manual_compaction(false);
        let column = self.column(columns::BLOCKS);
        // Nearly all keys begin as that of a DAG-CBOR block hashed with blake2b-256, then with any byte.
        let edge = |byte: u8| [1, 0x71, 0xa0, 0xe4, 2, 32, byte];
        let mut from: Option<[u8; 7]> = None;
        for part in 1..=PARTS {
            let to = (part < PARTS).then(|| edge((256 / PARTS * part) as u8));
            self.rocks()
                .compact_range_cf_opt(column, from, to, &options);
            from = to;
            tell(report, &((part * 100 / PARTS) as u8))?;
        }
        Ok(())
    }
}
