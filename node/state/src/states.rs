//! All of this for a node: one place that threads ask what tipsets lead to, and what state says.

mod kept;
mod schedule;

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use cid::Cid;
use filigree_blocks::{ChainMessage, Tipset};
use filigree_consensus::{base_fee, weight};
use filigree_vm::{Engines, SharedVerifier};
use fvm_ipld_blockstore::Blockstore;
use fvm_shared::bigint::BigInt;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::receipt::Receipt;

use crate::apply::{TipsetState, apply};
use crate::error::Error;
use crate::failures::Failures;
use crate::history::History;
use crate::receipts::read_receipts;
use crate::results::Results;
use crate::room::{Progress, Room};
use crate::rules::Rules;
use crate::store::Store;
use crate::supply::Circulation;
use crate::upgrade::Known;
use crate::view::View;

/// Tipsets whose results are kept: a finality and more, at some 200 bytes each.
const KEPT_RESULTS: usize = 4_096;

/// Most memory of a trace, be it of one message or of a tipset with all of them, unless [`States::limit_traces`] says otherwise.
/// Gas is a poor bound: a cheap call can name the same large parameters again and again.
pub const TRACE_LIMIT_BYTES: usize = 64 << 20;

/// See the head of the file. Clones share everything.
#[derive(Clone)]
pub struct States(Arc<Inner>);

struct Inner {
    store: Store,
    engines: Engines,
    history: Arc<dyn History>,
    verifier: SharedVerifier,
    rules: RwLock<Arc<Rules>>,
    progress: RwLock<Option<Progress>>,
    migrated: Arc<Known>,
    results: Results,
    failures: Failures,
    applied: Mutex<Applied>,
    /// Shared by those who judge a block and have the chain take it, held alone by those who change the rules.
    moving: RwLock<()>,
    trace_limit_bytes: AtomicUsize,
}

/// How much work it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Tipsets whose messages were run, other than for replays.
    pub tipsets: u64,
    /// How long that took.
    pub took: Duration,
}

impl States {
    /// Over these blocks and this chain. The engines are expensive: a process has one set.
    pub fn new(
        store: Store,
        engines: Engines,
        history: Arc<dyn History>,
        verifier: SharedVerifier,
        rules: Rules,
    ) -> Self {
        Self(Arc::new(Inner {
            store,
            engines,
            history,
            verifier,
            rules: RwLock::new(Arc::new(rules)),
            progress: RwLock::default(),
            migrated: Arc::default(),
            results: Results::new(KEPT_RESULTS),
            failures: Failures::default(),
            applied: Mutex::default(),
            moving: RwLock::default(),
            trace_limit_bytes: AtomicUsize::new(TRACE_LIMIT_BYTES),
        }))
    }

    /// Sets how much memory a trace may take; see [`TRACE_LIMIT_BYTES`].
    pub fn limit_traces(&self, bytes: usize) {
        self.0.trace_limit_bytes.store(bytes, Ordering::Relaxed);
    }

    /// The blocks.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The chain.
    pub fn history(&self) -> &Arc<dyn History> {
        &self.0.history
    }

    /// The rules as they are now.
    pub fn rules(&self) -> Arc<Rules> {
        let rules = self.0.rules.read();
        Arc::clone(&rules.unwrap_or_else(PoisonError::into_inner))
    }

    /// What running messages needs, with the rules as they are now.
    pub(crate) fn room(&self) -> Room {
        let progress = self.0.progress.read();
        Room {
            store: self.0.store.clone(),
            engines: self.0.engines.clone(),
            history: Arc::clone(&self.0.history),
            verifier: self.0.verifier.clone(),
            rules: self.rules(),
            progress: progress.unwrap_or_else(PoisonError::into_inner).clone(),
            migrated: Arc::clone(&self.0.migrated),
            trace_limit_bytes: self.0.trace_limit_bytes.load(Ordering::Relaxed),
        }
    }
}

/// What tipsets lead to.
impl States {
    /// The state and the receipts that a tipset leads to: what blocks on it must name. Computed once, however many threads ask.
    ///
    /// # Errors
    /// If this node cannot tell: part of the state is missing, say.
    pub fn tipset_state(&self, tipset: &Tipset) -> Result<TipsetState, Error> {
        // Until the result is among the recent ones, which a collection keeps.
        let _work = self.0.store.work();
        if let Some(kept) = self.kept(tipset.key())? {
            return Ok(kept);
        }
        self.0.results.get_or_compute(tipset.key(), || {
            let computed = self.find_or_apply(tipset);
            match &computed {
                Ok(_) => self.0.failures.note(tipset.key(), None),
                Err(error) if error.is_of_rules() => {
                    self.0.failures.note(tipset.key(), Some(error.to_string()));
                }
                // A trouble of this node, which may be over soon: what was known stays.
                Err(_) => {}
            }
            computed
        })
    }

