//! Telling whoever listens how the head changes.
//!
//! Every listener has a queue of its own, with a bound. The chain never waits for a listener: one whose queue is full loses what
//! is in it, and is told so, with the head from which the changes that follow go on.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use filigree_blocks::Tipset;

/// A step of the head.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// The tipset, which was the head, is on the chain no more: its parents are the head.
    Revert(Tipset),
    /// The tipset, whose parents were the head, is the head.
    Apply(Tipset),
}

/// What a listener hears.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice {
    /// The head changed: steps that lead from the old one to the new one.
    Change(Arc<[Event]>),
    /// Changes were lost, because the listener was slow. The head is this one now, and what follows goes on from it.
    Lagged(Tipset),
    /// The chain is closed: nothing follows.
    Closed,
}

/// What is called when there is something to hear: a bell for listeners that do not wait in a thread.
pub type Bell = Box<dyn Fn() + Send + Sync>;

/// A listener. When it is dropped, it hears nothing more.
pub struct Subscription {
    shared: Arc<Shared>,
}

impl Subscription {
    /// The next notice; none if there is none within this time.
    pub fn next(&self, timeout: Duration) -> Option<Notice> {
        let deadline = Instant::now().checked_add(timeout);
        let mut queue = self.shared.lock();
        loop {
            if let Some(notice) = queue.pop() {
                return Some(notice);
            }
            let left = match deadline {
                Some(deadline) => deadline.saturating_duration_since(Instant::now()),
                None => Duration::MAX,
            };
            if left.is_zero() {
                return None;
            }
            let woken = self.shared.arrived.wait_timeout(queue, left);
            queue = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The next notice, if there is one.
    pub fn try_next(&self) -> Option<Notice> {
        self.shared.lock().pop()
    }
}

struct Shared {
    queue: Mutex<Queue>,
    arrived: Condvar,
    bell: Option<Bell>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Queue {
    notices: VecDeque<Notice>,
    capacity: usize,
    closed: bool,
}

impl Queue {
    fn push(&mut self, change: &Arc<[Event]>, head: &Tipset) {
        if self.notices.len() >= self.capacity {
            self.notices.clear();
            self.notices.push_back(Notice::Lagged(head.clone()));
        } else {
            self.notices.push_back(Notice::Change(change.clone()));
        }
    }

    fn pop(&mut self) -> Option<Notice> {
        let closed = self.closed.then_some(Notice::Closed);
        self.notices.pop_front().or(closed)
    }
}

/// All listeners.
#[derive(Default)]
pub(crate) struct Listeners(Mutex<Vec<Weak<Shared>>>);

impl Listeners {
    /// A new listener, whose queue holds `capacity` changes, at least one.
    pub fn subscribe(&self, capacity: usize, bell: Option<Bell>) -> Subscription {
        let shared = Arc::new(Shared {
            queue: Mutex::new(Queue {
                notices: VecDeque::new(),
                capacity: capacity.max(1),
                closed: false,
            }),
            arrived: Condvar::new(),
            bell,
        });
        self.lock().push(Arc::downgrade(&shared));
        Subscription { shared }
    }

    /// Tells everybody that the head is `head` now, and how it came there.
    pub fn publish(&self, change: Vec<Event>, head: &Tipset) {
        if change.is_empty() {
            return;
        }
        let change: Arc<[Event]> = change.into();
        self.tell(|queue| queue.push(&change, head));
    }

    /// Tells everybody that nothing follows.
    pub fn close(&self) {
        self.tell(|queue| queue.closed = true);
    }

    fn tell(&self, notice: impl Fn(&mut Queue)) {
        self.lock().retain(|listener| {
            let Some(shared) = listener.upgrade() else {
                return false;
            };
            notice(&mut shared.lock());
            shared.arrived.notify_all();
            if let Some(bell) = &shared.bell {
                bell();
            }
            true
        });
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Shared>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
