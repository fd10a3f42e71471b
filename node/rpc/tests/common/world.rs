//! The parts of a node: a chain in a store, with a state or without, and a miner who makes blocks that nobody checks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::Result;
use cid::Cid;
use filigree_blocks::{
    BlockHeader, ChainMessage, ElectionProof, FullBlock, MessageCids, MessageRoots, SignedMessage,
    Ticket, Tipset, TipsetKey, cid_of,
};
use filigree_bundle::{Network as BundleNetwork, Recipe, kept};
use filigree_car::CarReader;
use filigree_chain::Chain;
use filigree_consensus::beacon::LocalBeacon;
use filigree_consensus::config::Devnet;
use filigree_consensus::{ChainConfig, Senders as _};
use filigree_genesis::Template;
use filigree_genesis::template::{
    Account as Funded, Beacon, Holder, Miner, Multisig, PolicyName, Sector, VerifiedRegistry,
};
use filigree_keys::{Key, KeyType};
use filigree_mempool::{Account, Accounts, Base, Limits as PoolLimits, Pool};
use filigree_node_state::chain::StateReader;
use filigree_node_state::{History, KnownSenders, Limits, Rules, States, Store, Supply, View};
use filigree_proofs_mock::MockVerifier;
use filigree_rpc::Services;
use filigree_store::{Db, Options};
use filigree_vm::{Engines, Network};
use fvm_ipld_blockstore::Blockstore as _;
use fvm_shared::address::Address;
use fvm_shared::commcid::{FIL_COMMITMENT_SEALED, POSEIDON_BLS12_381_A1_FC1};
use fvm_shared::econ::TokenAmount;
use fvm_shared::sector::SectorSize;
use fvm_shared::version::NetworkVersion;
use multihash_codetable::Multihash;
use tempfile::TempDir;

const GENESIS_TIME: u64 = 1_760_000_000;
const BLOCK_DELAY: u64 = 4;
pub const MINER: u64 = 1_000;

/// Key of the first account, which owns the miner: f0100.
pub fn owner() -> Key {
    Key::from_secret(KeyType::Secp256k1, &[1; 32]).unwrap()
}

/// Key of the second account, the miner's worker.
pub fn worker() -> Key {
    Key::from_secret(KeyType::Bls, &[2; 32]).unwrap()
}

pub fn beacon() -> LocalBeacon {
    LocalBeacon::from_seed(&[7; 32])
}

pub struct World {
    pub chain: Arc<Chain>,
    pub states: States,
    pub pool: Arc<Pool>,
}

impl World {
    /// A genesis without a state.
    pub fn empty(folder: &TempDir) -> Self {
        let cid = cid_of(b"no state");
        let header = BlockHeader {
            miner: Address::new_id(0),
            ticket: Some(Ticket {
                vrf_proof: vec![0; 32],
            }),
            election_proof: None,
            beacon_entries: vec![beacon().entry(1)],
            winning_post: vec![],
            parents: TipsetKey::new([]),
            parent_weight: 0.into(),
            height: 0,
            parent_state: cid,
            parent_receipts: cid,
            messages: cid,
            bls_aggregate: None,
            timestamp_seconds: GENESIS_TIME,
            signature: None,
            fork_signal: 0,
            parent_base_fee: TokenAmount::from_atto(100),
        };
        Self::on(open(folder), header, |_| Supply {
            vesting: Vec::new(),
            reserved: TokenAmount::default(),
            reserved_since_v25: TokenAmount::default(),
        })
    }

    /// A genesis with two accounts and a miner.
    pub fn network(folder: &TempDir) -> Self {
        let db = open(folder);
        let bundle = put_bundle(&db);
        let made = filigree_genesis::make(db.blocks(), &engines(), &bundle, &template()).unwrap();
        let root = made.header.parent_state;
        Self::on(db, made.header, |store| {
            Supply::of_genesis(&View::open(store, &root).unwrap()).unwrap()
        })
    }

    fn on(db: Db, genesis: BlockHeader, supply: impl FnOnce(&Store) -> Supply) -> Self {
        let store = Store::from(db.blocks());
        let tipset = Tipset::new([genesis]).unwrap();
        let chain = Chain::create(
            db.clone(),
            config(),
            StateReader::new(store.clone()),
            &tipset,
        )
        .unwrap();
        let chain = Arc::new(chain);
        let history: Arc<dyn History> = Arc::<Chain>::clone(&chain);
        let rules = Rules {
            config: config(),
            policy: *PolicyName::Devnet.policy(),
            limits: Limits {
                allow_install: true,
                allow_upgrade: true,
                actor_debugging: false,
            },
            supply: supply(&store),
            migrations: BTreeMap::new(),
        };
        let mut network = Network::new(NetworkVersion::V28);
        network.chain_id = config().eth_chain_id;
        let verifier = Arc::new(MockVerifier::for_network(&network).unwrap());
        let states = States::new(store, engines(), history, verifier, rules);
        let base = Base {
            epoch: 0,
            base_fee: TokenAmount::from_atto(100),
            accounts: Arc::new(Senders {
                states: states.clone(),
                state: tipset.parent_state(),
            }),
        };
        let pool = Pool::open(Arc::new(config()), PoolLimits::default(), &db, base).unwrap();
        Self {
            chain,
            states,
            pool: Arc::new(pool),
        }
    }
}