    fn find_or_apply(&self, tipset: &Tipset) -> Result<TipsetState, Error> {
        if let Some(known) = self.by_child(tipset)? {
            return Ok(known);
        }
        let start = Instant::now();
        let known = apply(&self.room(), tipset, false, None)?;
        let mut applied = self
            .0
            .applied
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        applied.tipsets += 1;
        applied.took += start.elapsed();
        Ok(known)
    }

    /// What is known of the state that a tipset leads to: itself, or why it cannot be computed by the rules as they are. Nothing is
    /// computed for it, and nobody waited for; `None`, if nobody has tried, or a trouble of this node's was in the way.
    pub fn known(&self, tipset: &Tipset) -> Option<Result<TipsetState, String>> {
        let key = tipset.key();
        let result = self.0.results.peek(key).map(Ok);
        result.or_else(|| self.0.failures.of(key).map(Err))
    }

    /// How much work that was since the process started.
    pub fn applied(&self) -> Applied {
        *self
            .0
            .applied
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// What a child on the chain says, if all that is here.
    fn by_child(&self, tipset: &Tipset) -> Result<Option<TipsetState>, Error> {
        let child = self.0.history.child(tipset).map_err(Error::History)?;
        let Some(child) = child.filter(|child| child.parents() == tipset.key()) else {
            return Ok(None);
        };
        let known = TipsetState {
            state: child.parent_state(),
            receipts: child.parent_receipts(),
        };
        for cid in [&known.state, &known.receipts] {
            if !self.0.store.has(cid).map_err(Error::Store)? {
                return Ok(None);
            }
        }
        Ok(Some(known))
    }

    /// The receipts of a tipset's [`messages`](Self::messages), in their order.
    ///
    /// # Errors
    /// If this node cannot tell.
    pub fn receipts(&self, tipset: &Tipset) -> Result<Vec<Receipt>, Error> {
        read_receipts(&self.0.store, &self.tipset_state(tipset)?.receipts)
    }

    /// Weight of the chain up to and with a tipset.
    ///
    /// # Errors
    /// If the state cannot be read, or has no power in it.
    pub fn weight(&self, tipset: &Tipset) -> Result<BigInt, Error> {
        let view = self.view_before(tipset)?;
        let power = view.power()?;
        let weight = weight::weight(&self.rules().config, tipset, power.total_quality());
        weight.map_err(|e| Error::Malformed {
            what: "the power of the network",
            why: e.to_string(),
        })
    }

    /// Base fee of blocks on a tipset, attoFIL per gas.
    ///
    /// # Errors
    /// If the messages cannot be read.
    pub fn base_fee(&self, tipset: &Tipset) -> Result<TokenAmount, Error> {
        let messages = self.0.history.messages(tipset).map_err(Error::History)?;
        let messages = messages.iter().flat_map(|messages| messages.iter());
        Ok(base_fee::next(&self.rules().config, tipset, messages))
    }

    /// The messages of a tipset that are applied, in that order: those the receipts are of.
    ///
    /// # Errors
    /// If they cannot be read, or a sender's id.
    pub fn messages(&self, tipset: &Tipset) -> Result<Vec<ChainMessage>, Error> {
        let lists = self.room().messages(tipset)?;
        let all = lists.iter().flat_map(|messages| messages.iter());
        Ok(all.cloned().collect())
    }
}

/// Reading.
impl States {
    /// A state by its root.
    ///
    /// # Errors
    /// If it is not here.
    pub fn view(&self, root: &Cid) -> Result<View, Error> {
        View::open(&self.0.store, root)
    }

    /// The state that a tipset's messages ran on.
    ///
    /// # Errors
    /// If it is not here.
    pub fn view_before(&self, tipset: &Tipset) -> Result<View, Error> {
        self.view(&tipset.parent_state())
    }

    /// The state that a tipset leads to.
    ///
    /// # Errors
    /// If this node cannot tell.
    pub fn view_after(&self, tipset: &Tipset) -> Result<View, Error> {
        self.view(&self.tipset_state(tipset)?.state)
    }

    /// What circulates in a state, as messages at `epoch` are told.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn circulation(&self, state: &View, epoch: ChainEpoch) -> Result<Circulation, Error> {
        let rules = self.rules();
        let version = rules.config.version_at(epoch);
        rules.supply.at(state, epoch, version)
    }
}

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("States")
            .field("store", &self.0.store)
            .finish_non_exhaustive()
    }
}
