//! Upgrades of a network of one's own: put down, told, taken back.
//!
//! A bundle that cannot take over the state would leave the network without blocks: nothing can be built on a tipset whose state
//! cannot be computed. So each upgrade is tried on a copy of the head's state first, and one that fails all the same at its epoch
//! can be taken back: no state has come of it.
//!
//! How upgrades stand is read of what is known; whoever only asks has nothing computed. Where the rules change, the chain is held
//! ([`States::hold`](filigree_node_state::States::hold)) from the look at its head to the new rules.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use filigree_node_state::Migration;
use filigree_rpc::json::filigree::{Rehearsed, ScheduledUpgrade};
use filigree_rpc::{Kind, Task, Tasks};
use fvm_shared::clock::ChainEpoch;

use crate::bundle;
use crate::network::{Network, Scheduled};
use crate::node::Node;

/// Epochs between the head and an upgrade at least: blocks on the head are in the making.
const LEAST_NOTICE: ChainEpoch = 2;

/// How often it is told how far a migration has come.
const TELL: Duration = Duration::from_secs(5);

/// Told how many actors of how many a migration has upgraded.
pub(crate) type Progress = Arc<dyn Fn(usize, usize) + Send + Sync>;

/// Tells the log how far a migration has come, every few seconds and when all is done.
fn progress(what: &'static str) -> Progress {
    let told = Mutex::new(Instant::now());
    Arc::new(move |done, of| {
        if of == 0 {
            return;
        }
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        if done == of || told.elapsed() >= TELL {
            *told = Instant::now();
            drop(told);
            tracing::info!(done, of, "{what}");
        }
    })
}

/// The same of a rehearsal, and its task. It goes to its end.
fn progress_of(task: &Task) -> Progress {
    let (task, log) = (task.clone(), progress("actors upgraded on a copy"));
    Arc::new(move |done, of| {
        log(done, of);
        _ = task.tell(done as u64, of as u64);
    })
}

/// The same, and a task for each migration of the chain.
pub(crate) fn migrating(tasks: &Tasks) -> Progress {
    const MIGRATION: Kind = Kind {
        name: "migration",
        unit: "actors",
        can_cancel: false,
    };
    let log = progress("actors upgraded");
    let (tasks, running) = (tasks.clone(), Mutex::new(None::<Task>));
    Arc::new(move |done, of| {
        log(done, of);
        let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
        if of == 0 {
            // It is over.
            *running = None;
            return;
        }
        if running.is_none() {
            *running = tasks.begin(MIGRATION, "", None).ok();
        }
        if let Some(task) = &*running {
            _ = task.tell(done as u64, of as u64);
        }
    })
}

