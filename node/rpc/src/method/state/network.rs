//! The network as a whole: its name and version, its money, its randomness.

use std::collections::BTreeMap;

use cid::Cid;
use filigree_blocks::{BeaconEntry, Tipset, TipsetKey, cid_of};
use filigree_chain::NullRounds;
use filigree_consensus::draw::Purpose;
use filigree_node_state::View;
use filigree_node_state::supply::exact;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::version::NetworkVersion;

use crate::error::{Reply, RpcError};
use crate::json::Bytes;
use crate::json::market::CirculatingSupply;
use crate::json::node::NetworkParams;
use crate::methods;
use crate::services::Services;

/// The epoch that Lotus gives to upgrades that are not scheduled.
const NOT_SCHEDULED: ChainEpoch = 999_999_999_999_999;
/// The epoch of upgrades that a network began with: before its first.
const BEFORE_GENESIS: ChainEpoch = -1;

/// Names of upgrades by the versions that they lead to (Lotus, `ForkUpgradeParams`).
const UPGRADES: &[(&str, u32)] = &[
    ("UpgradeBreezeHeight", 1),
    ("UpgradeSmokeHeight", 2),
    ("UpgradeIgnitionHeight", 3),
    ("UpgradeAssemblyHeight", 4),
    ("UpgradeTapeHeight", 5),
    ("UpgradeKumquatHeight", 6),
    ("UpgradeCalicoHeight", 7),
    ("UpgradePersianHeight", 8),
    ("UpgradeOrangeHeight", 9),
    ("UpgradeTrustHeight", 10),
    ("UpgradeNorwegianHeight", 11),
    ("UpgradeTurboHeight", 12),
    ("UpgradeHyperdriveHeight", 13),
    ("UpgradeChocolateHeight", 14),
    ("UpgradeOhSnapHeight", 15),
    ("UpgradeSkyrHeight", 16),
    ("UpgradeSharkHeight", 17),
    ("UpgradeHyggeHeight", 18),
    ("UpgradeLightningHeight", 19),
    ("UpgradeThunderHeight", 20),
    ("UpgradeWatermelonHeight", 21),
    ("UpgradeDragonHeight", 22),
    ("UpgradeWaffleHeight", 23),
    ("UpgradeTuktukHeight", 24),
    ("UpgradeTeepHeight", 25),
    ("UpgradeTockHeight", 26),
    ("UpgradeGoldenWeekHeight", 27),
    ("UpgradeFireHorseHeight", 28),
    ("UpgradeXxHeight", 29),
];

/// Upgrades that led to no version of their own, by the epochs of mainnet and of the calibration network (Lotus,
/// `params_mainnet.go` and `params_calibnet.go`); other networks began with them. `Phoenix` follows the version 22.
const REPAIRS: &[(&str, ChainEpoch, ChainEpoch)] = &[
    ("UpgradeRefuelHeight", 130_800, -4),
    ("UpgradeLiftoffHeight", 148_888, -5),
    ("UpgradeClausHeight", 343_200, 270),
];
/// Epochs from version 22 to `Phoenix` on public networks.
const PHOENIX_DELAY: ChainEpoch = 120;
/// Epochs after `Breeze` in which mainnet's first gas prices were eased in.
const BREEZE_GAS_TAMPING: ChainEpoch = 120;
/// Ethereum's numbers of mainnet and of the calibration network.
const PUBLIC: [u64; 2] = [314, 314_159];

