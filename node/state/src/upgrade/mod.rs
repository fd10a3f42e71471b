//! Upgrades of the network: at an epoch of the schedule all actors of the old bundle become actors of the new one, and those
//! whose new code exports `upgrade` take over their state themselves.
//!
//! A migration is a function of the state, the last tipset before it, the bundle and the epoch: every node comes to the same, whichever
//! tipset follows. An upgrade entry point may
//! change the state of its own actor and nothing else, so that all of them can run at once. If one fails, or does more, the
//! migration fails as a whole, with the actor named, and the state is as it was. A rehearsal is the same function, on blocks
//! that are thrown away.
//!
//! In reading order: this file (when), `plan` (who becomes what), `run` (the entry points, in threads), `exports`, `known` (what there
//! was), `rehearsal`.

mod exports;
mod known;
mod plan;
mod rehearsal;
mod run;

use std::time::{Duration, Instant};

use cid::Cid;
use filigree_blocks::Tipset;
use filigree_state::StateError;
use filigree_vm::MachineError;
use fvm_ipld_blockstore::Blockstore;
use fvm_shared::ActorID;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::error::ExitCode;

use crate::error::{Error, is_of_store};
use crate::room::Room;
use crate::rules::Migration;

pub(crate) use known::Known;
pub use known::Migrations;
pub(crate) use rehearsal::rehearse;

/// Why a migration failed.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The new bundle cannot be read.
    #[error("the bundle cannot be read: {0}")]
    Bundle(StateError),
    /// An actor of the network is not in the new bundle.
    #[error("the bundle has no {0}, which the network has")]
    NoSuccessor(String),
    /// The code of an actor is not there.
    #[error("the code of {name}, {code}, is not in the store")]
    MissingCode {
        /// The actor's name.
        name: String,
        /// Its code.
        code: Cid,
    },
    /// One code stands for several actors, which become different ones.
    #[error("{name} runs the same code as another actor and would become another")]
    Ambiguous {
        /// The second of them.
        name: String,
    },
    /// The code of an actor is no Wasm.
    #[error("the code of {name} is no Wasm: {why}")]
    Wasm {
        /// The actor's name.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// An actor does not take over its state.
    #[error("the upgrade of f0{actor} failed with exit code {code}: {why}")]
    Upgrade {
        /// The actor.
        actor: ActorID,
        /// How its `upgrade` ended.
        code: ExitCode,
        /// What it said.
        why: String,
    },
    /// An upgrade did more than it may.
    #[error("the upgrade of one of f0{first} to f0{last} changed f0{changed}")]
    Beyond {
        /// The first of the actors that were upgraded together.
        first: ActorID,
        /// The last of them.
        last: ActorID,
        /// Whom they changed.
        changed: ActorID,
    },
    /// An upgraded actor has other money, another sequence number or other code than it should.
    #[error("the upgrade of f0{actor} changed its {what}")]
    Changed {
        /// The actor.
        actor: ActorID,
        /// What of it.
        what: &'static str,
    },
    /// The state cannot be read, or the host cannot run.
    #[error(transparent)]
    Other(Box<Error>),
}

impl MigrationError {
    /// Whether it failed for what this node lacks, and not for what the bundle is. A bundle that is not here is a fault of the upgrade:
    /// nothing else brings it.
    pub(crate) fn is_of_node(&self) -> bool {
        match self {
            Self::Bundle(error) => matches!(error, StateError::Store(_)),
            Self::Other(error) => match &**error {
                Error::Store(_) | Error::History(_) => true,
                Error::Tree(error) => is_of_store(error),
                Error::Machine { source, .. } => match &**source {
                    MachineError::State(error) => is_of_store(error),
                    MachineError::UnsupportedVersion(_) => false,
                    _ => true,
                },
                _ => false,
            },
            _ => false,
        }
    }
}

impl From<Error> for MigrationError {
    fn from(error: Error) -> Self {
        Self::Other(Box::new(error))
    }
}

impl From<StateError> for MigrationError {
    fn from(error: StateError) -> Self {
        Error::from(error).into()
    }
}

/// What a migration did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// Root of the new state.
    pub root: Cid,
    /// Actors that run other code than before.
    pub replaced: usize,
    /// Those of them whose `upgrade` ran.
    pub upgraded: usize,
    /// How long it took.
    pub took: Duration,
}

/// Migrates a state after `epoch`, if the schedule has it so; gives the root of what comes out. `base` is the last tipset up to
/// that epoch.
pub(crate) fn at_epoch(
    room: &Room,
    base: &Tipset,
    root: Cid,
    epoch: ChainEpoch,
) -> Result<Cid, Error> {
    let rules = &room.rules;
    let mut upgrades = rules.config.versions.upgrades.iter();
    let upgrade = upgrades.find(|upgrade| upgrade.epoch == epoch);
    let migration = rules.migrations.get(&epoch);
    let migration = match (upgrade, migration) {
        (_, Some(migration)) => migration,
        (None, None) => return Ok(root),
        (Some(upgrade), None) => {
            return Err(Error::UnknownMigration {
                epoch,
                version: upgrade.version,
            });
        }
    };
    let Some(bundle) = migration.bundle else {
        return Ok(root);
    };
    let version = rules.config.version_at(epoch + 1).into();
    let key = (base.key().clone(), root, bundle, epoch, version);
    if let Some(known) = room.migrated.get(&key)
        && room.store.has(&known).map_err(Error::Store)?
    {
        return Ok(known);
    }
    tracing::info!(epoch, %root, %bundle, "migrating the state");
    let migrated = migrate(room, base, root, epoch, migration);
    if let Some(progress) = &room.progress {
        progress(0, 0);
    }
    let migrated = migrated.map_err(failed(epoch))?;
    tracing::info!(
        epoch,
        root = %migrated.root,
        replaced = migrated.replaced,
        upgraded = migrated.upgraded,
        seconds = migrated.took.as_secs_f64(),
        "the state is migrated"
    );
    room.migrated.put(key, &migrated);
    Ok(migrated.root)
}

/// For a migration that failed.
fn failed(epoch: ChainEpoch) -> impl FnOnce(MigrationError) -> Error {
    move |source| Error::Migration {
        epoch,
        source: Box::new(source),
    }
}

/// Migrates a state.
pub(crate) fn migrate(
    room: &Room,
    base: &Tipset,
    root: Cid,
    epoch: ChainEpoch,
    migration: &Migration,
) -> Result<Migrated, MigrationError> {
    let begin = Instant::now();
    let Some(bundle) = &migration.bundle else {
        return Ok(Migrated {
            root,
            replaced: 0,
            upgraded: 0,
            took: begin.elapsed(),
        });
    };
    let plan = plan::make(&room.store, &root, bundle, &migration.params)?;
    room.migrated.begin(plan.upgrades.len());
    let swapped = plan::swap(&room.store, &root, &plan)?;
    let root = run::upgrade(room, base, swapped, epoch, &plan.upgrades)?;
    Ok(Migrated {
        root,
        replaced: plan.swaps.len() + plan.upgrades.len(),
        upgraded: plan.upgrades.len(),
        took: begin.elapsed(),
    })
}
