//! Upgrades of a network of one's own: put down, told, taken back.
//!
//! A bundle that cannot take over the state would leave the network without blocks: nothing can be built on a tipset whose state
//! cannot be computed. So each upgrade is tried on a copy of the head's state first, and one that fails all the same at its epoch
//! can be taken back: no state has come of it.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result, bail, ensure};
use cid::Cid;
use filigree_blocks::{Tipset, TipsetKey};
use filigree_node_state::{Error, Migration};
use filigree_rpc::json::filigree::{Rehearsed, ScheduledUpgrade};
use fvm_shared::clock::ChainEpoch;
use fvm_shared::version::NetworkVersion;

use crate::bundle;
use crate::network::{Network, Scheduled};
use crate::node::Node;

/// Epochs between the head and an upgrade at least: blocks on the head are in the making.
const LEAST_NOTICE: ChainEpoch = 2;

/// The tipset whose migration failed last, and why: trying again costs as much as the first time, and ends as it did.
#[derive(Debug, Default)]
pub struct LastFailure(Mutex<Option<(TipsetKey, String)>>);

/// How an upgrade stands.
enum Standing {
    ToCome,
    Done,
    /// Why.
    Failed(String),
}

impl Node {
    /// The network of its own.
    pub(crate) fn own_network(&self) -> Result<MutexGuard<'_, Network>> {
        let network = self.network.as_ref();
        let network = network.context("this network is not of this process alone")?;
        Ok(network.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// All upgrades, past and to come.
    pub(crate) fn known_upgrades(&self) -> Vec<ScheduledUpgrade> {
        let own = self.own_network().map(|network| network.upgrades.clone());
        if let Ok(upgrades) = own {
            return upgrades
                .iter()
                .map(|upgrade| self.scheduled(upgrade))
                .collect();
        }
        let head = self.chain.head().height();
        let config = self.chain.config();
        let known = config.versions.upgrades.iter();
        let known = known.map(|upgrade| ScheduledUpgrade {
            epoch: upgrade.epoch,
            version: u32::from(upgrade.version).into(),
            bundle: None,
            done: head > upgrade.epoch,
            failed: String::new(),
        });
        known.collect()
    }

    fn scheduled(&self, upgrade: &Scheduled) -> ScheduledUpgrade {
        let (done, failed) = match self.standing(upgrade.epoch) {
            Standing::ToCome => (false, String::new()),
            Standing::Done => (true, String::new()),
            Standing::Failed(why) => (false, why),
        };
        ScheduledUpgrade {
            epoch: upgrade.epoch,
            version: upgrade.version.into(),
            bundle: upgrade.bundle().unwrap_or_default(),
            done,
            failed,
        }
    }

    fn standing(&self, epoch: ChainEpoch) -> Standing {
        let head = self.chain.head();
        if head.height() <= epoch {
            return Standing::ToCome;
        }
        match self.chain.parents(&head) {
            Ok(parents) if parents.height() > epoch => Standing::Done,
            // The first tipset after it: its blocks name the state before, and what its messages run on is the one after.
            _ => match self.failure(&head) {
                Some(why) => Standing::Failed(why),
                None => Standing::Done,
            },
        }
    }

    /// Why the state of the head cannot be computed, if so.
    fn failure(&self, head: &Tipset) -> Option<String> {
        let mut last = self.last_failure();
        if let Some((key, why)) = &*last
            && key == head.key()
        {
            return Some(why.clone());
        }
        let error = self.states.tipset_state(head).err()?;
        let why = error.to_string();
        if matches!(error, Error::Migration { .. }) {
            *last = Some((head.key().clone(), why.clone()));
        }
        Some(why)
    }

    fn last_failure(&self) -> MutexGuard<'_, Option<(TipsetKey, String)>> {
        let last = &self.failed_upgrade.0;
        last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the network stands still, if an upgrade failed, and what to do about it.
    pub(crate) fn stuck_upgrade(&self) -> Option<String> {
        let head = self.chain.head().height();
        let mut epochs = self.own_network().ok()?.upgrades.clone().into_iter();
        let last = epochs.rfind(|upgrade| upgrade.epoch < head)?.epoch;
        match self.standing(last) {
            Standing::Failed(why) => Some(format!(
                "no block can be made: {why}; take the upgrade back with `filigree devnet cancel-upgrade {last}`"
            )),
            Standing::ToCome | Standing::Done => None,
        }
    }

    /// The head, if it is far enough from an epoch.
    fn notice(&self, epoch: ChainEpoch) -> Result<ChainEpoch> {
        let head = self.chain.head().height();
        ensure!(
            epoch >= head + LEAST_NOTICE,
            "epoch {epoch} is too soon: the head is at {head}; choose {} or later",
            head + LEAST_NOTICE
        );
        Ok(head)
    }

    /// Has the network upgraded after `epoch`.
    pub(crate) fn schedule_upgrade(
        &self,
        bundle: &Path,
        epoch: ChainEpoch,
        version: Option<u32>,
    ) -> Result<ScheduledUpgrade> {
        drop(self.own_network()?);
        self.notice(epoch)?;
        // Until the network names it, nothing leads to the bundle.
        let _work = self.db.blocks().work();
        let root = bundle::load(&self.db, bundle)?;
        let rehearsed = self
            .states
            .rehearse(&self.chain.head(), &Migration::to(root), None);
        rehearsed.context("the upgrade was tried on a copy of the state, and is not scheduled")?;
        let mut network = self.own_network()?;
        let current = u32::from(self.chain.config().version_at(epoch));
        let upgrade = Scheduled {
            epoch,
            version: version.unwrap_or(current),
            bundle: Some(root.to_string()),
        };
        let mut changed = network.clone();
        changed.upgrades.push(upgrade.clone());
        changed.config().context("the upgrade")?;
        // Written first: a node that is killed here knows of it when it starts again.
        let path = self.home.network();
        changed.write(&path)?;
        if let Err(error) = self.tell(&upgrade, root) {
            network.write(&path)?;
            return Err(error);
        }
        self.pool.configure(self.chain.config());
        *network = changed;
        drop(network);
        tracing::info!(epoch, bundle = %root, version = upgrade.version, "the network will be upgraded");
        Ok(self.scheduled(&upgrade))
    }

    /// Tells the chain of an upgrade. It may have gone on while files were read and written.
    fn tell(&self, upgrade: &Scheduled, root: Cid) -> Result<()> {
        let epoch = upgrade.epoch;
        let head = self.notice(epoch)?;
        let version = NetworkVersion::new(upgrade.version);
        self.states
            .schedule(head, epoch, version, Migration::to(root))?;
        // A state that was computed before this holds for tipsets up to the head.
        if self.chain.head().height() >= epoch {
            self.states.unschedule(epoch)?;
            self.states.forget_results();
            bail!(
                "the chain came to epoch {epoch} before it was told of the upgrade; choose a later one"
            );
        }
        Ok(())
    }

    /// Takes an upgrade back that no state has come of.
    pub(crate) fn take_upgrade_back(&self, epoch: ChainEpoch) -> Result<()> {
        let is_at = |upgrade: &Scheduled| upgrade.epoch == epoch;
        ensure!(
            self.own_network()?.upgrades.iter().any(is_at),
            "no upgrade is scheduled after epoch {epoch}; `filigree devnet upgrades` shows those there are"
        );
        let head = self.chain.head().height();
        match self.standing(epoch) {
            Standing::Done => bail!(
                "the upgrade after epoch {epoch} is done, and the chain has states that came of it"
            ),
            Standing::ToCome if epoch < head + LEAST_NOTICE => bail!(
                "the upgrade after epoch {epoch} is too near: the head is at {head}. If it fails, it can be taken back then"
            ),
            Standing::ToCome | Standing::Failed(_) => {}
        }
        let mut network = self.own_network()?;
        let mut changed = network.clone();
        changed.upgrades.retain(|upgrade| !is_at(upgrade));
        changed.config().context("without the upgrade")?;
        let path = self.home.network();
        changed.write(&path)?;
        if let Err(error) = self.states.unschedule(epoch) {
            network.write(&path)?;
            return Err(error.into());
        }
        self.states.forget_results();
        *self.last_failure() = None;
        self.pool.configure(self.chain.config());
        *network = changed;
        tracing::info!(epoch, "the upgrade was taken back");
        Ok(())
    }

    /// Does what an upgrade would do, on a copy of the head's state.
    pub(crate) fn rehearse_upgrade(&self, bundle: &Path) -> Result<Rehearsed> {
        let _work = self.db.blocks().work();
        let bundle = bundle::load(&self.db, bundle)?;
        let head = self.chain.head();
        let migrated = self.states.rehearse(&head, &Migration::to(bundle), None)?;
        Ok(Rehearsed {
            bundle,
            height: head.height(),
            state: migrated.root,
            replaced: migrated.replaced as u64,
            upgraded: migrated.upgraded as u64,
            millis: u64::try_from(migrated.took.as_millis()).unwrap_or(u64::MAX),
        })
    }
}
