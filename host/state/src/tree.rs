//! The state tree: every actor of the network by id, in a HAMT; version 5 of its layout.
//!
//! Changes stay in memory, with their undo history, until [`StateTree::flush`].

use std::cell::RefCell;
use std::rc::Rc;

use cid::Cid;
use fvm_ipld_encoding::CborStore;
use fvm_ipld_hamt::Hamt;
use fvm_shared::address::{Address, Payload};
use fvm_shared::state::{ActorState, StateInfo0, StateRoot, StateTreeVersion};
use fvm_shared::{ActorID, HAMT_BIT_WIDTH};
use multihash_codetable::Code;

use crate::history::HistoryMap;
use crate::init::AddressBook;
use crate::{StateError, WriteBuffer};

const INIT_ACTOR_ID: ActorID = 1;

/// An actor as last read or written; `None` if it does not exist.
#[derive(Clone, Debug, PartialEq)]
struct Cached {
    actor: Option<ActorState>,
    dirty: bool,
}

#[derive(Debug)]
struct Layer {
    actors: usize,
    addresses: usize,
}

/// All actors of a network.
pub struct StateTree {
    actors: Hamt<Rc<WriteBuffer>, ActorState>,
    info: Cid,
    cache: RefCell<HistoryMap<ActorID, Cached>>,
    resolved: RefCell<HistoryMap<Address, ActorID>>,
    address_book: RefCell<Option<AddressBook>>,
    layers: Vec<Layer>,
}

impl StateTree {
    /// A tree without actors.
    pub fn new(store: Rc<WriteBuffer>) -> Result<Self, StateError> {
        let info = store
            .put_cbor(&StateInfo0::default(), Code::Blake2b256)
            .map_err(StateError::Store)?;
        Ok(Self::from_parts(
            Hamt::new_with_bit_width(store, HAMT_BIT_WIDTH),
            info,
        ))
    }

    /// The tree at a state root.
    pub fn load(store: Rc<WriteBuffer>, root: &Cid) -> Result<Self, StateError> {
        let state_root: StateRoot = store
            .get_cbor(root)
            .map_err(StateError::Store)?
            .ok_or(StateError::Missing {
                what: "the state root",
                cid: *root,
            })?;
        if state_root.version != StateTreeVersion::V5 {
            return Err(StateError::Version(state_root.version));
        }
        let actors = Hamt::load_with_bit_width(&state_root.actors, store, HAMT_BIT_WIDTH)
            .map_err(actors_hamt)?;
        Ok(Self::from_parts(actors, state_root.info))
    }

    fn from_parts(actors: Hamt<Rc<WriteBuffer>, ActorState>, info: Cid) -> Self {
        Self {
            actors,
            info,
            cache: RefCell::default(),
            resolved: RefCell::default(),
            address_book: RefCell::default(),
            layers: Vec::new(),
        }
    }

    /// The buffer below.
    pub fn store(&self) -> &Rc<WriteBuffer> {
        self.actors.store()
    }

    /// An actor by id.
    pub fn get_actor(&self, id: ActorID) -> Result<Option<ActorState>, StateError> {
        if let Some(cached) = self.cache.borrow().get(&id) {
            return Ok(cached.actor.clone());
        }
        let actor = self.actors.get(&key(id)).map_err(actors_hamt)?.cloned();
        self.cache.borrow_mut().insert(
            id,
            Cached {
                actor: actor.clone(),
                dirty: false,
            },
        );
        Ok(actor)
    }

    /// Writes an actor.
    pub fn set_actor(&mut self, id: ActorID, actor: ActorState) {
        self.put(id, Some(actor));
    }

    /// Removes an actor, if it exists.
    pub fn delete_actor(&mut self, id: ActorID) {
        self.put(id, None);
    }

    fn put(&mut self, id: ActorID, actor: Option<ActorState>) {
        self.cache
            .get_mut()
            .insert(id, Cached { actor, dirty: true });
    }

    /// The id behind an address. An id address is its own answer, whether or not the actor exists.
    pub fn lookup_id(&self, address: &Address) -> Result<Option<ActorID>, StateError> {
        if let Payload::ID(id) = address.payload() {
            return Ok(Some(*id));
        }
        if let Some(id) = self.resolved.borrow().get(address) {
            return Ok(Some(*id));
        }
        let state = self.init_actor()?.state;
        let id = self.with_address_book(state, |book| book.id_of(address))?;
        if let Some(id) = id {
            self.resolved.borrow_mut().insert(*address, id);
        }
        Ok(id)
    }

