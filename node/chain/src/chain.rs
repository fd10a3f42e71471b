//! The chain: what is in it, and where its head is. How the head moves is in [`head`](crate::head).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use cid::Cid;
use filigree_blocks::{BlockHeader, ChainMessage, FullBlock, Tipset, TipsetKey};
use filigree_consensus::{ChainConfig, base_fee, weight};
use filigree_store::{Db, Durability, HeadChange, Index, IndexedTipset};
use fvm_shared::bigint::BigInt;
use fvm_shared::econ::TokenAmount;

use crate::applied::{self, Applied};
use crate::cache::Cache;
use crate::candidates::Candidates;
use crate::checkpoint;
use crate::error::ChainError;
use crate::events::{Bell, Listeners, Subscription};
use crate::fork::{self, Path};
use crate::messages::{BlockMessages, Messages};
use crate::skips::Skips;
use crate::states::States;
use crate::tipsets::{self, Tipsets};

/// Weights and base fees in memory.
const CACHED_FIGURES: usize = 4096;

/// The chain of a node. Used by many threads at once.
pub struct Chain {
    pub(crate) db: Db,
    config: RwLock<Arc<ChainConfig>>,
    states: Arc<dyn States>,
    pub(crate) tipsets: Tipsets,
    messages: Messages,
    pub(crate) skips: Skips,
    weights: Cache<TipsetKey, BigInt>,
    base_fees: Cache<TipsetKey, TokenAmount>,
    genesis: Tipset,
    /// Who holds it for reading sees an index that is of this head.
    head: RwLock<Tipset>,
    /// A tipset of our chain that no fork goes behind. Changed by who has the writer.
    pub(crate) checkpoint: RwLock<Option<Tipset>>,
    /// Held by whoever changes the head, and by whoever must not miss a change.
    writer: Mutex<Candidates>,
    pub(crate) listeners: Listeners,
}

impl Chain {
    /// The chain that is in a store.
    ///
    /// # Errors
    /// When there is none, it is of another network, or the store fails.
    pub fn open(db: Db, config: ChainConfig, states: Arc<dyn States>) -> Result<Self, ChainError> {
        let index = db.index();
        let tipsets = Tipsets::new(db.clone());
        let head = index.head()?.ok_or(ChainError::NoChain)?;
        let head = tipsets.load(&head.key)?;
        let genesis = index.tipset_at(0)?.ok_or(ChainError::NoChain)?;
        let genesis = tipsets.load(&genesis)?;
        if let Some(expected) = config.genesis.map(|cid| TipsetKey::new([cid])) {
            check_genesis(&expected, genesis.key())?;
        }
        let mut candidates = Candidates::default();
        for block in head.blocks() {
            candidates.add(block);
        }
        let checkpoint = checkpoint::read(&db, &tipsets)?;
        Ok(Self {
            config: RwLock::new(Arc::new(config)),
            states,
            messages: Messages::new(db.clone()),
            skips: Skips::new(),
            weights: Cache::new(CACHED_FIGURES),
            base_fees: Cache::new(CACHED_FIGURES),
            genesis,
            head: RwLock::new(head),
            checkpoint: RwLock::new(checkpoint),
            writer: Mutex::new(candidates),
            listeners: Listeners::default(),
            tipsets,
            db,
        })
    }

    /// The chain that is in a store, or, in a new store, one that consists of a genesis block, whose state is in the store.
    ///
    /// # Errors
    /// When the store's chain begins with another block, or the store fails.
    pub fn create(
        db: Db,
        config: ChainConfig,
        states: Arc<dyn States>,
        genesis: &Tipset,
    ) -> Result<Self, ChainError> {
        let index = db.index();
        match index.tipset_at(0)? {
            Some(found) => check_genesis(genesis.key(), &found)?,
            None => begin(&db, &index, genesis)?,
        }
        Self::open(db, config, states)
    }

