//! What a pipeline works with: the parts of a node, and what its operator has set.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use filigree_chain::Chain;
use filigree_mempool::Pool;
use filigree_node_state::States;
use filigree_send::Sent;
use filigree_store::Db;
use filigree_wallet::Wallet;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;

use crate::prover::Prover;

/// The parts of a node that a pipeline uses.
#[derive(Clone)]
pub struct Parts {
    /// The chain.
    pub chain: Arc<Chain>,
    /// Its states.
    pub states: States,
    /// Messages that wait for a block.
    pub pool: Arc<Pool>,
    /// Keys; among them that of the miner's worker.
    pub wallet: Arc<Wallet>,
    /// Held by whoever numbers a message.
    pub sending: Arc<Mutex<Sent>>,
    /// Where records are.
    pub db: Db,
    /// Who makes proofs.
    pub prover: Arc<Prover>,
    /// Where the miner's sectors are; made if it is not there.
    pub directory: PathBuf,
    /// What the operator has set.
    pub settings: Settings,
}

/// What the operator has set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How many epochs must be on top of what a message did before it is relied on.
    pub confidence_epochs: ChainEpoch,
    /// How many sectors are computed at a time. The prover's pool bounds what they use together.
    pub jobs: usize,
    /// How long sectors live, from the last moment they can be proven at; kept within the network's limits.
    pub lifetime_epochs: ChainEpoch,
    /// Most that the gas of a message about one sector may cost, attoFIL.
    pub max_seal_fee: TokenAmount,
    /// Most that the gas of a window proof or a declaration may cost, attoFIL.
    pub max_window_fee: TokenAmount,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            confidence_epochs: 5,
            jobs: 2,
            // 540 days, as Lotus.
            lifetime_epochs: 540 * 2_880,
            max_seal_fee: TokenAmount::from_whole(1),
            max_window_fee: TokenAmount::from_whole(5),
        }
    }
}

impl Settings {
    /// For networks in one process, whose reorganisations are of an epoch or two.
    pub fn devnet() -> Self {
        Self {
            confidence_epochs: 2,
            ..Self::default()
        }
    }
}
