//! State, as it is read: actors by any of their addresses, and what their state says, decoded by the types of the actors
//! themselves. Nothing is written.
//!
//! A view belongs to one thread and keeps what it has read. States of the storage actors are those of the actors of this
//! repository, version 18; figures that older states have too are read of them as well.

pub mod accounts;
pub mod market;
pub mod miner;
pub mod power;
pub mod reward;
pub mod verified;

use std::cell::OnceCell;
use std::fmt;
use std::rc::Rc;

use cid::Cid;
use filigree_state::{ActorState, Manifest, StateError, StateTree, WriteBuffer};
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::store::Store;

/// A state, read.
pub struct View {
    root: Cid,
    tree: StateTree,
    manifest: OnceCell<Manifest>,
}

impl View {
    /// The state with this root.
    ///
    /// # Errors
    /// If it is not in the store, or none.
    pub fn open(store: &Store, root: &Cid) -> Result<Self, Error> {
        let blocks = Rc::new(WriteBuffer::new(Box::new(store.clone())));
        Ok(Self {
            root: *root,
            tree: StateTree::load(blocks, root)?,
            manifest: OnceCell::new(),
        })
    }

    /// The state's root.
    pub fn root(&self) -> &Cid {
        &self.root
    }

    /// The blocks, for maps and arrays in states: `map.open_in(view.store())`.
    pub fn store(&self) -> &Rc<WriteBuffer> {
        self.tree.store()
    }

    /// The tree itself.
    pub fn tree(&self) -> &StateTree {
        &self.tree
    }

    /// The network's actors, by name.
    ///
    /// # Errors
    /// If the system actor, or its list, cannot be read.
    pub fn manifest(&self) -> Result<&Manifest, Error> {
        match self.manifest.get() {
            Some(manifest) => Ok(manifest),
            None => {
                let manifest = Manifest::load_from_state(&self.tree)?;
                Ok(self.manifest.get_or_init(|| manifest))
            }
        }
    }

    /// The name of a built-in actor's code, such as `storageminer`.
    ///
    /// # Errors
    /// As [`manifest`](Self::manifest).
    pub fn code_name(&self, code: &Cid) -> Result<Option<&str>, Error> {
        let mut entries = self.manifest()?.entries().iter();
        let entry = entries.find(|(_, known)| known == code);
        Ok(entry.map(|(name, _)| name.as_str()))
    }

    /// The id behind an address; an f0 address is its own, whether or not there is such an actor.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn id(&self, address: &Address) -> Result<Option<ActorID>, Error> {
        Ok(self.tree.lookup_id(address)?)
    }

    /// An actor by any of its addresses.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn actor(&self, address: &Address) -> Result<Option<ActorState>, Error> {
        match self.tree.lookup_id(address)? {
            Some(id) => Ok(self.tree.get_actor(id)?),
            None => Ok(None),
        }
    }

    /// An actor that must be there.
    ///
    /// # Errors
    /// [`Error::NoActor`], and if the state cannot be read.
    pub fn require(&self, address: &Address) -> Result<ActorState, Error> {
        self.actor(address)?.ok_or(Error::NoActor(*address))
    }

    /// Visits every actor, in no order that means anything.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn for_each(&self, visit: impl FnMut(ActorID, &ActorState)) -> Result<(), Error> {
        Ok(self.tree.for_each(visit)?)
    }

    /// Puts actors into the state and writes what that needs; gives the new root. For migrations.
    pub(crate) fn put_actors(&mut self, actors: Vec<(ActorID, ActorState)>) -> Result<Cid, Error> {
        for (id, actor) in actors {
            self.tree.set_actor(id, actor);
        }
        let root = self.tree.flush()?;
        self.tree.store().flush(&root).map_err(Error::Store)?;
        self.root = root;
        self.manifest = OnceCell::new();
        Ok(root)
    }

    /// The block of an actor's state.
    ///
    /// # Errors
    /// If it is not there.
    pub fn block(&self, what: &'static str, cid: &Cid) -> Result<Rc<[u8]>, Error> {
        let block = self.store().read(cid).map_err(Error::Store)?;
        Ok(block.ok_or(StateError::Missing { what, cid: *cid })?)
    }

    /// An actor's state.
    ///
    /// # Errors
    /// If it is not there, or something else.
    pub fn state<T: DeserializeOwned>(
        &self,
        what: &'static str,
        actor: &ActorState,
    ) -> Result<T, Error> {
        let block = self.block(what, &actor.state)?;
        fvm_ipld_encoding::from_slice(&block).map_err(|e| Error::Malformed {
            what,
            why: e.to_string(),
        })
    }

    /// The state of an actor that exists once, by its id.
    pub(crate) fn singleton<T: DeserializeOwned>(
        &self,
        what: &'static str,
        id: ActorID,
    ) -> Result<T, Error> {
        let actor = self.require(&Address::new_id(id))?;
        self.state(what, &actor)
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View")
            .field("root", &self.root)
            .finish_non_exhaustive()
    }
}
