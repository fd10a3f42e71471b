//! Who may hold how many instances.
//!
//! Instances are a fixed supply. A call stack that has begun must be able to reach its full depth, or two
//! stacks could each wait for the other's instances for ever. So while the supply is above one full depth
//! anyone may take; once it falls below, the session that took it there holds the pool alone until enough
//! came back. A session is one of `concurrency` slots, and one call stack belongs to one session.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
struct Supply {
    free_slots: u32,
    next_session: u64,
    available: u32,
    /// The session that alone may take while less than a full depth is left.
    holder: Option<u64>,
}

/// The supply of session slots and of instances of one engine.
#[derive(Debug)]
pub(crate) struct Pool {
    supply: Mutex<Supply>,
    slot_freed: Condvar,
    instances_freed: Condvar,
    full_depth: u32,
}

/// The right to run one call stack at a time on an engine; given back when dropped.
#[derive(Debug)]
pub struct Session {
    pool: Arc<Pool>,
    id: u64,
}

/// One instance taken from the supply; given back when dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    pool: Arc<Pool>,
}

/// The session has more instances than one call stack may have.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Exhausted;

impl Pool {
    pub(crate) fn new(instances: u32, full_depth: u32, slots: u32) -> Arc<Pool> {
        Arc::new(Pool {
            supply: Mutex::new(Supply {
                free_slots: slots,
                next_session: 0,
                available: instances,
                holder: None,
            }),
            slot_freed: Condvar::new(),
            instances_freed: Condvar::new(),
            full_depth,
        })
    }

    // The supply is a few counters, valid after every statement: a panic elsewhere cannot spoil it.
    fn lock(&self) -> MutexGuard<'_, Supply> {
        self.supply.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a free slot.
    pub(crate) fn session(self: &Arc<Pool>) -> Session {
        let mut supply = self
            .slot_freed
            .wait_while(self.lock(), |s| s.free_slots == 0)
            .unwrap_or_else(PoisonError::into_inner);
        supply.free_slots -= 1;
        let id = supply.next_session;
        supply.next_session += 1;
        Session {
            pool: self.clone(),
            id,
        }
    }
}

impl Session {
    /// Whether this session was opened on `pool`.
    pub(crate) fn belongs_to(&self, pool: &Arc<Pool>) -> bool {
        Arc::ptr_eq(&self.pool, pool)
    }

    /// Takes one instance, waiting while another session holds the pool.
    pub(crate) fn reserve(&self) -> Result<Reservation, Exhausted> {
        let pool = &self.pool;
        let mut supply = pool
            .instances_freed
            .wait_while(pool.lock(), |s| s.holder.is_some_and(|h| h != self.id))
            .unwrap_or_else(PoisonError::into_inner);
        supply.available = supply.available.checked_sub(1).ok_or(Exhausted)?;
        if supply.available < pool.full_depth {
            supply.holder = Some(self.id);
        }
        Ok(Reservation { pool: pool.clone() })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.pool.lock().free_slots += 1;
        self.pool.slot_freed.notify_one();
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut supply = self.pool.lock();
        supply.available += 1;
        if supply.available >= self.pool.full_depth && supply.holder.take().is_some() {
            drop(supply);
            self.pool.instances_freed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn whoever_goes_below_a_full_depth_gets_the_rest_of_it() {
        // Seven instances for two sessions; a full call stack is five.
        let pool = Pool::new(7, 5, 2);
        let (deep, other) = (pool.session(), pool.session());
        let mut stack: Vec<_> = (0..2).map(|_| deep.reserve().unwrap()).collect();
        assert_eq!(pool.lock().holder, None, "five are left for either");
        stack.push(deep.reserve().unwrap());
        assert_eq!(pool.lock().holder, Some(deep.id));

        let (asks, asked) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            let waits = scope.spawn(move || {
                asks.send(()).unwrap();
                other.reserve().map(drop)
            });
            asked.recv().unwrap();
            // All that is left is the holder's, however long the other has been waiting.
            stack.extend((0..4).map(|_| deep.reserve().unwrap()));
            assert!(!waits.is_finished());
            assert_eq!(deep.reserve().unwrap_err(), Exhausted);
            stack.truncate(2);
            assert_eq!(waits.join().unwrap(), Ok(()));
        });
        drop(stack);
        assert_eq!(pool.lock().available, 7);
    }

    #[test]
    fn a_session_waits_for_a_slot() {
        let pool = Pool::new(4, 2, 1);
        let first = pool.session();
        let (opened, opens) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| opened.send(pool.session().id).unwrap());
            assert!(opens.recv_timeout(Duration::from_millis(50)).is_err());
            drop(first);
            assert_eq!(opens.recv().unwrap(), 1);
        });
    }
}
