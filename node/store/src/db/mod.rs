//! The database: one RocksDB in a directory of its own, opened with care.
//!
//! ```text
//! DIR/LOCK     held while it is open
//! DIR/FORMAT   version of all the rest
//! DIR/rocks/   the database
//! DIR/tmp/     sets of long walks; emptied when the store is opened
//! ```
//!
//! **Durability.** Every write goes to the log of writes, and the log is a sequence: what a crash leaves is what was written up to
//! some moment. A process that is killed loses nothing. A machine that loses power loses at most what was written since the
//! last [`Durability::Synced`] commit, so a head committed so has its blocks, which were written before it.

mod batch;
pub(crate) mod columns;
mod compact;
mod format;
mod lock;
mod options;

pub use batch::{Batch, Durability};
pub use lock::DirLock;
pub use options::{Compression, Options};

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rocksdb::properties::{
    CUR_SIZE_ALL_MEM_TABLES, ESTIMATE_NUM_KEYS, LIVE_SST_FILES_SIZE, PropName,
};
use rocksdb::{Cache, ColumnFamily, DB};

use crate::barrier::Barrier;
use crate::blocks::Blocks;
use crate::db::format::{FORMAT, MIGRATIONS, Migration, Stamp};
use crate::error::StoreError;
use crate::index::Index;
use crate::maintenance::Maintenance;
use crate::table::{Table, TableDef};

/// An open store. Cheap to clone; closed when the last clone and everything made from it are gone.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    // Fields are dropped in this order: the database is closed before the lock goes.
    rocks: DB,
    cache: Cache,
    dir: PathBuf,
    tmp_count: AtomicU64,
    barrier: Barrier,
    maintenance: Maintenance,
    _lock: DirLock,
}

/// What a store takes up, in bytes, and how full its memory is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Files of the database, without the log of the last writes.
    pub files_bytes: u64,
    /// Of these, files of blocks.
    pub blocks_bytes: u64,
    /// Blocks, as far as the database knows without counting.
    pub blocks_estimate: u64,
    /// Cache in use.
    pub cache_bytes: u64,
    /// Writes in memory that are in no file yet; the log of writes has them.
    pub write_buffer_bytes: u64,
}

impl Db {
    /// Opens the store in a directory, which is made if need be.
    ///
    /// # Errors
    /// Nothing has been changed when the store is in use, of a newer format, damaged, or not one at all; what else fails
    /// says what to do.
    pub fn open(dir: impl AsRef<Path>, options: &Options) -> Result<Self, StoreError> {
        Self::open_as(dir.as_ref(), options, FORMAT, MIGRATIONS)
    }

    /// The store of blocks.
    pub fn blocks(&self) -> Blocks {
        Blocks::new(self.clone())
    }

    /// The index of the heaviest chain.
    pub fn index(&self) -> Index {
        Index::new(self.clone())
    }

    /// A small table.
    pub fn table<K, V>(&self, def: TableDef<K, V>) -> Table<K, V> {
        Table::new(self.clone(), def)
    }

    /// An empty batch of writes.
    pub fn batch(&self) -> Batch {
        Batch::new(self.clone())
    }

    /// Where the store is.
    pub fn dir(&self) -> &Path {
        &self.0.dir
    }

