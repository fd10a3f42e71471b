//! `node/chain` and this crate, put together: the chain tells the history, and asks of state what it weighs chains by.

use std::sync::Arc;

use anyhow::Result;
use cid::Cid;
use filigree_blocks::{BeaconEntry, Tipset, TipsetKey};
use filigree_chain::{Chain, ChainError, NullRounds};
use filigree_consensus::ChainConfig;
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::bigint::BigInt;
use fvm_shared::clock::ChainEpoch;

use crate::history::{BlockMessages, History, Nulls};
use crate::store::Store;
use crate::view::View;

/// Reads state for the chain. It needs blocks alone, so it is made before the chain, and the chain before
/// [`States`](crate::States).
#[derive(Clone, Debug)]
pub struct StateReader(Store);

impl StateReader {
    /// Over these blocks.
    pub fn new(store: Store) -> Arc<Self> {
        Arc::new(Self(store))
    }
}

impl filigree_chain::States for StateReader {
    fn total_power(&self, state: &Cid) -> Result<BigInt> {
        let view = View::open(&self.0, state)?;
        Ok(view.power()?.total_quality().clone())
    }

    fn resolve(&self, state: &Cid, address: &Address) -> Result<Option<ActorID>> {
        Ok(View::open(&self.0, state)?.id(address)?)
    }
}

/// What is no trouble of this node's: nobody has an answer.
fn known_to_none<T>(found: Result<T, ChainError>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(ChainError::OffChain { .. } | ChainError::NoBeacon { .. }) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

impl History for Chain {
    fn tipset(&self, key: &TipsetKey) -> Result<Tipset> {
        Ok(Chain::tipset(self, key)?)
    }

    fn tipset_at(&self, base: &Tipset, epoch: ChainEpoch, nulls: Nulls) -> Result<Tipset> {
        let nulls = match nulls {
            Nulls::Before => NullRounds::Before,
            Nulls::After => NullRounds::After,
        };
        Ok(Chain::tipset_at(self, base, epoch, nulls)?)
    }

    fn messages(&self, tipset: &Tipset) -> Result<Vec<BlockMessages>> {
        let blocks = tipset.headers();
        let messages = blocks.map(|header| Ok(self.messages_of_block(header)?));
        messages.collect()
    }

    fn chain_randomness(&self, base: &Tipset, epoch: ChainEpoch) -> Result<Option<[u8; 32]>> {
        known_to_none(self.ticket_randomness(base, epoch))
    }

    fn beacon_randomness(&self, base: &Tipset, epoch: ChainEpoch) -> Result<Option<[u8; 32]>> {
        known_to_none(Chain::beacon_randomness(self, base, epoch))
    }

    fn latest_beacon(&self, tipset: &Tipset) -> Result<BeaconEntry> {
        Ok(self.latest_beacon_entry(tipset)?)
    }

    fn child(&self, tipset: &Tipset) -> Result<Option<Tipset>> {
        if !self.is_on_chain(tipset)? {
            return Ok(None);
        }
        let next = self.index().tipset_from(tipset.height() + 1)?;
        let next = next
            .map(|next| Chain::tipset(self, &next.key))
            .transpose()?;
        Ok(next.filter(|next| next.parents() == tipset.key()))
    }

    fn configure(&self, config: &ChainConfig) {
        self.set_config(config.clone());
    }
}