methods! { Filecoin:
    /// The name of the network.
    [read] StateNetworkName() -> String = name;

    /// The version of the network at a tipset.
    [read] StateNetworkVersion(tipset: TipsetKey) -> NetworkVersion = version;

    /// Parameters of the network.
    [read] StateGetNetworkParams() -> NetworkParams = params;

    /// The code of the built-in actors, by their names. Known is what the network has now and what it had.
    [read] StateActorCodeCIDs(version: NetworkVersion) -> BTreeMap<String, Cid> = codes;

    /// The root of the bundle of the built-in actors: what it says of itself, and under that their names and codes.
    [read] StateActorManifestCID(version: NetworkVersion) -> Cid = manifest_cid;

    /// FIL that circulates, counted actor by actor: it takes long.
    [read] StateCirculatingSupply(tipset: TipsetKey) -> TokenAmount = circulating_supply;

    /// Where all FIL is, as actors are told.
    [read] StateVMCirculatingSupplyInternal(tipset: TipsetKey) -> CirculatingSupply = supply;

    /// Randomness of a ticket, for a purpose.
    [read] StateGetRandomnessFromTickets(
        /// The purpose, 1 to 9.
        purpose: i64,
        epoch: ChainEpoch,
        entropy: Bytes,
        tipset: TipsetKey,
    ) -> Bytes = randomness_from_tickets;

    /// Randomness of the beacon, for a purpose.
    [read] StateGetRandomnessFromBeacon(
        /// The purpose, 1 to 9.
        purpose: i64,
        epoch: ChainEpoch,
        entropy: Bytes,
        tipset: TipsetKey,
    ) -> Bytes = randomness_from_beacon;

    /// Digest of a ticket: what randomness is drawn from.
    [read] StateGetRandomnessDigestFromTickets(epoch: ChainEpoch, tipset: TipsetKey) -> Bytes = digest_from_tickets;

    /// Digest of an entry of the beacon.
    [read] StateGetRandomnessDigestFromBeacon(epoch: ChainEpoch, tipset: TipsetKey) -> Bytes = digest_from_beacon;

    /// The entry of the beacon for an epoch, as it is on chain.
    [read] StateGetBeaconEntry(epoch: ChainEpoch) -> BeaconEntry = beacon_entry;
}

fn name(services: &Services) -> Reply<String> {
    Ok(services
        .states
        .view_before(&services.chain.head())?
        .network_name()?)
}

fn version(services: &Services, tipset: TipsetKey) -> Reply<NetworkVersion> {
    Ok(services
        .config()
        .version_at(services.tipset(&tipset)?.height()))
}

fn params(services: &Services) -> Reply<NetworkParams> {
    let config = services.config();
    let upgrades = UPGRADES.iter().map(|&(name, version)| {
        let version = NetworkVersion::new(version);
        let scheduled = config
            .versions
            .upgrades
            .iter()
            .find(|upgrade| upgrade.version == version);
        let epoch = match scheduled {
            Some(upgrade) => upgrade.epoch,
            None if version <= config.versions.genesis => BEFORE_GENESIS,
            None => NOT_SCHEDULED,
        };
        (name.to_owned(), epoch)
    });
    let mut upgrades: BTreeMap<String, ChainEpoch> = upgrades.collect();
    add_repairs(&mut upgrades, config.eth_chain_id);
    Ok(NetworkParams {
        upgrades,
        name: config.name.clone(),
        block_delay_seconds: config.block_delay_seconds,
        min_miner_power: services
            .states
            .rules()
            .policy
            .minimum_consensus_power
            .into(),
        pre_commit_challenge_delay: services.states.rules().policy.pre_commit_challenge_delay,
        eth_chain_id: config.eth_chain_id,
        genesis_timestamp_seconds: config.genesis_timestamp_seconds,
    })
}

fn codes(services: &Services, version: NetworkVersion) -> Reply<BTreeMap<String, Cid>> {
    let view = view_of_version(services, version)?;
    Ok(view.manifest()?.entries().iter().cloned().collect())
}

/// The block that a bundle begins with has a version, which is 1, and names the list of actors: that list is in the state.
fn manifest_cid(services: &Services, version: NetworkVersion) -> Reply<Cid> {
    let view = view_of_version(services, version)?;
    let list = *view.manifest()?.data_cid();
    Ok(cid_of(&fvm_ipld_encoding::to_vec(&(1_u8, list))?))
}

fn add_repairs(upgrades: &mut BTreeMap<String, ChainEpoch>, chain_id: u64) {
    let [mainnet, calibnet] = PUBLIC;
    for &(name, on_mainnet, on_calibnet) in REPAIRS {
        let epoch = match chain_id {
            id if id == mainnet => on_mainnet,
            id if id == calibnet => on_calibnet,
            _ => BEFORE_GENESIS,
        };
        upgrades.insert(name.to_owned(), epoch);
    }
    let is_public = PUBLIC.contains(&chain_id);
    let dragon = upgrades.get("UpgradeDragonHeight").copied();
    let phoenix = dragon
        .filter(|_| is_public)
        .map(|epoch| epoch + PHOENIX_DELAY);
    upgrades.insert(
        "UpgradePhoenixHeight".to_owned(),
        phoenix.unwrap_or(BEFORE_GENESIS),
    );
    let tamping = if is_public { BREEZE_GAS_TAMPING } else { 0 };
    upgrades.insert("BreezeGasTampingDuration".to_owned(), tamping);
}

