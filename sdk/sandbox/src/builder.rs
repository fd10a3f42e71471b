//! Settings of a sandbox, before there is one.

use std::path::PathBuf;
use std::sync::Arc;

use filigree_vm::{Network, SharedVerifier};
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::version::NetworkVersion;

use crate::sandbox::Sandbox;
use crate::verifier::MockVerifier;

/// Chain id of sandboxes, on no list of networks (EIP-155): "SAND" in ASCII.
const CHAIN_ID: u64 = 0x5341_4e44;

/// The epoch a sandbox starts at: like a chain with a past, so that actors can look back.
const FIRST_EPOCH: ChainEpoch = 1_000;

/// Makes a sandbox: `Sandbox::builder().base_fee(TokenAmount::from_nano(1)).build()`.
#[derive(Clone, Debug)]
pub struct Builder {
    pub(crate) network: Network,
    pub(crate) epoch: ChainEpoch,
    pub(crate) base_fee: TokenAmount,
    pub(crate) circulating_supply: TokenAmount,
    pub(crate) seed: u64,
    pub(crate) verifier: SharedVerifier,
    /// Whether the actors of storage and payments are there.
    pub(crate) storage: bool,
    /// The bundle to run on; more of them, what a fork's file may lack.
    pub(crate) bundles: Vec<PathBuf>,
}

impl Default for Builder {
    /// The limits of mainnet at network version 28, with upgrades, without fees.
    fn default() -> Self {
        let mut network = Network::new(NetworkVersion::V28);
        network.chain_id = CHAIN_ID;
        network.allow_upgrade = true;
        Self {
            network,
            epoch: FIRST_EPOCH,
            base_fee: TokenAmount::default(),
            circulating_supply: TokenAmount::from_whole(600_000_000),
            seed: 0,
            verifier: Arc::new(MockVerifier),
            storage: true,
            bundles: Vec::new(),
        }
    }
}

impl Builder {
    /// The network version, 18 to 28.
    pub fn network_version(mut self, version: NetworkVersion) -> Self {
        self.network.version = version;
        self
    }

    /// The limits, chain id and policy of a network: `Network::mainnet(NetworkVersion::V27)`.
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// EIP-155 chain id.
    pub fn chain_id(mut self, chain_id: u64) -> Self {
        self.network.chain_id = chain_id;
        self
    }

    /// Whether actors may log. Logging costs gas where it is on.
    pub fn debugging(mut self, on: bool) -> Self {
        self.network.actor_debugging = on;
        self
    }

    /// Whether actors may replace their code (`Context::upgrade`). On unless said otherwise; off on mainnet.
    pub fn allow_upgrade(mut self, on: bool) -> Self {
        self.network.allow_upgrade = on;
        self
    }

    /// Whether users may install code, by messages to the init actor. On no public network; off unless said otherwise.
    pub fn allow_install(mut self, on: bool) -> Self {
        self.network.allow_install = on;
        self
    }

    /// Base fee, attoFIL per gas. With a fee each message gets a gas limit as a wallet would set it.
    pub fn base_fee(mut self, fee: TokenAmount) -> Self {
        self.base_fee = fee;
        self
    }

    /// The first epoch.
    pub fn epoch(mut self, epoch: ChainEpoch) -> Self {
        self.epoch = epoch;
        self
    }

    /// What actors are told of the circulating supply.
    pub fn circulating_supply(mut self, supply: TokenAmount) -> Self {
        self.circulating_supply = supply;
        self
    }

    /// Makes all randomness another.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// What judges proofs in place of [`MockVerifier`]: the network's proof library, say, with its keys. It is no part of what
    /// [`Sandbox::save`] writes: a file that was saved is taken up with it by [`fork`](Self::fork). If it cannot tell
    /// ([`VerifyError::Unavailable`](filigree_vm::VerifyError::Unavailable)) there is no receipt: [`Sandbox::call`] panics, and
    /// [`Sandbox::try_call`] gives the error.
    pub fn verifier(mut self, verifier: SharedVerifier) -> Self {
        self.verifier = verifier;
        self
    }

    /// Without the actors of storage and payments (power, miners, market, verified registry, datacap, multisigs, payment
    /// channels): epochs end sooner, and a machine that has built neither before has these built in half the time.
    pub fn core(mut self) -> Self {
        self.storage = false;
        self
    }

    /// A new sandbox runs on the actors of this bundle, a CAR: `cargo xtask bundle` makes one, and so do the networks'
    /// developers. [`fork`](Self::fork) takes blocks from it that its file lacks: many files with state have not the
    /// code of the network's actors, nor their list. May be called again for other forks.
    pub fn bundle(mut self, path: impl Into<PathBuf>) -> Self {
        self.bundles.push(path.into());
        self
    }

    /// The sandbox.
    #[track_caller]
    pub fn build(self) -> Sandbox {
        Sandbox::genesis(self)
    }
}
