//! Figures for Prometheus. What can be asked of a part is asked when the page is, so that nothing has to be counted twice;
//! what happens once and is gone is counted as it happens.

mod collections;
mod mining;

use std::fs;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use filigree_chain::{Event, Notice, Subscription};
use filigree_rpc::Counts;
use prometheus::core::GenericCounter;
use prometheus::{
    Counter, CounterVec, Encoder as _, Gauge, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    TextEncoder,
};

use self::collections::OfCollections;
use self::mining::OfMining;
use crate::node::Node;

/// Changes of the head that wait to be counted.
const WAITING_CHANGES: usize = 1024;
/// How often the counting thread looks whether the node is gone.
const LOOK: Duration = Duration::from_millis(500);

/// The figures of a node.
pub struct Metrics {
    registry: Registry,
    chain: OfChain,
    migrations: OfMigrations,
    store: OfStore,
    collections: OfCollections,
    mining: OfMining,
    rpc: OfRpc,
    memory: IntGauge,
    node: Arc<Node>,
    counts: Arc<Counts>,
}

struct OfChain {
    head_epoch: IntGauge,
    head_blocks: IntGauge,
    head_age: IntGauge,
    base_fee: Gauge,
    pending: IntGauge,
    applied: IntCounter,
    applied_seconds: Counter,
    upgrade_failed: IntGauge,
}

/// Of the last migration, but for how many there were.
struct OfMigrations {
    done: IntCounter,
    to_upgrade: IntGauge,
    upgraded: IntGauge,
    replaced: IntGauge,
    seconds: Gauge,
}

struct OfStore {
    files: IntGauge,
    blocks: IntGauge,
    cache: IntGauge,
}

/// By method.
struct OfRpc {
    calls: IntCounterVec,
    errors: IntCounterVec,
    seconds: CounterVec,
}

impl Metrics {
    /// Figures of a node. A thread counts what happens to the head, for as long as the chain lives.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(version: &str, node: Arc<Node>, counts: Arc<Counts>) -> anyhow::Result<Self> {
        let figures = Figures(Registry::new());
        let info = Opts::new("filigree_info", "What runs.").const_label("version", version);
        let info = IntGauge::with_opts(info)?;
        info.set(1);
        figures.0.register(Box::new(info))?;
        figures.count_changes(&node)?;
        Ok(Self {
            chain: OfChain::new(&figures)?,
            migrations: OfMigrations::new(&figures)?,
            store: OfStore::new(&figures)?,
            collections: OfCollections::new(&figures)?,
            mining: OfMining::new(&figures)?,
            rpc: OfRpc::new(&figures)?,
            memory: figures.gauge("process_resident_memory_bytes", "Memory of the process.")?,
            registry: figures.0,
            node,
            counts,
        })
    }

    /// All of them, as Prometheus reads them.
    pub fn text(&self) -> String {
        self.chain.look(&self.node);
        self.migrations.look(&self.node);
        self.store.look(&self.node);
        self.collections.look(&self.node);
        self.mining.look(&self.node);
        self.rpc.look(&self.counts);
        self.memory.set(resident_bytes().unwrap_or_default());
        let mut text = Vec::new();
        let families = self.registry.gather();
        match TextEncoder::new().encode(&families, &mut text) {
            Ok(()) => String::from_utf8_lossy(&text).into_owned(),
            Err(e) => format!("# {e}\n"),
        }
    }
}

impl OfChain {
    fn new(figures: &Figures) -> prometheus::Result<Self> {
        Ok(Self {
            head_epoch: figures.gauge("filigree_head_epoch", "Epoch of the head.")?,
            head_blocks: figures.gauge("filigree_head_blocks", "Blocks of the head.")?,
            head_age: figures.gauge(
                "filigree_head_age_seconds",
                "Time since the head's epoch, by the network's clock.",
            )?,
            base_fee: figures.add(Gauge::new(
                "filigree_base_fee_attofil",
                "Base fee of the head's blocks, attoFIL per gas.",
            )?)?,
            pending: figures.gauge("filigree_mempool_messages", "Messages that wait.")?,
            applied: figures.counter(
                "filigree_states_computed_total",
                "Tipsets whose messages were run.",
            )?,
            applied_seconds: figures.add(Counter::new(
                "filigree_states_computed_seconds_total",
                "Time that running them took.",
            )?)?,
            upgrade_failed: figures.gauge(
                "filigree_upgrade_failed",
                "1 if the network stands still because an upgrade failed.",
            )?,
        })
    }

    fn look(&self, node: &Node) {
        let head = node.chain.head();
        self.head_epoch.set(head.height());
        self.head_blocks.set(number(head.blocks().len() as u64));
        let now = node.clock.now_seconds();
        let age = now.saturating_sub(head.min_timestamp_seconds());
        self.head_age.set(number(age));
        let fee = head.first().parent_base_fee.atto().to_string();
        self.base_fee.set(fee.parse().unwrap_or(f64::NAN));
        self.pending.set(number(node.pool.len() as u64));
        let applied = node.states.applied();
        reach(&self.applied, applied.tipsets);
        reach(&self.applied_seconds, applied.took.as_secs_f64());
        let is_stuck = node.stuck_upgrade().is_some();
        self.upgrade_failed.set(i64::from(is_stuck));
    }
}

