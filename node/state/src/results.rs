//! What tipsets led to, computed once for all who ask at the same time, and kept for those who ask later. Bounded: what was
//! not asked for longest goes first.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use filigree_blocks::TipsetKey;

use crate::apply::TipsetState;

/// See the head of the file.
pub(crate) struct Results {
    inner: Mutex<Inner>,
    done: Condvar,
    capacity: usize,
}

#[derive(Default)]
struct Inner {
    known: HashMap<TipsetKey, Known>,
    /// Keys by when they were last asked for.
    by_age: BTreeMap<u64, TipsetKey>,
    clock: u64,
    computing: HashSet<TipsetKey>,
    /// How often everything was forgotten.
    cleared: u64,
}

#[derive(Clone, Copy)]
struct Known {
    state: TipsetState,
    asked_at: u64,
}

impl Results {
    /// Keeps the results of up to `capacity` tipsets.
    pub fn new(capacity: usize) -> Self {
        Self {
            inner: Mutex::default(),
            done: Condvar::new(),
            capacity: capacity.max(1),
        }
    }

    /// What a tipset led to: kept, or computed here, or by another thread that is at it. An error is told to the thread that
    /// computed; others try for themselves.
    pub fn get_or_compute<E>(
        &self,
        key: &TipsetKey,
        compute: impl FnOnce() -> Result<TipsetState, E>,
    ) -> Result<TipsetState, E> {
        let mut inner = self.lock();
        loop {
            if let Some(state) = inner.ask(key) {
                return Ok(state);
            }
            if inner.computing.insert(key.clone()) {
                break;
            }
            inner = self
                .done
                .wait(inner)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let cleared = inner.cleared;
        drop(inner);
        // Also when computing panics, others must not wait for ever.
        let turn = Turn { results: self, key };
        let result = compute();
        if let Ok(state) = &result {
            let mut inner = self.lock();
            // What was begun before everything was forgotten may be one of the things to forget.
            if inner.cleared == cleared {
                inner.put(key, *state, self.capacity);
            }
        }
        drop(turn);
        result
    }

    /// What is kept of a tipset.
    pub fn get(&self, key: &TipsetKey) -> Option<TipsetState> {
        self.lock().ask(key)
    }

    /// Forgets the results of all tipsets but those that are needed, and gives these.
    pub fn keep(&self, is_needed: impl Fn(&TipsetKey) -> bool) -> Vec<TipsetState> {
        let mut inner = self.lock();
        let Inner { known, by_age, .. } = &mut *inner;
        by_age.retain(|_, key| is_needed(key));
        known.retain(|key, _| is_needed(key));
        known.values().map(|known| known.state).collect()
    }

    /// Forgets the result of a tipset.
    pub fn forget(&self, key: &TipsetKey) {
        let mut inner = self.lock();
        if let Some(known) = inner.known.remove(key) {
            inner.by_age.remove(&known.asked_at);
        }
    }

    /// What is kept of a tipset. It is not kept longer for having been looked at.
    pub fn peek(&self, key: &TipsetKey) -> Option<TipsetState> {
        Some(self.lock().known.get(key)?.state)
    }

    /// Forgets everything, also what is being computed.
    pub fn clear(&self) {
        let mut inner = self.lock();
        inner.cleared += 1;
        inner.known.clear();
        inner.by_age.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn ask(&mut self, key: &TipsetKey) -> Option<TipsetState> {
        let known = self.known.get_mut(key)?;
        self.by_age.remove(&known.asked_at);
        self.clock += 1;
        known.asked_at = self.clock;
        self.by_age.insert(self.clock, key.clone());
        Some(known.state)
    }

    fn put(&mut self, key: &TipsetKey, state: TipsetState, capacity: usize) {
        while self.known.len() >= capacity
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            self.known.remove(&oldest);
        }
        self.clock += 1;
        let asked_at = self.clock;
        self.by_age.insert(asked_at, key.clone());
        self.known.insert(key.clone(), Known { state, asked_at });
    }
}

/// The turn of a thread that computes.
struct Turn<'a> {
    results: &'a Results,
    key: &'a TipsetKey,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.results.lock().computing.remove(self.key);
        self.results.done.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use filigree_blocks::cid_of;

    use super::*;

    fn key(number: u8) -> TipsetKey {
        TipsetKey::new([cid_of(&[number])])
    }

    fn state(number: u8) -> TipsetState {
        TipsetState {
            state: cid_of(&[number, 1]),
            receipts: cid_of(&[number, 2]),
        }
    }

    #[test]
    fn threads_that_ask_at_once_compute_once() {
        let results = Results::new(10);
        let (begin, computed) = (Barrier::new(8), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    begin.wait();
                    let found = results.get_or_compute(&key(1), || {
                        computed.fetch_add(1, Ordering::SeqCst);
                        std::thread::sleep(std::time::Duration::from_millis(50));
                        Ok::<_, ()>(state(1))
                    });
                    assert_eq!(found, Ok(state(1)));
                });
            }
        });
        assert_eq!(computed.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_failure_is_not_kept_and_a_panic_blocks_nobody() {
        let results = Results::new(10);
        assert_eq!(results.get_or_compute(&key(1), || Err("no")), Err("no"));
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            results.get_or_compute(&key(1), || -> Result<_, ()> { panic!("torn") })
        }));
        assert!(panicked.is_err());
        assert_eq!(
            results.get_or_compute(&key(1), || Ok::<_, ()>(state(1))),
            Ok(state(1))
        );
        let kept = results.get_or_compute(&key(1), || Err("computed again"));
        assert_eq!(kept, Ok(state(1)));
    }

    #[test]
    fn what_is_forgotten_while_it_is_computed_is_not_kept() {
        let results = Results::new(10);
        let found = results.get_or_compute(&key(1), || {
            results.clear();
            Ok::<_, ()>(state(1))
        });
        assert_eq!((found, results.peek(&key(1))), (Ok(state(1)), None));
        _ = results.get_or_compute(&key(1), || Ok::<_, ()>(state(2)));
        assert_eq!(results.peek(&key(1)), Some(state(2)));
    }

    #[test]
    fn what_was_not_asked_for_longest_goes_first() {
        let results = Results::new(3);
        let is_kept = |number: u8| {
            let found = results.get_or_compute(&key(number), || Err(()));
            found.is_ok()
        };
        for number in 0..3 {
            results
                .get_or_compute(&key(number), || Ok::<_, ()>(state(number)))
                .unwrap();
        }
        assert!(is_kept(0));
        results
            .get_or_compute(&key(3), || Ok::<_, ()>(state(3)))
            .unwrap();
        assert!(is_kept(0) && !is_kept(1) && is_kept(2) && is_kept(3));
        assert_eq!(results.keep(|of| *of == key(2)), [state(2)]);
        assert!(!is_kept(0) && is_kept(2) && !is_kept(3));
        results.forget(&key(2));
        assert!(!is_kept(2));
        results
            .get_or_compute(&key(0), || Ok::<_, ()>(state(0)))
            .unwrap();
        results.clear();
        assert!(!is_kept(0));
        let inner = results.lock();
        assert!(inner.known.is_empty() && inner.by_age.is_empty());
    }
}
