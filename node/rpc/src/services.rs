//! What the methods work with: the parts of a running node.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use filigree_blocks::{BeaconEntry, Tipset, TipsetKey};
use filigree_chain::Chain;
use filigree_consensus::ChainConfig;
use filigree_mempool::Pool;
use filigree_node_state::States;
use filigree_node_state::view::View;
use filigree_send::Sent;
use filigree_wallet::Wallet;
use fvm_shared::address::{Address, Protocol};
use fvm_shared::clock::ChainEpoch;

use crate::door::Door;
use crate::error::{Reply, RpcError};
use crate::operator::Operator;
use crate::schemas::ActorSchemas;
use crate::tasks::Tasks;
use crate::token::Tokens;

/// The parts of a running node that the methods use.
pub struct Services {
    /// The program.
    pub about: About,
    /// Makes and checks tokens.
    pub tokens: Tokens,
    /// The keys.
    pub wallet: Arc<Wallet>,
    /// The chain.
    pub chain: Arc<Chain>,
    /// What tipsets make of state.
    pub states: States,
    /// Messages that wait for a block.
    pub pool: Arc<Pool>,
    /// Held by whoever gives a message its sequence number, until it is in the pool: no two get the same. Other parts of the
    /// node that send messages share it.
    pub sending: Arc<Mutex<Sent>>,
    /// Schemas of actors, read from their Wasm.
    pub schemas: ActorSchemas,
    /// Where blocks come in.
    pub door: Arc<dyn Door>,
    /// The beacon's entries for a block at an epoch on these parents.
    pub beacon: Box<Beacon>,
    /// The process.
    pub operator: Arc<dyn Operator>,
    /// Its long work.
    pub tasks: Tasks,
    /// Asks the daemon to shut down; returns at once.
    pub shut_down: Box<dyn Fn() + Send + Sync>,
}

/// Gives the beacon's entries for a block at an epoch on some parents.
pub type Beacon = dyn Fn(ChainEpoch, &Tipset) -> anyhow::Result<Vec<BeaconEntry>> + Send + Sync;

/// The program that runs.
#[derive(Clone, Debug)]
pub struct About {
    /// Its version, and what of it is mock: `0.1.0+devnet (mock: WinningPoSt)`.
    pub version: String,
    /// Its name, as peers are told: `filigree`.
    pub agent: String,
    /// When it started.
    pub started: SystemTime,
    /// A random UUID, another one at every start.
    pub session: String,
}

impl About {
    /// A program that starts now.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn new(version: impl Into<String>) -> Result<Self, getrandom::Error> {
        Ok(Self {
            version: version.into(),
            agent: "filigree".into(),
            started: SystemTime::now(),
            session: random_uuid()?,
        })
    }
}

impl Services {
    /// The network's parameters as they are now.
    pub fn config(&self) -> Arc<ChainConfig> {
        self.chain.config()
    }

    /// The tipset of a key; the head, if it is empty.
    ///
    /// # Errors
    /// When it is not in the store.
    pub fn tipset(&self, key: &TipsetKey) -> Reply<Tipset> {
        if key.is_empty() {
            return Ok(self.chain.head());
        }
        Ok(self.chain.tipset(key)?)
    }

    /// The state that methods speak of when they are asked about a tipset: the one its messages ran on, as in Lotus.
    ///
    /// # Errors
    /// When the tipset or the state is not in the store.
    pub fn view(&self, key: &TipsetKey) -> Reply<(Tipset, View)> {
        let tipset = self.tipset(key)?;
        let view = self.states.view_before(&tipset)?;
        Ok((tipset, view))
    }

    /// The address of the key that signs for an address.
    ///
    /// # Errors
    /// When none does.
    pub fn key_address(&self, address: &Address) -> Reply<Address> {
        if !matches!(address.protocol(), Protocol::ID | Protocol::Actor) {
            return Ok(*address);
        }
        let view = self.states.view_before(&self.chain.head())?;
        let none = || {
            RpcError::general(format!(
                "no key signs for {address}: it is no account, or not on chain yet"
            ))
        };
        view.key_address(address)?.ok_or_else(none)
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services")
            .field("about", &self.about)
            .finish_non_exhaustive()
    }
}

/// A UUID of random bits (RFC 9562, version 4).
fn random_uuid() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex::encode(bytes);
    let parts = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ];
    Ok(parts.join("-"))
}
