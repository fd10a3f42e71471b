//! Looking at state, and changing it by hand.

use cid::Cid;
use filigree_schema::Limits;
use filigree_state::{ActorState, Manifest, StateError, StateTree};
use fvm_ipld_blockstore::Blockstore;
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::account::Who;
use crate::sandbox::{Sandbox, load_tree};

impl Sandbox {
    /// The id behind an address, if it has one. An id is its own, whether or not the actor exists.
    #[track_caller]
    pub fn resolve(&self, address: &Address) -> Option<ActorID> {
        self.look(|tree| tree.lookup_id(address))
    }

    /// The id of an actor that is known to exist.
    #[track_caller]
    pub fn id(&self, who: impl Who) -> ActorID {
        let address = who.address();
        let Some(id) = self.resolve(&address) else {
            let epoch = self.epoch();
            panic!("no actor has the address {address} at epoch {epoch}");
        };
        id
    }

    /// An actor as the state tree holds it: code, state root, sequence number, balance.
    #[track_caller]
    pub fn actor(&self, who: impl Who) -> Option<ActorState> {
        self.look(|tree| {
            let id = tree.lookup_id(&who.address())?;
            id.map_or(Ok(None), |id| tree.get_actor(id))
        })
    }

    /// An actor's balance; zero where there is no actor.
    #[track_caller]
    pub fn balance(&self, who: impl Who) -> TokenAmount {
        self.actor(who)
            .map_or_else(TokenAmount::default, |actor| actor.balance)
    }

    /// An actor's state. Maps and arrays in it are read with `map.open_in(sandbox.store())`.
    #[track_caller]
    pub fn state<S: DeserializeOwned>(&self, who: impl Who) -> S {
        let (actor, block) = self.state_block(who);
        match fvm_ipld_encoding::from_slice(&block) {
            Ok(state) => state,
            Err(e) => panic!(
                "the state of {actor} is not a {}: {e}",
                std::any::type_name::<S>()
            ),
        }
    }

    /// Sets an actor's balance, out of nothing.
    #[track_caller]
    pub fn set_balance(&mut self, who: impl Who, balance: TokenAmount) {
        let id = self.id(who);
        self.edit_actor(id, |_, actor| actor.balance = balance);
    }

    /// Sets an actor's state by hand: for what no message of a test could bring about. What it links to is in the store
    /// already.
    #[track_caller]
    pub fn set_state<S: Serialize>(&mut self, who: impl Who, state: &S) {
        let id = self.id(who);
        let state = match fvm_ipld_encoding::to_vec(state) {
            Ok(state) => state,
            Err(e) => panic!("a {} does not encode: {e}", std::any::type_name::<S>()),
        };
        self.edit_actor(id, |tree, actor| {
            actor.state = tree.store().write_dag_cbor(state, None)
        });
    }

    /// An actor's state as JSON, by the schema of its code, with what its maps, arrays and links hold.
    #[track_caller]
    pub fn state_json(&self, who: impl Who) -> serde_json::Value {
        let address = who.address();
        let (actor, block) = self.state_block(address);
        let code = self
            .actor(address)
            .map(|actor| actor.code)
            .unwrap_or_default();
        let schema = self
            .directory
            .code(&code)
            .and_then(|known| known.schema.clone());
        let Some(schema) = schema else {
            panic!(
                "{actor} runs code without a schema ({code}): read its state with `state::<Type>(..)`"
            );
        };
        match schema.decode_state_deep(&block, &self.store, Limits::default()) {
            Ok(Some(state)) => state.value,
            Ok(None) => serde_json::Value::Null,
            Err(e) => panic!("the state of {actor} is not what its schema says: {e}"),
        }
    }

    /// The CID of the state of all actors.
    pub fn state_root(&self) -> &Cid {
        &self.point.root
    }

    /// The blocks of the state, for collections: `balances.open_in(sandbox.store())`.
    pub fn store(&self) -> impl Blockstore + Clone + use<> {
        self.store.clone()
    }

    /// Reads the state, that of the running host if there is one.
    #[track_caller]
    fn look<T>(&self, read: impl FnOnce(&StateTree) -> Result<T, StateError>) -> T {
        let found = match &self.machine {
            Some(machine) => read(machine.state()),
            None => load_tree(&self.store, &self.point.root).and_then(|tree| read(&tree)),
        };
        match found {
            Ok(found) => found,
            Err(e) => panic!("the state cannot be read: {e}"),
        }
    }

    #[track_caller]
    fn state_block(&self, who: impl Who) -> (String, Vec<u8>) {
        let address = who.address();
        let Some(actor) = self.actor(address) else {
            panic!("there is no actor {address} at epoch {}", self.epoch());
        };
        let name = self.directory.actor(self.id(address), Some(&actor.code));
        match self.store.get(&actor.state) {
            Ok(Some(block)) => (name, block),
            Ok(None) => panic!("the state of {name}, {}, is not in the store", actor.state),
            Err(e) => panic!("the state of {name} cannot be read: {e:#}"),
        }
    }

    /// Changes the state by hand.
    #[track_caller]
    pub(crate) fn edit<R>(
        &mut self,
        change: impl FnOnce(&mut StateTree, &Manifest) -> Result<R, StateError>,
    ) -> R {
        let result = (|| {
            let mut tree = load_tree(&self.store, &self.point.root)?;
            let manifest = Manifest::load_from_state(&tree)?;
            let result = change(&mut tree, &manifest)?;
            let root = tree.flush()?;
            tree.store().flush(&root).map_err(StateError::Store)?;
            Ok::<_, StateError>((result, root))
        })();
        let (result, root) = match result {
            Ok(done) => done,
            Err(e) => panic!("the state cannot be changed: {e}"),
        };
        self.go_to(root);
        result
    }

    /// Changes an actor by hand. It must be there.
    #[track_caller]
    fn edit_actor(&mut self, id: ActorID, change: impl FnOnce(&StateTree, &mut ActorState)) {
        let is_there = self.edit(|tree, _| {
            let Some(mut actor) = tree.get_actor(id)? else {
                return Ok(false);
            };
            change(tree, &mut actor);
            tree.set_actor(id, actor);
            Ok(true)
        });
        assert!(is_there, "there is no actor f0{id}");
    }
}
