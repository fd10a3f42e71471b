//! The beginning of a network: keys, sectors that are sealed already, the template, the first block.

use std::collections::BTreeMap;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use cid::Cid;
use filigree_blocks::BeaconEntry;
use filigree_consensus::beacon::LocalBeacon;
use filigree_genesis::devnet::{self, DevnetTemplate, KeyKind, Made, TREASURY};
use filigree_genesis::template::{Beacon, Sector};
use filigree_keys::KeyType;
use filigree_store::Db;
use filigree_wallet::Wallet;
use fvm_shared::ActorID;
use fvm_shared::address::Address;

use super::beginning::Beginning;
use super::{Means, Plan};
use crate::network::{Miner, Network, PreSealed};

pub use filigree_genesis::devnet::BEACON;

/// Makes the network in an empty database and an empty keystore.
pub fn found(means: &Means<'_>, plan: &Plan, db: &Db, wallet: &Wallet) -> Result<Network> {
    // Nothing leads to the blocks of files yet.
    let blocks = db.blocks();
    let _work = blocks.work();
    let beginning = Beginning::read(means, db)?;
    let wished = plan.complete(&means.template);
    let first_miner = beginning.first_miner(wished.miners.len() as u64);
    let keys = make_keys(wallet, &wished, first_miner)?;
    let beacon = beacon(wallet)?;
    let sectors = seal(means, &wished, first_miner)?;
    // The clock of the network starts here: what follows takes seconds, not minutes.
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let treasury = keys[TREASURY];
    let template = wished.resolve(Made {
        first_miner,
        genesis_time: now,
        bundle: beginning.bundle(),
        beacon: Some(first_round(&beacon.entry(1))),
        keys,
        sectors,
    })?;
    tracing::info!("running the constructors of the actors; the first time they are compiled");
    let genesis = beginning.make(db, means.engines, &template)?;
    let expected: Vec<ActorID> = (first_miner..).take(wished.miners.len()).collect();
    if genesis.miners != expected {
        bail!(
            "miners have ids {:?}, and their sectors were sealed for {expected:?}",
            genesis.miners
        );
    }
    let root = put_header(db, &genesis.header)?;
    if let Beginning::Anew(_) = beginning {
        let car = means.home.genesis();
        filigree_genesis::car::save(&db.blocks(), &root, &car)
            .with_context(|| format!("{} cannot be written", car.display()))?;
    }
    let fork = beginning.fork();
    Ok(Network {
        format: Network::format(fork.as_ref(), &wished.policy),
        genesis: root.to_string(),
        genesis_time: now,
        block_time: plan.block_seconds(),
        version: template.network_version,
        beacon: hex::encode(beacon.public()),
        proofs: plan.mode(),
        virtual_clock: plan.is_instant(),
        treasury: treasury.to_string(),
        miners: expected.iter().zip(&template.miners).map(entry).collect(),
        name: template.network_name,
        policy: wished.policy,
        fork,
        upgrades: Vec::new(),
    })
}

/// The beacon of the network whose keys these are.
///
/// # Errors
/// When its key is not among them.
pub fn beacon(wallet: &Wallet) -> Result<LocalBeacon> {
    let address = wallet.resolve(BEACON).with_context(|| {
        format!("the keystore has no key named {BEACON}, which the network's randomness comes from")
    })?;
    let key = wallet.key(&address)?;
    Ok(LocalBeacon::from_seed(key.secret()))
}

fn first_round(entry: &BeaconEntry) -> Beacon {
    Beacon {
        round: entry.round,
        signature: entry.signature.clone(),
    }
}

fn entry((id, miner): (&ActorID, &filigree_genesis::template::Miner)) -> Miner {
    let sectors = miner.sectors.iter().map(|sector| PreSealed {
        number: sector.number,
        comm_r: sector.comm_r.to_string(),
    });
    Miner {
        id: *id,
        worker: miner.worker.to_string(),
        sectors: sectors.collect(),
    }
}

/// Makes the keys, and names them.
fn make_keys(
    wallet: &Wallet,
    wished: &DevnetTemplate,
    first_miner: ActorID,
) -> Result<BTreeMap<String, Address>> {
    let make = |key: devnet::Key| {
        let address = wallet.generate(match key.kind {
            KeyKind::Secp256k1 => KeyType::Secp256k1,
            KeyKind::Bls => KeyType::Bls,
            KeyKind::Delegated => KeyType::Delegated,
        })?;
        wallet.set_name(&key.name, &address)?;
        Ok((key.name, address))
    };
    wished.keys(first_miner).into_iter().map(make).collect()
}

/// Seals the sectors that the miners begin with.
fn seal(
    means: &Means<'_>,
    wished: &DevnetTemplate,
    first_miner: ActorID,
) -> Result<Vec<Vec<Sector>>> {
    let seal_one = |(id, miner): (ActorID, &devnet::Miner)| {
        tracing::info!(miner = %Address::new_id(id), sectors = miner.sectors, "sealing the sectors it begins with");
        let folder = means.home.sectors(id);
        fs::create_dir_all(&folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
        let (proof, count) = (miner.seal_proof(), miner.sectors);
        let sectors = filigree_seal::preseal(means.prover, &folder, id, proof, count)?;
        let sectors = sectors.iter().map(|sector| Sector {
            number: sector.number,
            comm_r: sector.comm_r,
            comm_d: None,
            seal_proof: Some(proof.into()),
        });
        Ok(sectors.collect())
    };
    (first_miner..).zip(&wished.miners).map(seal_one).collect()
}

fn put_header(db: &Db, header: &filigree_blocks::BlockHeader) -> Result<Cid> {
    use fvm_ipld_blockstore::Blockstore as _;
    let cid = header.cid();
    db.blocks().put_keyed(&cid, &header.to_bytes())?;
    Ok(cid)
}