/// A state of the network at a version: that of now, or the last one before an upgrade ended it.
fn view_of_version(services: &Services, version: NetworkVersion) -> Reply<View> {
    let head = services.chain.head();
    let config = services.config();
    let now = config.version_at(head.height());
    if version == now {
        return Ok(services.states.view_before(&head)?);
    }
    let mut before = config.versions.genesis;
    let mut ended = None;
    for upgrade in &config.versions.upgrades {
        if before == version && upgrade.version != version && upgrade.epoch < head.height() {
            ended = Some(upgrade.epoch);
        }
        before = upgrade.version;
    }
    let unknown = || {
        let (asked, now) = (u32::from(version), u32::from(now));
        RpcError::general(format!(
            "version: the network has version {now}; it never had {asked}, and what its actors would be is not known"
        ))
    };
    let tipset = services
        .chain
        .tipset_at(&head, ended.ok_or_else(unknown)?, NullRounds::Before)?;
    Ok(services.states.view_before(&tipset)?)
}

fn circulating_supply(services: &Services, tipset: TipsetKey) -> Reply<TokenAmount> {
    let (tipset, view) = services.view(&tipset)?;
    Ok(exact(&view, tipset.height())?)
}

fn supply(services: &Services, tipset: TipsetKey) -> Reply<CirculatingSupply> {
    let (tipset, view) = services.view(&tipset)?;
    let supply = services.states.circulation(&view, tipset.height())?;
    Ok(CirculatingSupply {
        vested: supply.vested,
        mined: supply.mined,
        burnt: supply.burnt,
        locked: supply.locked,
        circulating: supply.circulating,
        reserve_disbursed: supply.reserve_disbursed,
    })
}

/// The purpose of a number (`DomainSeparationTag`).
fn purpose(number: i64) -> Reply<Purpose> {
    let all = [
        Purpose::TicketProduction,
        Purpose::ElectionProofProduction,
        Purpose::WinningPostChallengeSeed,
        Purpose::WindowedPostChallengeSeed,
        Purpose::SealRandomness,
        Purpose::InteractiveSealChallengeSeed,
        Purpose::WindowedPostDeadlineAssignment,
        Purpose::MarketDealCronSeed,
        Purpose::PostChainCommit,
    ];
    let found = all.into_iter().find(|purpose| *purpose as i64 == number);
    found.ok_or_else(|| RpcError::params("purpose: a number from 1 to 9 is expected"))
}

fn randomness_from_tickets(
    services: &Services,
    number: i64,
    epoch: ChainEpoch,
    entropy: Bytes,
    tipset: TipsetKey,
) -> Reply<Bytes> {
    let tipset = services.tipset(&tipset)?;
    let drawn = services
        .chain
        .draw_from_ticket(&tipset, purpose(number)?, epoch, &entropy.0)?;
    Ok(Bytes(drawn.to_vec()))
}

fn randomness_from_beacon(
    services: &Services,
    number: i64,
    epoch: ChainEpoch,
    entropy: Bytes,
    tipset: TipsetKey,
) -> Reply<Bytes> {
    let tipset = services.tipset(&tipset)?;
    let drawn = services
        .chain
        .draw_from_beacon(&tipset, purpose(number)?, epoch, &entropy.0)?;
    Ok(Bytes(drawn.to_vec()))
}

fn digest_from_tickets(services: &Services, epoch: ChainEpoch, tipset: TipsetKey) -> Reply<Bytes> {
    let tipset: Tipset = services.tipset(&tipset)?;
    Ok(Bytes(
        services.chain.ticket_randomness(&tipset, epoch)?.to_vec(),
    ))
}

fn digest_from_beacon(services: &Services, epoch: ChainEpoch, tipset: TipsetKey) -> Reply<Bytes> {
    let tipset = services.tipset(&tipset)?;
    Ok(Bytes(
        services.chain.beacon_randomness(&tipset, epoch)?.to_vec(),
    ))
}

fn beacon_entry(services: &Services, epoch: ChainEpoch) -> Reply<BeaconEntry> {
    Ok(services.chain.beacon_entry(&services.chain.head(), epoch)?)
}
