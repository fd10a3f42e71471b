//! A state in the making: changed by hand where the protocol does so, and by messages of the protocol in the host.
//!
//! Nothing reaches the store before the end, when what the last state needs is written.

use std::rc::Rc;

use cid::Cid;
use filigree_sdk::call::Call;
use filigree_state::{ActorState, Manifest, StateTree, WriteBuffer};
use filigree_vm::{
    Chain, Context, Engines, Kind, Machine, Network, Verdict, Verifier, VerifyError,
};
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::RawBytes;
use fvm_shared::ActorID;
use fvm_shared::EMPTY_ARR_CID;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::consensus::ConsensusFault;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;
use fvm_shared::piece::PieceInfo;
use fvm_shared::sector::{
    AggregateSealVerifyProofAndInfos, RegisteredSealProof, ReplicaUpdateInfo, SealVerifyInfo,
    WindowPoStVerifyInfo,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::GenesisError;

/// More gas than anything here uses.
const GAS_LIMIT: u64 = 1_000_000_000_000_000;

/// See the head of the file.
pub(crate) struct World<'a> {
    engines: &'a Engines,
    network: Network,
    timestamp: u64,
    store: Rc<WriteBuffer>,
    manifest: Manifest,
    root: Cid,
    /// At `root`, kept from message to message.
    machine: Option<Machine>,
    messages: u64,
}

impl<'a> World<'a> {
    /// A state without actors, which will be those of a bundle.
    pub fn new(
        engines: &'a Engines,
        network: Network,
        timestamp: u64,
        store: Box<dyn Blockstore>,
        bundle: &Cid,
    ) -> Result<Self, GenesisError> {
        Self::begin(engines, network, timestamp, store, |store| {
            store.write(EMPTY_ARR_CID, Rc::from([0x80u8]), None);
            let root = StateTree::new(Rc::clone(store))?.flush()?;
            Ok((Manifest::load_bundle(store, bundle)?, root))
        })
    }

    /// A state with the actors it has.
    pub fn resume(
        engines: &'a Engines,
        network: Network,
        timestamp: u64,
        store: Box<dyn Blockstore>,
        root: &Cid,
    ) -> Result<Self, GenesisError> {
        Self::begin(engines, network, timestamp, store, |store| {
            let tree = StateTree::load(Rc::clone(store), root)?;
            Ok((Manifest::load_from_state(&tree)?, *root))
        })
    }

    /// A state, of its actors and its root.
    fn begin(
        engines: &'a Engines,
        network: Network,
        timestamp: u64,
        store: Box<dyn Blockstore>,
        state: impl FnOnce(&Rc<WriteBuffer>) -> Result<(Manifest, Cid), GenesisError>,
    ) -> Result<Self, GenesisError> {
        let store = Rc::new(WriteBuffer::new(store));
        let (manifest, root) = state(&store)?;
        Ok(Self {
            engines,
            network,
            timestamp,
            store,
            manifest,
            root,
            machine: None,
            messages: 0,
        })
    }

    /// The network has other actors from now on.
    pub fn set_manifest(&mut self, manifest: Manifest) {
        self.manifest = manifest;
        self.machine = None;
    }

    /// The blocks.
    pub fn store(&self) -> &Rc<WriteBuffer> {
        &self.store
    }

    /// The network's actors.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The code of an actor by its name.
    pub fn code(&self, name: &'static str) -> Result<Cid, GenesisError> {
        let code = self.manifest.code_named(name).copied();
        Ok(code.ok_or(filigree_state::StateError::MissingCode(name))?)
    }

    /// Puts a state object into the store.
    pub fn put<T: Serialize>(&self, state: &T) -> Result<Cid, GenesisError> {
        let block = fvm_ipld_encoding::to_vec(state).map_err(|e| GenesisError::Store(e.into()))?;
        Ok(self.store.write_dag_cbor(block, None))
    }

    /// All actors.
    pub fn tree(&self) -> Result<StateTree, GenesisError> {
        Ok(StateTree::load(Rc::clone(&self.store), &self.root)?)
    }

    /// Changes actors by hand.
    pub fn edit<R>(
        &mut self,
        change: impl FnOnce(&mut StateTree) -> Result<R, GenesisError>,
    ) -> Result<R, GenesisError> {
        let mut tree = self.tree()?;
        let result = change(&mut tree)?;
        self.root = tree.flush()?;
        self.machine = None;
        Ok(result)
    }

    /// Puts an actor under an id.
    pub fn set_actor(
        &mut self,
        id: ActorID,
        code: Cid,
        state: Cid,
        balance: TokenAmount,
    ) -> Result<(), GenesisError> {
        self.edit(|tree| {
            tree.set_actor(id, ActorState::new(code, state, balance, 0, None));
            Ok(())
        })
    }

