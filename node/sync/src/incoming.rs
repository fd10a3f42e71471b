//! Telling whoever listens of the blocks that come in.

use std::sync::{Mutex, PoisonError};

use filigree_blocks::BlockHeader;

/// Told of each good block that came for the first time. False says that it wants to hear no more. It must not wait.
pub type Listener = Box<dyn Fn(&BlockHeader) -> bool + Send + Sync>;

/// Most listeners; the one that listens longest goes.
const MOST_LISTENERS: usize = 256;

/// All of them.
#[derive(Default)]
pub(crate) struct Incoming(Mutex<Vec<Listener>>);

impl Incoming {
    /// One more.
    pub fn listen(&self, listener: Listener) {
        let mut listeners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if listeners.len() >= MOST_LISTENERS {
            drop(listeners.remove(0));
        }
        listeners.push(listener);
    }

    pub fn tell(&self, block: &BlockHeader) {
        let mut listeners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.retain(|listener| listener(block));
    }
}
