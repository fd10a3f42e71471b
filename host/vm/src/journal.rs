//! Everything a message may change and a failed call must take back: the state tree, access marks, events.
//! One checkpoint covers all three (FIP-0031, FIP-0049, FIP-0057).

use filigree_state::{Mark, StateTree, UndoMap};
use fvm_shared::ActorID;
use fvm_shared::address::{Address, Protocol};
use fvm_shared::event::StampedEvent;

use crate::stop::{Classify, Outcome};

/// How an actor was last charged for in this message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Access {
    Read,
    Updated,
}

struct Checkpoint {
    actors: Mark,
    addresses: Mark,
    events: usize,
}

/// State, access marks and events of a machine.
pub(crate) struct Journal {
    /// The state tree.
    pub tree: StateTree,
    actors: UndoMap<ActorID, Access>,
    addresses: UndoMap<Address, ()>,
    events: Vec<StampedEvent>,
    checkpoints: Vec<Checkpoint>,
}

impl Journal {
    pub fn new(tree: StateTree) -> Self {
        Self {
            tree,
            actors: UndoMap::default(),
            addresses: UndoMap::default(),
            events: Vec::new(),
            checkpoints: Vec::new(),
        }
    }

    /// Forgets marks and events of the last message; the preloaded actors are free from the start.
    pub fn begin_message(&mut self, preloaded: &[ActorID]) {
        self.actors = UndoMap::default();
        self.addresses = UndoMap::default();
        self.events.clear();
        for &id in preloaded {
            self.actors.set(id, Access::Updated);
        }
    }

    /// Opens a transaction.
    pub fn begin(&mut self) {
        self.tree.begin_transaction();
        self.checkpoints.push(Checkpoint {
            actors: self.actors.mark(),
            addresses: self.addresses.mark(),
            events: self.events.len(),
        });
    }

    /// Closes the innermost transaction, keeping or taking back all that happened in it.
    pub fn end(&mut self, revert: bool) -> Outcome<()> {
        self.tree
            .end_transaction(revert)
            .or_fatal("closing a state transaction")?;
        let checkpoint = self
            .checkpoints
            .pop()
            .ok_or_else(|| anyhow::anyhow!("no transaction is open"))
            .or_fatal("closing a transaction")?;
        if revert {
            self.actors.back_to(checkpoint.actors);
            self.addresses.back_to(checkpoint.addresses);
            self.events.truncate(checkpoint.events);
        }
        Ok(())
    }

    /// The highest access already charged for an actor.
    pub fn access(&self, id: ActorID) -> Option<Access> {
        self.actors.get(&id).copied()
    }

    /// Notes that a read of an actor was charged.
    pub fn mark_read(&mut self, id: ActorID) {
        if self.access(id).is_none() {
            self.actors.set(id, Access::Read);
        }
    }

    /// Notes that an update of an actor was charged.
    pub fn mark_updated(&mut self, id: ActorID) {
        if self.access(id) != Some(Access::Updated) {
            self.actors.set(id, Access::Updated);
        }
    }

    /// Whether looking up an address is free by now.
    pub fn is_resolved(&self, address: &Address) -> bool {
        address.protocol() == Protocol::ID || self.addresses.get(address).is_some()
    }

    /// Notes that looking up an address was charged.
    pub fn mark_resolved(&mut self, address: &Address) {
        if !self.is_resolved(address) {
            self.addresses.set(*address, ());
        }
    }

    /// Adds an event.
    pub fn emit(&mut self, event: StampedEvent) {
        self.events.push(event);
    }

    /// The events of the message that were not taken back.
    pub fn take_events(&mut self) -> Vec<StampedEvent> {
        std::mem::take(&mut self.events)
    }
}
