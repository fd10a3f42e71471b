//! Migrations that there were: what came of them, for forks at an upgrade have the same parents; and figures for those who watch.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cid::Cid;
use filigree_blocks::TipsetKey;
use fvm_shared::clock::ChainEpoch;

use super::Migrated;

/// Migrations whose results are kept.
const KEPT: usize = 16;

/// What a migration depends on: the tipset before it, the state, the bundle, the epoch, the version it leads to. For the rest of the rules,
/// all is forgotten when they change.
pub(super) type Key = (TipsetKey, Cid, Cid, ChainEpoch, u32);

/// What migrations a process has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Migrations {
    /// How many came to an end.
    pub done: u64,
    /// Actors whose `upgrade` the last one runs, or has run.
    pub to_upgrade: u64,
    /// Those of them that are done.
    pub upgraded: u64,
    /// Actors that run other code since the last one that came to an end.
    pub replaced: u64,
    /// How long that took.
    pub took: Duration,
}

/// See the head of the file.
#[derive(Default)]
pub(crate) struct Known {
    roots: Mutex<HashMap<Key, Cid>>,
    migrations: Mutex<Migrations>,
}

impl Known {
    /// What a migration came to.
    pub(super) fn get(&self, key: &Key) -> Option<Cid> {
        let roots = self.roots.lock().unwrap_or_else(PoisonError::into_inner);
        roots.get(key).copied()
    }

    /// A migration came to an end.
    pub(super) fn put(&self, key: Key, migrated: &Migrated) {
        {
            let mut roots = self.roots.lock().unwrap_or_else(PoisonError::into_inner);
            if roots.len() >= KEPT {
                roots.clear();
            }
            roots.insert(key, migrated.root);
        }
        let mut migrations = self.lock();
        migrations.done += 1;
        migrations.replaced = migrated.replaced as u64;
        migrations.took = migrated.took;
    }

    /// Forgets what migrations came to; the figures stay.
    pub fn forget(&self) {
        let mut roots = self.roots.lock().unwrap_or_else(PoisonError::into_inner);
        roots.clear();
    }

    /// A migration begins, with so many actors that upgrade themselves.
    pub(super) fn begin(&self, to_upgrade: usize) {
        let mut migrations = self.lock();
        migrations.to_upgrade = to_upgrade as u64;
        migrations.upgraded = 0;
    }

    /// One more of them is done.
    pub(super) fn upgraded(&self) {
        self.lock().upgraded += 1;
    }

    /// The figures.
    pub fn migrations(&self) -> Migrations {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Migrations> {
        self.migrations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
