//! A node of a network with three miners of equal power, of whom it has as many as a test wants.

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use anyhow::{Result, anyhow};
use cid::Cid;
use filigree_blocks::{SignedMessage, Tipset};
use filigree_bundle::{Network as BundleNetwork, Recipe, kept};
use filigree_car::CarReader;
use filigree_chain::Chain;
use filigree_consensus::ChainConfig;
use filigree_consensus::beacon::LocalBeacon;
use filigree_consensus::config::Devnet;
use filigree_genesis::Template;
use filigree_genesis::template::{
    Account, Beacon as FirstEntry, Holder, Miner, PolicyName, Sector, VerifiedRegistry,
};
use filigree_keys::{Key, KeyType};
use filigree_mempool::{Limits as PoolLimits, Pool, Source};
use filigree_mine::{
    Beacon, Clock, Guard, GuardParts, LastBlocks, MinerIdentity, Mining, MockWinning, Parts,
    WinningProver,
};
use filigree_node_state::{History, Limits, Rules, StateReader, States, Store, Supply};
use filigree_proofs_mock::MockVerifier;
use filigree_store::{Db, Options};
use filigree_sync::{Intake, base_on};
use filigree_vm::{Engines, Network};
use filigree_wallet::{Cost, Password, Wallet};
use fvm_ipld_blockstore::Blockstore as _;
use fvm_ipld_encoding::RawBytes;
use fvm_shared::address::Address;
use fvm_shared::commcid::{FIL_COMMITMENT_SEALED, POSEIDON_BLS12_381_A1_FC1};
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;
use fvm_shared::sector::SectorSize;
use fvm_shared::version::NetworkVersion;
use multihash_codetable::Multihash;
use tempfile::TempDir;

pub const GENESIS_TIME: u64 = 1_760_000_000;
pub const MINERS: [u64; 3] = [1_000, 1_001, 1_002];
const PASSWORD: &str = "of a test";

/// Key of an account with money, which owns the miners.
pub fn rich() -> Key {
    Key::from_secret(KeyType::Secp256k1, &[1; 32]).unwrap()
}

/// Key of another account with money.
pub fn rich_bls() -> Key {
    Key::from_secret(KeyType::Bls, &[2; 32]).unwrap()
}

/// Key of a miner's worker.
pub fn worker(miner: u64) -> Key {
    Key::from_secret(KeyType::Bls, &[(miner - MINERS[0]) as u8 + 10; 32]).unwrap()
}

pub fn beacon() -> LocalBeacon {
    LocalBeacon::from_seed(&[7; 32])
}

pub fn config() -> ChainConfig {
    ChainConfig::devnet(Devnet {
        name: "miners".to_owned(),
        genesis_timestamp_seconds: GENESIS_TIME,
        block_delay_seconds: 1,
        version: NetworkVersion::V28,
        beacon_key: beacon().public(),
    })
}

/// The directory of a node, which has only begun. What is in it is made once, and kept in memory.
pub fn folder() -> TempDir {
    static FILES: OnceLock<Vec<(PathBuf, Vec<u8>)>> = OnceLock::new();
    let files = FILES.get_or_init(|| {
        let folder = TempDir::new().unwrap();
        begin(folder.path());
        let mut files = Vec::new();
        read_all(folder.path(), Path::new(""), &mut files);
        files
    });
    let folder = TempDir::new().unwrap();
    for (path, bytes) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        // Keys that others may read are not used.
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    }
    std::fs::set_permissions(
        folder.path().join("keystore"),
        Permissions::from_mode(0o700),
    )
    .unwrap();
    folder
}

fn read_all(root: &Path, folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(root.join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = folder.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            read_all(root, &path, files);
        } else {
            files.push((path, std::fs::read(entry.path()).unwrap()));
        }
    }
}

fn open_db(folder: &Path) -> Db {
    Db::open(folder.join("db"), &Options::small()).unwrap()
}

/// Makes the genesis and the wallet.
fn begin(folder: &Path) {
    let db = open_db(folder);
    let car = kept::car(&Recipe::of(BundleNetwork::Devnet)).unwrap();
    let mut reader = CarReader::new(&car[..]).unwrap();
    let bundle = reader.roots()[0];
    while let Some(block) = reader.next_block().unwrap() {
        db.blocks().put_keyed(&block.cid, &block.data).unwrap();
    }
    let made = filigree_genesis::make(db.blocks(), &engines(), &bundle, &template()).unwrap();
    let genesis = Tipset::new([made.header]).unwrap();
    let reader = StateReader::new(Store::from(db.blocks()));
    Chain::create(db, config(), reader, &genesis).unwrap();
    let cost = Cost {
        memory_kib: 8,
        passes: 1,
        lanes: 1,
    };
    let password = Password::new(PASSWORD.to_owned()).unwrap();
    let wallet = Wallet::create_with(&folder.join("keystore"), &password, cost).unwrap();
    for miner in MINERS {
        wallet.import(worker(miner)).unwrap();
    }
}

