//! TCP connections: a bounded number of places, and who gives one up when all are taken.
//!
//! Whoever opens connections and says nothing keeps nobody out: when a new one comes and there is no place, the one that has
//! been idle longest is closed. Those that wait for an answer or still read one, and WebSockets, stay.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use filigree_store::lock;
use tokio::sync::{AcquireError, Notify, OwnedSemaphorePermit, Semaphore};

/// How often one that waits for a place looks whether another has become idle.
const LOOK: Duration = Duration::from_millis(100);

/// The places, and who has them.
pub(super) struct Connections {
    places: Arc<Semaphore>,
    open: Mutex<Vec<Weak<Connection>>>,
    next: AtomicU32,
}

impl Connections {
    /// So many at most.
    pub fn new(most: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(most)),
            open: Mutex::default(),
            next: AtomicU32::new(0),
        }
    }

    /// Waits for a place.
    ///
    /// # Errors
    /// When the server has ended.
    pub async fn enter(&self) -> Result<Arc<Connection>, AcquireError> {
        let place = loop {
            let place = Arc::clone(&self.places).acquire_owned();
            if self.places.available_permits() == 0 {
                self.close_idlest();
            }
            if let Ok(place) = tokio::time::timeout(LOOK, place).await {
                break place?;
            }
        };
        let connection = Arc::new(Connection {
            number: self.next.fetch_add(1, Ordering::Relaxed),
            place: Mutex::new(Some(place)),
            running: AtomicUsize::new(0),
            idle_since: Mutex::new(Instant::now()),
            close: Notify::new(),
        });
        let mut open = lock(&self.open);
        open.retain(|other| other.strong_count() > 0);
        open.push(Arc::downgrade(&connection));
        Ok(connection)
    }

    fn close_idlest(&self) {
        let open = lock(&self.open);
        let idle = open.iter().filter_map(Weak::upgrade);
        let idlest = idle
            .filter(|connection| connection.is_idle())
            .min_by_key(|connection| *lock(&connection.idle_since));
        if let Some(connection) = idlest {
            tracing::debug!(connection.number, "closed, idle: there are too many");
            connection.close.notify_one();
        }
    }
}

/// One TCP connection.
#[derive(Debug)]
pub(super) struct Connection {
    number: u32,
    /// Its place among all; a WebSocket takes it along.
    place: Mutex<Option<OwnedSemaphorePermit>>,
    /// Requests that are being answered, or whose answers are being written.
    running: AtomicUsize,
    idle_since: Mutex<Instant>,
    close: Notify,
}

impl Connection {
    /// Its place, once.
    pub fn take_place(&self) -> Option<OwnedSemaphorePermit> {
        lock(&self.place).take()
    }

    /// Counts as in use until what is returned is dropped.
    pub fn begin(self: &Arc<Self>) -> InUse {
        self.running.fetch_add(1, Ordering::Relaxed);
        InUse(Arc::clone(self))
    }

    /// Has it closed: what it was sent, it does not read.
    pub fn close(&self) {
        self.close.notify_one();
    }

    /// Returns when it is to be closed.
    pub async fn closed(&self) {
        self.close.notified().await;
    }

    fn is_idle(&self) -> bool {
        self.running.load(Ordering::Relaxed) == 0 && lock(&self.place).is_some()
    }
}

/// A request that is being answered, until its answer is written.
#[derive(Debug)]
pub(super) struct InUse(Arc<Connection>);

impl Drop for InUse {
    fn drop(&mut self) {
        *lock(&self.0.idle_since) = Instant::now();
        self.0.running.fetch_sub(1, Ordering::Relaxed);
    }
}
