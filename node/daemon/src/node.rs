//! A node put together: from what is on disk to what answers and mines.
//!
//! Nothing below knows of anything beside it: which part is given to which is decided here, and nowhere else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::{self, available_parallelism};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use filigree_blocks::Tipset;
use filigree_chain::Chain;
use filigree_consensus::ChainConfig;
use filigree_genesis::PolicyName;
use filigree_mempool::{Limits as PoolLimits, Pool};
use filigree_mine::{Beacon, Clock, MinerIdentity, Mining, MockWinning, WinningProver};
use filigree_node_state::{
    Limits, Rules, SharedVerifier, StateReader, States, Store, Supply, View,
};
use filigree_proofs_params::{DEVNET_CHAIN_ID, Set, directory};
use filigree_proofs_prove::{Pool as ProvingPool, PoolLimits as ProvingLimits, Workers};
use filigree_rpc::PeerId;
use filigree_seal::{Parameters, Pipeline, Prover, Settings, Winning};
use filigree_send::Sent;
use filigree_store::Db;
use filigree_sync::{Intake, Parts as IntakeParts, base_on};
use filigree_vm::Engines;
use filigree_wallet::Wallet;
use fvm_shared::ActorID;

use crate::config::Config;
use crate::devnet::{self, Founded};
use crate::home::Home;
use crate::network::{Miner, Network};
use crate::proofs::{Judge, Mode};
use crate::upgrades::LastFailure;

/// Hidden verb of the program under which it is a worker that makes proofs.
pub const WORKER_VERB: &str = "prove-worker";

/// How long an epoch of a virtual clock waits for the sectors of a miner. Proofs that take longer have the epochs of their
/// window; a proof of replication, which takes minutes, shall not keep messages from being mined.
const SETTLING: Duration = Duration::from_secs(3);

/// The parts of a running node.
pub struct Node {
    /// The configuration.
    pub config: Config,
    /// The data directory.
    pub home: Home,
    /// The network of its own; none on a public one.
    pub network: Option<Mutex<Network>>,
    /// The database.
    pub db: Db,
    /// The chain.
    pub chain: Arc<Chain>,
    /// Its states.
    pub states: States,
    /// Messages that wait.
    pub pool: Arc<Pool>,
    /// Keys.
    pub wallet: Arc<Wallet>,
    /// Held by whoever numbers a message.
    pub sending: Arc<Mutex<Sent>>,
    /// The door for blocks.
    pub intake: Arc<Intake>,
    /// Who this node is among nodes.
    pub peer_id: PeerId,
    /// What time it is for the network.
    pub clock: Clock,
    /// Miners that make blocks.
    pub mining: Option<Mining>,
    /// Why an upgrade failed, if one did.
    pub failed_upgrade: LastFailure,
    /// Their sectors.
    pub pipelines: BTreeMap<ActorID, Arc<Pipeline>>,
}

/// The engines of this process.
pub fn engines(config: &Config) -> Engines {
    let cores = available_parallelism().map_or(2, usize::from);
    let most = match config.host.concurrency {
        0 => u32::try_from(2 * cores).unwrap_or(u32::MAX).clamp(4, 64),
        set => set,
    };
    let set = &config.host.modules;
    let folder = match set.as_os_str().is_empty() {
        true => cache_folder().map(|cache| cache.join("modules")),
        false => Some(set.clone()),
    };
    Engines::new(most, folder)
}