impl OfMigrations {
    fn new(figures: &Figures) -> prometheus::Result<Self> {
        Ok(Self {
            done: figures.counter(
                "filigree_migrations_total",
                "Migrations of the state to other actors that were done.",
            )?,
            to_upgrade: figures.gauge(
                "filigree_migration_actors",
                "Actors that upgrade their state in the migration under way, or the last one.",
            )?,
            upgraded: figures.gauge(
                "filigree_migration_actors_upgraded",
                "Those of them that have done so.",
            )?,
            replaced: figures.gauge(
                "filigree_migration_actors_replaced",
                "Actors that run other code since the last migration.",
            )?,
            seconds: figures.add(Gauge::new(
                "filigree_migration_seconds",
                "Time that the last migration took.",
            )?)?,
        })
    }

    fn look(&self, node: &Node) {
        let migrations = node.states.migrations();
        reach(&self.done, migrations.done);
        self.to_upgrade.set(number(migrations.to_upgrade));
        self.upgraded.set(number(migrations.upgraded));
        self.replaced.set(number(migrations.replaced));
        self.seconds.set(migrations.took.as_secs_f64());
    }
}

impl OfStore {
    fn new(figures: &Figures) -> prometheus::Result<Self> {
        Ok(Self {
            files: figures.gauge("filigree_store_files_bytes", "Files of the database.")?,
            blocks: figures.gauge("filigree_store_blocks", "Blocks in the database, about.")?,
            cache: figures.gauge("filigree_store_cache_bytes", "Memory for blocks read.")?,
        })
    }

    fn look(&self, node: &Node) {
        let usage = node.db.usage();
        self.files.set(number(usage.files_bytes));
        self.blocks.set(number(usage.blocks_estimate));
        self.cache.set(number(usage.cache_bytes));
    }
}

impl OfRpc {
    fn new(figures: &Figures) -> prometheus::Result<Self> {
        let counters = |name: &str, help: &str| {
            figures.add(IntCounterVec::new(Opts::new(name, help), &["method"])?)
        };
        Ok(Self {
            calls: counters("filigree_rpc_calls_total", "Calls that were answered.")?,
            errors: counters(
                "filigree_rpc_errors_total",
                "Those whose answer was an error.",
            )?,
            seconds: figures.add(CounterVec::new(
                Opts::new(
                    "filigree_rpc_seconds_total",
                    "Time that the answers took, with waiting.",
                ),
                &["method"],
            )?)?,
        })
    }

    fn look(&self, counts: &Counts) {
        for (method, count) in counts.all() {
            reach(&self.calls.with_label_values(&[method]), count.calls);
            reach(&self.errors.with_label_values(&[method]), count.errors);
            let seconds = count.took.as_secs_f64();
            reach(&self.seconds.with_label_values(&[method]), seconds);
        }
    }
}

/// Where figures are made.
struct Figures(Registry);

impl Figures {
    fn add<F: prometheus::core::Collector + Clone + 'static>(
        &self,
        figure: F,
    ) -> prometheus::Result<F> {
        self.0.register(Box::new(figure.clone()))?;
        Ok(figure)
    }

    fn gauge(&self, name: &str, help: &str) -> prometheus::Result<IntGauge> {
        self.add(IntGauge::new(name, help)?)
    }

    fn counter(&self, name: &str, help: &str) -> prometheus::Result<IntCounter> {
        self.add(IntCounter::new(name, help)?)
    }

    fn count_changes(&self, node: &Node) -> anyhow::Result<()> {
        let applied = self.counter(
            "filigree_tipsets_applied_total",
            "Tipsets that joined the chain.",
        )?;
        let reverted = self.counter(
            "filigree_tipsets_reverted_total",
            "Tipsets that left the chain.",
        )?;
        let blocks = self.counter(
            "filigree_blocks_applied_total",
            "Blocks of tipsets that joined.",
        )?;
        let (_, changes) = node.chain.subscribe(WAITING_CHANGES);
        let count = move || {
            count(&changes, |event| match event {
                Event::Apply(tipset) => {
                    applied.inc();
                    blocks.inc_by(tipset.blocks().len() as u64);
                }
                Event::Revert(_) => reverted.inc(),
            });
        };
        let thread = thread::Builder::new().name("metrics".to_owned());
        thread.spawn(count)?;
        Ok(())
    }
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Brings a counter to what was counted elsewhere, which never becomes less.
fn reach<P: prometheus::core::Atomic>(counter: &GenericCounter<P>, value: P::T)
where
    P::T: PartialOrd + std::ops::Sub<Output = P::T> + Copy,
{
    let has = counter.get();
    if value > has {
        counter.inc_by(value - has);
    }
}

fn count(changes: &Subscription, mut each: impl FnMut(&Event)) {
    loop {
        match changes.next(LOOK) {
            Some(Notice::Change(events)) => events.iter().for_each(&mut each),
            // So many at once, that they are not known one by one.
            Some(Notice::Lagged(_)) | None => {}
            Some(Notice::Closed) => return,
        }
    }
}

/// Memory of this process, bytes; none where the kernel does not say.
fn resident_bytes() -> Option<i64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}
