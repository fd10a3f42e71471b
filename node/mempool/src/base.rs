//! What new messages build on: the chain's head, and what state after it says of senders.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use filigree_consensus::ChainConfig;
use filigree_consensus::messages::sender::Sender;
use filigree_gas::PriceList;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::version::NetworkVersion;

/// Senders in the state after the messages of a head. `node/state` implements it.
pub trait Accounts: Send + Sync {
    /// The actor at an address; none if there is none.
    ///
    /// # Errors
    /// When state cannot be read.
    fn account(&self, address: &Address) -> Result<Option<Account>>;
}

/// What state says of a sender.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// Who it is, and its next sequence number.
    pub sender: Sender,
    /// What it has.
    pub balance: TokenAmount,
}

/// A head of the chain, as far as messages on top of it depend on it.
#[derive(Clone)]
pub struct Base {
    /// Its epoch. Messages come into the next at the earliest.
    pub epoch: ChainEpoch,
    /// Base fee of blocks on top of it, attoFIL per gas.
    pub base_fee: TokenAmount,
    /// State after its messages.
    pub accounts: Arc<dyn Accounts>,
}

/// What depends on the epoch of the next block.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    pub version: NetworkVersion,
    prices: &'static PriceList,
}

impl Rules {
    /// Rules of the first block on top of a head.
    pub fn after(config: &ChainConfig, base: &Base) -> Result<Self> {
        let version = config.version_at(base.epoch.saturating_add(1));
        let prices = PriceList::for_version(version).ok_or_else(|| {
            let version = u32::from(version);
            anyhow!("there are no prices for network version {version}")
        })?;
        Ok(Self { version, prices })
    }

    /// Gas that a message of so many bytes costs for being on chain.
    pub fn inclusion_cost(&self, chain_length_bytes: usize) -> u64 {
        self.prices
            .on_chain_message(chain_length_bytes)
            .total()
            .round_up()
    }
}
