//! The state tree: actors by id, with nested transactions.
//!
//! A tree is a HAMT from the bytes of f0 addresses to [`ActorState`], under a root object `[version, actors, info]`.
//! Changes gather in a cache and reach the HAMT at [`StateTree::flush`]. Cache and address lookups keep an undo log;
//! closing a transaction with a revert takes back all since its opening, also what was merely read: an address looked
//! up in a reverted transaction may have got its id there.
//!
//! Left out: state trees before version 5, which no supported network version has.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use cid::Cid;
use fvm_shared::ActorID;
use fvm_shared::address::{Address, Payload};
use fvm_shared::state::{ActorState, StateInfo0, StateRoot, StateTreeVersion};

use crate::address_book::AddressBook;
use crate::buffer::WriteBuffer;
use crate::error::{StateError, load, save};
use crate::hamt::{Hamt, HamtError};
use crate::singletons::INIT_ACTOR_ID;
use crate::undo::{Mark, UndoMap};

/// All actors of a state.
pub struct StateTree {
    store: Rc<WriteBuffer>,
    actors: Hamt,
    info: Cid,
    cache: RefCell<UndoMap<ActorID, Cached>>,
    resolved: RefCell<UndoMap<Address, ActorID>>,
    /// The init actor's state as last used. No part of the history: it is checked by CID.
    book: RefCell<Option<AddressBook>>,
    transactions: Vec<Opened>,
}

#[derive(PartialEq)]
struct Cached {
    /// Whether the HAMT does not know yet.
    dirty: bool,
    /// None if there is no such actor.
    actor: Option<ActorState>,
}

/// Where the maps stood when a transaction was opened.
struct Opened {
    cache: Mark,
    resolved: Mark,
}

impl StateTree {
    /// A state without actors.
    pub fn new(store: Rc<WriteBuffer>) -> Result<Self, StateError> {
        let info = save(&store, &StateInfo0::default(), "the state info")?;
        Ok(Self::over(store, Hamt::new(), info))
    }

    /// The state at `root`.
    pub fn load(store: Rc<WriteBuffer>, root: &Cid) -> Result<Self, StateError> {
        let root: StateRoot = load(&store, root, "the state root")?;
        if root.version != StateTreeVersion::V5 {
            return Err(StateError::Version(root.version));
        }
        let actors = Hamt::load(&store, &root.actors).map_err(broken)?;
        Ok(Self::over(store, actors, root.info))
    }

    fn over(store: Rc<WriteBuffer>, actors: Hamt, info: Cid) -> Self {
        Self {
            store,
            actors,
            info,
            cache: RefCell::default(),
            resolved: RefCell::default(),
            book: RefCell::default(),
            transactions: Vec::new(),
        }
    }

    /// The blocks below.
    pub fn store(&self) -> &Rc<WriteBuffer> {
        &self.store
    }

    /// The actor with an id, or None.
    pub fn get_actor(&self, id: ActorID) -> Result<Option<ActorState>, StateError> {
        let mut cache = self.cache.borrow_mut();
        if let Some(cached) = cache.get(&id) {
            return Ok(cached.actor.clone());
        }
        let actor: Option<ActorState> = self.actors.get(&self.store, &key(id)).map_err(broken)?;
        let cached = Cached {
            dirty: false,
            actor: actor.clone(),
        };
        cache.set(id, cached);
        Ok(actor)
    }

    /// Puts an actor under an id, whether or not one was there.
    pub fn set_actor(&mut self, id: ActorID, actor: ActorState) {
        self.change(id, Some(actor));
    }

    /// Removes the actor with an id, if there is one.
    pub fn delete_actor(&mut self, id: ActorID) {
        self.change(id, None);
    }

    fn change(&mut self, id: ActorID, actor: Option<ActorState>) {
        self.cache.get_mut().set(id, Cached { dirty: true, actor });
    }

    /// The id of an address, or None if it has none. An f0 address is its own id, whether or not the actor exists.
    pub fn lookup_id(&self, address: &Address) -> Result<Option<ActorID>, StateError> {
        if let &Payload::ID(id) = address.payload() {
            return Ok(Some(id));
        }
        if let Some(id) = self.resolved.borrow().get(address) {
            return Ok(Some(*id));
        }
        let init = self.init_actor()?;
        let book = self.book_at(&init.state)?;
        let id = book.resolve(&self.store, address);
        self.book.replace(Some(book));
        let id = id?;
        if let Some(id) = id {
            self.resolved.borrow_mut().set(*address, id);
        }
        Ok(id)
    }

