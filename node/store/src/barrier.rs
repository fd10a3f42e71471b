//! What writers and garbage collection must know of each other.
//!
//! Collection marks what is reachable and deletes the rest while the node writes. Two things keep it from taking what is
//! needed:
//!
//! - **Touched blocks.** From before the roots are read until the last block is deleted, every block written, and every one that
//!   somebody was told is here, is noted and kept, with all it leads to. Deleting a batch shuts writers out for its moment, so
//!   that none comes between the last look at the notes and the deletion.
//! - **Work.** Blocks written just before that, which nothing leads to yet, are of work under way: collection waits until work
//!   begun before it has ended, and only then asks for its roots.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashSet};
use std::sync::{Condvar, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use cid::Cid;

use crate::db::Db;
use crate::locked::lock;

/// Between writers and the collector.
#[derive(Default)]
pub(crate) struct Barrier {
    /// Writers hold it shared for the time of a write; touched blocks are noted while there is a place to note them.
    gate: RwLock<Option<Mutex<HashSet<Cid>>>>,
    sessions: Mutex<Sessions>,
    ended: Condvar,
}

/// Work under way, by generations: each collector waits for all that began before it, and begins a new one.
#[derive(Default)]
struct Sessions {
    generation: u64,
    /// How much is open, of generations of which any is.
    open: BTreeMap<u64, usize>,
}

/// A writer is between these walls: no batch is deleted meanwhile.
pub(crate) struct Entered<'a>(#[expect(dead_code, reason = "held")] Gate<'a>);

type Gate<'a> = RwLockReadGuard<'a, Option<Mutex<HashSet<Cid>>>>;

/// No writer is within.
pub(crate) struct Closed<'a>(RwLockWriteGuard<'a, Option<Mutex<HashSet<Cid>>>>);

/// Touched blocks are noted while this lives.
pub(crate) struct Armed<'a>(&'a Barrier);

/// Work under way; see [`Blocks::work`](crate::Blocks::work). Ends when it is dropped.
#[must_use = "the work ends when this is dropped"]
#[derive(Debug)]
pub struct Work {
    db: Db,
    generation: u64,
}

impl Barrier {
    /// Before these blocks are written, or somebody is told that they are here.
    pub fn enter(&self, cids: &[Cid]) -> Entered<'_> {
        let gate = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(touched) = &*gate {
            lock(touched).extend(cids);
        }
        Entered(gate)
    }

    /// Begins to note touched blocks. For one collector at a time.
    pub fn arm(&self) -> Armed<'_> {
        let mut gate = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        *gate = Some(Mutex::default());
        Armed(self)
    }

    fn disarm(&self) {
        *self.gate.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Armed<'_> {
    /// Waits until all work begun before has ended. `waiting` is called about once a second meanwhile; false gives up.
    pub fn wait_for_work(&self, waiting: &mut dyn FnMut() -> bool) -> bool {
        let mut sessions = lock(&self.0.sessions);
        let before = sessions.generation;
        sessions.generation += 1;
        while sessions.open.range(..=before).next().is_some() {
            let (guard, timeout) = self
                .0
                .ended
                .wait_timeout(sessions, Duration::from_secs(1))
                .unwrap_or_else(PoisonError::into_inner);
            sessions = guard;
            if timeout.timed_out() {
                drop(sessions);
                if !waiting() {
                    return false;
                }
                sessions = lock(&self.0.sessions);
            }
        }
        true
    }

    /// Blocks touched since the last time. Blocks are noted before they are written, so this waits until they are: who follows one that
    /// is not here yet would not come to what is below.
    pub fn take(&self) -> HashSet<Cid> {
        self.close().take()
    }

    /// Shuts writers out.
    pub fn close(&self) -> Closed<'_> {
        Closed(self.0.gate.write().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Armed<'_> {
    fn drop(&mut self) {
        self.0.disarm();
    }
}

impl Closed<'_> {
    /// Blocks touched since the last time; nobody adds to them while this lives.
    pub fn take(&mut self) -> HashSet<Cid> {
        let touched = self.0.as_mut().map(|touched| {
            std::mem::take(touched.get_mut().unwrap_or_else(PoisonError::into_inner))
        });
        touched.unwrap_or_default()
    }
}

impl Work {
    pub(crate) fn begin(db: Db) -> Self {
        let mut sessions = lock(&db.barrier().sessions);
        let generation = sessions.generation;
        *sessions.open.entry(generation).or_default() += 1;
        drop(sessions);
        Self { db, generation }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let barrier = self.db.barrier();
        let mut sessions = lock(&barrier.sessions);
        if let Entry::Occupied(mut open) = sessions.open.entry(self.generation) {
            *open.get_mut() -= 1;
            if *open.get() == 0 {
                open.remove();
            }
        }
        drop(sessions);
        barrier.ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{RecvTimeoutError, channel};
    use std::thread;

    use filigree_blocks::cid_of;

    use super::*;

    #[test]
    fn a_block_that_is_being_written_is_taken_when_it_is() {
        let barrier = Barrier::default();
        let armed = barrier.arm();
        let block = cid_of(b"block");
        let entered = barrier.enter(&[block]);
        let (send, taken) = channel();
        thread::scope(|scope| {
            scope.spawn(|| send.send(armed.take()).unwrap());
            // However long that takes.
            let early = taken.recv_timeout(Duration::from_millis(100));
            assert_eq!(early, Err(RecvTimeoutError::Timeout));
            drop(entered);
            assert_eq!(taken.recv(), Ok(HashSet::from([block])));
        });
    }
}
