//! A network in one process: a chain with a miner whose sectors are sealed by the mock, and blocks that nobody checks.

#![allow(dead_code, reason = "each test uses some of it")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use cid::Cid;
use filigree_blocks::{
    BlockHeader, ChainMessage, ElectionProof, FullBlock, MessageCids, MessageRoots, SignedMessage,
    Ticket, Tipset,
};
use filigree_bundle::{Network as BundleNetwork, Recipe, kept};
use filigree_car::CarReader;
use filigree_chain::Chain;
use filigree_consensus::beacon::LocalBeacon;
use filigree_consensus::config::Devnet;
use filigree_consensus::{ChainConfig, Senders as _};
use filigree_genesis::Template;
use filigree_genesis::template::{
    Account as Funded, Beacon, Holder, Miner, PolicyName, Sector, VerifiedRegistry,
};
use filigree_keys::{Key, KeyType};
use filigree_mempool::{Account, Accounts, Base, Limits as PoolLimits, Pool};
use filigree_node_state::chain::StateReader;
use filigree_node_state::{History, KnownSenders, Limits, Rules, States, Store, Supply, View};
use filigree_proofs_mock::MockVerifier;
use filigree_seal::{Death, Parts, Pipeline, Presealed, Prover, SectorStatus, Settings, preseal};
use filigree_send::Sent;
use filigree_store::{Db, Options};
use filigree_vm::{Engines, Network};
use filigree_wallet::{Cost, Password, Wallet};
use fvm_ipld_blockstore::Blockstore as _;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::sector::{RegisteredSealProof, SectorNumber, SectorSize};
use fvm_shared::version::NetworkVersion;
use tempfile::TempDir;

const GENESIS_TIME: u64 = 1_760_000_000;
const BLOCK_DELAY: u64 = 4;
pub const MINER: u64 = 1_000;
const SEAL_PROOF: RegisteredSealProof = RegisteredSealProof::StackedDRG2KiBV1P1;
/// How long anything on one head may take, on however busy a machine.
const SETTLED: Duration = Duration::from_secs(600);

fn owner() -> Key {
    Key::from_secret(KeyType::Secp256k1, &[1; 32]).unwrap()
}

fn worker() -> Key {
    Key::from_secret(KeyType::Bls, &[2; 32]).unwrap()
}

fn beacon() -> LocalBeacon {
    LocalBeacon::from_seed(&[7; 32])
}

pub struct World {
    pub chain: Arc<Chain>,
    pub states: States,
    pub pool: Arc<Pool>,
    db: Db,
    wallet: Arc<Wallet>,
    sending: Arc<Mutex<Sent>>,
    prover: Arc<Prover>,
    /// What blocks say that gas costs, attoFIL; what it should cost, if that is none.
    base_fee: Mutex<Option<u64>>,
    /// Changes with each fork, so that blocks of one epoch differ.
    fork: Mutex<u8>,
    folder: TempDir,
}

impl World {
    pub fn new() -> Self {
        Self::with(Prover::mock())
    }

