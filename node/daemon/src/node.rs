//! A node put together: from what is on disk to what answers and mines.
//!
//! Nothing below knows of anything beside it: which part is given to which is decided here, in `miners` and in [`crate::services`], and
//! nowhere else.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::{Result, bail};
use filigree_chain::Chain;
use filigree_mempool::{Limits as PoolLimits, Pool};
use filigree_mine::{Clock, Guard, GuardParts, LastBlocks, Mining};
use filigree_node_state::{History, Rules, StateReader, States, Store};
use filigree_proofs_params::{Set, directory};
use filigree_rpc::{PeerId, Tasks};
use filigree_seal::{Pipeline, Prover};
use filigree_send::Sent;
use filigree_store::Db;
use filigree_sync::{Intake, Parts as IntakeParts, base_on};
use filigree_vm::Engines;
use filigree_wallet::Wallet;
use fvm_shared::ActorID;

use crate::config::Config;
use crate::devnet::{self, Founded};
use crate::home::Home;
use crate::network::Network;
use crate::proofs::Judge;
use crate::rules::{open_own_chain, own_rules, public_rules};
use crate::upgrades::migrating;

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
    /// What our miners made; shared by all who sign blocks.
    pub last: Arc<LastBlocks>,
    /// Keeps callers of the RPC from having a second block made.
    pub guard: Guard,
    /// Long work that is going on.
    pub tasks: Tasks,
    /// Who this node is among nodes.
    pub peer_id: PeerId,
    /// What time it is for the network.
    pub clock: Clock,
    /// Miners that make blocks.
    pub mining: Option<Mining>,
    /// Their sectors.
    pub pipelines: BTreeMap<ActorID, Arc<Pipeline>>,
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
        let head = chain.head();
        let has_keys = devnet::has_keys(&wallet);
        let clock = match (network.virtual_clock || !has_keys, head.height()) {
            // Of a copy time stands still: nobody makes blocks.
            (true, _) => Clock::virtual_from(head.min_timestamp_seconds()),
            // One that is to begin later begins then.
            (false, 0) => Clock::resumed(
                head.min_timestamp_seconds()
                    .min(Clock::wall().now_seconds()),
            ),
            (false, _) => Clock::resumed(head.min_timestamp_seconds()),
        };
        let rules = own_rules(&db, &network, chain_config)?;
        let network_of = Whose {
            rules,
            judge,
            clock,
            wallet,
        };
        let mut node = Self::of(config, home, db, chain, engines, network_of)?;
        node.states.on_migration(Some(migrating(&node.tasks)));
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
        let states = StateReader::new(Store::from(db.blocks()));
        let chain = Chain::open(db.clone(), chain_config, states)?;
        let wallet = devnet::public_wallet(&home, &config)?;
        let network_of = Whose {
            rules,
            judge,
            clock: Clock::wall(),
            wallet,
        };
        Self::of(config, home, db, chain, engines, network_of)
    }

    /// Puts it together, without miners.
    fn of(
        config: Config,
        home: Home,
        db: Db,
        chain: Chain,
        engines: Engines,
        whose: Whose,
    ) -> Result<Self> {
        let Whose {
            rules,
            judge,
            clock,
            wallet,
        } = whose;
        let chain = Arc::new(chain);
        let history: Arc<dyn History> = Arc::clone(&chain) as _;
        let verifier = Arc::new(judge.clone());
        let store = Store::from(db.blocks());
        let states = States::new(store, engines, history, verifier, rules);
        states.limit_traces(config.rpc.trace_bytes());
        let pool = open_pool(&config, &db, &chain, &states)?;
        let now = clock.clone();
        let intake = Arc::new(Intake::new(IntakeParts {
            db: db.clone(),
            chain: Arc::clone(&chain),
            states: states.clone(),
            pool: Arc::clone(&pool),
            verify_winning: Box::new(move |info| judge.winning_post(info)),
            now: Box::new(move || now.now_seconds()),
        })?);
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
        Ok(Self {
            peer_id: PeerId::open(&home.peer_secret())?,
            sending: Arc::default(),
            tasks: Tasks::default(),
            mining: None,
            pipelines: BTreeMap::new(),
            network: None,
            config,
            home,
            db,
            chain,
            states,
            pool,
            wallet,
            intake,
            last,
            guard,
            clock,
        })
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
        self.tasks.cancel_all();
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

/// What one network has that another has not.
struct Whose {
    rules: Rules,
    judge: Judge,
    clock: Clock,
    wallet: Wallet,
}

fn open_pool(config: &Config, db: &Db, chain: &Arc<Chain>, states: &States) -> Result<Arc<Pool>> {
    let base = base_on(chain, states, &chain.head())?;
    let limits = PoolLimits {
        high: config.mempool.high,
        low: config.mempool.low,
        ..PoolLimits::default()
    };
    Ok(Arc::new(Pool::open(chain.config(), limits, db, base)?))
}

/// The data directory, as people are shown it.
pub fn shown(path: &Path) -> String {
    path.display().to_string()
}