/// How an upgrade stands.
enum Standing {
    ToCome,
    /// The chain is past its epoch, and nobody has computed the state that it leads to.
    Due,
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
        let (done, failed) = match self.standing(upgrade) {
            Standing::ToCome | Standing::Due => (false, String::new()),
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

    /// As far as it is known: nothing is computed for it.
    fn standing(&self, upgrade: &Scheduled) -> Standing {
        let head = self.chain.head();
        let epoch = upgrade.epoch;
        if head.height() <= epoch {
            return match upgrade.check() {
                Ok(()) => Standing::ToCome,
                Err(error) => Standing::Failed(error.to_string()),
            };
        }
        match self.chain.parents(&head) {
            Ok(parents) if parents.height() > epoch => Standing::Done,
            // The first tipset after it: its blocks name the state before, and what its messages run on is the one after.
            _ => match self.states.known(&head) {
                Some(Ok(_)) => Standing::Done,
                Some(Err(why)) => Standing::Failed(why),
                None => Standing::Due,
            },
        }
    }

    /// Why the network stands still, if an upgrade failed, and what to do about it.
    pub(crate) fn stuck_upgrade(&self) -> Option<String> {
        let head = self.chain.head().height();
        let upgrades = self.own_network().ok()?.upgrades.clone();
        let mut due = upgrades.iter().filter(|upgrade| upgrade.epoch <= head);
        due.find_map(|upgrade| match self.standing(upgrade) {
            Standing::Failed(why) => Some(format!(
                "no block can be made: {why}; take the upgrade back with `filigree devnet cancel-upgrade {}`",
                upgrade.epoch
            )),
            Standing::ToCome | Standing::Due | Standing::Done => None,
        })
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
        task: &Task,
    ) -> Result<ScheduledUpgrade> {
        let before = self.own_network()?.clone();
        self.notice(epoch)?;
        let version = before.next_version(epoch, version)?;
        if let Some(last) = before.upgrades.last() {
            ensure!(
                last.epoch < epoch,
                "there is an upgrade after epoch {} already, and upgrades stand in order; choose a later epoch",
                last.epoch
            );
        }
        // Until the network names it, nothing leads to the bundle.
        let _work = self.db.blocks().work();
        let root = bundle::load(&self.db, bundle)?;
        let migration = Migration::to(root);
        let told = Some(progress_of(task));
        let head = self.chain.head();
        let rehearsed = self.states.rehearse(&head, Some(version), &migration, told);
        rehearsed.context("the upgrade was tried on a copy of the state, and is not scheduled")?;

        let _held = self.states.hold();
        let head = self.notice(epoch)?;
        let mut network = self.own_network()?;
        ensure!(
            network.upgrades == before.upgrades,
            "another upgrade was scheduled or taken back meanwhile, so this one was tried on other actors than it will find; try again"
        );
        let upgrade = Scheduled {
            epoch,
            version: version.into(),
            bundle: Some(root.to_string()),
        };
        let mut changed = network.clone();
        changed.upgrades.push(upgrade.clone());
        changed.config().context("the upgrade")?;
        // Written first: a node that is killed here knows of it when it starts again.
        let path = self.home.network();
        changed.replace(&network, &path)?;
        if let Err(error) = self.states.schedule(head, epoch, version, migration) {
            network.write(&path)?;
            return Err(error.into());
        }
        self.pool.configure(self.chain.config());
        *network = changed;
        drop(network);
        tracing::info!(epoch, bundle = %root, version = upgrade.version, "the network will be upgraded");
        Ok(self.scheduled(&upgrade))
    }

    /// Takes an upgrade back that no state has come of.
    pub(crate) fn take_upgrade_back(&self, epoch: ChainEpoch) -> Result<()> {
        drop(self.own_network()?);
        // From here on the chain does not come past the epoch.
        let _held = self.states.hold();
        let mut network = self.own_network()?;
        let mut changed = network.clone();
        let at = changed
            .upgrades
            .iter()
            .position(|upgrade| upgrade.epoch == epoch);
        let at = at.with_context(|| {
            format!("no upgrade is scheduled after epoch {epoch}; `filigree devnet upgrades` shows those there are")
        })?;
        match self.standing(&changed.upgrades.remove(at)) {
            Standing::Done => bail!(
                "the upgrade after epoch {epoch} is done, and the chain has states that came of it"
            ),
            Standing::Due => bail!(
                "the chain is past epoch {epoch}, and what came of the upgrade is not known yet; try again when the next block is made"
            ),
            Standing::ToCome | Standing::Failed(_) => {}
        }
        changed.config().context("without the upgrade")?;
        let path = self.home.network();
        changed.replace(&network, &path)?;
        if let Err(error) = self.states.unschedule(epoch) {
            network.write(&path)?;
            return Err(error.into());
        }
        self.pool.configure(self.chain.config());
        *network = changed;
        tracing::info!(epoch, "the upgrade was taken back");
        Ok(())
    }

    /// Does what an upgrade would do, on a copy of the head's state.
    pub(crate) fn rehearse_upgrade(&self, bundle: &Path, task: &Task) -> Result<Rehearsed> {
        let _work = self.db.blocks().work();
        let bundle = bundle::load(&self.db, bundle)?;
        let head = self.chain.head();
        let told = Some(progress_of(task));
        let migration = Migration::to(bundle);
        let migrated = self.states.rehearse(&head, None, &migration, told)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_migration_is_a_task_until_it_is_over() {
        let tasks = Tasks::default();
        let told = migrating(&tasks);
        // Threads tell out of order.
        for done in [2, 3, 1] {
            told(done, 3);
            assert_eq!(tasks.all().len(), 1);
        }
        assert!(!tasks.all()[0].can_cancel);
        told(0, 0);
        assert!(tasks.all().is_empty());
        // Of one that failed nothing is left either.
        told(1, 3);
        told(0, 0);
        assert!(tasks.all().is_empty());
    }
}
