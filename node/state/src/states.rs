//! All of this for a node: one place that threads ask what tipsets lead to, and what state says.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use cid::Cid;
use filigree_blocks::{ChainMessage, Tipset};
use filigree_consensus::config::Upgrade;
use filigree_consensus::{base_fee, weight};
use filigree_vm::Engines;
use fvm_ipld_blockstore::Blockstore;
use fvm_shared::bigint::BigInt;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::receipt::Receipt;
use fvm_shared::version::NetworkVersion;

use crate::apply::{TipsetState, apply};
use crate::error::Error;
use crate::history::History;
use crate::receipts::read_receipts;
use crate::results::Results;
use crate::room::{Progress, Room};
use crate::rules::{Migration, Rules};
use crate::store::Store;
use crate::supply::Circulation;
use crate::upgrade::{self, Known, Migrated};
use crate::verifier::SharedVerifier;
use crate::view::View;

/// Tipsets whose results are kept: a finality and more, at some 200 bytes each.
const KEPT_RESULTS: usize = 4_096;

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
    applied: Mutex<Applied>,
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
            applied: Mutex::default(),
        }))
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
        self.0.results.get_or_compute(tipset.key(), || {
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
        })
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

    /// What was asked for last, up to so many tipsets: states that no block names yet may be among them. Roots for garbage
    /// collection.
    pub fn recent(&self, count: usize) -> Vec<TipsetState> {
        self.0.results.recent(count)
    }

    /// Forgets what tipsets led to: after blocks were deleted from the store.
    pub fn forget_results(&self) {
        self.0.results.clear();
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

/// Upgrades.
impl States {
    /// Has the network upgraded after `epoch`: from the next epoch on it has `version`, and the actors of the migration.
    ///
    /// All nodes of a network must be told before that epoch; one whose head is there already is refused.
    ///
    /// # Errors
    /// If `head` is at that epoch already, or an upgrade is scheduled for it or later, or the version goes back.
    pub fn schedule(
        &self,
        head: ChainEpoch,
        epoch: ChainEpoch,
        version: NetworkVersion,
        migration: Migration,
    ) -> Result<(), Error> {
        let refused = |why: String| Err(Error::Schedule { epoch, why });
        if epoch <= head {
            return refused(format!("the chain is at epoch {head}"));
        }
        let mut rules = self.0.rules.write().unwrap_or_else(PoisonError::into_inner);
        let mut new = Rules::clone(&rules);
        let upgrades = &mut new.config.versions.upgrades;
        if let Some(last) = upgrades.last()
            && last.epoch >= epoch
        {
            return refused(format!("there is one after epoch {}", last.epoch));
        }
        upgrades.push(Upgrade { epoch, version });
        if let Err(e) = new.config.check() {
            return refused(e.to_string());
        }
        new.migrations.insert(epoch, migration);
        self.0.history.configure(&new.config);
        *rules = Arc::new(new);
        Ok(())
    }

    /// Takes the upgrade after `epoch` back: as if it had never been scheduled. No state may have come of it: the head is before it,
    /// or its migration fails.
    ///
    /// # Errors
    /// If there is none, or the versions of the others would go back without it.
    pub fn unschedule(&self, epoch: ChainEpoch) -> Result<(), Error> {
        let refused = |why: String| Err(Error::Schedule { epoch, why });
        let mut rules = self.0.rules.write().unwrap_or_else(PoisonError::into_inner);
        let mut new = Rules::clone(&rules);
        let upgrades = &mut new.config.versions.upgrades;
        let before = upgrades.len();
        upgrades.retain(|upgrade| upgrade.epoch != epoch);
        if upgrades.len() == before {
            return refused("there is no upgrade after this epoch".to_owned());
        }
        if let Err(e) = new.config.check() {
            return refused(e.to_string());
        }
        new.migrations.remove(&epoch);
        self.0.history.configure(&new.config);
        *rules = Arc::new(new);
        Ok(())
    }

    /// Migrates the state that a tipset leads to, on a copy; then cron has to run on it.
    ///
    /// # Errors
    /// Those that a migration would fail with, with the actor named.
    pub fn rehearse(
        &self,
        tipset: &Tipset,
        migration: &Migration,
        progress: Option<Progress>,
    ) -> Result<Migrated, Error> {
        let state = self.tipset_state(tipset)?.state;
        upgrade::rehearse(&self.room(), tipset, state, migration, progress)
    }

    /// Who is told how far migrations have come: actors done, of how many. By several threads, after every actor.
    pub fn on_migration(&self, progress: Option<Progress>) {
        let mut told = self
            .0
            .progress
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *told = progress;
    }
}

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("States")
            .field("store", &self.0.store)
            .finish_non_exhaustive()
    }
}