    /// A network whose miner has two sectors from the beginning.
    pub fn with(prover: Prover) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path().join("db"), &Options::small()).unwrap();
        let bundle = put_bundle(&db);
        let directory = folder.path().join("sectors");
        let sealed = preseal(&prover, &directory, MINER, SEAL_PROOF, 2).unwrap();
        let template = template(&sealed);
        let made = filigree_genesis::make(db.blocks(), &engines(), &bundle, &template).unwrap();
        let genesis = Tipset::new([made.header]).unwrap();
        let store = Store::from(db.blocks());
        let reader = StateReader::new(store.clone());
        let chain = Chain::create(db.clone(), config(), reader, &genesis).unwrap();
        let chain = Arc::new(chain);
        let history: Arc<dyn History> = Arc::<Chain>::clone(&chain);
        let view = View::open(&store, &genesis.parent_state()).unwrap();
        let rules = Rules {
            config: config(),
            policy: *PolicyName::Devnet.policy(),
            limits: Limits {
                allow_install: true,
                allow_upgrade: true,
                actor_debugging: false,
            },
            supply: Supply::of_genesis(&view).unwrap(),
            migrations: BTreeMap::new(),
        };
        let mut network = Network::new(NetworkVersion::V28);
        network.chain_id = config().eth_chain_id;
        let verifier = Arc::new(MockVerifier::for_network(&network).unwrap());
        let states = States::new(store, engines(), history, verifier, rules);
        let base = base(&chain, &states, &genesis);
        let pool = Pool::open(Arc::new(config()), PoolLimits::default(), &db, base).unwrap();
        let cost = Cost {
            memory_kib: 8,
            passes: 1,
            lanes: 1,
        };
        let password = Password::new("a password of a test").unwrap();
        let wallet = Wallet::create_with(&folder.path().join("keys"), &password, cost).unwrap();
        wallet.import(worker()).unwrap();
        Self {
            chain,
            states,
            pool: Arc::new(pool),
            db,
            wallet: Arc::new(wallet),
            sending: Arc::default(),
            prover: Arc::new(prover),
            base_fee: Mutex::new(None),
            fork: Mutex::new(0),
            folder,
        }
    }

    pub fn start(&self) -> Arc<Pipeline> {
        self.start_mortal(Death::Never)
    }

    /// A pipeline that dies some time.
    pub fn start_mortal(&self, death: Death) -> Arc<Pipeline> {
        let parts = Parts {
            chain: Arc::clone(&self.chain),
            states: self.states.clone(),
            pool: Arc::clone(&self.pool),
            wallet: Arc::clone(&self.wallet),
            sending: Arc::clone(&self.sending),
            db: self.db.clone(),
            prover: Arc::clone(&self.prover),
            directory: self.sectors(),
            settings: Settings::devnet(),
        };
        Pipeline::start_mortal(parts, MINER, death).unwrap()
    }

    /// Where the miner's sectors are.
    pub fn sectors(&self) -> PathBuf {
        self.folder.path().join("sectors")
    }

    pub fn replica(&self, number: SectorNumber) -> PathBuf {
        self.sectors().join(format!("sealed/s-t0{MINER}-{number}"))
    }

    pub fn height(&self) -> ChainEpoch {
        self.chain.head().height()
    }

    /// The state that the head leads to.
    pub fn view(&self) -> View {
        self.states.view_after(&self.chain.head()).unwrap()
    }

    /// Mines epochs until something is so, at most so many.
    pub fn mine_until(
        &self,
        pipeline: &Pipeline,
        epochs: u64,
        what: &str,
        mut is_so: impl FnMut(&Pipeline) -> bool,
    ) {
        for _ in 0..epochs {
            assert!(
                pipeline.settle(SETTLED),
                "does not settle at {}",
                self.height()
            );
            if is_so(pipeline) {
                return;
            }
            // A pause is of this world's time, not of the chain's.
            let begin = Instant::now();
            while is_resting(pipeline) {
                assert!(
                    begin.elapsed() < SETTLED,
                    "{what}: {:#?}",
                    pipeline.sectors()
                );
                std::thread::sleep(Duration::from_millis(20));
            }
            self.mine();
        }
        assert!(
            pipeline.settle(SETTLED),
            "does not settle at {}",
            self.height()
        );
        let sectors = pipeline.sectors().unwrap();
        let head = self.height();
        assert!(
            is_so(pipeline),
            "{what}: not so at {head}; sectors {sectors:#?}"
        );
    }

    /// Mines epochs, everything done that can be done on each head.
    pub fn advance(&self, pipeline: &Pipeline, epochs: u64) {
        for _ in 0..epochs {
            assert!(
                pipeline.settle(SETTLED),
                "does not settle at {}",
                self.height()
            );
            self.mine();
        }
        assert!(
            pipeline.settle(SETTLED),
            "does not settle at {}",
            self.height()
        );
    }

    /// Mines the next epoch with all messages that wait.
    pub fn mine(&self) -> Tipset {
        let head = self.chain.head();
        let epoch = head.height() + 1;
        let result = self.states.tipset_state(&head).unwrap();
        let said = *self.base_fee.lock().unwrap();
        let parent_base_fee = match said {
            Some(said) => TokenAmount::from_atto(said),
            None => self.chain.base_fee(&head).unwrap(),
        };
        let base_then = Base {
            base_fee: parent_base_fee.clone(),
            ..base(&self.chain, &self.states, &head)
        };
        let selected = self.pool.select(&base_then, 0.5).unwrap();
        let (mut bls, mut signed) = (Vec::new(), Vec::<SignedMessage>::new());
        let mut messages = Vec::new();
        for pending in selected {
            let message = pending.signed.clone().into_chain_message();
            messages.push(message.clone());
            match message {
                ChainMessage::Unsigned(message) => bls.push(message),
                ChainMessage::Signed(message) => signed.push(message),
            }
        }
        let cids = MessageCids {
            bls: bls.iter().map(filigree_blocks::message_cid).collect(),
            signed: signed.iter().map(SignedMessage::cid).collect(),
        };
        let fork = *self.fork.lock().unwrap();
        let header = BlockHeader {
            miner: Address::new_id(MINER),
            ticket: Some(Ticket {
                vrf_proof: [&epoch.to_be_bytes()[..], &[fork]].concat(),
            }),
            election_proof: Some(ElectionProof {
                win_count: 1,
                vrf_proof: vec![1],
            }),
            beacon_entries: vec![beacon().entry(epoch as u64 + 1)],
            winning_post: vec![],
            parents: head.key().clone(),
            parent_weight: self.chain.weight(&head).unwrap(),
            height: epoch,
            parent_state: result.state,
            parent_receipts: result.receipts,
            messages: MessageRoots::write(self.states.store(), &cids).unwrap(),
            bls_aggregate: None,
            timestamp_seconds: GENESIS_TIME + epoch as u64 * BLOCK_DELAY,
            signature: None,
            fork_signal: 0,
            parent_base_fee,
        };
        let block = FullBlock {
            header,
            bls,
            signed,
        };
        self.chain.put_block(&block).unwrap();
        let tipset = Tipset::new([block.header]).unwrap();
        self.chain.set_head(&tipset).unwrap();
        let base = base(&self.chain, &self.states, &tipset);
        self.pool.change_head(&[], &[(epoch, messages)], base);
        tipset
    }

    /// From now on gas costs this in blocks, attoFIL.
    pub fn set_base_fee(&self, base_fee: Option<u64>) {
        *self.base_fee.lock().unwrap() = base_fee;
    }

    /// Takes the chain back to an epoch: what comes after it will be another chain. Messages wait again.
    pub fn revert_to(&self, epoch: ChainEpoch) {
        let mut reverted = Vec::new();
        let mut tipset = self.chain.head();
        while tipset.height() > epoch {
            let messages = self.states.messages(&tipset).unwrap();
            reverted.push((tipset.height(), messages));
            tipset = self.chain.parents(&tipset).unwrap();
        }
        *self.fork.lock().unwrap() += 1;
        self.chain.set_head(&tipset).unwrap();
        let base = base(&self.chain, &self.states, &tipset);
        self.pool.change_head(&reverted, &[], base);
    }

    /// Methods of the miner that its worker called on chain, with their exit codes, in order.
    pub fn calls(&self) -> Vec<(u64, u32)> {
        let mut calls = Vec::new();
        let mut tipset = self.chain.head();
        while tipset.height() > 0 {
            let messages = self.states.messages(&tipset).unwrap();
            let receipts = self.states.receipts(&tipset).unwrap();
            for (message, receipt) in messages.iter().zip(receipts).rev() {
                calls.push((message.message().method_num, receipt.exit_code.value()));
            }
            tipset = self.chain.parents(&tipset).unwrap();
        }
        calls.reverse();
        calls
    }

    /// How often a method was called, and that it never failed.
    pub fn successes(&self, method: u64) -> usize {
        let calls = self.calls();
        let of_method: Vec<_> = calls.iter().filter(|call| call.0 == method).collect();
        assert!(of_method.iter().all(|call| call.1 == 0), "{of_method:?}");
        of_method.len()
    }
}