    /// Gives an address the next free id, through the init actor's state. The caller has made sure it has none.
    pub fn register_new_address(&mut self, address: &Address) -> Result<ActorID, StateError> {
        let mut init = self.init_actor()?;
        let mut book = self.book_at(&init.state)?;
        // On an error the book is dropped: it may be half changed.
        let (id, state) = book.register(&self.store, address)?;
        self.book.replace(Some(book));
        init.state = state;
        self.set_actor(INIT_ACTOR_ID, init);
        self.resolved.get_mut().set(*address, id);
        Ok(id)
    }

    fn init_actor(&self) -> Result<ActorState, StateError> {
        self.get_actor(INIT_ACTOR_ID)?
            .ok_or(StateError::MissingActor("init", INIT_ACTOR_ID))
    }

    fn book_at(&self, state: &Cid) -> Result<AddressBook, StateError> {
        AddressBook::open(&self.store, state, self.book.take())
    }

    /// Opens a transaction inside those already open.
    pub fn begin_transaction(&mut self) {
        self.transactions.push(Opened {
            cache: self.cache.get_mut().mark(),
            resolved: self.resolved.get_mut().mark(),
        });
    }

    /// Closes the innermost transaction, keeping what it did or taking it back.
    pub fn end_transaction(&mut self, revert: bool) -> Result<(), StateError> {
        let opened = self
            .transactions
            .pop()
            .ok_or(StateError::Transaction("no state transaction is open"))?;
        let (cache, resolved) = (self.cache.get_mut(), self.resolved.get_mut());
        if revert {
            cache.back_to(opened.cache);
            resolved.back_to(opened.resolved);
        }
        if self.transactions.is_empty() {
            cache.settle();
            resolved.settle();
        }
        Ok(())
    }

    /// Whether a transaction is open.
    pub fn in_transaction(&self) -> bool {
        !self.transactions.is_empty()
    }

    /// Puts all changes into the buffer as blocks and gives the new state root. The buffer itself is not flushed.
    pub fn flush(&mut self) -> Result<Cid, StateError> {
        if self.in_transaction() {
            return Err(StateError::Transaction("cannot flush inside a transaction"));
        }
        // The tree is the same in any order; the order of the writes should be too.
        let mut dirty: Vec<(ActorID, &mut Cached)> = self
            .cache
            .get_mut()
            .iter_mut()
            .filter(|(_, cached)| cached.dirty)
            .map(|(id, cached)| (*id, cached))
            .collect();
        dirty.sort_unstable_by_key(|(id, _)| *id);
        for (id, cached) in dirty {
            match &cached.actor {
                Some(actor) => self.actors.set(&self.store, &key(id), actor),
                None => self.actors.delete(&self.store, &key(id)).map(drop),
            }
            .map_err(broken)?;
            cached.dirty = false;
        }
        let root = StateRoot {
            version: StateTreeVersion::V5,
            actors: self.actors.flush(&self.store),
            info: self.info,
        };
        save(&self.store, &root, "the state root")
    }

    /// Visits every actor, changed ones as they are now: those that the last flush left as they are, in the order of the
    /// HAMT, then the changed ones by id. For tools: it reads the whole tree.
    pub fn for_each(&self, mut visit: impl FnMut(ActorID, &ActorState)) -> Result<(), StateError> {
        let cache = self.cache.borrow();
        self.actors
            .for_each(&self.store, |key, actor: ActorState| {
                let id = Address::from_bytes(key)
                    .and_then(|address| address.id())
                    .map_err(|e| HamtError::MalformedValue(format!("key {key:x?}: {e}")))?;
                if cache.get(&id).is_none_or(|cached| !cached.dirty) {
                    visit(id, &actor);
                }
                Ok(())
            })
            .map_err(broken)?;
        let mut changed: Vec<(ActorID, &ActorState)> = cache
            .iter()
            .filter(|(_, cached)| cached.dirty)
            .filter_map(|(id, cached)| Some((*id, cached.actor.as_ref()?)))
            .collect();
        changed.sort_unstable_by_key(|(id, _)| *id);
        for (id, actor) in changed {
            visit(id, actor);
        }
        Ok(())
    }
}

impl fmt::Debug for StateTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StateTree")
            .field("open_transactions", &self.transactions.len())
            .finish_non_exhaustive()
    }
}

fn key(id: ActorID) -> Vec<u8> {
    Address::new_id(id).to_bytes()
}

fn broken(source: HamtError) -> StateError {
    StateError::Hamt {
        what: "the state tree",
        source: Box::new(source),
    }
}

#[cfg(test)]
mod tests;
