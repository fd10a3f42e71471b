//! The chain as the host asks for it, seen from a tipset whose messages run.
//!
//! What does not exist for anybody (randomness of the future, a fault that is none) is told to the actor. What this node
//! cannot tell must not end up in a receipt: it is noted, and the message that ran meanwhile is not taken.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use anyhow::{anyhow, bail};
use cid::Cid;
use filigree_blocks::Tipset;
use filigree_consensus::fault;
use filigree_vm::Chain;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::consensus::ConsensusFault;
use fvm_shared::econ::TokenAmount;

use crate::error::Error;
use crate::history::{History, Nulls};
use crate::lookback::lookback;
use crate::rules::Rules;
use crate::store::Store;
use crate::view::View;

/// What went wrong while a message ran.
#[derive(Clone, Default)]
pub(crate) struct Trouble(Rc<RefCell<Option<anyhow::Error>>>);

impl Trouble {
    /// Takes it; what is left is none.
    pub fn take(&self) -> Option<anyhow::Error> {
        self.0.take()
    }

    /// Notes an error; the first one stays.
    fn note<T>(&self, result: anyhow::Result<T>) -> anyhow::Result<T> {
        result.map_err(|error| {
            let text = format!("{error:#}");
            self.0.borrow_mut().get_or_insert(error);
            anyhow!(text)
        })
    }
}

/// See the head of the file.
pub(crate) struct HostChain {
    pub history: Arc<dyn History>,
    pub rules: Arc<Rules>,
    pub store: Store,
    /// The tipset whose messages run; of a migration the last one before it.
    pub base: Tipset,
    /// The epoch they run at: that of the tipset, or of a null round before it.
    pub epoch: ChainEpoch,
    /// The state they run on.
    pub root: Cid,
    pub circulating_supply: TokenAmount,
    pub trouble: Trouble,
}

impl HostChain {
    /// The key that signs a miner's blocks at `height`.
    fn worker(&self, miner: &Address, height: ChainEpoch) -> anyhow::Result<Option<Address>> {
        let history = &*self.history;
        let lookback = match lookback(history, &self.rules.config, &self.base, height) {
            Ok(lookback) => lookback,
            // Nobody knows.
            Err(Error::Lookback { .. }) => return Ok(None),
            Err(e) => return Err(e.into()),
        };
        let then = View::open(&self.store, &lookback.state)?;
        let info = match then.miner(miner) {
            Ok(miner) => miner.info()?,
            Err(Error::NoActor(_) | Error::OtherActor { .. }) => return Ok(None),
            Err(e) => return Err(e.into()),
        };
        Ok(View::open(&self.store, &self.root)?.key_address(&info.worker)?)
    }

    fn randomness(
        &self,
        what: &str,
        epoch: ChainEpoch,
        found: anyhow::Result<Option<[u8; 32]>>,
    ) -> anyhow::Result<[u8; 32]> {
        match self.trouble.note(found)? {
            Some(randomness) => Ok(randomness),
            None => bail!("there is no {what} randomness of epoch {epoch}"),
        }
    }
}

impl Chain for HostChain {
    fn chain_randomness(&self, epoch: ChainEpoch) -> anyhow::Result<[u8; 32]> {
        let found = self.history.chain_randomness(&self.base, epoch);
        self.randomness("ticket", epoch, found)
    }

    fn beacon_randomness(&self, epoch: ChainEpoch) -> anyhow::Result<[u8; 32]> {
        let found = self.history.beacon_randomness(&self.base, epoch);
        self.randomness("beacon", epoch, found)
    }

    fn tipset_cid(&self, epoch: ChainEpoch) -> anyhow::Result<Cid> {
        // Between the tipset before a migration and that there is none.
        let epoch = epoch.min(self.base.height());
        let tipset = self.history.tipset_at(&self.base, epoch, Nulls::Before);
        Ok(self.trouble.note(tipset)?.key().cid())
    }

    fn circulating_supply(&self) -> TokenAmount {
        self.circulating_supply.clone()
    }

    fn consensus_fault(
        &self,
        header_1: &[u8],
        header_2: &[u8],
        extra: &[u8],
    ) -> anyhow::Result<Option<ConsensusFault>> {
        let worker = |miner: &Address, height| self.worker(miner, height);
        let config = &self.rules.config;
        let found = fault::find(config, header_1, header_2, extra, self.epoch, worker);
        self.trouble.note(found)
    }
}
