//! A network of one miner, and the node that has it: the daemon's own parts on a data directory of its own.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use cid::Cid;
use filigree_blocks::{SignedMessage, Tipset};
use filigree_consensus::beacon::LocalBeacon;
use filigree_daemon::config::Config;
use filigree_daemon::devnet::{self, Founded};
use filigree_daemon::engines::engines;
use filigree_daemon::home::Home;
use filigree_daemon::network::{Miner as OwnMiner, Network, PreSealed};
use filigree_daemon::node::Node;
use filigree_daemon::proofs::Mode;
use filigree_genesis::Template;
use filigree_genesis::template::{
    Account, Beacon, Holder, Miner, PolicyName, Sector, VerifiedRegistry,
};
use filigree_keys::{Key, KeyType};
use filigree_mempool::Source;
use filigree_mine::{Beacon as MiningBeacon, MinerIdentity, Mining, MockWinning, Parts};
use filigree_seal::{Presealed, Prover, preseal};
use filigree_store::Db;
use filigree_vm::Engines;
use filigree_wallet::{Cost, Password, Wallet};
use fvm_ipld_blockstore::Blockstore as _;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::sector::{RegisteredSealProof, SectorSize};
use serde::Serialize;
use tempfile::TempDir;

use crate::crowd;
use crate::people::People;

/// The chain id of development networks.
pub const CHAIN_ID: u64 = 31_415_926;
/// The one miner.
pub const MINER: u64 = 1_000;
/// The network version.
const VERSION: u32 = 28;
/// Seconds of an epoch, of which nobody waits for any.
const BLOCK_SECONDS: u64 = 4;
/// FIL of everybody who signs messages.
const RICH: u64 = 10_000;
/// Rounds that nobody wins, after each other, that are borne: with one miner a round in 150 is such a one.
const MOST_NULL_ROUNDS: usize = 20;

/// Who mines on a [`World`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Miners {
    /// The node's own, with their sectors and window proofs, as the daemon starts them.
    Whole,
    /// Blocks alone, when they are asked for: messages can be gathered first.
    OnDemand,
}

/// A node, and its folder.
pub struct World {
    /// Its parts.
    pub node: Arc<Node>,
    /// Wasm machines of this process.
    pub engines: Engines,
    /// Who signs messages.
    pub people: People,
    mining: Option<Mining>,
    // Deleted last.
    folder: TempDir,
}

