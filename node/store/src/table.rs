//! Small typed tables, for whatever a part of the node must find again after a restart.
//!
//! A table is declared once, by the crate whose it is, and opened from the store:
//!
//! ```
//! use cid::Cid;
//! use filigree_store::{Db, Durability, Options, TableDef};
//!
//! const LAST_MINED: TableDef<u64, i64> = TableDef::new("mine.last");
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dir = tempfile::tempdir()?;
//! let db = Db::open(dir.path().join("store"), &Options::small())?;
//! let last = db.table(LAST_MINED);
//! last.set(&1000, &42, Durability::Synced)?;
//! assert_eq!(last.get(&1000)?, Some(42));
//!
//! // Several tables, blocks and the index, all or nothing:
//! let mut batch = db.batch();
//! last.put(&mut batch, &1000, &43)?;
//! last.delete(&mut batch, &1001);
//! batch.commit(Durability::Synced)?;
//! # Ok(()) }
//! ```
//!
//! Values are DAG-CBOR by serde; keys are bytes in an order of their own ([`TableKey`]). A write sees nothing of a batch that is
//! not committed.

use std::marker::PhantomData;
use std::ops::{Bound, RangeBounds};

use rocksdb::{Direction, IteratorMode, ReadOptions};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::db::{Batch, Db, Durability, columns};
use crate::error::StoreError;
use crate::key::{TableKey, successor};

/// A table's name and types.
pub struct TableDef<K, V> {
    name: &'static str,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K, V> TableDef<K, V> {
    /// Declares a table. `name` is `crate.table`, at most 255 bytes; what is under it stays under it for good, so a table whose
    /// types change gets a new name, or the store a migration.
    pub const fn new(name: &'static str) -> Self {
        assert!(!name.is_empty() && name.len() <= u8::MAX as usize);
        Self {
            name,
            types: PhantomData,
        }
    }
}

impl<K, V> Clone for TableDef<K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for TableDef<K, V> {}

/// An open table. Cheap to clone, used by many threads at once.
pub struct Table<K, V> {
    db: Db,
    def: TableDef<K, V>,
}

impl<K, V> Clone for Table<K, V> {
    fn clone(&self) -> Self {
        Self {
            db: self.db.clone(),
            def: self.def,
        }
    }
}

/// Entries of a table, in the order of their keys or backwards.
pub struct Entries<'a, K, V> {
    inner: rocksdb::DBIterator<'a>,
    table: &'a Table<K, V>,
}

impl<K, V> Table<K, V> {
    pub(crate) fn new(db: Db, def: TableDef<K, V>) -> Self {
        Self { db, def }
    }
}

impl<K: TableKey, V: Serialize + DeserializeOwned> Table<K, V> {
    /// The value of a key.
    ///
    /// # Errors
    /// When the disk fails or the value is of another type.
    pub fn get(&self, key: &K) -> Result<Option<V>, StoreError> {
        let key = self.key(key);
        let column = self.db.column(columns::TABLES);
        let found = self.db.rocks().get_pinned_cf(column, &key);
        let found = found.map_err(|e| self.db.error("read a table", &e))?;
        found.map(|value| self.value(&key, &value)).transpose()
    }

    /// Puts an entry, as part of a batch.
    ///
    /// # Errors
    /// When the value does not encode.
    pub fn put(&self, batch: &mut Batch, key: &K, value: &V) -> Result<(), StoreError> {
        let value = fvm_ipld_encoding::to_vec(value).map_err(|e| StoreError::Encode {
            table: self.def.name,
            reason: e.to_string(),
        })?;
        batch.put(columns::TABLES, &self.key(key), &value);
        Ok(())
    }

    /// Deletes an entry, as part of a batch.
    pub fn delete(&self, batch: &mut Batch, key: &K) {
        batch.delete(columns::TABLES, &self.key(key));
    }

    /// Puts one entry.
    ///
    /// # Errors
    /// When the value does not encode or the disk fails.
    pub fn set(&self, key: &K, value: &V, durability: Durability) -> Result<(), StoreError> {
        let mut batch = self.db.batch();
        self.put(&mut batch, key, value)?;
        batch.commit(durability)
    }

