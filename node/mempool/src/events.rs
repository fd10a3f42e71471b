//! What happens in the pool, for whoever subscribed.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crate::pending::Pending;

/// A change of the pool.
#[derive(Clone, Debug)]
pub enum Event {
    /// A message came in, or back from a block that is no longer of the chain.
    Added(Arc<Pending>),
    /// A message left.
    Removed(Arc<Pending>, Removal),
}

/// Why a message left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Removal {
    /// It is in a block of the chain.
    Mined,
    /// Another message of its sender with its number is in a block of the chain, or it was mined before the pool saw it.
    Overtaken,
    /// Another message with its number pays more.
    Replaced,
    /// There were too many, and better ones.
    Pruned,
    /// It was asked for.
    Cleared,
}

/// Receives events, oldest first. It ends when the pool is gone, or when the receiver fell behind by as many events as it
/// subscribed for: subscribe again, and read what is pending.
pub type Events = Receiver<Event>;

/// Everyone who subscribed.
#[derive(Default)]
pub(crate) struct Subscribers(Vec<SyncSender<Event>>);

impl Subscribers {
    pub fn subscribe(&mut self, most: usize) -> Events {
        let (sender, receiver) = sync_channel(most);
        self.0.push(sender);
        receiver
    }

    /// Tells all; whoever has no room is told no more.
    pub fn send(&mut self, event: &Event) {
        self.0
            .retain(|subscriber| subscriber.try_send(event.clone()).is_ok());
    }
}
