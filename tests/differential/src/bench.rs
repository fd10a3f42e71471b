//! Both hosts on the same vectors, in turn, in one process: what is timed, and how it is summed up.
//!
//! Timed is the execution of a vector's messages and the flush of its state, on warm modules; making a machine and
//! reading a vector are not. Each vector runs on one host and then on the other, round by round, so that a machine whose
//! speed drifts slows both; every figure is the median over the rounds.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use cid::Cid;
use filigree_conformance::bundle::store_of;
use filigree_conformance::run::{context, length_on_chain, reason_to_skip};
use filigree_conformance::vector::Variant;
use filigree_conformance::{Bundle, ReplayChain, Vector, VectorVerifier};
use filigree_vm::{Chain, Engines, Kind, Machine};
use fvm3::engine::{EnginePool, MultiEngine};
use fvm3::executor::{ApplyKind, Executor as _};
use fvm3::machine::{DefaultMachine, NetworkConfig};
use fvm3_shared::version::NetworkVersion;

use crate::chain::{Fault, Proofs, World};
use crate::oracle::v3;
use filigree_conformance::store::{Blocks, LayeredStore};

/// Network versions of the reference measured against, fvm 3.14.
const REFERENCE_VERSIONS: std::ops::RangeInclusive<u32> = 18..=20;

/// A host gave another result than recorded: its time says nothing.
#[derive(Debug, thiserror::Error)]
#[error("{vector}: {host} gives another result than recorded; run the conformance command")]
pub struct OtherResult {
    vector: String,
    host: &'static str,
}

/// A vector ready to run on either host.
pub struct Case {
    /// Its name.
    pub name: String,
    vector: Vector,
    variant: Variant,
    /// Its state, and the actors.
    layers: [Arc<Blocks>; 2],
}

impl Case {
    /// The first variant of a vector with the manifest of `bundle`; else why it cannot be measured.
    pub fn new(vector: Vector, bundle: &Bundle) -> Result<Self, String> {
        // Vectors with none were refused on loading.
        let variant = vector.file.preconditions.variants[0].clone();
        if let Some(skip) = reason_to_skip(&vector, &variant) {
            return Err(skip.to_string());
        }
        if !REFERENCE_VERSIONS.contains(&variant.nv) {
            let version = variant.nv;
            return Err(format!("network version {version} is beyond fvm 3.14"));
        }
        store_of(&vector, std::slice::from_ref(bundle)).map_err(|e| e.to_string())?;
        let layers = [Arc::clone(&vector.blocks), Arc::clone(&bundle.blocks)];
        Ok(Self {
            name: vector.name.clone(),
            vector,
            variant,
            layers,
        })
    }

    /// Messages in it.
    pub fn messages(&self) -> usize {
        self.vector.messages.len()
    }

    fn store(&self) -> LayeredStore {
        LayeredStore::new(self.layers.to_vec())
    }

    fn lengths(&self) -> impl Iterator<Item = usize> {
        let encoded = self
            .vector
            .file
            .apply_messages
            .iter()
            .map(|m| m.bytes.len());
        self.vector
            .messages
            .iter()
            .zip(encoded)
            .map(|(message, bytes)| length_on_chain(message, bytes))
    }

    fn check(&self, host: &'static str, gas: &[u64], root: Cid) -> Result<()> {
        let expected = &self.vector.file.postconditions;
        let receipts = expected.receipts.iter().map(|receipt| receipt.gas_used);
        if !receipts.eq(gas.iter().copied()) || expected.state_tree.root_cid != root {
            bail!(OtherResult {
                vector: self.name.clone(),
                host,
            });
        }
        Ok(())
    }

    /// Runs it on our host.
    pub fn ours(&self, engines: &Engines) -> Result<Duration> {
        let mut machine = self.our_machine(engines, self.store())?;
        let mut gas = Vec::with_capacity(self.messages());
        let start = Instant::now();
        for (message, length) in self.vector.messages.iter().zip(self.lengths()) {
            gas.push(
                machine
                    .execute(message, Kind::Explicit, length)?
                    .receipt
                    .gas_used,
            );
        }
        let root = machine.flush()?;
        let elapsed = start.elapsed();
        self.check("our host", &gas, root)?;
        Ok(elapsed)
    }

    fn our_machine(&self, engines: &Engines, store: LayeredStore) -> Result<Machine> {
        Ok(Machine::new(
            engines,
            context(&self.vector, &self.variant),
            Box::new(store),
            Box::new(ReplayChain::new(&self.vector)),
            Box::new(VectorVerifier),
        )?)
    }

    /// Runs it on the reference.
    pub fn reference(&self, engine: &EnginePool) -> Result<Duration> {
        let mut host = self.reference_host(engine, self.store())?;
        let messages = self.vector.messages.iter().map(v3::message);
        let messages = messages.collect::<Result<Vec<_>>>()?;
        let mut gas = Vec::with_capacity(messages.len());
        let start = Instant::now();
        for (message, length) in messages.into_iter().zip(self.lengths()) {
            let applied = host.execute_message(message, ApplyKind::Explicit, length)?;
            gas.push(applied.msg_receipt.gas_used);
        }
        let root = host.flush()?;
        let elapsed = start.elapsed();
        self.check("the reference", &gas, root)?;
        Ok(elapsed)
    }