impl World {
    /// A network on which so many people can sign, and so many others have some FIL.
    ///
    /// # Errors
    /// When the disk fails, or the bundle is none.
    pub fn found(bundle: &Path, people: usize, crowd: u64, miners: Miners) -> Result<Self> {
        let folder = tempfile::tempdir().context("a folder for a network")?;
        let home = Home::take(&folder.path().join("home"))?;
        let mut config = Config::default();
        config.mining.enabled = miners == Miners::Whole;
        let engines = engines(&config);
        let people = People::new(people)?;
        let prover = Prover::mock();
        let founded = Founding {
            home: &home,
            config: &config,
            engines: &engines,
            prover: &prover,
        };
        let founded = founded.make(bundle, &people, crowd)?;
        let node = Node::of_devnet(config, home, founded, engines.clone(), prover)?;
        let mining = match miners {
            Miners::Whole => None,
            Miners::OnDemand => Some(mining(&node)?),
        };
        Ok(Self {
            node: Arc::new(node),
            engines,
            people,
            mining,
            folder,
        })
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The miners.
    ///
    /// # Errors
    /// Never in a world of either kind.
    pub fn mining(&self) -> Result<&Mining> {
        let mining = self.mining.as_ref().or(self.node.mining.as_ref());
        mining.context("nobody mines here")
    }

    /// Puts messages into the pool.
    ///
    /// # Errors
    /// When the pool takes one of them not.
    pub fn push(&self, messages: Vec<SignedMessage>) -> Result<()> {
        for message in messages {
            let pushed = self.node.pool.push(message, Source::Here);
            pushed.context("a message of the benchmark")?;
        }
        Ok(())
    }

    /// The next block that is won; what its parents lead to is known by then, as it is on a node that has time.
    ///
    /// # Errors
    /// When a miner has trouble.
    pub fn mine(&self) -> Result<Tipset> {
        Ok(self.mine_timed()?.0)
    }

    /// The same, and how long the round took in which it was won.
    ///
    /// # Errors
    /// As [`mine`](Self::mine).
    pub fn mine_timed(&self) -> Result<(Tipset, Duration)> {
        self.ready()?;
        for _ in 0..MOST_NULL_ROUNDS {
            let before = self.node.chain.head();
            let start = Instant::now();
            let head = self.mining()?.advance(1)?;
            let took = start.elapsed();
            if head.height() > before.height() {
                return Ok((head, took));
            }
        }
        bail!("the only miner won none of {MOST_NULL_ROUNDS} rounds")
    }

    /// Computes what the head leads to.
    ///
    /// # Errors
    /// When its messages cannot be run.
    pub fn ready(&self) -> Result<()> {
        self.node.states.tipset_state(&self.node.chain.head())?;
        Ok(())
    }

    /// Mines until the pool is empty.
    ///
    /// # Errors
    /// When messages stay.
    pub fn mine_all(&self) -> Result<()> {
        for _ in 0..MOST_NULL_ROUNDS {
            if self.node.pool.is_empty() {
                return self.ready();
            }
            self.mine()?;
        }
        let left = self.node.pool.len();
        bail!("{left} messages stay in the pool")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(mining) = &self.mining {
            mining.stop();
        }
        self.node.stop();
    }
}

/// Blocks when they are asked for.
fn mining(node: &Node) -> Result<Mining> {
    let network = node
        .network
        .as_ref()
        .context("it is a network of our own")?;
    let network = network.lock().map_err(|_| anyhow::anyhow!("poisoned"))?;
    let miners = network.miners.iter().map(|miner| {
        Ok(MinerIdentity {
            id: miner.id,
            worker: miner.worker()?,
        })
    });
    let miners = miners.collect::<Result<_>>()?;
    let parts = Parts {
        chain: Arc::clone(&node.chain),
        states: node.states.clone(),
        pool: Arc::clone(&node.pool),
        intake: Arc::clone(&node.intake),
        wallet: Arc::clone(&node.wallet),
        last: Arc::clone(&node.last),
        beacon: MiningBeacon::local(devnet::beacon(&node.wallet)?),
        prover: Arc::new(MockWinning),
        hold: None,
    };
    Ok(Mining::start(parts, miners, node.clock.clone())?)
}

/// What a network is made with.
struct Founding<'a> {
    home: &'a Home,
    config: &'a Config,
    engines: &'a Engines,
    prover: &'a Prover,
}