    /// Gives an address the next free id.
    pub fn register_new_address(&mut self, address: &Address) -> Result<ActorID, StateError> {
        let mut init = self.init_actor()?;
        let (id, state) = self.with_address_book(init.state, |book| {
            let id = book.assign(address)?;
            Ok((id, book.cid))
        })?;
        init.state = state;
        self.set_actor(INIT_ACTOR_ID, init);
        self.resolved.get_mut().insert(*address, id);
        Ok(id)
    }

    fn init_actor(&self) -> Result<ActorState, StateError> {
        self.get_actor(INIT_ACTOR_ID)?
            .ok_or(StateError::MissingActor("init", INIT_ACTOR_ID))
    }

    /// Works on the init actor's state, which is decoded anew only when its CID has changed.
    fn with_address_book<T>(
        &self,
        state: Cid,
        f: impl FnOnce(&mut AddressBook) -> Result<T, StateError>,
    ) -> Result<T, StateError> {
        let mut cached = self.address_book.borrow_mut();
        let mut book = match cached.take() {
            Some(book) if book.cid == state => book,
            _ => AddressBook::load(self.store(), state)?,
        };
        // A failed change may leave the book half changed, so it is put back only after success.
        let result = f(&mut book)?;
        *cached = Some(book);
        Ok(result)
    }

    /// Opens a transaction; they nest.
    pub fn begin_transaction(&mut self) {
        self.layers.push(Layer {
            actors: self.cache.get_mut().height(),
            addresses: self.resolved.get_mut().height(),
        });
    }

    /// Closes the innermost transaction and, with `revert`, takes back what changed in it.
    pub fn end_transaction(&mut self, revert: bool) -> Result<(), StateError> {
        let layer = self
            .layers
            .pop()
            .ok_or(StateError::Transaction("no state transaction is open"))?;
        let (cache, resolved) = (self.cache.get_mut(), self.resolved.get_mut());
        if revert {
            cache.revert_to(layer.actors);
            resolved.revert_to(layer.addresses);
        }
        if self.layers.is_empty() {
            cache.forget_history();
            resolved.forget_history();
        }
        Ok(())
    }

    /// Writes all changes to the buffer and gives the state root.
    pub fn flush(&mut self) -> Result<Cid, StateError> {
        if !self.layers.is_empty() {
            return Err(StateError::Transaction("cannot flush inside a transaction"));
        }
        for (id, cached) in self.cache.get_mut().iter_mut() {
            if !std::mem::take(&mut cached.dirty) {
                continue;
            }
            match &cached.actor {
                Some(actor) => {
                    self.actors
                        .set(key(*id).into(), actor.clone())
                        .map_err(actors_hamt)?;
                }
                None => {
                    self.actors.delete(&key(*id)).map_err(actors_hamt)?;
                }
            }
        }
        let root = StateRoot {
            version: StateTreeVersion::V5,
            actors: self.actors.flush().map_err(actors_hamt)?,
            info: self.info,
        };
        self.store()
            .put_cbor(&root, Code::Blake2b256)
            .map_err(StateError::Store)
    }

    /// Visits every actor, changed ones as they are now. The order is that of the HAMT, then of new ids.
    pub fn for_each(
        &self,
        mut visit: impl FnMut(ActorID, &ActorState),
    ) -> Result<(), StateError> {
        let cache = self.cache.borrow();
        let mut bad_key = false;
        self.actors
            .for_each_cacheless(|bytes, actor| {
                match Address::from_bytes(bytes).ok().and_then(|a| a.id().ok()) {
                    Some(id) if cache.get(&id).is_some_and(|cached| cached.dirty) => {}
                    Some(id) => visit(id, actor),
                    None => bad_key = true,
                }
                Ok(())
            })
            .map_err(actors_hamt)?;
        if bad_key {
            return Err(StateError::Transaction("a key of the state tree is no id address"));
        }
        for (id, cached) in cache.iter() {
            if let Cached {
                actor: Some(actor),
                dirty: true,
            } = cached
            {
                visit(*id, actor);
            }
        }
        Ok(())
    }
}

fn key(id: ActorID) -> Vec<u8> {
    Address::new_id(id).to_bytes()
}

fn actors_hamt(source: fvm_ipld_hamt::Error) -> StateError {
    StateError::Hamt {
        what: "the state tree",
        source,
    }
}
