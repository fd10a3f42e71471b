//! A machine: one state tree at one epoch, and the messages run on it.

use std::fmt;
use std::rc::Rc;

use cid::Cid;
use filigree_engine::EngineError;
use filigree_state::{Manifest, StateError, StateTree, WriteBuffer};
use fvm_ipld_blockstore::Blockstore;
use fvm_shared::EMPTY_ARR_CID;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::version::NetworkVersion;

use crate::engines::Engines;
use crate::journal::Journal;
use crate::network::Network;
use crate::stack::Core;
use crate::{Chain, Verifier};

/// DAG-CBOR of the empty array, the state of an actor that has none.
const EMPTY_ARRAY: [u8; 1] = [0x80];

/// Where and when a machine runs.
#[derive(Clone, Debug)]
pub struct Context {
    /// The network's rules.
    pub network: Network,
    /// The epoch.
    pub epoch: ChainEpoch,
    /// Unix time of the tipset, in seconds.
    pub timestamp: u64,
    /// Base fee, attoFIL per gas.
    pub base_fee: TokenAmount,
    /// The state root to start from.
    pub state_root: Cid,
    /// Whether to record execution traces. Not consensus, but slow.
    pub tracing: bool,
    /// Most memory that the trace of a message may take, in bytes. What comes after is not recorded.
    pub trace_limit_bytes: usize,
    /// CID of a bundle's root, to take the built-in actors from instead of the system actor's state.
    pub manifest: Option<Cid>,
}

impl Context {
    /// Epoch 0 of a network, without fees or traces.
    pub fn new(network: Network, state_root: Cid) -> Self {
        Self {
            network,
            epoch: 0,
            timestamp: 0,
            base_fee: TokenAmount::default(),
            state_root,
            tracing: false,
            trace_limit_bytes: usize::MAX,
            manifest: None,
        }
    }
}

/// Why a machine could not be made.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// Only network versions 18 to 28 are known.
    #[error("network version {0} is not supported: use 18 to 28")]
    UnsupportedVersion(NetworkVersion),
    /// The starting state is not in the store.
    #[error("the state root {0} is not in the blockstore")]
    MissingRoot(Cid),
    /// The state cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// The blockstore failed.
    #[error("the blockstore failed: {0:#}")]
    Store(anyhow::Error),
    /// The Wasm engine could not be made.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Runs messages on one state. Not shared between threads: each makes its own, over shared [`Engines`] and store.
pub struct Machine {
    /// Empty only if a bug of the host tore a message apart.
    pub(crate) core: Option<Box<Core>>,
}

impl Machine {
    /// A machine at `context.state_root`. Nothing is written to `store` before [`flush`](Self::flush).
    pub fn new(
        engines: &Engines,
        context: Context,
        store: Box<dyn Blockstore>,
        chain: Box<dyn Chain>,
        verifier: Box<dyn Verifier>,
    ) -> Result<Self, MachineError> {
        let rules = context
            .network
            .rules()
            .ok_or(MachineError::UnsupportedVersion(context.network.version))?;
        if !store
            .has(&context.state_root)
            .map_err(MachineError::Store)?
        {
            return Err(MachineError::MissingRoot(context.state_root));
        }
        let engine = engines.get(&context.network, &rules)?;
        let store = Rc::new(WriteBuffer::new(store));
        store.write(EMPTY_ARR_CID, Rc::from(EMPTY_ARRAY), None);
        let tree = StateTree::load(Rc::clone(&store), &context.state_root)?;
        let manifest = match &context.manifest {
            Some(root) => Manifest::load_bundle(&store, root)?,
            None => Manifest::load_from_state(&tree)?,
        };
        Ok(Self {
            core: Some(Box::new(Core {
                context,
                rules,
                journal: Journal::new(tree),
                store,
                manifest,
                chain,
                verifier,
                engine,
                #[cfg(feature = "native")]
                natives: crate::native::Natives::default(),
            })),
        })
    }

    /// The state with all messages so far, flushed or not.
    ///
    /// # Panics
    /// If a message was torn apart by a bug of the host ([`ExecuteError::Poisoned`](crate::ExecuteError::Poisoned)).
    pub fn state(&self) -> &StateTree {
        &self
            .core
            .as_ref()
            .expect("the machine is poisoned")
            .journal
            .tree
    }
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine")
            .field("context", &self.core.as_ref().map(|core| &core.context))
            .finish_non_exhaustive()
    }
}
