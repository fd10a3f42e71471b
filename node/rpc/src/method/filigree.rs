//! The process itself: the network of its own, its database, its miners and their sectors. See [`crate::operator`].

use std::path::PathBuf;
use std::sync::Arc;

use filigree_blocks::Tipset;
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;

use crate::error::{Reply, RpcError};
use crate::json::filigree::{
    Collected, DeadlineStatus, Exported, MinerRounds, NetworkInfo, Rehearsed, ScheduledUpgrade,
    SectorStatus, StoreChecked, StoreUsage, TaskStatus,
};
use crate::methods;
use crate::operator::{Operator, Span};
use crate::services::Services;
use crate::tasks::{Kind, Task};

/// Of an upgrade that is scheduled, the rehearsal.
const UPGRADE: Kind = kind("upgrade", "actors");
const REHEARSAL: Kind = kind("upgrade rehearsal", "actors");
pub(crate) const EXPORT: Kind = kind("snapshot export", "epochs");
const CHECK: Kind = kind("database check", "epochs");
/// Garbage collected.
pub const COLLECTION: Kind = kind("garbage collection", "blocks");

const fn kind(name: &'static str, unit: &'static str) -> Kind {
    Kind {
        name,
        unit,
        can_cancel: true,
    }
}

methods! { Filigree:
    /// Which network this is, what of it is mock, where the files are, and which miners are here.
    [read] Network() -> NetworkInfo = network;

    /// Makes the blocks of so many epochs at once, on a network with a virtual clock. Gives the head after them.
    [admin wait] Advance(epochs: u64) -> Tipset = advance;

    /// The upgrades of the network, past and future.
    [read] Upgrades() -> Vec<ScheduledUpgrade> = upgrades;

    /// Upgrades the network to the actors of a bundle, unless what that would do fails on a copy of the head's state.
    [admin wait] Upgrade(
        /// A CAR file on the node's machine.
        bundle: String,
        /// The last epoch before the upgrade.
        epoch: ChainEpoch,
        /// The network version from then on; 0 to keep it.
        version: u64,
        /// An id to find the work by under `Tasks`; null to have one given.
        task: Option<String>,
    ) -> ScheduledUpgrade = upgrade;

    /// Takes an upgrade back that is to come, or that failed.
    [admin wait] UpgradeCancel(
        /// The last epoch before the upgrade.
        epoch: ChainEpoch,
    ) -> () = cancel_upgrade;

    /// Does what an upgrade would do, on a copy of the head's state.
    [admin wait] UpgradeRehearse(
        /// A CAR file on the node's machine.
        bundle: String,
        /// An id to find the work by under `Tasks`; null to have one given.
        task: Option<String>,
    ) -> Rehearsed = rehearse;

    /// Writes a snapshot of the chain into a file.
    [admin wait] SnapshotExport(
        /// On the node's machine, not there yet; compressed if it ends with `.zst`.
        path: String,
        /// Only the messages and states of the last epochs, as nodes exchange them.
        light: bool,
        /// An id to find the work by under `Tasks`; null to have one given.
        task: Option<String>,
    ) -> Exported = export;

    /// Whether the chain in the database is complete.
    [admin wait] DbCheck(
        /// Only the messages and states of the last epochs.
        light: bool,
        /// An id to find the work by under `Tasks`; null to have one given.
        task: Option<String>,
    ) -> StoreChecked = check;

    /// Deletes what the chain does not lead to.
    [admin wait] DbGc(
        /// Old messages and states as well.
        light: bool,
        /// An id to find the work by under `Tasks`; null to have one given.
        task: Option<String>,
    ) -> Collected = collect;

    /// What the database takes up.
    [read] DbUsage() -> StoreUsage = usage;

    /// The long work that is going on: snapshots, checks, collections, upgrades.
    [read] Tasks() -> Vec<TaskStatus> = tasks;

    /// Calls such work off. It ends soon, with an error for whoever waits for it; what it wrote so far goes.
    [admin] CancelTask(task: String) -> () = cancel_task;

    /// What became of the rounds of the process's miners, and why there is no block if there is none.
    [read] Mining() -> Vec<MinerRounds> = mining;

    /// Begins a sector of committed capacity. Gives its number.
    [admin wait] SectorPledge(miner: Address) -> u64 = pledge;

    /// The sectors that a miner of this process works on.
    [read] Sectors(miner: Address) -> Vec<SectorStatus> = sectors;

    /// One of them.
    [read] Sector(miner: Address, number: u64) -> SectorStatus = sector;

    /// Tries at once what a sector waits to try again.
    [admin] SectorRetry(miner: Address, number: u64) -> () = retry;

    /// Forgets a sector that is not on chain, and deletes its files.
    [admin] SectorRemove(miner: Address, number: u64) -> () = remove;

    /// How the proving of a miner's deadlines goes.
    [read] Deadlines(miner: Address) -> Vec<DeadlineStatus> = deadlines;
}

/// Runs what takes its time on a thread that does.
pub(crate) async fn in_background<T: Send + 'static>(
    services: Arc<Services>,
    run: impl FnOnce(&dyn Operator) -> anyhow::Result<T> + Send + 'static,
) -> Reply<T> {
    let done = tokio::task::spawn_blocking(move || run(&*services.operator));
    done.await?.map_err(told)
}

