//! All actors, in threads: each takes the next actor until there is none. A host belongs to one thread; what they share
//! is the stage, which is only read.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use filigree_build::Layout;
use filigree_schema::Schema;
use fvm_ipld_blockstore::Blockstore;
use fvm_shared::ActorID;

use super::report::{Rehearsed, Report, Spread};
use super::stage::{Natives, Stage};
use super::{Progress, Rehearsal, RehearseError, cast};

/// Actors that failed whose states are kept, if no more are asked for.
const MIN_FAILED_SHOWN: usize = 1_000;

pub(super) fn run(rehearsal: &Rehearsal<'_>) -> Result<Report, RehearseError> {
    let sandbox = rehearsal.sandbox;
    if !sandbox.point.network.allow_upgrade {
        return Err(RehearseError::Off);
    }
    let new_schema = check_new(rehearsal)?;
    let (params, views) = (
        rehearsal.block(new_schema.as_ref())?,
        rehearsal.views(new_schema.as_ref())?,
    );
    let cast = cast::find(sandbox, &rehearsal.old, rehearsal.old_wasm.as_deref())?;
    let mut notes = Vec::new();
    if cast.schema.is_none() {
        notes.push("the old code has no schema here: states before are not shown".to_owned());
    }
    if new_schema.is_none() {
        notes.push("the new code has no schema: new states were not checked".to_owned());
    }
    let new_name = new_schema.as_ref().map(|schema| schema.actor.clone());
    let stage = Stage {
        blocks: sandbox.store.freeze(),
        point: sandbox.point.clone(),
        seed: sandbox.seed,
        verifier: sandbox.verifier.clone(),
        caller: rehearsal.caller,
        new: rehearsal.new,
        params,
        old_schema: cast.schema,
        new_schema,
        views,
    };
    let natives: Vec<_> = sandbox
        .directory
        .natives()
        .map(|(code, native)| (*code, native.clone()))
        .collect();
    let all = All {
        stage: &stage,
        ids: &cast.ids,
        shown: rehearsal.shown,
        progress: rehearsal.progress,
        next: AtomicUsize::new(0),
        done: AtomicUsize::new(0),
        failed_shown: AtomicUsize::new(0),
    };
    let workers = match natives.as_slice() {
        [] => rehearsal
            .workers
            .unwrap_or_else(threads)
            .min(cast.ids.len()),
        _ => 1,
    };
    let begin = Instant::now();
    let mut actors = match workers {
        1 => all.work(&natives),
        workers => all.in_threads(workers),
    };
    actors.sort_unstable_by_key(|told| told.id);
    let passed = actors.iter().filter(|told| told.passed()).count();
    let gas = actors
        .iter()
        .filter(|told| told.exit_code == Some(0))
        .map(|told| told.gas);
    Ok(Report {
        old_name: cast.name,
        old_code: cast.code.to_string(),
        new_name: new_name.unwrap_or_else(|| "unknown".to_owned()),
        new_code: rehearsal.new.to_string(),
        passed,
        failed: actors.len() - passed,
        gas: Spread::of(gas.collect()),
        wall_time: begin.elapsed(),
        workers,
        notes,
        actors,
    })
}

/// Makes sure that the new code can take over; gives its schema.
fn check_new(rehearsal: &Rehearsal<'_>) -> Result<Option<Schema>, RehearseError> {
    let (sandbox, new) = (rehearsal.sandbox, rehearsal.new);
    let known = sandbox.directory.code(&new);
    if let Some(known) = known.filter(|known| known.native.is_some()) {
        let schema = known.schema.as_deref();
        let has = schema.is_some_and(|schema| {
            schema
                .of_kind(filigree_schema::MethodKind::Upgrade)
                .is_some()
        });
        return match has {
            true => Ok(schema.cloned()),
            false => Err(RehearseError::NoUpgrade(new)),
        };
    }
    let wasm = sandbox.store.get(&new).map_err(RehearseError::State)?;
    let wasm = wasm.ok_or(RehearseError::NotInstalled(new))?;
    let layout = Layout::read(&wasm).map_err(|e| RehearseError::State(e.into()))?;
    if !layout
        .exports
        .iter()
        .any(|(_, export)| export.name == "upgrade")
    {
        return Err(RehearseError::NoUpgrade(new));
    }
    Ok(Schema::from_wasm(&wasm).ok().flatten())
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, |n| n.get())
}

/// The actors, and how far their rehearsal has come.
struct All<'a> {
    stage: &'a Stage,
    ids: &'a [ActorID],
    shown: usize,
    progress: Option<&'a Progress<'a>>,
    next: AtomicUsize,
    done: AtomicUsize,
    failed_shown: AtomicUsize,
}

impl All<'_> {
    fn in_threads(&self, workers: usize) -> Vec<Rehearsed> {
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..workers)
                .map(|_| scope.spawn(|| self.work(&[])))
                .collect();
            let done = threads.into_iter().map(|thread| thread.join());
            done.flat_map(|told| told.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        })
    }

    /// What one thread does.
    fn work(&self, natives: &Natives) -> Vec<Rehearsed> {
        let mut all = Vec::new();
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(id) = self.ids.get(index) else {
                return all;
            };
            let mut told = self.stage.rehearse(*id, natives);
            let is_shown = match told.passed() {
                true => index < self.shown,
                false => {
                    let shown = MIN_FAILED_SHOWN.max(self.shown);
                    self.failed_shown.fetch_add(1, Ordering::Relaxed) < shown
                }
            };
            if !is_shown {
                told.forget_states();
            }
            all.push(told);
            let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
            if let Some(progress) = self.progress {
                progress(done, self.ids.len());
            }
        }
    }
}
