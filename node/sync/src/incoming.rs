//! Telling whoever listens of the blocks that come in.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use cid::Cid;
use filigree_blocks::BlockHeader;

/// Told of each good block that the chain took for the first time. False says that it wants to hear no more. It must not wait.
pub type Listener = Box<dyn Fn(&BlockHeader) -> bool + Send + Sync>;

/// Most listeners; the one that listens longest goes.
const MOST_LISTENERS: usize = 256;
/// Blocks that are remembered as told: those of some hours. One that comes again later is told again.
const REMEMBERED: usize = 4_096;

/// All of them, and what they were told.
#[derive(Default)]
pub(crate) struct Incoming(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    listeners: Vec<Listener>,
    told: HashSet<Cid>,
    /// The oldest first.
    order: VecDeque<Cid>,
}

impl Incoming {
    /// One more.
    pub fn listen(&self, listener: Listener) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.listeners.len() >= MOST_LISTENERS {
            drop(inner.listeners.remove(0));
        }
        inner.listeners.push(listener);
    }

    /// Tells of a block that the chain took, unless that was told: a block may be submitted again, and by many at once.
    pub fn tell_once(&self, block: &BlockHeader) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let cid = block.cid();
        if !inner.told.insert(cid) {
            return;
        }
        inner.order.push_back(cid);
        if inner.order.len() > REMEMBERED
            && let Some(oldest) = inner.order.pop_front()
        {
            inner.told.remove(&oldest);
        }
        inner.listeners.retain(|listener| listener(block));
    }
}