/// Whether a sector waits before something is tried again.
fn is_resting(pipeline: &Pipeline) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let rests = |sector: SectorStatus| {
        let trouble = sector.trouble.filter(|_| sector.state != "Failed");
        // Somewhat longer: the pipeline has to notice.
        trouble.is_some_and(|trouble| trouble.retry_at_seconds + 1 > now.as_secs())
    };
    !pipeline.is_dead() && pipeline.sectors().unwrap().into_iter().any(rests)
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
        name: "one miner".to_owned(),
        genesis_timestamp_seconds: GENESIS_TIME,
        block_delay_seconds: BLOCK_DELAY,
        version: NetworkVersion::V28,
        beacon_key: beacon().public(),
    })
}

fn template(sealed: &[Presealed]) -> Template {
    let (owner, worker) = (*owner().address(), *worker().address());
    let other = |seed| {
        *Key::from_secret(KeyType::Secp256k1, &[seed; 32])
            .unwrap()
            .address()
    };
    let account = |address, fil| Funded {
        address,
        balance: TokenAmount::from_whole(fil),
    };
    let sector = |sealed: &Presealed| Sector {
        number: sealed.number,
        comm_r: sealed.comm_r,
        comm_d: None,
        seal_proof: None,
    };
    let first = beacon().entry(1);
    Template {
        network_name: "one miner".to_owned(),
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
        multisigs: vec![],
        miners: vec![Miner {
            owner,
            worker,
            sector_size: SectorSize::_2KiB,
            peer_id: vec![0, 1, 2],
            committed_capacity: None,
            sectors: sealed.iter().map(sector).collect(),
        }],
    }
}

/// Senders in a state.
struct SendersAt {
    states: States,
    state: Cid,
}

impl Accounts for SendersAt {
    fn account(&self, address: &Address) -> Result<Option<Account>> {
        let view = self.states.view(&self.state)?;
        let sender = KnownSenders::read(&view, [address])?.sender(address)?;
        let balance = view.actor(address)?.map(|actor| actor.balance);
        Ok(sender
            .zip(balance)
            .map(|(sender, balance)| Account { sender, balance }))
    }
}

fn base(chain: &Chain, states: &States, head: &Tipset) -> Base {
    Base {
        epoch: head.height(),
        base_fee: chain.base_fee(head).unwrap(),
        accounts: Arc::new(SendersAt {
            states: states.clone(),
            state: states.tipset_state(head).unwrap().state,
        }),
    }
}
