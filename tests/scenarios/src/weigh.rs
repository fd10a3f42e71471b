//! What actors cost: gas and time of scenarios, size, and the ends of epochs for a miner with many sectors.

use std::path::Path;
use std::time::Duration;

use filigree_builtin::POLICY;
use fvm_ipld_blockstore::Blockstore;
use serde::Serialize;

use crate::onboard::{Provider, SEAL, empty};
use crate::play::{caught, play};
use crate::scenario::Scenario;
use crate::stage::Stage;

/// Sectors of a message that commits them: what fits into a block.
const BATCH: u64 = 100;

/// FIL for each sector, more than its pledge.
const FIL_PER_SECTOR: u64 = 3_000;

/// What something costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// Gas of all messages and cron ticks.
    pub gas: u64,
    /// Time in the host.
    #[serde(rename = "seconds", serialize_with = "seconds")]
    pub time: Duration,
}

fn seconds<S: serde::Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(time.as_secs_f64())
}

/// A day of a miner with many sectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Day {
    /// Committing the sectors.
    pub commit: Cost,
    /// Proving all of them, once.
    pub prove: Cost,
    /// The cron ticks of the day after, in which all are proven.
    pub cron: Cost,
    /// The dearest of these ticks, gas.
    pub dearest_tick: u64,
}

/// The cost of a scenario: gas, and the median of the times of some rounds.
///
/// # Errors
/// If it does not come to its end: why.
pub fn scenario(scenario: &Scenario, bundle: Option<&Path>, rounds: usize) -> Result<Cost, String> {
    let mut times = Vec::new();
    let mut gas = 0;
    for _ in 0..rounds.max(1) {
        let played = play(scenario, bundle);
        if let Some(failure) = played.failure {
            return Err(failure);
        }
        let stage = played.stage.iter();
        gas = stage.clone().flat_map(Stage::gas).sum();
        times.push(stage.flat_map(Stage::times).sum());
    }
    times.sort_unstable();
    let time = times[times.len() / 2];
    Ok(Cost { gas, time })
}

/// The size of the Wasm of each actor of a bundle, bytes.
pub fn sizes(bundle: Option<&Path>) -> Result<Vec<(String, usize)>, String> {
    let stage = caught(|| Stage::new(bundle))?;
    let store = stage.store();
    let size = |name: &str| {
        let wasm = store.get(&stage.code(name)).ok().flatten();
        wasm.map_or(0, |wasm| wasm.len())
    };
    let names = stage.names().all();
    Ok(names.map(|name| (name.to_owned(), size(name))).collect())
}

/// Commits so many sectors, proves them for a day, and measures the next.
///
/// # Errors
/// If something fails: why.
pub fn day(bundle: Option<&Path>, sectors: u64) -> Result<Day, String> {
    caught(|| {
        let mut stage = Stage::new(bundle);
        let miner = Provider::create(&mut stage, SEAL, FIL_PER_SECTOR * sectors.max(1_000));
        let begin = stage.gas().len();
        let numbers: Vec<u64> = (0..sectors).collect();
        let batches = || {
            let batches = numbers.chunks(BATCH as usize);
            batches.map(|batch| batch.iter().copied().map(empty).collect::<Vec<_>>())
        };
        for batch in batches() {
            miner.announce(&mut stage, &batch);
        }
        miner.await_challenge(&mut stage);
        for batch in batches() {
            let commitment = miner.commitment(batch);
            miner.prove_commit(&mut stage, commitment).ok();
        }
        let commit = since(&stage, begin, |_| true);
        let until = |stage: &Stage| stage.epoch() + POLICY.wpost_proving_period;
        let first = until(&stage);
        miner.keep_proving(&mut stage, first);
        let begin = stage.gas().len();
        let second = until(&stage);
        miner.keep_proving(&mut stage, second);
        let is_tick = |what: &str| what.starts_with("leap");
        let ticks = (stage.steps()[begin..].iter()).zip(&stage.gas()[begin..]);
        let dearest_tick = ticks
            .filter(|(step, _)| is_tick(&step.what))
            .map(|(_, gas)| *gas)
            .max();
        Day {
            commit,
            prove: since(&stage, begin, |what| !is_tick(what)),
            cron: since(&stage, begin, is_tick),
            dearest_tick: dearest_tick.unwrap_or_default(),
        }
    })
}

/// The cost of some steps.
fn since(stage: &Stage, first: usize, which: impl Fn(&str) -> bool) -> Cost {
    let costs = stage.gas().iter().zip(stage.times());
    let steps = stage.steps().iter().zip(costs).skip(first);
    let mut cost = Cost::default();
    for (_, (gas, time)) in steps.filter(|(step, _)| which(&step.what)) {
        cost.gas += gas;
        cost.time += *time;
    }
    cost
}
