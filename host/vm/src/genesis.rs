//! A first state for tests, sandboxes and local networks: the singletons the protocol itself touches, and accounts.
//!
//! It makes only what the host needs to run messages (system, init, reward, burnt funds). The other built-in actors
//! need a genesis of their own, which the node makes.

use std::rc::Rc;

use cid::Cid;
use filigree_state::{
    BURNT_FUNDS_ACTOR_ID, INIT_ACTOR_ID, InitState, Manifest, REWARD_ACTOR_ID, SYSTEM_ACTOR_ID,
    StateError, StateTree, SystemState, WriteBuffer,
};
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::{CborStore, IPLD_RAW};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::state::ActorState;
use fvm_shared::{ActorID, EMPTY_ARR_CID};
use multihash_codetable::{Code, MultihashDigest};

/// A state under construction.
pub struct Genesis {
    store: Rc<WriteBuffer>,
    tree: StateTree,
    manifest: Manifest,
}

impl Genesis {
    /// A state with the actors of the bundle whose root (a manifest) is in `store`.
    pub fn new(store: Box<dyn Blockstore>, bundle: &Cid) -> Result<Self, StateError> {
        let store = Rc::new(WriteBuffer::new(store));
        store.write(EMPTY_ARR_CID, Rc::from([0x80u8]), None);
        let manifest = Manifest::load_bundle(&store, bundle)?;
        let mut genesis = Self {
            tree: StateTree::new(Rc::clone(&store))?,
            manifest,
            store,
        };
        let system = genesis.put(&SystemState {
            builtin_actors: *genesis.manifest.data_cid(),
        })?;
        let init = InitState::new(&genesis.store, "genesis")?;
        let init = genesis.put(&init)?;
        let account = *genesis.manifest.account_code();
        let burnt_funds = genesis.put(&(Address::new_id(BURNT_FUNDS_ACTOR_ID),))?;
        let code = |name: &'static str| {
            let code = genesis.manifest.code_named(name).copied();
            code.ok_or(StateError::MissingCode(name))
        };
        for (id, code, state) in [
            (SYSTEM_ACTOR_ID, code("system")?, system),
            (INIT_ACTOR_ID, code("init")?, init),
            (REWARD_ACTOR_ID, code("reward")?, EMPTY_ARR_CID),
            (BURNT_FUNDS_ACTOR_ID, account, burnt_funds),
        ] {
            genesis.actor(id, code, state, TokenAmount::default(), None);
        }
        Ok(genesis)
    }

    /// An account with a key address and a balance.
    pub fn account(
        &mut self,
        address: Address,
        balance: TokenAmount,
    ) -> Result<ActorID, StateError> {
        let id = self.tree.register_new_address(&address)?;
        let state = self.put(&(address,))?;
        let code = *self.manifest.account_code();
        self.actor(id, code, state, balance, None);
        Ok(id)
    }

    /// Any actor, under an id of the caller's choice.
    pub fn actor(
        &mut self,
        id: ActorID,
        code: Cid,
        state: Cid,
        balance: TokenAmount,
        delegated_address: Option<Address>,
    ) {
        self.tree.set_actor(
            id,
            ActorState::new(code, state, balance, 0, delegated_address),
        );
    }

    /// Puts a state object into the store, as DAG-CBOR.
    pub fn put<T: serde::Serialize>(&self, state: &T) -> Result<Cid, StateError> {
        self.store
            .put_cbor(state, Code::Blake2b256)
            .map_err(StateError::Store)
    }

    /// Puts the Wasm of an actor into the store; gives its code CID.
    pub fn code(&self, wasm: &[u8]) -> Cid {
        let cid = Cid::new_v1(IPLD_RAW, Code::Blake2b256.digest(wasm));
        self.store.write(cid, Rc::from(wasm), None);
        cid
    }

    /// Writes everything to the store and gives the state root.
    pub fn finish(mut self) -> Result<Cid, StateError> {
        let root = self.tree.flush()?;
        self.store.flush_all().map_err(StateError::Store)?;
        Ok(root)
    }
}
