//! A set of CIDs of any size: what a walk has seen, in bounded memory.
//!
//! A state of hundreds of gigabytes has hundreds of millions of blocks. The set must be exact: a filter that takes a new block
//! for one that was seen would leave out everything below it. So the newest CIDs are in memory, and when that is full they
//! go, sorted, as one file into a database of their own in the store's `tmp` directory: 39 bytes a block, behind a Bloom filter,
//! without a log and without compression, for it need not survive anything. A small chain never gets that far.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use cid::Cid;
use rocksdb::{
    BlockBasedOptions, Cache, DB, DBCompressionType, IngestExternalFileOptions, IteratorMode,
    Options, SstFileWriter,
};

use crate::db::Db;
use crate::error::StoreError;

/// Memory of the part on disk: filters, indexes and some of the keys.
const CACHE_BYTES: usize = 64 << 20;

/// What an entry takes in memory, with the room that a hash table keeps.
const ENTRY_BYTES: usize = 100;

/// A set of CIDs.
pub(crate) struct DiskSet {
    db: Db,
    newest: HashSet<Key>,
    limit: usize,
    len: u64,
    disk: Option<Disk>,
}

/// Nearly every CID of the chain has 38 bytes: these are kept without a pointer.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Usual([u8; 38]),
    Other(Box<[u8]>),
}

struct Disk {
    // Closed before the directory is deleted.
    rocks: Option<DB>,
    dir: PathBuf,
    files: u64,
}

impl DiskSet {
    /// An empty set that keeps about `memory_bytes` in memory.
    pub fn new(db: Db, memory_bytes: usize) -> Self {
        Self {
            db,
            newest: HashSet::new(),
            limit: (memory_bytes / ENTRY_BYTES).max(16),
            len: 0,
            disk: None,
        }
    }

    /// How many CIDs there are.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Adds CIDs, and removes from the list those that were there already, and repetitions. The order stays.
    pub fn retain_new(&mut self, cids: &mut Vec<Cid>) -> Result<(), StoreError> {
        let on_disk = self.on_disk(cids)?;
        let mut at = 0;
        cids.retain(|cid| {
            let is_old = on_disk.get(at).copied().unwrap_or(false);
            at += 1;
            !is_old && self.newest.insert(Key::of(cid))
        });
        self.len += cids.len() as u64;
        if self.newest.len() >= self.limit {
            self.spill()?;
        }
        Ok(())
    }

    /// Adds one CID; false if it was there.
    pub fn insert(&mut self, cid: &Cid) -> Result<bool, StoreError> {
        let mut one = vec![*cid];
        self.retain_new(&mut one)?;
        Ok(!one.is_empty())
    }

    /// Which of these keys, the bytes of CIDs, are in the set.
    pub fn contains(&self, keys: &[Vec<u8>]) -> Result<Vec<bool>, StoreError> {
        let in_memory = keys
            .iter()
            .map(|key| self.newest.contains(&Key::of_bytes(key)));
        let Some(disk) = &self.disk else {
            return Ok(in_memory.collect());
        };
        let on_disk = disk.contains(&self.db, keys)?;
        Ok(in_memory.zip(on_disk).map(|(a, b)| a || b).collect())
    }

    /// All CIDs, in no order that means anything.
    pub fn iter(&self) -> impl Iterator<Item = Result<Cid, StoreError>> + '_ {
        let newest = self.newest.iter().map(|key| Ok(key.cid()));
        let rocks = self.disk.as_ref().and_then(|disk| disk.rocks.as_ref());
        let on_disk = rocks.into_iter().flat_map(move |rocks| {
            rocks.iterator(IteratorMode::Start).map(move |entry| {
                let (key, _) = entry.map_err(|e| self.db.error("read a temporary set", &e))?;
                Ok(Key::of_bytes(&key).cid())
            })
        });
        newest.chain(on_disk)
    }

    fn on_disk(&self, cids: &[Cid]) -> Result<Vec<bool>, StoreError> {
        let Some(disk) = &self.disk else {
            return Ok(Vec::new());
        };
        let keys: Vec<Vec<u8>> = cids.iter().map(Cid::to_bytes).collect();
        disk.contains(&self.db, &keys)
    }

    /// Moves what is in memory to disk.
    fn spill(&mut self) -> Result<(), StoreError> {
        let disk = match &mut self.disk {
            Some(disk) => disk,
            None => self.disk.insert(Disk::create(&self.db)?),
        };
        let mut keys: Vec<Key> = self.newest.drain().collect();
        keys.sort_unstable_by(|a, b| a.bytes().cmp(b.bytes()));
        disk.add(&keys)
            .map_err(|e| self.db.error("write a temporary set", &e))
    }
}

impl Disk {
    fn create(db: &Db) -> Result<Self, StoreError> {
        let dir = db.tmp_path()?;
        let columns = [rocksdb::DEFAULT_COLUMN_FAMILY_NAME];
        let rocks = DB::open_cf(&options(), &dir, columns)
            .map_err(|e| StoreError::database(&dir, "make a temporary set", &e))?;
        Ok(Self {
            rocks: Some(rocks),
            dir,
            files: 0,
        })
    }

    /// Adds sorted keys, as one file.
    fn add(&mut self, keys: &[Key]) -> Result<(), rocksdb::Error> {
        let options = options();
        let path = self.dir.join(format!("{}.new", self.files));
        self.files += 1;
        let mut writer = SstFileWriter::create(&options);
        writer.open(&path)?;
        for key in keys {
            writer.put(key.bytes(), [])?;
        }
        writer.finish()?;
        let mut ingest = IngestExternalFileOptions::default();
        ingest.set_move_files(true);
        self.rocks().ingest_external_file_opts(&ingest, vec![path])
    }

    fn contains(&self, db: &Db, keys: &[Vec<u8>]) -> Result<Vec<bool>, StoreError> {
        let rocks = self.rocks();
        let column = rocks.cf_handle(rocksdb::DEFAULT_COLUMN_FAMILY_NAME);
        let column = column.expect("it was opened with this column family");
        let found = rocks.batched_multi_get_cf(column, keys, false);
        let found = found.into_iter().map(|found| match found {
            Ok(found) => Ok(found.is_some()),
            Err(e) => Err(db.error("read a temporary set", &e)),
        });
        found.collect()
    }

    fn rocks(&self) -> &DB {
        self.rocks.as_ref().expect("open until it is dropped")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.rocks = None;
        // What stays is deleted when the store is opened.
        let _ = fs::remove_dir_all(Path::new(&self.dir));
    }
}

fn options() -> Options {
    let mut table = BlockBasedOptions::default();
    table.set_bloom_filter(10.0, false);
    table.set_block_cache(&Cache::new_lru_cache(CACHE_BYTES));
    table.set_cache_index_and_filter_blocks(true);
    let mut options = Options::default();
    options.create_if_missing(true);
    options.set_block_based_table_factory(&table);
    options.set_compression_type(DBCompressionType::None);
    options.set_max_open_files(64);
    options.set_max_background_jobs(2);
    options
}

impl Key {
    fn of(cid: &Cid) -> Self {
        Self::of_bytes(&cid.to_bytes())
    }

    fn of_bytes(bytes: &[u8]) -> Self {
        match bytes.try_into() {
            Ok(usual) => Self::Usual(usual),
            Err(_) => Self::Other(bytes.into()),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Usual(bytes) => bytes,
            Self::Other(bytes) => bytes,
        }
    }

    fn cid(&self) -> Cid {
        Cid::try_from(self.bytes()).expect("the bytes of a CID")
    }
}