    /// The network's parameters.
    pub fn config(&self) -> Arc<ChainConfig> {
        let config = self.config.read();
        config.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the network's parameters, as an upgrade of a running development network does. Weights and base fees are found anew.
    pub fn set_config(&self, config: ChainConfig) {
        let mut current = self.config.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(config);
        self.weights.clear();
        self.base_fees.clear();
    }

    /// The first tipset.
    pub fn genesis(&self) -> &Tipset {
        &self.genesis
    }

    /// The last tipset of the heaviest chain.
    pub fn head(&self) -> Tipset {
        self.read_head().clone()
    }

    /// The index of the heaviest chain, for messages; for tipsets ask [`tipset_at`](Self::tipset_at).
    pub fn index(&self) -> Index {
        self.db.index()
    }

    /// Hears how the head changes, from the head that is given on. The listener's queue holds `capacity` changes.
    pub fn subscribe(&self, capacity: usize) -> (Tipset, Subscription) {
        self.subscribe_with(capacity, None)
    }

    /// As [`subscribe`](Self::subscribe), with a bell that rings when there is something to hear. The bell must not wait, and not
    /// ask the chain.
    pub fn subscribe_with(&self, capacity: usize, bell: Option<Bell>) -> (Tipset, Subscription) {
        // Changes are published by who has the writer.
        let _writer = self.writer();
        (self.head(), self.listeners.subscribe(capacity, bell))
    }

    /// The tipset of a key.
    ///
    /// # Errors
    /// When a block is missing or the store fails; so for all that follow.
    pub fn tipset(&self, key: &TipsetKey) -> Result<Tipset, ChainError> {
        self.tipsets.load(key)
    }

    /// The tipset that a tipset is built on.
    ///
    /// # Errors
    /// As [`tipset`](Self::tipset). The genesis has no parents.
    pub fn parents(&self, tipset: &Tipset) -> Result<Tipset, ChainError> {
        self.tipsets.parents(tipset)
    }

    /// The header of a block.
    ///
    /// # Errors
    /// As [`tipset`](Self::tipset).
    pub fn block(&self, cid: &Cid) -> Result<BlockHeader, ChainError> {
        self.tipsets.block(cid)
    }

    /// A message by its own CID; none if it is not in the store.
    ///
    /// # Errors
    /// When there is something else, or the store fails.
    pub fn message(&self, cid: &Cid) -> Result<Option<ChainMessage>, ChainError> {
        self.messages.one(cid)
    }

    /// All messages of a block, those of BLS senders first.
    ///
    /// # Errors
    /// As [`tipset`](Self::tipset).
    pub fn messages_of_block(&self, header: &BlockHeader) -> Result<BlockMessages, ChainError> {
        self.messages.of_block(header)
    }

    /// The messages of a tipset, block by block, each once: as they are applied to its `parent_state`.
    ///
    /// # Errors
    /// As [`tipset`](Self::tipset); and when state cannot be read.
    pub fn messages_of(&self, tipset: &Tipset) -> Result<Vec<Applied>, ChainError> {
        let messages = self.all_messages_of(tipset)?;
        applied::select(tipset, &messages, &*self.states)
    }

    /// A block with its messages.
    ///
    /// # Errors
    /// As [`tipset`](Self::tipset).
    pub fn full_block(&self, header: &BlockHeader) -> Result<FullBlock, ChainError> {
        let (mut bls, mut signed) = (Vec::new(), Vec::new());
        for message in self.messages_of_block(header)?.iter() {
            match message {
                ChainMessage::Unsigned(message) => bls.push(message.clone()),
                ChainMessage::Signed(message) => signed.push(message.clone()),
            }
        }
        let header = header.clone();
        Ok(FullBlock {
            header,
            bls,
            signed,
        })
    }

    /// Stores a block and its messages; no head changes by that. Gives its CID.
    ///
    /// Nothing leads to the block until it is [taken](Self::take): garbage collection must be kept away meanwhile
    /// ([`Blocks::work`](filigree_store::Blocks::work)).
    ///
    /// # Errors
    /// When the store fails.
    pub fn put_block(&self, block: &FullBlock) -> Result<Cid, ChainError> {
        self.tipsets.put_block(block)
    }

    /// Stores the headers of a tipset; otherwise as [`put_block`](Self::put_block).
    ///
    /// # Errors
    /// When the store fails.
    pub fn put_tipset(&self, tipset: &Tipset) -> Result<(), ChainError> {
        self.tipsets.put(tipset)
    }

    /// Weight of the chain up to and with a tipset: the parents' weight of blocks on it.
    ///
    /// # Errors
    /// When its `parent_state` cannot be read or has no power.
    pub fn weight(&self, tipset: &Tipset) -> Result<BigInt, ChainError> {
        if let Some(weight) = self.weights.get(tipset.key()) {
            return Ok(weight);
        }
        let state = tipset.parent_state();
        let power = self.states.total_power(&state).map_err(ChainError::State)?;
        let config = self.config();
        let weight = weight::weight(&config, tipset, &power)?;
        self.keep(&config, &self.weights, tipset, &weight);
        Ok(weight)
    }

    /// Base fee of blocks on a tipset.
    ///
    /// # Errors
    /// When messages are missing or the store fails.
    pub fn base_fee(&self, tipset: &Tipset) -> Result<TokenAmount, ChainError> {
        if let Some(base_fee) = self.base_fees.get(tipset.key()) {
            return Ok(base_fee);
        }
        let messages = self.all_messages_of(tipset)?;
        let messages = messages.iter().flat_map(|block| block.iter());
        let config = self.config();
        let base_fee = base_fee::next(&config, tipset, messages);
        self.keep(&config, &self.base_fees, tipset, &base_fee);
        Ok(base_fee)
    }

    /// Keeps a figure of a tipset, if the parameters that it came of are still those of the network.
    fn keep<T: Clone>(
        &self,
        config: &Arc<ChainConfig>,
        figures: &Cache<TipsetKey, T>,
        tipset: &Tipset,
        figure: &T,
    ) {
        // While it is held, they are not changed.
        let current = self.config.read().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&current, config) {
            figures.insert(tipset.key().clone(), figure.clone(), 1);
        }
    }

