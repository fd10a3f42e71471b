//! Upgrades of a network that runs: scheduled, taken back, tried on a copy.

use std::sync::{Arc, PoisonError, RwLockReadGuard, RwLockWriteGuard};

use filigree_blocks::Tipset;
use filigree_consensus::config::Upgrade;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::version::NetworkVersion;

use super::States;
use crate::error::Error;
use crate::room::Progress;
use crate::rules::{Migration, Rules};
use crate::upgrade::{self, Migrated, Migrations};

/// While somebody has this, the rules stay as they are.
pub type Moving<'a> = RwLockReadGuard<'a, ()>;

/// While somebody has this, no block is judged, and none joins the chain.
pub type Held<'a> = RwLockWriteGuard<'a, ()>;

impl States {
    /// For whoever judges a block and has the chain take it: from the one to the other the rules stay as they are. Must not be
    /// asked for by a thread that has it.
    pub fn moving(&self) -> Moving<'_> {
        self.0.moving.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// For whoever changes the rules: where the chain is, it stays meanwhile. Waits for the blocks that are being judged.
    pub fn hold(&self) -> Held<'_> {
        self.0
            .moving
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the network upgraded after `epoch`: from the next epoch on it has `version`, and the actors of the migration.
    ///
    /// All nodes of a network must be told before that epoch; one whose head is there already is refused. Between looking at the
    /// head and this, [`hold`](Self::hold) keeps the chain where it is.
    ///
    /// # Errors
    /// If `head` is at that epoch already, or an upgrade is scheduled for it or later, or the version goes back or is none that the
    /// host runs.
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
        let upgrade = Upgrade { epoch, version };
        self.change_rules(epoch, |new| {
            let versions = &mut new.config.versions;
            if let Some(last) = versions.upgrades.last()
                && last.epoch >= epoch
            {
                return Err(format!("there is one after epoch {}", last.epoch));
            }
            versions.check_next(&upgrade).map_err(|e| e.to_string())?;
            versions.upgrades.push(upgrade);
            new.migrations.insert(epoch, migration);
            Ok(())
        })
    }

    /// Takes the upgrade after `epoch` back: as if it had never been scheduled. No state on the chain may have come of it: the head is
    /// before it, or its migration fails. Between looking at that and this, [`hold`](Self::hold) keeps the chain where it is.
    ///
    /// # Errors
    /// If there is none, or the versions of the others would go back without it.
    pub fn unschedule(&self, epoch: ChainEpoch) -> Result<(), Error> {
        self.change_rules(epoch, |new| {
            let upgrades = &mut new.config.versions.upgrades;
            let before = upgrades.len();
            upgrades.retain(|upgrade| upgrade.epoch != epoch);
            if upgrades.len() == before {
                return Err("there is no upgrade after this epoch".to_owned());
            }
            new.migrations.remove(&epoch);
            Ok(())
        })
    }

    /// Changes the rules, if a network can run with them; what was computed by the old ones is forgotten.
    fn change_rules(
        &self,
        epoch: ChainEpoch,
        change: impl FnOnce(&mut Rules) -> Result<(), String>,
    ) -> Result<(), Error> {
        let refused = |why: String| Error::Schedule { epoch, why };
        let mut rules = self.0.rules.write().unwrap_or_else(PoisonError::into_inner);
        let mut new = Rules::clone(&rules);
        change(&mut new).map_err(refused)?;
        new.config.check().map_err(|e| refused(e.to_string()))?;
        self.0.history.configure(&new.config);
        *rules = Arc::new(new);
        drop(rules);
        self.forget_results();
        self.0.failures.clear();
        Ok(())
    }

    /// Does on a copy of the state that a tipset leads to what the upgrades to come will do, one after the other, and after them this
    /// one, to the version given, or without another one. After each a message and cron run by its rules.
    ///
    /// # Errors
    /// Those that a migration, or what comes after it, would fail with, with the actor named.
    pub fn rehearse(
        &self,
        tipset: &Tipset,
        version: Option<NetworkVersion>,
        migration: &Migration,
        progress: Option<Progress>,
    ) -> Result<Migrated, Error> {
        let state = self.tipset_state(tipset)?.state;
        let room = self.room();
        upgrade::rehearse(&room, tipset, state, version, migration, progress)
    }

    /// Who is told how far migrations have come: actors done, of how many. By several threads, after every actor; and 0 of 0 when a
    /// migration is over, however it ended.
    pub fn on_migration(&self, progress: Option<Progress>) {
        let mut told = self
            .0
            .progress
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *told = progress;
    }

    /// What migrations there were since the process started, and how far the one under way has come.
    pub fn migrations(&self) -> Migrations {
        self.0.migrated.migrations()
    }
}