    /// Deletes one entry.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn remove(&self, key: &K, durability: Durability) -> Result<(), StoreError> {
        let mut batch = self.db.batch();
        self.delete(&mut batch, key);
        batch.commit(durability)
    }

    /// All entries, in the order of the keys, as they are now: later writes are not seen.
    pub fn entries(&self) -> Entries<'_, K, V> {
        self.range(..)
    }

    /// Entries whose keys are in a range.
    pub fn range(&self, range: impl RangeBounds<K>) -> Entries<'_, K, V> {
        let (from, to) = self.bounds(&range);
        self.between(from, to, Direction::Forward)
    }

    /// Entries whose keys are in a range, the last one first.
    pub fn range_back(&self, range: impl RangeBounds<K>) -> Entries<'_, K, V> {
        let (from, to) = self.bounds(&range);
        self.between(from, to, Direction::Reverse)
    }

    /// Bytes from which on the range's keys are, and from which on they no longer are.
    fn bounds(&self, range: &impl RangeBounds<K>) -> (Vec<u8>, Vec<u8>) {
        let from = match range.start_bound() {
            Bound::Included(key) => self.key(key),
            Bound::Excluded(key) => [&self.key(key)[..], &[0]].concat(),
            Bound::Unbounded => self.prefix(),
        };
        let to = match range.end_bound() {
            Bound::Included(key) => [&self.key(key)[..], &[0]].concat(),
            Bound::Excluded(key) => self.key(key),
            Bound::Unbounded => successor(self.prefix()),
        };
        (from, to)
    }

    fn between(&self, from: Vec<u8>, to: Vec<u8>, direction: Direction) -> Entries<'_, K, V> {
        let start = match direction {
            Direction::Forward => from.clone(),
            Direction::Reverse => to.clone(),
        };
        let mut options = ReadOptions::default();
        // The database wants bounds in order; no key is in a range without.
        options.set_iterate_upper_bound(to.max(from.clone()));
        options.set_iterate_lower_bound(from);
        let column = self.db.column(columns::TABLES);
        let mode = IteratorMode::From(&start, direction);
        Entries {
            inner: self.db.rocks().iterator_cf_opt(column, options, mode),
            table: self,
        }
    }

    /// The table's name, then the key.
    fn key(&self, key: &K) -> Vec<u8> {
        let mut bytes = self.prefix();
        key.write(&mut bytes);
        bytes
    }

    fn prefix(&self) -> Vec<u8> {
        let name = self.def.name.as_bytes();
        [&[name.len() as u8], name].concat()
    }

    fn value(&self, key: &[u8], value: &[u8]) -> Result<V, StoreError> {
        fvm_ipld_encoding::from_slice(value).map_err(|e| self.damaged(key, e.to_string()))
    }

    fn damaged(&self, key: &[u8], reason: String) -> StoreError {
        StoreError::Record {
            table: self.def.name,
            key: crate::key::hexadecimal(key),
            reason,
        }
    }
}

impl<A: TableKey, B: TableKey, V: Serialize + DeserializeOwned> Table<(A, B), V> {
    /// Entries whose key begins with `first`, in the order of the second part.
    pub fn entries_of(&self, first: &A) -> Entries<'_, (A, B), V> {
        let mut from = self.prefix();
        crate::key::write_first(first, &mut from);
        self.between(from.clone(), successor(from), Direction::Forward)
    }
}

impl<K: TableKey, V: Serialize + DeserializeOwned> Iterator for Entries<'_, K, V> {
    type Item = Result<(K, V), StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (key, value) = match self.inner.next()? {
            Ok(entry) => entry,
            Err(e) => return Some(Err(self.table.db.error("read a table", &e))),
        };
        let read = K::read(&key[1 + self.table.def.name.len()..]);
        let entry = match read {
            Some(read) => self.table.value(&key, &value).map(|value| (read, value)),
            None => Err(self
                .table
                .damaged(&key, "the key is of another type".to_owned())),
        };
        Some(entry)
    }
}
