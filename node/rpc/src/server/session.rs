//! What the server keeps of one caller: a WebSocket, or a request over HTTP.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jsonrpsee::types::Id;
use tokio::sync::{Notify, Semaphore};

use super::limits::Limits;
use crate::permission::Permissions;

/// One caller.
#[derive(Debug)]
pub(super) struct Session {
    /// What it may do.
    pub permissions: Permissions,
    /// Whether values can be sent to it after an answer.
    pub is_websocket: bool,
    /// Requests that run or wait to be sent.
    pub running: Arc<Semaphore>,
    /// The connection is to be closed: it sends more than it takes.
    pub overrun: Notify,
    channels: AtomicU64,
    calls: Mutex<HashMap<Id<'static>, Arc<Notify>>>,
}

impl Session {
    pub fn new(permissions: Permissions, is_websocket: bool, limits: &Limits) -> Self {
        Self {
            permissions,
            is_websocket,
            running: Arc::new(Semaphore::new(limits.running_per_connection)),
            overrun: Notify::new(),
            channels: AtomicU64::new(0),
            calls: Mutex::default(),
        }
    }

    /// A number for a new channel: 1, 2, …
    pub fn next_channel(&self) -> u64 {
        self.channels.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Notes a call that can be cancelled until what is returned is dropped.
    pub fn begin(self: &Arc<Self>, id: &Id<'_>) -> Call {
        let id = id.clone().into_owned();
        let cancelled = Arc::new(Notify::new());
        self.lock().insert(id.clone(), Arc::clone(&cancelled));
        Call {
            session: Arc::clone(self),
            id,
            cancelled,
        }
    }

    /// Cancels a call or its channel, if it is still there.
    pub fn cancel(&self, id: &Id<'_>) {
        if let Some(cancelled) = self.lock().get(id) {
            cancelled.notify_one();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Id<'static>, Arc<Notify>>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that can be cancelled.
#[derive(Debug)]
pub(super) struct Call {
    session: Arc<Session>,
    id: Id<'static>,
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