    /// The way from one tipset to another, of at most `limit` tipsets.
    ///
    /// # Errors
    /// When there are more, the chains have nothing in common, or the store fails.
    pub fn path(&self, from: &Tipset, to: &Tipset, limit: usize) -> Result<Path, ChainError> {
        fork::path(&self.tipsets, from, to, limit)
    }

    /// Blocks that are not of the chain, or not yet, and may become its head: garbage collection must keep them.
    pub fn candidates(&self) -> Vec<Cid> {
        self.writer().cids().collect()
    }

    fn all_messages_of(&self, tipset: &Tipset) -> Result<Vec<BlockMessages>, ChainError> {
        let blocks = tipset
            .headers()
            .map(|header| self.messages_of_block(header));
        blocks.collect()
    }

    pub(crate) fn writer(&self) -> MutexGuard<'_, Candidates> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn read_head(&self) -> RwLockReadGuard<'_, Tipset> {
        self.head.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write_head(&self) -> RwLockWriteGuard<'_, Tipset> {
        self.head.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        self.listeners.close();
    }
}

fn check_genesis(expected: &TipsetKey, found: &TipsetKey) -> Result<(), ChainError> {
    if expected != found {
        return Err(ChainError::OtherGenesis {
            expected: expected.clone(),
            found: found.clone(),
        });
    }
    Ok(())
}

/// Makes a chain of a genesis block.
fn begin(db: &Db, index: &Index, genesis: &Tipset) -> Result<(), ChainError> {
    let mut batch = db.batch();
    tipsets::put_headers(&mut batch, genesis);
    let first = IndexedTipset {
        height: genesis.height(),
        key: genesis.key().clone(),
        messages: Vec::new(),
    };
    let change = HeadChange {
        base: None,
        apply: &[first],
    };
    index.change_head(&mut batch, &change)?;
    Ok(batch.commit(Durability::Synced)?)
}