    fn reference_host(&self, engine: &EnginePool, store: LayeredStore) -> Result<v3::Host> {
        let ours = context(&self.vector, &self.variant);
        let network = self.reference_network();
        let mut context = network.for_epoch(ours.epoch, ours.timestamp, ours.state_root);
        let replay = Replay(ReplayChain::new(&self.vector));
        context
            .set_base_fee(v3::amount(&ours.base_fee))
            .set_circulating_supply(v3::amount(&replay.0.circulating_supply()));
        let machine = DefaultMachine::new(&context, store, v3::Outside(Rc::new(replay)))?;
        v3::Host::new(engine.clone(), Box::new(machine))
    }

    fn reference_network(&self) -> NetworkConfig {
        let version = NetworkVersion::from(self.variant.nv);
        let mut network = NetworkConfig::new(version);
        network.chain_id = context(&self.vector, &self.variant).network.chain_id.into();
        network
    }
}

/// The recorded chain, as the reference sees it; proofs count as valid.
struct Replay(ReplayChain);

impl World for Replay {
    fn chain_randomness(&self, epoch: i64) -> Result<[u8; 32]> {
        self.0.chain_randomness(epoch)
    }

    fn beacon_randomness(&self, epoch: i64) -> Result<[u8; 32]> {
        self.0.beacon_randomness(epoch)
    }

    fn tipset_cid(&self, epoch: i64) -> Result<Cid> {
        self.0.tipset_cid(epoch)
    }

    fn consensus_fault(&self, _: &[u8], _: &[u8], _: &[u8]) -> Result<Option<Fault>> {
        Ok(None)
    }

    fn proofs(&self) -> Proofs {
        Proofs::Accept
    }
}

/// Both hosts with every actor of a bundle compiled, and how long that took.
pub struct Hosts {
    /// Our engines.
    pub engines: Engines,
    /// The reference's engine.
    pub reference: EnginePool,
    /// Compiling all modules with ours.
    pub our_compile: Duration,
    /// Loading all modules from our disk cache.
    pub our_load: Duration,
    /// Compiling all modules with the reference.
    pub reference_compile: Duration,
}

impl Hosts {
    /// Compiles the built-in actors of the bundle of `case`, which also gives the network, on both hosts.
    pub fn prepare(case: &Case) -> Result<Self> {
        let store = case.store();
        let cache = tempfile::tempdir().context("a folder for compiled modules")?;
        let cached = || Engines::new(1, Some(cache.path().to_owned()));
        let preload = |engines: &Engines| -> Result<Duration> {
            let mut machine = case.our_machine(engines, store.clone())?;
            let start = Instant::now();
            machine.preload()?;
            Ok(start.elapsed())
        };
        let our_compile = preload(&cached())?;
        let engines = cached();
        let our_load = preload(&engines)?;

        let reference = MultiEngine::new(1).get(&case.reference_network())?;
        let start = Instant::now();
        case.reference_host(&reference, store)?;
        Ok(Self {
            engines,
            reference,
            our_compile,
            our_load,
            reference_compile: start.elapsed(),
        })
    }
}

/// Times of one host, a median for each case.
pub struct Times {
    /// Medians, in the order of the cases.
    pub medians: Vec<Duration>,
    /// Messages in all cases.
    pub messages: usize,
}

impl Times {
    /// Medians over the rounds of each case.
    pub fn new(mut rounds_per_case: Vec<Vec<Duration>>, messages: usize) -> Self {
        let medians = rounds_per_case.iter_mut().map(|rounds| {
            rounds.sort_unstable();
            rounds.get(rounds.len() / 2).copied().unwrap_or_default()
        });
        Self {
            medians: medians.collect(),
            messages,
        }
    }

    /// Sum of the medians.
    pub fn total(&self) -> Duration {
        self.medians.iter().sum()
    }

    /// Messages a second.
    pub fn per_second(&self) -> f64 {
        self.messages as f64 / self.total().as_secs_f64()
    }

    /// The time that `percent` of the cases do not exceed.
    pub fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.medians.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1) - 1;
        sorted.get(rank).copied().unwrap_or_default()
    }
}

/// How many times longer `reference` took: of the totals, and as the geometric mean over the cases.
pub fn ratios(reference: &Times, ours: &Times) -> (f64, f64) {
    let totals = reference.total().as_secs_f64() / ours.total().as_secs_f64();
    let pairs = reference.medians.iter().zip(&ours.medians);
    let logs: f64 = pairs
        .map(|(r, o)| (r.as_secs_f64() / o.as_secs_f64()).ln())
        .sum();
    (totals, (logs / ours.medians.len().max(1) as f64).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(millis: &[&[u64]]) -> Times {
        let cases = millis.iter().map(|rounds| {
            let rounds = rounds.iter().map(|m| Duration::from_millis(*m));
            rounds.collect()
        });
        Times::new(cases.collect(), millis.len())
    }

    #[test]
    fn figures_are_those_of_the_medians() {
        let reference = times(&[&[90, 10, 20], &[1_000, 800, 900], &[7, 8, 9]]);
        assert_eq!(reference.total(), Duration::from_millis(928));
        assert_eq!(reference.percentile(50), Duration::from_millis(20));
        assert_eq!(reference.percentile(99), Duration::from_millis(900));
        let ours = times(&[&[10], &[450], &[8]]);
        let (totals, mean) = ratios(&reference, &ours);
        assert!((totals - 928.0 / 468.0).abs() < 1e-9, "{totals}");
        assert!((mean - 4f64.cbrt()).abs() < 1e-9, "{mean}");
    }
}