    /// Writes what is in memory to files, so that the next start reads no long log.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn flush(&self) -> Result<(), StoreError> {
        let rocks = &self.0.rocks;
        let columns = columns::ALL.map(|name| self.column(name));
        rocks
            .flush_cfs_opt(&columns, &rocksdb::FlushOptions::default())
            .map_err(|e| self.error("write its files", &e))
    }

    /// What the store takes up.
    pub fn usage(&self) -> Usage {
        let number = |column: &str, name: &PropName| {
            let value = self
                .0
                .rocks
                .property_int_value_cf(self.column(column), name);
            value.ok().flatten().unwrap_or(0)
        };
        let sum = |name: &PropName| columns::ALL.iter().map(|column| number(column, name)).sum();
        Usage {
            files_bytes: sum(LIVE_SST_FILES_SIZE),
            blocks_bytes: number(columns::BLOCKS, LIVE_SST_FILES_SIZE),
            blocks_estimate: number(columns::BLOCKS, ESTIMATE_NUM_KEYS),
            cache_bytes: self.0.cache.get_usage() as u64,
            write_buffer_bytes: sum(CUR_SIZE_ALL_MEM_TABLES),
        }
    }

    fn open_as(
        dir: &Path,
        options: &Options,
        newest: u32,
        migrations: &[Migration],
    ) -> Result<Self, StoreError> {
        if !dir.is_dir() {
            if !options.create {
                return Err(StoreError::Absent {
                    dir: dir.to_owned(),
                });
            }
            fs::create_dir_all(dir).map_err(|e| StoreError::io(dir, "create", e))?;
        }
        let found = match format::read(dir)? {
            // A program that began to migrate it to a newer format has to end that.
            Some(found) if found.newest() > newest => {
                return Err(StoreError::NewerFormat {
                    dir: dir.to_owned(),
                    found: found.newest(),
                    known: newest,
                });
            }
            Some(found) => Some(found.format),
            None if !is_fresh(dir)? => {
                return Err(StoreError::NotAStore {
                    dir: dir.to_owned(),
                });
            }
            None if !options.create => {
                return Err(StoreError::Absent {
                    dir: dir.to_owned(),
                });
            }
            None => None,
        };
        let lock = DirLock::acquire(dir)?;
        if found.is_none() {
            format::write(dir, Stamp::of(newest))?;
        }
        let tmp = dir.join(TMP);
        if tmp.exists() {
            fs::remove_dir_all(&tmp).map_err(|e| StoreError::io(&tmp, "empty", e))?;
        }
        let (rocks, cache) = open_rocks(dir, options)?;
        let db = Self(Arc::new(Inner {
            rocks,
            cache,
            dir: dir.to_owned(),
            tmp_count: AtomicU64::new(0),
            barrier: Barrier::default(),
            maintenance: Maintenance::default(),
            _lock: lock,
        }));
        format::migrate(&db, found.unwrap_or(newest), migrations)?;
        Ok(db)
    }

    pub(crate) fn rocks(&self) -> &DB {
        &self.0.rocks
    }

    pub(crate) fn barrier(&self) -> &Barrier {
        &self.0.barrier
    }

    pub(crate) fn maintenance(&self) -> &Maintenance {
        &self.0.maintenance
    }

    /// A column family, all of which are made when the store is opened.
    pub(crate) fn column(&self, name: &str) -> &ColumnFamily {
        let column = self.0.rocks.cf_handle(name);
        column.expect("every column family is opened with the store")
    }

    /// A path for a temporary file or directory; nothing is there yet.
    pub(crate) fn tmp_path(&self) -> Result<PathBuf, StoreError> {
        let tmp = self.0.dir.join(TMP);
        fs::create_dir_all(&tmp).map_err(|e| StoreError::io(&tmp, "create", e))?;
        let count = self.0.tmp_count.fetch_add(1, Ordering::Relaxed);
        Ok(tmp.join(count.to_string()))
    }

    /// Sorts an error of the database. `action` completes "cannot …".
    pub(crate) fn error(&self, action: &'static str, error: &rocksdb::Error) -> StoreError {
        StoreError::database(&self.0.dir, action, error)
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Db").field(&self.0.dir).finish()
    }
}

const ROCKS: &str = "rocks";
const TMP: &str = "tmp";

/// Whether a directory without a format may become a store: nothing in it but what an attempt cut short has left.
fn is_fresh(dir: &Path) -> Result<bool, StoreError> {
    let entries = fs::read_dir(dir).map_err(|e| StoreError::io(dir, "read", e))?;
    for entry in entries {
        let entry = entry.map_err(|e| StoreError::io(dir, "read", e))?;
        let name = entry.file_name();
        if name != "LOCK" && name != "FORMAT.new" {
            return Ok(false);
        }
    }
    Ok(true)
}

fn open_rocks(dir: &Path, options: &Options) -> Result<(DB, Cache), StoreError> {
    let path = dir.join(ROCKS);
    let cache = Cache::new_lru_cache(options.cache_bytes);
    let result = DB::open_cf_descriptors(
        &columns::database(options),
        &path,
        columns::descriptors(options, &cache),
    );
    let error = match result {
        Ok(rocks) => return Ok((rocks, cache)),
        Err(error) => error,
    };
    let reason = error.to_string();
    // A file that the list of files names and that is gone is damage, whatever the system calls it.
    let is_gone = reason.contains("No such file or directory");
    Err(match StoreError::database(dir, "open", &error) {
        StoreError::Damaged { dir, reason } if is_of_log(&reason) => {
            StoreError::DamagedLog { dir, reason }
        }
        StoreError::Database { dir, .. } if is_gone => StoreError::Damaged { dir, reason },
        other => other,
    })
}

/// Whether the database complains about its log of writes. What reads the log does not name the file; the list of files, which is
/// read by the same code, is named.
fn is_of_log(reason: &str) -> bool {
    const OF_RECORDS: [&str; 6] = [
        "bad record length",
        "missing start of fragmented record",
        "partial record without end",
        "error in middle of record",
        "unknown record type",
        "truncated record",
    ];
    let names_log = reason.contains(".log") || reason.contains("WAL");
    let of_records = OF_RECORDS.iter().any(|known| reason.contains(known));
    names_log || of_records && !reason.contains("MANIFEST")
}

#[cfg(test)]
mod tests;
