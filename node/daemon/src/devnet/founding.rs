//! The beginning of a network: keys, sectors that are sealed already, the template, the first block.

use std::collections::BTreeMap;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use cid::Cid;
use filigree_blocks::BeaconEntry;
use filigree_consensus::beacon::LocalBeacon;
use filigree_genesis::Template;
use filigree_genesis::template::{
    Account, Beacon, Holder, Miner as TemplateMiner, PolicyName, Sector, VerifiedRegistry, Verifier,
};
use filigree_keys::KeyType;
use filigree_store::Db;
use filigree_wallet::Wallet;
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::sector::{RegisteredSealProof, SectorSize};

use super::beginning::Beginning;
use super::{Means, Plan};
use crate::network::{Miner, Network, PreSealed};

/// The name of the key that the network's beacon is made of. Who has it knows all randomness to come.
pub const BEACON: &str = "beacon";
/// The account that has the money, and owns the miners.
const TREASURY: &str = "default";

/// The version that a network begins with.
pub(super) const VERSION: u32 = 28;
/// The chain id of development networks.
const CHAIN_ID: u64 = 31_415_926;
/// Sectors that each miner begins with: as many as one window proof shows.
const SECTORS: u64 = 2;
/// Datacap that the treasury may give to clients, bytes: 1 PiB.
const DATACAP_BYTES: u64 = 1 << 50;

/// Makes the network in an empty database and an empty keystore.
pub fn found(means: &Means<'_>, plan: &Plan, db: &Db, wallet: &Wallet) -> Result<Network> {
    // Nothing leads to the blocks of files yet.
    let blocks = db.blocks();
    let _work = blocks.work();
    let beginning = Beginning::read(means, db)?;
    let people = People::make(wallet, beginning.first_miner(plan.miners()), plan.miners())?;
    let beacon = beacon(wallet)?;
    let miners = people.workers.iter().map(|(id, worker)| {
        tracing::info!(miner = %Address::new_id(*id), sectors = SECTORS, "sealing the sectors it begins with");
        let folder = means.home.sectors(*id);
        fs::create_dir_all(&folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
        let sectors = filigree_seal::preseal(
            means.prover,
            &folder,
            *id,
            RegisteredSealProof::StackedDRG2KiBV1P1,
            SECTORS,
        )?;
        Ok((*id, *worker, sectors))
    });
    let miners: Vec<(ActorID, Address, Vec<filigree_seal::Presealed>)> =
        miners.collect::<Result<_>>()?;
    // The clock of the network starts here: what follows takes seconds, not minutes.
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let mut template = Template {
        network_name: format!("filigree-{now:x}"),
        chain_id: CHAIN_ID,
        network_version: VERSION,
        genesis_time: now,
        base_fee: TokenAmount::from_atto(100),
        policy: PolicyName::Devnet,
        bundle: beginning.bundle(),
        ticket: None,
        beacon: Some(first_round(&beacon.entry(1))),
        verified_registry: people.registry(),
        reserve: Holder::Account(people.reserve),
        accounts: people.accounts(),
        multisigs: Vec::new(),
        miners: miners
            .iter()
            .map(|(_, worker, sectors)| TemplateMiner {
                owner: people.treasury,
                worker: *worker,
                sector_size: SectorSize::_2KiB,
                peer_id: Vec::new(),
                committed_capacity: None,
                sectors: sectors.iter().map(template_sector).collect(),
            })
            .collect(),
    };
    means.wishes.put_into(&mut template);
    tracing::info!("running the constructors of the actors; the first time they are compiled");
    let genesis = beginning.make(db, means.engines, &template)?;
    let expected: Vec<ActorID> = people.workers.keys().copied().collect();
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
    Ok(Network {
        format: Network::FORMAT,
        name: template.network_name,
        genesis: root.to_string(),
        genesis_time: now,
        block_time: plan.block_seconds(),
        version: template.network_version,
        beacon: hex::encode(beacon.public()),
        proofs: plan.mode(),
        virtual_clock: plan.is_instant(),
        treasury: people.treasury.to_string(),
        miners: miners.iter().map(entry).collect(),
        fork: beginning.fork(),
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

fn template_sector(sector: &filigree_seal::Presealed) -> Sector {
    Sector {
        number: sector.number,
        comm_r: sector.comm_r,
        comm_d: None,
        seal_proof: None,
    }
}

fn first_round(entry: &BeaconEntry) -> Beacon {
    Beacon {
        round: entry.round,
        signature: entry.signature.clone(),
    }
}

fn entry((id, worker, sectors): &(ActorID, Address, Vec<filigree_seal::Presealed>)) -> Miner {
    let sectors = sectors.iter().map(|sector| PreSealed {
        number: sector.number,
        comm_r: sector.comm_r.to_string(),
    });
    Miner {
        id: *id,
        worker: worker.to_string(),
        sectors: sectors.collect(),
    }
}

fn put_header(db: &Db, header: &filigree_blocks::BlockHeader) -> Result<Cid> {
    use fvm_ipld_blockstore::Blockstore as _;
    let cid = header.cid();
    db.blocks().put_keyed(&cid, &header.to_bytes())?;
    Ok(cid)
}

/// Who has keys.
struct People {
    treasury: Address,
    bls: Address,
    delegated: Address,
    /// Makes verifiers.
    registry: Address,
    /// Has what nobody else has.
    reserve: Address,
    /// By their miners.
    workers: BTreeMap<ActorID, Address>,
}

impl People {
    fn make(wallet: &Wallet, first_miner: ActorID, miners: u64) -> Result<Self> {
        let make = |name: &str, kind: KeyType| -> Result<Address> {
            let address = wallet.generate(kind)?;
            wallet.set_name(name, &address)?;
            Ok(address)
        };
        // The first one is the wallet's default.
        let treasury = make(TREASURY, KeyType::Secp256k1)?;
        make(BEACON, KeyType::Bls)?;
        let workers = (first_miner..first_miner + miners).map(|id| {
            let worker = make(&format!("worker-f0{id}"), KeyType::Bls)?;
            Ok((id, worker))
        });
        Ok(Self {
            treasury,
            bls: make("bls", KeyType::Bls)?,
            delegated: make("delegated", KeyType::Delegated)?,
            registry: make("registry", KeyType::Secp256k1)?,
            reserve: make("reserve", KeyType::Secp256k1)?,
            workers: workers.collect::<Result<_>>()?,
        })
    }

    fn accounts(&self) -> Vec<Account> {
        let account = |address: Address, fil: u64| Account {
            address,
            balance: TokenAmount::from_whole(fil),
        };
        let mut accounts = vec![
            account(self.treasury, 100_000_000),
            account(self.bls, 1_000_000),
            account(self.delegated, 1_000_000),
        ];
        accounts.extend(
            self.workers
                .values()
                .map(|worker| account(*worker, 1_000_000)),
        );
        accounts
    }

    fn registry(&self) -> VerifiedRegistry {
        VerifiedRegistry {
            root: Holder::Account(self.registry),
            verifiers: vec![Verifier {
                address: self.treasury,
                allowance: DATACAP_BYTES,
            }],
        }
    }
}
