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
    SectorStatus, StoreChecked, StoreUsage,
};
use crate::methods;
use crate::operator::{Operator, Span};
use crate::services::Services;

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
    ) -> Rehearsed = rehearse;

    /// Writes a snapshot of the chain into a file.
    [admin wait] SnapshotExport(
        /// On the node's machine, not there yet; compressed if it ends with `.zst`.
        path: String,
        /// Only the messages and states of the last epochs, as nodes exchange them.
        light: bool,
    ) -> Exported = export;

    /// Whether the chain in the database is complete.
    [admin wait] DbCheck(
        /// Only the messages and states of the last epochs.
        light: bool,
    ) -> StoreChecked = check;

    /// Deletes what the chain does not lead to.
    [admin wait] DbGc(
        /// Old messages and states as well.
        light: bool,
    ) -> Collected = collect;

    /// What the database takes up.
    [read] DbUsage() -> StoreUsage = usage;

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
) -> Reply<ScheduledUpgrade> {
    let version = u32::try_from(version)
        .map_err(|_| RpcError::params(format!("version: there is no network version {version}")))?;
    let version = (version != 0).then_some(version);
    let bundle = PathBuf::from(bundle);
    in_background(services, move |operator| {
        operator.upgrade(&bundle, epoch, version)
    })
    .await
}

async fn cancel_upgrade(services: Arc<Services>, epoch: ChainEpoch) -> Reply<()> {
    in_background(services, move |operator| operator.cancel_upgrade(epoch)).await
}

async fn rehearse(services: Arc<Services>, bundle: String) -> Reply<Rehearsed> {
    let bundle = PathBuf::from(bundle);
    in_background(services, move |operator| operator.rehearse(&bundle)).await
}

async fn export(services: Arc<Services>, path: String, light: bool) -> Reply<Exported> {
    let path = PathBuf::from(path);
    in_background(services, move |operator| {
        operator.export(&path, span(light))
    })
    .await
}

async fn check(services: Arc<Services>, light: bool) -> Reply<StoreChecked> {
    in_background(services, move |operator| operator.check(span(light))).await
}

async fn collect(services: Arc<Services>, light: bool) -> Reply<Collected> {
    in_background(services, move |operator| {
        operator.collect_garbage(span(light))
    })
    .await
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
