//! A small world for tests: an in-memory store, a genesis and what a machine is made of.

use std::rc::Rc;

use filigree_vm::{Context, Engines, Genesis, Machine, Network, Verifier, mock};
use fvm_ipld_blockstore::MemoryBlockstore;
use fvm_shared::ActorID;
use fvm_shared::EMPTY_ARR_CID;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;
use fvm_shared::version::NetworkVersion;

/// A first state and the settings of the machine that runs on it.
pub struct World {
    pub store: Rc<MemoryBlockstore>,
    pub genesis: Genesis,
    pub network: Network,
    pub tracing: bool,
    pub trace_limit_bytes: usize,
    pub engines: Engines,
    pub verifier: Box<dyn Verifier>,
}

/// A key address that no other number has.
pub fn key(number: u8) -> Address {
    Address::new_secp256k1(&[number; 65]).unwrap()
}

impl World {
    /// A world with one rich account, `key(1)`, on the newest network.
    pub fn new() -> Self {
        let store = Rc::new(MemoryBlockstore::new());
        let bundle = mock::minimal_bundle(&store).unwrap();
        let mut genesis = Genesis::new(Box::new(Rc::clone(&store)), &bundle).unwrap();
        genesis.account(key(1), TokenAmount::from_whole(1)).unwrap();
        Self {
            store,
            genesis,
            network: Network::new(NetworkVersion::V28),
            tracing: false,
            trace_limit_bytes: usize::MAX,
            engines: Engines::new(1, None),
            verifier: Box::new(mock::AcceptAllVerifier),
        }
    }

    /// Adds an actor with this code.
    pub fn actor(&mut self, id: ActorID, wat: &str) {
        let code = self.genesis.code(&wat::parse_str(wat).unwrap());
        self.genesis
            .actor(id, code, EMPTY_ARR_CID, TokenAmount::default(), None);
    }

    /// The machine.
    pub fn machine(self) -> Machine {
        let mut context = Context::new(self.network, self.genesis.finish().unwrap());
        context.tracing = self.tracing;
        context.trace_limit_bytes = self.trace_limit_bytes;
        Machine::new(
            &self.engines,
            context,
            Box::new(self.store),
            Box::new(mock::FixedChain::default()),
            self.verifier,
        )
        .unwrap()
    }
}

/// A call without value or parameters by `key(1)`.
pub fn message(to: Address, sequence: u64) -> Message {
    Message {
        version: 0,
        from: key(1),
        to,
        sequence,
        value: TokenAmount::default(),
        method_num: 2,
        params: Default::default(),
        gas_limit: 10_000_000_000,
        gas_fee_cap: TokenAmount::default(),
        gas_premium: TokenAmount::default(),
    }
}