/// The engines of this process.
fn engines() -> Engines {
    static ENGINES: OnceLock<Engines> = OnceLock::new();
    let engines = ENGINES.get_or_init(|| {
        let cache = filigree_build::build::default_cache_dir();
        let cache = cache.and_then(|dir| Some(dir.parent()?.join("modules")));
        Engines::new(4, cache)
    });
    engines.clone()
}

fn template() -> Template {
    let account = |key: &Key, fil| Account {
        address: *key.address(),
        balance: TokenAmount::from_whole(fil),
    };
    let miner = |id: u64| Miner {
        owner: *rich().address(),
        worker: *worker(id).address(),
        sector_size: SectorSize::_2KiB,
        peer_id: vec![],
        committed_capacity: None,
        sectors: (0..2).map(|number| sector(id, number)).collect(),
    };
    let first = beacon().entry(1);
    let mut accounts = vec![account(&rich(), 1_000_000), account(&rich_bls(), 1_000)];
    accounts.extend(MINERS.map(|miner| account(&worker(miner), 100)));
    Template {
        network_name: "miners".to_owned(),
        chain_id: 31_415_926,
        network_version: 28,
        genesis_time: GENESIS_TIME,
        base_fee: TokenAmount::from_atto(100),
        policy: PolicyName::Devnet,
        bundle: None,
        ticket: None,
        beacon: Some(FirstEntry {
            round: first.round,
            signature: first.signature,
        }),
        verified_registry: VerifiedRegistry {
            root: Holder::Account(nobody(200)),
            verifiers: vec![],
        },
        reserve: Holder::Account(nobody(201)),
        accounts,
        multisigs: vec![],
        miners: MINERS.map(miner).to_vec(),
    }
}

fn sector(miner: u64, number: u64) -> Sector {
    let mut digest = [0; 32];
    digest[..2].copy_from_slice(&[miner as u8, number as u8]);
    let hash = Multihash::wrap(POSEIDON_BLS12_381_A1_FC1, &digest).unwrap();
    Sector {
        number,
        comm_r: Cid::new_v1(FIL_COMMITMENT_SEALED, hash),
        comm_d: None,
        seal_proof: None,
    }
}

/// A running node.
pub struct Node {
    pub mining: Mining,
    pub db: Db,
    pub chain: Arc<Chain>,
    pub states: States,
    pub pool: Arc<Pool>,
    pub intake: Arc<Intake>,
    pub guard: Guard,
    /// Winning proofs that were judged.
    pub proofs_judged: Arc<AtomicUsize>,
    nonces: BTreeMap<Address, u64>,
}

impl Node {
    /// A node on a virtual clock, which has these miners.
    pub fn start(folder: &TempDir, miners: &[u64]) -> Self {
        let clock = Clock::virtual_from(0);
        Self::start_with(folder, miners, clock, Arc::new(MockWinning))
    }