/// The same for work that is in the register of tasks.
async fn as_task<T: Send + 'static>(
    services: Arc<Services>,
    (kind, about, id): (Kind, String, Option<String>),
    run: impl FnOnce(&dyn Operator, &Task) -> anyhow::Result<T> + Send + 'static,
) -> Reply<T> {
    let task = services.tasks.begin(kind, about, id.as_deref())?;
    in_background(services, move |operator| run(operator, &task)).await
}

/// An error of the daemon, with all its causes.
pub(crate) fn told(error: anyhow::Error) -> RpcError {
    RpcError::general(format!("{error:#}"))
}

/// The id of a miner, whatever address it is named by.
fn id_of(services: &Services, miner: &Address) -> Reply<ActorID> {
    match miner.id() {
        Ok(id) => Ok(id),
        Err(_) => {
            let view = services.states.view_before(&services.chain.head())?;
            view.id(miner)?.ok_or_else(RpcError::actor_not_found)
        }
    }
}

fn span(light: bool) -> Span {
    match light {
        true => Span::Light,
        false => Span::Full,
    }
}

fn network(services: &Services) -> Reply<NetworkInfo> {
    Ok(services.operator.network())
}

async fn advance(services: Arc<Services>, epochs: u64) -> Reply<Tipset> {
    in_background(services, move |operator| operator.advance(epochs)).await
}

fn upgrades(services: &Services) -> Reply<Vec<ScheduledUpgrade>> {
    Ok(services.operator.upgrades())
}

async fn upgrade(
    services: Arc<Services>,
    bundle: String,
    epoch: ChainEpoch,
    version: u64,
    task: Option<String>,
) -> Reply<ScheduledUpgrade> {
    let version = u32::try_from(version)
        .map_err(|_| RpcError::params(format!("version: there is no network version {version}")))?;
    let version = (version != 0).then_some(version);
    let path = PathBuf::from(&bundle);
    as_task(services, (UPGRADE, bundle, task), move |operator, task| {
        operator.upgrade(&path, epoch, version, task)
    })
    .await
}

async fn cancel_upgrade(services: Arc<Services>, epoch: ChainEpoch) -> Reply<()> {
    in_background(services, move |operator| operator.cancel_upgrade(epoch)).await
}

async fn rehearse(
    services: Arc<Services>,
    bundle: String,
    task: Option<String>,
) -> Reply<Rehearsed> {
    let path = PathBuf::from(&bundle);
    let work = (REHEARSAL, bundle, task);
    as_task(services, work, move |operator, task| {
        operator.rehearse(&path, task)
    })
    .await
}

async fn export(
    services: Arc<Services>,
    path: String,
    light: bool,
    task: Option<String>,
) -> Reply<Exported> {
    let file = PathBuf::from(&path);
    as_task(services, (EXPORT, path, task), move |operator, task| {
        operator.export(&file, span(light), task)
    })
    .await
}

async fn check(services: Arc<Services>, light: bool, task: Option<String>) -> Reply<StoreChecked> {
    let work = (CHECK, about(light), task);
    as_task(services, work, move |operator, task| {
        operator.check(span(light), task)
    })
    .await
}

async fn collect(services: Arc<Services>, light: bool, task: Option<String>) -> Reply<Collected> {
    let work = (COLLECTION, about(light), task);
    as_task(services, work, move |operator, task| {
        operator.collect_garbage(span(light), task)
    })
    .await
}

fn about(light: bool) -> String {
    match light {
        true => "the last epochs".to_owned(),
        false => "all epochs".to_owned(),
    }
}

fn tasks(services: &Services) -> Reply<Vec<TaskStatus>> {
    Ok(services.tasks.all())
}

fn cancel_task(services: &Services, task: String) -> Reply<()> {
    Ok(services.tasks.cancel(&task)?)
}

fn mining(services: &Services) -> Reply<Vec<MinerRounds>> {
    Ok(services.operator.mining())
}

fn usage(services: &Services) -> Reply<StoreUsage> {
    Ok(services.operator.usage())
}

async fn pledge(services: Arc<Services>, miner: Address) -> Reply<u64> {
    let id = id_of(&services, &miner)?;
    in_background(services, move |operator| operator.pledge(id)).await
}

fn sectors(services: &Services, miner: Address) -> Reply<Vec<SectorStatus>> {
    let id = id_of(services, &miner)?;
    services.operator.sectors(id).map_err(told)
}

fn sector(services: &Services, miner: Address, number: u64) -> Reply<SectorStatus> {
    find(sectors(services, miner)?, number)
}

/// A sector by its number.
pub(crate) fn find(sectors: Vec<SectorStatus>, number: u64) -> Reply<SectorStatus> {
    let mut sectors = sectors.into_iter();
    let none = || RpcError::general(format!("there is no sector {number} here"));
    sectors
        .find(|sector| sector.number == number)
        .ok_or_else(none)
}

fn retry(services: &Services, miner: Address, number: u64) -> Reply<()> {
    let id = id_of(services, &miner)?;
    services.operator.retry(id, number).map_err(told)
}

fn remove(services: &Services, miner: Address, number: u64) -> Reply<()> {
    let id = id_of(services, &miner)?;
    services.operator.remove(id, number).map_err(told)
}

fn deadlines(services: &Services, miner: Address) -> Reply<Vec<DeadlineStatus>> {
    let id = id_of(services, &miner)?;
    services.operator.deadlines(id).map_err(told)
}