/// `$FILIGREE_CACHE`, else `$XDG_CACHE_HOME/filigree`, else `$HOME/.cache/filigree`: where the toolchain has its files, too.
fn cache_folder() -> Option<PathBuf> {
    let set = |name| {
        let path = std::env::var_os(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    set("FILIGREE_CACHE")
        .or_else(|| Some(set("XDG_CACHE_HOME")?.join("filigree")))
        .or_else(|| Some(set("HOME")?.join(".cache/filigree")))
}

/// Who makes the proofs of a network of one's own.
pub fn prover(config: &Config, home: &Home, mode: Mode) -> Result<Prover> {
    if mode == Mode::Mock {
        return Ok(Prover::mock());
    }
    let given = &config.proofs.parameters;
    let given = (!given.as_os_str().is_empty()).then_some(given.as_path());
    let parameters = directory(Set::Development, given)?;
    let parents = match config.proofs.parents.as_os_str().is_empty() {
        true => parameters.join("parents"),
        false => config.proofs.parents.clone(),
    };
    let workers = Workers {
        program: std::env::current_exe().context("this program's own file is not known")?,
        arguments: vec![WORKER_VERB.to_owned()],
        parameters: parameters.clone(),
        parents,
        folder: home.path().to_owned(),
    };
    let limits = proving_limits(config);
    let pool = ProvingPool::for_network(DEVNET_CHAIN_ID, Set::Development, workers, limits)?;
    Ok(Prover::real(pool, Parameters::development(parameters)))
}

fn proving_limits(config: &Config) -> ProvingLimits {
    let cores = available_parallelism().map_or(2, usize::from);
    let threads = match config.proofs.threads {
        // Two at least: one is kept for proofs of spacetime, which have a deadline.
        0 => cores.saturating_sub(1).max(2),
        set => set,
    };
    let memory_bytes = match config.proofs.memory_mib {
        0 => free_memory_bytes().unwrap_or(4 << 30) / 4 * 3,
        set => set << 20,
    };
    ProvingLimits {
        threads,
        memory_bytes,
    }
}

fn free_memory_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// What a chain is opened with.
struct Opened {
    db: Db,
    chain: Arc<Chain>,
    states: States,
    pool: Arc<Pool>,
}

fn put_together(
    config: &Config,
    db: Db,
    chain: Chain,
    engines: Engines,
    judge: &Judge,
    rules: Rules,
) -> Result<Opened> {
    let chain = Arc::new(chain);
    let history: Arc<dyn filigree_node_state::History> = Arc::clone(&chain) as _;
    let verifier = SharedVerifier::new(judge.clone());
    let states = States::new(Store::from(db.blocks()), engines, history, verifier, rules);
    let base = base_on(&chain, &states, &chain.head())?;
    let limits = PoolLimits {
        high: config.mempool.high,
        low: config.mempool.low,
        ..PoolLimits::default()
    };
    let pool = Pool::open(chain.config(), limits, &db, base)?;
    Ok(Opened {
        db,
        chain,
        states,
        pool: Arc::new(pool),
    })
}

impl Node {
    /// A node of a network of one's own.
    ///
    /// # Errors
    /// When files are damaged, keys are missing, or the system refuses something.
    pub fn of_devnet(
        config: Config,
        home: Home,
        founded: Founded,
        engines: Engines,
        prover: Prover,
    ) -> Result<Self> {
        let Founded {
            network,
            db,
            wallet,
            ..
        } = founded;
        let chain_config = network.config()?;
        let mode = network.proofs;
        let judge = Judge::of_devnet(&chain_config, mode, &home.development_keys())?;
        let chain = open_own_chain(&db, &network, chain_config.clone())?;
        let rules = own_rules(&db, &network, chain_config)?;
        let Opened {
            db,
            chain,
            states,
            pool,
        } = put_together(&config, db, chain, engines, &judge, rules)?;
        states.on_migration(Some(Arc::new(|done, of| {
            if done == of || done % 1_000 == 0 {
                tracing::info!(done, of, "actors upgraded");
            }
        })));
        let head_time = chain.head().min_timestamp_seconds();
        let has_keys = devnet::has_keys(&wallet);
        // Of a copy time stands still: nobody makes blocks.
        let clock = match network.virtual_clock || !has_keys {
            true => Clock::virtual_from(head_time),
            false => Clock::resumed(head_time),
        };
        let mut node = Self {
            intake: intake(&db, &chain, &states, &pool, judge, clock.clone()),
            wallet: Arc::new(wallet),
            sending: Arc::default(),
            mining: None,
            failed_upgrade: LastFailure::default(),
            peer_id: PeerId::open(&home.peer_secret())?,
            pipelines: BTreeMap::new(),
            network: None,
            config,
            home,
            db,
            chain,
            states,
            pool,
            clock,
        };
        if node.config.mining.enabled && has_keys {
            node.put_miners_to_work(&network, Arc::new(prover))?;
        }
        node.network = Some(Mutex::new(network));
        Ok(node)
    }

    /// A node of a public network, with the chain that was imported. Without connections to others it answers from that chain.
    ///
    /// # Errors
    /// When there is no chain, or it is of no network that is known.
    pub fn of_public_network(config: Config, home: Home, engines: Engines) -> Result<Self> {
        let is_empty = !home.db().exists();
        if is_empty {
            bail!(
                "{} has no chain yet: import a snapshot with `filigree snapshot import FILE.car.zst`, or start a network of \
                 your own with `filigree devnet`. This node does not fetch a chain from others",
                home.path().display()
            );
        }
        let db = Db::open(home.db(), &config.store.options())?;
        let rules = public_rules(&db)?;
        let chain_config = rules.config.clone();
        let given = &config.proofs.parameters;
        let given = (!given.as_os_str().is_empty()).then_some(given.as_path());
        let judge = Judge::of_public_network(&chain_config, &directory(Set::Production, given)?)?;
        let store = Store::from(db.blocks());
        let chain = Chain::open(db.clone(), chain_config, StateReader::new(store))?;
        let Opened {
            db,
            chain,
            states,
            pool,
        } = put_together(&config, db, chain, engines, &judge, rules)?;
        let clock = Clock::wall();
        let wallet = devnet::public_wallet(&home, &config)?;
        Ok(Self {
            intake: intake(&db, &chain, &states, &pool, judge, clock.clone()),
            wallet: Arc::new(wallet),
            sending: Arc::default(),
            mining: None,
            failed_upgrade: LastFailure::default(),
            peer_id: PeerId::open(&home.peer_secret())?,
            pipelines: BTreeMap::new(),
            network: None,
            config,
            home,
            db,
            chain,
            states,
            pool,
            clock,
        })
    }

    fn put_miners_to_work(&mut self, network: &Network, prover: Arc<Prover>) -> Result<()> {
        for miner in &network.miners {
            let pipeline = Pipeline::start(self.sealing(miner.id, &prover), miner.id)
                .with_context(|| format!("the sectors of miner f0{}", miner.id))?;
            self.pipelines.insert(miner.id, pipeline);
        }
        let winning: Arc<dyn WinningProver> = match network.proofs {
            Mode::Real => Arc::new(WinningByMiner(
                self.pipelines
                    .iter()
                    .map(|(id, pipeline)| (*id, pipeline.winning_prover()))
                    .collect(),
            )),
            Mode::Dev | Mode::Mock => Arc::new(MockWinning),
        };
        // The network's time does not pass a deadline whose proof is being made.
        let pipelines: Vec<_> = self.pipelines.values().cloned().collect();
        let parts = filigree_mine::Parts {
            db: self.db.clone(),
            chain: Arc::clone(&self.chain),
            states: self.states.clone(),
            pool: Arc::clone(&self.pool),
            intake: Arc::clone(&self.intake),
            wallet: Arc::clone(&self.wallet),
            beacon: Beacon::local(devnet::beacon(&self.wallet)?),
            prover: winning,
            hold: Some(Box::new(move |epoch| {
                let mut pipelines = pipelines.iter();
                pipelines.find_map(|pipeline| pipeline.holds_back(epoch))
            })),
        };
        let identities = network.miners.iter().map(identity);
        let identities = identities.collect::<Result<_>>()?;
        let mining = Mining::start(parts, identities, self.clock.clone())?;
        if network.virtual_clock {
            for pipeline in self.pipelines.values() {
                let pipeline = Arc::clone(pipeline);
                mining.after_each_epoch(Box::new(move |_| {
                    pipeline.settle(SETTLING);
                }));
            }
            mining.instant()?;
        }
        self.mining = Some(mining);
        Ok(())
    }

    fn sealing(&self, miner: ActorID, prover: &Arc<Prover>) -> filigree_seal::Parts {
        filigree_seal::Parts {
            chain: Arc::clone(&self.chain),
            states: self.states.clone(),
            pool: Arc::clone(&self.pool),
            wallet: Arc::clone(&self.wallet),
            sending: Arc::clone(&self.sending),
            db: self.db.clone(),
            prover: Arc::clone(prover),
            directory: self.home.sectors(miner),
            settings: Settings::devnet(),
        }
    }

    /// The name of a thread that has died, if one has.
    pub fn dead_thread(&self) -> Option<String> {
        let mining = self.mining.as_ref().and_then(Mining::dead_thread);
        let mut pipelines = self.pipelines.values();
        mining.or_else(|| pipelines.find_map(|pipeline| pipeline.dead_thread()))
    }

    /// Stops what works by itself, and returns when it has stopped. What is on disk is whole at any time: a node that is killed
    /// instead loses nothing but time.
    pub fn stop(&self) {
        thread::scope(|scope| {
            for pipeline in self.pipelines.values() {
                scope.spawn(|| pipeline.stop());
            }
            if let Some(mining) = &self.mining {
                mining.stop();
            }
        });
        if let Err(error) = self.db.flush() {
            tracing::warn!(%error, "the database was not flushed: the next start reads its log");
        }
    }
}

/// The winning provers of several miners as one.
struct WinningByMiner(BTreeMap<ActorID, Winning>);

impl WinningProver for WinningByMiner {
    fn prove(
        &self,
        miner: ActorID,
        challenge: [u8; 32],
        sectors: &[fvm_shared::sector::SectorInfo],
    ) -> Result<Vec<fvm_shared::sector::PoStProof>> {
        let prover = self.0.get(&miner);
        let prover =
            prover.with_context(|| format!("the sectors of miner f0{miner} are not here"))?;
        Ok(prover.proofs(miner, challenge, sectors)?)
    }
}

fn identity(miner: &Miner) -> Result<MinerIdentity> {
    Ok(MinerIdentity {
        id: miner.id,
        worker: miner.worker()?,
    })
}

fn intake(
    db: &Db,
    chain: &Arc<Chain>,
    states: &States,
    pool: &Arc<Pool>,
    judge: Judge,
    clock: Clock,
) -> Arc<Intake> {
    Arc::new(Intake::new(IntakeParts {
        db: db.clone(),
        chain: Arc::clone(chain),
        states: states.clone(),
        pool: Arc::clone(pool),
        verify_winning: Box::new(move |info| judge.winning_post(info)),
        now: Box::new(move || clock.now_seconds()),
    }))
}

fn open_own_chain(db: &Db, network: &Network, config: ChainConfig) -> Result<Chain> {
    use fvm_ipld_blockstore::Blockstore as _;
    let states = StateReader::new(Store::from(db.blocks()));
    let genesis = network.genesis()?;
    let header = db.blocks().get(&genesis)?;
    let header = header.with_context(|| {
        format!(
            "the first block {genesis} is not in the database: it is another network's, or damaged"
        )
    })?;
    let header = filigree_blocks::BlockHeader::from_bytes(&header)?;
    let tipset = Tipset::new([header])?;
    Ok(Chain::create(db.clone(), config, states, &tipset)?)
}

fn own_rules(db: &Db, network: &Network, config: ChainConfig) -> Result<Rules> {
    use fvm_ipld_blockstore::Blockstore as _;
    let header = db.blocks().get(&network.genesis()?)?;
    let header = header.context("the first block is not in the database")?;
    let state = filigree_blocks::BlockHeader::from_bytes(&header)?.parent_state;
    let genesis = View::open(&Store::from(db.blocks()), &state)?;
    Ok(Rules {
        config,
        policy: *PolicyName::Devnet.policy(),
        limits: Limits {
            allow_install: true,
            allow_upgrade: true,
            actor_debugging: false,
        },
        supply: Supply::of_genesis(&genesis)?,
        migrations: network.migrations()?.into_iter().collect(),
    })
}

/// The rules of the network that a chain is of, by its first block.
fn public_rules(db: &Db) -> Result<Rules> {
    let genesis = db.index().tipset_at(0)?;
    let genesis = genesis.context(
        "the database has no chain: an import was cut short; import the snapshot again with `filigree snapshot import`",
    )?;
    let known = [Rules::mainnet(), Rules::calibnet()];
    let mut known = known.into_iter();
    let found = known.find(|rules| rules.config.genesis.as_ref() == genesis.cids().first());
    found.with_context(|| {
        format!(
            "the chain begins with {genesis}, which is neither mainnet's nor calibnet's first block"
        )
    })
}

/// The data directory, as people are shown it.
pub fn shown(path: &Path) -> String {
    path.display().to_string()
}