    /// An actor's state.
    pub fn state<T: DeserializeOwned>(
        &self,
        what: &'static str,
        id: ActorID,
    ) -> Result<T, GenesisError> {
        let actor = self.tree()?.get_actor(id)?;
        let actor = actor.ok_or(GenesisError::Missing(Address::new_id(id)))?;
        let block = self.store.read(&actor.state).map_err(GenesisError::Store)?;
        let missing = filigree_state::StateError::Missing {
            what,
            cid: actor.state,
        };
        let block = block.ok_or(missing)?;
        fvm_ipld_encoding::from_slice(&block).map_err(|e| GenesisError::Store(e.into()))
    }

    /// Replaces an actor's state.
    pub fn set_state<T: Serialize>(&mut self, id: ActorID, state: &T) -> Result<(), GenesisError> {
        let state = self.put(state)?;
        self.edit(|tree| {
            let actor = tree.get_actor(id)?;
            let mut actor = actor.ok_or(GenesisError::Missing(Address::new_id(id)))?;
            actor.state = state;
            tree.set_actor(id, actor);
            Ok(())
        })
    }

    /// Has an actor called in the name of another, as the protocol calls; gives what it returned.
    pub fn call<R>(&mut self, from: ActorID, call: &Call<R>) -> Result<RawBytes, GenesisError> {
        let mut machine = match self.machine.take() {
            Some(machine) => machine,
            None => self.new_machine()?,
        };
        let params = call.params.as_ref();
        let message = Message {
            version: 0,
            from: Address::new_id(from),
            to: call.to,
            // Addresses of new actors follow from it.
            sequence: self.messages,
            value: call.value.clone(),
            method_num: call.method,
            params: params
                .map_or_else(RawBytes::default, |block| RawBytes::new(block.data.clone())),
            gas_limit: GAS_LIMIT,
            gas_fee_cap: TokenAmount::default(),
            gas_premium: TokenAmount::default(),
        };
        self.messages += 1;
        let applied = machine.execute(&message, Kind::Implicit, 0)?;
        let receipt = applied.receipt;
        if !receipt.exit_code.is_success() {
            let why = applied.failure.map(|failure| failure.to_string());
            return Err(GenesisError::Failed {
                what: format!("method {} of {}", call.method, call.to),
                code: receipt.exit_code,
                why: why.unwrap_or_default(),
            });
        }
        self.root = machine.flush()?;
        self.machine = Some(machine);
        Ok(receipt.return_data)
    }

    fn new_machine(&self) -> Result<Machine, GenesisError> {
        let mut context = Context::new(self.network.clone(), self.root);
        context.timestamp = self.timestamp;
        Ok(Machine::new(
            self.engines,
            context,
            Box::new(Rc::clone(&self.store)),
            Box::new(NoChain),
            Box::new(NoProofs),
        )?)
    }

    /// Writes what the state needs; gives its root.
    pub fn finish(self) -> Result<Cid, GenesisError> {
        self.store.flush(&self.root).map_err(GenesisError::Store)?;
        Ok(self.root)
    }
}

/// Before the first block there is no chain: no randomness to draw from, and no money in circulation.
struct NoChain;

impl Chain for NoChain {
    fn chain_randomness(&self, _: ChainEpoch) -> anyhow::Result<[u8; 32]> {
        anyhow::bail!("there is no randomness before the first block")
    }

    fn beacon_randomness(&self, epoch: ChainEpoch) -> anyhow::Result<[u8; 32]> {
        self.chain_randomness(epoch)
    }

    fn tipset_cid(&self, _: ChainEpoch) -> anyhow::Result<Cid> {
        anyhow::bail!("there is no tipset before the first")
    }

    fn circulating_supply(&self) -> TokenAmount {
        TokenAmount::default()
    }

    fn consensus_fault(
        &self,
        _: &[u8],
        _: &[u8],
        _: &[u8],
    ) -> anyhow::Result<Option<ConsensusFault>> {
        Ok(None)
    }
}

/// No proof is verified: sectors of a genesis are taken as they are.
struct NoProofs;

impl NoProofs {
    fn none<T>() -> Result<T, VerifyError> {
        Err(VerifyError::Unavailable(anyhow::anyhow!(
            "a genesis verifies no proofs"
        )))
    }
}

impl Verifier for NoProofs {
    fn unsealed_sector_cid(
        &self,
        _: RegisteredSealProof,
        _: &[PieceInfo],
    ) -> Result<Cid, VerifyError> {
        Self::none()
    }

    fn window_post(&self, _: &WindowPoStVerifyInfo) -> Verdict {
        Self::none()
    }

    fn seal(&self, _: &SealVerifyInfo) -> Verdict {
        Self::none()
    }

    fn aggregate_seals(&self, _: &AggregateSealVerifyProofAndInfos) -> Verdict {
        Self::none()
    }

    fn replica_update(&self, _: &ReplicaUpdateInfo) -> Verdict {
        Self::none()
    }
}
