//! Everything a message may change and a failed call must take back: the state tree, access marks, events.
//! One checkpoint covers all three (FIP-0031, FIP-0049, FIP-0057).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use filigree_state::StateTree;
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

/// A map that can forget what was put in since a mark.
#[derive(Debug)]
struct Marks<K, V> {
    now: HashMap<K, V>,
    undo: Vec<(K, Option<V>)>,
}

impl<K: Hash + Eq + Clone, V: Copy> Marks<K, V> {
    fn set(&mut self, key: K, value: V) {
        self.undo.push((key.clone(), self.now.insert(key, value)));
    }

    fn revert_to(&mut self, height: usize) {
        for (key, before) in self.undo.drain(height..).rev() {
            match (before, self.now.entry(key)) {
                (Some(value), Entry::Occupied(mut entry)) => {
                    entry.insert(value);
                }
                (None, Entry::Occupied(entry)) => {
                    entry.remove();
                }
                (_, Entry::Vacant(_)) => {}
            }
        }
    }
}

impl<K, V> Default for Marks<K, V> {
    fn default() -> Self {
        Self {
            now: HashMap::new(),
            undo: Vec::new(),
        }
    }
}

struct Checkpoint {
    actors: usize,
    addresses: usize,
    events: usize,
}

/// State, access marks and events of a machine.
pub(crate) struct Journal {
    /// The state tree.
    pub tree: StateTree,
    actors: Marks<ActorID, Access>,
    addresses: Marks<Address, ()>,
    events: Vec<StampedEvent>,
    checkpoints: Vec<Checkpoint>,
}

impl Journal {
    pub fn new(tree: StateTree) -> Self {
        Self {
            tree,
            actors: Marks::default(),
            addresses: Marks::default(),
            events: Vec::new(),
            checkpoints: Vec::new(),
        }
    }

    /// Forgets marks and events of the last message; the preloaded actors are free from the start.
    pub fn begin_message(&mut self, preloaded: &[ActorID]) {
        self.actors = Marks::default();
        self.addresses = Marks::default();
        self.events.clear();
        for &id in preloaded {
            self.actors.set(id, Access::Updated);
        }
    }

    /// Opens a transaction.
    pub fn begin(&mut self) {
        self.tree.begin_transaction();
        self.checkpoints.push(Checkpoint {
            actors: self.actors.undo.len(),
            addresses: self.addresses.undo.len(),
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
            self.actors.revert_to(checkpoint.actors);
            self.addresses.revert_to(checkpoint.addresses);
            self.events.truncate(checkpoint.events);
        }
        Ok(())
    }

    /// The highest access already charged for an actor.
    pub fn access(&self, id: ActorID) -> Option<Access> {
        self.actors.now.get(&id).copied()
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
        address.protocol() == Protocol::ID || self.addresses.now.contains_key(address)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_return_to_what_they_were() {
        let mut marks = Marks::<u64, Access>::default();
        marks.set(1, Access::Read);
        let height = marks.undo.len();
        marks.set(1, Access::Updated);
        marks.set(2, Access::Read);
        marks.revert_to(height);
        assert_eq!(marks.now.get(&1), Some(&Access::Read));
        assert_eq!(marks.now.get(&2), None);
    }
}