fn open(folder: &TempDir) -> Db {
    Db::open(folder.path().join("db"), &Options::small()).unwrap()
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

/// The actors of a devnet.
fn put_bundle(db: &Db) -> Cid {
    static CAR: Mutex<Option<Vec<u8>>> = Mutex::new(None);
    let mut car = CAR.lock().unwrap_or_else(PoisonError::into_inner);
    let car = car.get_or_insert_with(|| kept::car(&Recipe::of(BundleNetwork::Devnet)).unwrap());
    let mut reader = CarReader::new(&car[..]).unwrap();
    let root = reader.roots()[0];
    while let Some(block) = reader.next_block().unwrap() {
        db.blocks().put_keyed(&block.cid, &block.data).unwrap();
    }
    root
}

fn config() -> ChainConfig {
    ChainConfig::devnet(Devnet {
        name: "one process".to_owned(),
        genesis_timestamp_seconds: GENESIS_TIME,
        block_delay_seconds: BLOCK_DELAY,
        version: NetworkVersion::V28,
        beacon_key: beacon().public(),
    })
}

fn template() -> Template {
    let (owner, worker) = (*owner().address(), *worker().address());
    let account = |address, fil| Funded {
        address,
        balance: TokenAmount::from_whole(fil),
    };
    let other = |secret| {
        let key = Key::from_secret(KeyType::Secp256k1, &[secret; 32]).unwrap();
        *key.address()
    };
    let digest: Vec<u8> = [1].into_iter().chain([0; 31]).collect();
    let hash = Multihash::wrap(POSEIDON_BLS12_381_A1_FC1, &digest).unwrap();
    let sector = |number| Sector {
        number,
        comm_r: Cid::new_v1(FIL_COMMITMENT_SEALED, hash),
        comm_d: None,
        seal_proof: None,
    };
    let first = beacon().entry(1);
    Template {
        network_name: "one process".to_owned(),
        chain_id: 31_415_926,
        network_version: 28,
        genesis_time: GENESIS_TIME,
        base_fee: TokenAmount::from_atto(100),
        policy: PolicyName::Devnet,
        bundle: None,
        ticket: None,
        beacon: Some(Beacon {
            round: first.round,
            signature: first.signature,
        }),
        verified_registry: VerifiedRegistry {
            root: Holder::Account(other(3)),
            verifiers: vec![],
        },
        reserve: Holder::Account(other(4)),
        accounts: vec![account(owner, 1_000_000), account(worker, 5_000)],
        multisigs: vec![Multisig {
            signers: vec![owner, worker],
            threshold: 2,
            balance: TokenAmount::from_whole(1_000),
            vesting_start: 0,
            vesting_duration: 100,
        }],
        miners: vec![Miner {
            owner,
            worker,
            sector_size: SectorSize::_2KiB,
            peer_id: vec![0, 1, 2],
            committed_capacity: None,
            sectors: vec![sector(0), sector(1)],
        }],
    }
}

/// Senders in a state.
struct Senders {
    states: States,
    state: Cid,
}

impl Accounts for Senders {
    fn account(&self, address: &Address) -> Result<Option<Account>> {
        let view = self.states.view(&self.state)?;
        let sender = KnownSenders::read(&view, [address])?.sender(address)?;
        let balance = view.actor(address)?.map(|actor| actor.balance);
        Ok(sender
            .zip(balance)
            .map(|(sender, balance)| Account { sender, balance }))
    }
}

/// Mines the next epoch with all messages that wait. Gives the tipset.
pub fn mine(services: &Services) -> Tipset {
    let Services {
        chain,
        states,
        pool,
        ..
    } = services;
    let head = chain.head();
    let epoch = head.height() + 1;
    let result = states.tipset_state(&head).unwrap();
    let selected = pool.select(&pool.base(), 0.5).unwrap();
    let messages = selected
        .iter()
        .map(|pending| pending.signed.clone().into_chain_message());
    let messages: Vec<ChainMessage> = messages.collect();
    let (mut bls, mut signed) = (Vec::new(), Vec::<SignedMessage>::new());
    for message in messages.clone() {
        match message {
            ChainMessage::Unsigned(message) => bls.push(message),
            ChainMessage::Signed(message) => signed.push(message),
        }
    }
    let cids = MessageCids {
        bls: bls.iter().map(filigree_blocks::message_cid).collect(),
        signed: signed.iter().map(SignedMessage::cid).collect(),
    };
    let header = BlockHeader {
        miner: Address::new_id(MINER),
        ticket: Some(Ticket {
            vrf_proof: epoch.to_be_bytes().to_vec(),
        }),
        election_proof: Some(ElectionProof {
            win_count: 1,
            vrf_proof: vec![1],
        }),
        beacon_entries: vec![beacon().entry(epoch as u64 + 1)],
        winning_post: vec![],
        parents: head.key().clone(),
        parent_weight: chain.weight(&head).unwrap(),
        height: epoch,
        parent_state: result.state,
        parent_receipts: result.receipts,
        messages: MessageRoots::write(states.store(), &cids).unwrap(),
        bls_aggregate: None,
        timestamp_seconds: GENESIS_TIME + epoch as u64 * BLOCK_DELAY,
        signature: None,
        fork_signal: 0,
        parent_base_fee: chain.base_fee(&head).unwrap(),
    };
    let block = FullBlock {
        header,
        bls,
        signed,
    };
    chain.put_block(&block).unwrap();
    let tipset = Tipset::new([block.header]).unwrap();
    chain.take(&tipset).unwrap();
    assert_eq!(chain.head(), tipset, "the block is the head");
    let base = Base {
        epoch,
        base_fee: chain.base_fee(&tipset).unwrap(),
        accounts: Arc::new(Senders {
            states: states.clone(),
            state: states.tipset_state(&tipset).unwrap().state,
        }),
    };
    pool.change_head(&[], &[(epoch, messages)], base);
    tipset
}