impl Founding<'_> {
    fn make(&self, bundle: &Path, people: &People, crowd: u64) -> Result<Founded> {
        let db = Db::open(self.home.db(), &self.config.store.options())?;
        let bundle = filigree_daemon::bundle::load(&db, bundle)?;
        let (wallet, owner, worker) = self.wallet()?;
        let beacon = devnet::beacon(&wallet)?;
        let folder = self.home.sectors(MINER);
        std::fs::create_dir_all(&folder)?;
        let proof = RegisteredSealProof::StackedDRG2KiBV1P1;
        let sectors = preseal(self.prover, &folder, MINER, proof, 2)?;
        let genesis_time = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let mut template = template(genesis_time, bundle, &beacon, owner, worker, &sectors);
        let own = [owner, worker].map(|address| Account {
            address,
            balance: TokenAmount::from_whole(RICH),
        });
        template.accounts = own.into();
        let genesis = filigree_genesis::make(db.blocks(), self.engines, &bundle, &template)?;
        let mut header = genesis.header;
        let rich = people.addresses().map(|address| (address, RICH));
        let crowd = (0..crowd).map(|at| (somebody(at), 1));
        let accounts = rich.chain(crowd);
        let accounts = accounts.map(|(address, fil)| (address, TokenAmount::from_whole(fil)));
        header.parent_state = crowd::add(&db.blocks(), &header.parent_state, accounts)?;
        let root = header.cid();
        db.blocks().put_keyed(&root, &header.to_bytes())?;
        db.flush()?;
        // As it stands in a data directory: what is not said there is as it usually is.
        let network = NetworkFile {
            format: Network::format(None, &Default::default()),
            name: template.network_name,
            genesis: root.to_string(),
            genesis_time,
            block_time: BLOCK_SECONDS,
            version: VERSION,
            beacon: hex::encode(beacon.public()),
            proofs: Mode::Mock,
            virtual_clock: true,
            treasury: owner.to_string(),
            miners: vec![OwnMiner {
                id: MINER,
                worker: worker.to_string(),
                sectors: sectors.iter().map(sealed).collect(),
            }],
        };
        std::fs::write(self.home.network(), toml::to_string(&network)?)?;
        let network = Network::read(&self.home.network())?;
        Ok(Founded {
            network: network.context("the network that was written just now")?,
            db,
            wallet,
            is_new: true,
        })
    }

    /// The keys of the network: who owns the miner, who signs its blocks, and the beacon. Opening them costs nothing: they are
    /// worth nothing.
    fn wallet(&self) -> Result<(Wallet, Address, Address)> {
        let cost = Cost {
            memory_kib: 8,
            passes: 1,
            lanes: 1,
        };
        let password = Password::new("of a benchmark".to_owned())?;
        let wallet = Wallet::create_with(&self.home.keystore(), &password, cost)?;
        let owner = wallet.import(Key::from_secret(KeyType::Secp256k1, &[1; 32])?)?;
        let worker = wallet.import(Key::from_secret(KeyType::Bls, &[2; 32])?)?;
        let beacon = wallet.import(Key::from_secret(KeyType::Bls, &[4; 32])?)?;
        wallet.set_name(devnet::BEACON, &beacon)?;
        Ok((wallet, owner, worker))
    }
}

/// A network of one's own, as it is written down.
#[derive(Serialize)]
struct NetworkFile {
    format: u32,
    name: String,
    genesis: String,
    genesis_time: u64,
    block_time: u64,
    version: u32,
    beacon: String,
    proofs: Mode,
    virtual_clock: bool,
    treasury: String,
    miners: Vec<OwnMiner>,
}

fn sealed(sector: &Presealed) -> PreSealed {
    PreSealed {
        number: sector.number,
        comm_r: sector.comm_r.to_string(),
    }
}

fn template(
    genesis_time: u64,
    bundle: Cid,
    beacon: &LocalBeacon,
    owner: Address,
    worker: Address,
    sectors: &[Presealed],
) -> Template {
    let first = beacon.entry(1);
    let sectors = sectors.iter().map(|sector| Sector {
        number: sector.number,
        comm_r: sector.comm_r,
        comm_d: None,
        seal_proof: None,
    });
    Template {
        network_name: "benchmark".to_owned(),
        chain_id: CHAIN_ID,
        network_version: VERSION,
        genesis_time,
        base_fee: TokenAmount::from_atto(100),
        policy: PolicyName::Devnet,
        bundle: Some(bundle),
        ticket: None,
        beacon: Some(Beacon {
            round: first.round,
            signature: first.signature,
        }),
        verified_registry: VerifiedRegistry {
            root: Holder::Account(somebody(u64::MAX)),
            verifiers: Vec::new(),
        },
        reserve: Holder::Account(somebody(u64::MAX - 1)),
        accounts: Vec::new(),
        multisigs: Vec::new(),
        miners: vec![Miner {
            owner,
            worker,
            sector_size: SectorSize::_2KiB,
            peer_id: Vec::new(),
            committed_capacity: None,
            sectors: sectors.collect(),
        }],
    }
}

/// An address of a key that nobody has.
pub fn somebody(number: u64) -> Address {
    let mut hash = [0; 20];
    hash[..8].copy_from_slice(&number.to_be_bytes());
    // Type 1, and the hash of a key.
    let bytes = [&[1], &hash[..]].concat();
    Address::from_bytes(&bytes).unwrap_or_else(|_| Address::new_id(number))
}