    /// A node with another clock or prover.
    pub fn start_with(
        folder: &TempDir,
        miners: &[u64],
        clock: Clock,
        prover: Arc<dyn WinningProver>,
    ) -> Self {
        let db = open_db(folder.path());
        let store = Store::from(db.blocks());
        let reader = StateReader::new(store.clone());
        let chain = Arc::new(Chain::open(db.clone(), config(), reader).unwrap());
        let states = states(&chain, store);
        let base = base_on(&chain, &states, &chain.head()).unwrap();
        let pool = Pool::open(Arc::new(config()), PoolLimits::default(), &db, base);
        let pool = Arc::new(pool.unwrap());
        let now = clock.clone();
        let proofs_judged = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&proofs_judged);
        let verifier = MockVerifier::for_network(&network()).unwrap();
        let intake = Intake::new(filigree_sync::Parts {
            db: db.clone(),
            chain: Arc::clone(&chain),
            states: states.clone(),
            pool: Arc::clone(&pool),
            verify_winning: Box::new(move |info| {
                counter.fetch_add(1, Ordering::Relaxed);
                verifier.winning_post(info)
            }),
            now: Box::new(move || now.now_seconds()),
        });
        let intake = Arc::new(intake.unwrap());
        let wallet = Wallet::open(&folder.path().join("keystore")).unwrap();
        wallet
            .unlock(&Password::new(PASSWORD.to_owned()).unwrap())
            .unwrap();
        let wallet = Arc::new(wallet);
        let last = Arc::new(LastBlocks::new(&db));
        let guard = Guard::new(GuardParts {
            db: db.clone(),
            chain: Arc::clone(&chain),
            states: states.clone(),
            intake: Arc::clone(&intake),
            wallet: Arc::clone(&wallet),
            last: Arc::clone(&last),
        });
        let parts = Parts {
            chain: Arc::clone(&chain),
            states: states.clone(),
            pool: Arc::clone(&pool),
            intake: Arc::clone(&intake),
            wallet,
            last,
            beacon: Beacon::local(beacon()),
            prover,
            hold: None,
        };
        let identities = miners.iter().map(|id| MinerIdentity {
            id: *id,
            worker: *worker(*id).address(),
        });
        let mining = Mining::start(parts, identities.collect(), clock).unwrap();
        Self {
            mining,
            db,
            chain,
            states,
            pool,
            intake,
            guard,
            proofs_judged,
            nonces: BTreeMap::new(),
        }
    }

    pub fn advance(&self, epochs: u64) -> Tipset {
        self.mining.advance(epochs).unwrap()
    }

    /// The tipsets of the chain after the genesis, in their order.
    pub fn tipsets(&self) -> Vec<Tipset> {
        let mut tipset = self.chain.head();
        let mut tipsets = Vec::new();
        while tipset.height() > 0 {
            let parents = self.chain.parents(&tipset).unwrap();
            tipsets.push(tipset);
            tipset = parents;
        }
        tipsets.reverse();
        tipsets
    }

    /// Puts a payment into the pool, with the sender's next number. Gives the message.
    pub fn send(&mut self, from: &Key, to: Address, value: TokenAmount) -> SignedMessage {
        let nonce = self.nonces.entry(*from.address()).or_default();
        let message = Message {
            version: 0,
            from: *from.address(),
            to,
            sequence: *nonce,
            value,
            method_num: 0,
            params: RawBytes::default(),
            gas_limit: 20_000_000,
            gas_fee_cap: TokenAmount::from_atto(1_000_000),
            gas_premium: TokenAmount::from_atto(1_000),
        };
        *nonce += 1;
        let signed = from.sign_message(message, config().eth_chain_id).unwrap();
        self.pool.push(signed.clone(), Source::Here).unwrap();
        signed
    }

    /// What an account has after the head's messages.
    pub fn balance(&self, address: &Address) -> TokenAmount {
        let view = self.states.view_after(&self.chain.head()).unwrap();
        let actor = view.actor(address).unwrap();
        actor.map(|actor| actor.balance).unwrap_or_default()
    }

    /// That each tipset leads to what its successor says, computed anew.
    pub fn check_states(&self) {
        let states = states(&self.chain, Store::from(self.db.blocks()).overlay());
        for pair in self.tipsets().windows(2) {
            let replayed = states.replay(&pair[0], false).unwrap();
            assert_eq!(replayed.result.state, pair[1].parent_state());
            assert_eq!(replayed.result.receipts, pair[1].parent_receipts());
        }
    }
}

fn states(chain: &Arc<Chain>, store: Store) -> States {
    let genesis = chain.genesis().parent_state();
    let view = filigree_node_state::View::open(&store, &genesis).unwrap();
    let rules = Rules {
        config: config(),
        policy: *PolicyName::Devnet.policy(),
        limits: Limits::default(),
        supply: Supply::of_genesis(&view).unwrap(),
        migrations: BTreeMap::new(),
    };
    let history: Arc<dyn History> = Arc::<Chain>::clone(chain);
    let verifier = Arc::new(MockVerifier::for_network(&network()).unwrap());
    States::new(store, engines(), history, verifier, rules)
}

fn network() -> Network {
    let mut network = Network::new(NetworkVersion::V28);
    network.chain_id = config().eth_chain_id;
    network
}

/// An address with nobody at it yet.
pub fn nobody(number: u8) -> Address {
    let key = Key::from_secret(KeyType::Secp256k1, &[number; 32]).unwrap();
    *key.address()
}

/// A prover whose sectors are damaged as long as it is told so.
#[derive(Default)]
pub struct Damaged(pub AtomicBool);

impl WinningProver for Damaged {
    fn prove(
        &self,
        miner: u64,
        challenge: [u8; 32],
        sectors: &[fvm_shared::sector::SectorInfo],
    ) -> Result<Vec<fvm_shared::sector::PoStProof>> {
        if self.0.load(Ordering::Acquire) {
            return Err(anyhow!(
                "the files of sector {} are damaged",
                sectors[0].sector_number
            ));
        }
        MockWinning.prove(miner, challenge, sectors)
    }
}
