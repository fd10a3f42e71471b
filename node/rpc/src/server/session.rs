//! What the server keeps of one caller: a WebSocket, or a request over HTTP.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, Semaphore};

use super::limits::Limits;
use crate::permission::Permissions;

/// One caller.
#[derive(Debug)]
pub(super) struct Session {
    /// What it may do.
    pub permissions: Permissions,
    /// Messages that run, or whose answers wait to be written.
    pub running: Arc<Semaphore>,
    /// KiB of messages of a WebSocket that are held.
    pub messages: Arc<Semaphore>,
    /// Channels that are open.
    pub channels: Arc<Semaphore>,
    next_channel: AtomicU64,
    /// By the ids of their requests, as they were written.
    calls: Mutex<HashMap<String, Arc<Notify>>>,
}

impl Session {
    pub fn new(permissions: Permissions, limits: &Limits) -> Self {
        Self {
            permissions,
            running: Arc::new(Semaphore::new(limits.running_per_connection)),
            messages: Arc::new(Semaphore::new(limits.messages_kib_of_one() as usize)),
            channels: Arc::new(Semaphore::new(limits.channels_per_connection as usize)),
            next_channel: AtomicU64::new(0),
            calls: Mutex::default(),
        }
    }

    /// A number for a new channel: 1, 2, …
    pub fn next_channel(&self) -> u64 {
        self.next_channel.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Notes a call that can be cancelled until what is returned is dropped.
    pub fn begin(self: &Arc<Self>, id: &str) -> Call {
        let cancelled = Arc::new(Notify::new());
        self.lock().insert(id.to_owned(), Arc::clone(&cancelled));
        Call {
            session: Arc::clone(self),
            id: id.to_owned(),
            cancelled,
        }
    }

    /// Cancels a call or its channel, if it is still there.
    pub fn cancel(&self, id: &str) {
        if let Some(cancelled) = self.lock().get(id) {
            cancelled.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Notify>>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that can be cancelled.
#[derive(Debug)]
pub(super) struct Call {
    session: Arc<Session>,
    id: String,
    cancelled: Arc<Notify>,
}

impl Call {
    /// Returns when the caller cancels.
    pub async fn cancelled(&self) {
        self.cancelled.notified().await;
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let mut calls = self.session.lock();
        // Another call may have taken the same id since.
        if calls
            .get(&self.id)
            .is_some_and(|last| Arc::ptr_eq(last, &self.cancelled))
        {
            calls.remove(&self.id);
        }
    }
}
