//! Which long work on a store excludes which: collection and import run alone, walks beside each other. And what collections have done.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::db::Db;
use crate::error::StoreError;
use crate::gc::GcProgress;

/// What runs now.
#[derive(Default)]
pub(crate) struct Maintenance(Mutex<Running>);

#[derive(Default)]
struct Running {
    alone: Option<&'static str>,
    walks: Vec<&'static str>,
    collections: Collections,
}

/// The garbage collections of a store since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collections {
    /// How many came to their end.
    pub completed: u64,
    /// How many failed.
    pub failed: u64,
    /// How many were stopped.
    pub stopped: u64,
    /// Blocks that were deleted, by those that were cut short too.
    pub deleted_blocks: u64,
    /// Their bytes, before compression.
    pub deleted_bytes: u64,
    /// Blocks that the last complete one kept.
    pub kept_blocks: u64,
    /// Their bytes, before compression.
    pub kept_bytes: u64,
    /// How long that one took, in milliseconds.
    pub last_millis: u64,
}

impl Db {
    /// What collections have done since the store was opened.
    pub fn collections(&self) -> Collections {
        self.maintenance().running().collections
    }
}

/// Something runs while this lives.
pub(crate) struct Permit<'a> {
    maintenance: &'a Maintenance,
    /// The name of a walk; none of what runs alone.
    walk: Option<&'static str>,
}

impl Maintenance {
    /// Permission to change the store as a whole.
    pub fn alone(&self, what: &'static str) -> Result<Permit<'_>, StoreError> {
        let mut running = self.running();
        if let Some(running) = running.alone.or(running.walks.first().copied()) {
            return Err(StoreError::Busy { running });
        }
        running.alone = Some(what);
        Ok(Permit {
            maintenance: self,
            walk: None,
        })
    }

    /// Permission to read all of it.
    pub fn walk(&self, what: &'static str) -> Result<Permit<'_>, StoreError> {
        let mut running = self.running();
        if let Some(running) = running.alone {
            return Err(StoreError::Busy { running });
        }
        running.walks.push(what);
        Ok(Permit {
            maintenance: self,
            walk: Some(what),
        })
    }

    /// Notes a collection that has ended.
    pub fn collected<T>(&self, done: &GcProgress, result: &Result<T, StoreError>, millis: u64) {
        let all = &mut self.running().collections;
        all.deleted_blocks += done.deleted_blocks;
        all.deleted_bytes += done.deleted_bytes;
        match result {
            Ok(_) => {
                all.completed += 1;
                all.kept_blocks = done.kept_blocks;
                all.kept_bytes = done.kept_bytes;
                all.last_millis = millis;
            }
            Err(StoreError::Stopped) => all.stopped += 1,
            Err(_) => all.failed += 1,
        }
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut running = self.maintenance.running();
        match self.walk {
            None => running.alone = None,
            Some(walk) => {
                let at = running.walks.iter().position(|w| *w == walk);
                at.map(|at| running.walks.swap_remove(at));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_run_together_and_the_rest_alone() {
        let maintenance = Maintenance::default();
        let refused = |result: Result<Permit<'_>, StoreError>| match result.err() {
            Some(StoreError::Busy { running }) => running,
            _ => "nothing",
        };
        let export = maintenance.walk("export").unwrap();
        let check = maintenance.walk("check").unwrap();
        assert_eq!(refused(maintenance.alone("gc")), "export");
        drop(export);
        assert_eq!(refused(maintenance.alone("gc")), "check");
        drop(check);
        let gc = maintenance.alone("gc").unwrap();
        assert_eq!(refused(maintenance.alone("import")), "gc");
        assert_eq!(refused(maintenance.walk("export")), "gc");
        drop(gc);
        drop(maintenance.alone("import").unwrap());
    }
}
