//! Runs many vectors on several threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::diff::Difference;
use crate::report::VectorReport;
use crate::run::{Outcome, Run, Runner, Skip};
use crate::vector::{Found, Loaded, Vector};

/// Native stack of a thread. The host wants 64 MiB for a message and would otherwise map a stack for each.
const STACK_BYTES: usize = 80 << 20;

/// Runs the vectors in `found` on `threads` threads, and gives the reports in the same order. Files are loaded as their
/// turn comes. `progress` is told the reports of each file as they are made, from any thread.
pub fn run(
    runner: &Runner,
    found: &[Found],
    threads: usize,
    progress: &(dyn Fn(&[VectorReport]) + Sync),
) -> std::io::Result<Vec<VectorReport>> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(found.len()));
    let work = || {
        while let Some((index, file)) = take(&next, found) {
            let reports = run_file(runner, file);
            progress(&reports);
            let mut done = done.lock().unwrap_or_else(|e| e.into_inner());
            done.push((index, reports));
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads.clamp(1, found.len().max(1)) {
            thread::Builder::new()
                .stack_size(STACK_BYTES)
                .spawn_scoped(scope, work)?;
        }
        Ok::<(), std::io::Error>(())
    })?;
    let mut done = done.into_inner().unwrap_or_else(|e| e.into_inner());
    done.sort_by_key(|(index, _)| *index);
    Ok(done.into_iter().flat_map(|(_, reports)| reports).collect())
}

fn take<'a>(next: &AtomicUsize, found: &'a [Found]) -> Option<(usize, &'a Found)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    found.get(index).map(|file| (index, file))
}

/// Runs every variant of one file.
pub fn run_file(runner: &Runner, file: &Found) -> Vec<VectorReport> {
    match file.load() {
        Ok(Loaded::Message(vector)) => run_vector(runner, &vector),
        Ok(Loaded::Other { class }) => {
            vec![not_run(&file.name, Outcome::Skipped(Skip::Class(class)))]
        }
        Err(error) => {
            let error = error.to_string();
            let failed = Outcome::Failed(vec![Difference::Vector { error }]);
            vec![not_run(&file.name, failed)]
        }
    }
}

/// Runs every variant of a vector. A panic of the host is a failure of the vector.
pub fn run_vector(runner: &Runner, vector: &Vector) -> Vec<VectorReport> {
    let variants = vector.file.preconditions.variants.iter();
    variants
        .map(|variant| VectorReport {
            name: vector.name.clone(),
            variant: Some(variant.id.clone()),
            run: catch_unwind(AssertUnwindSafe(|| runner.run(vector, variant)))
                .unwrap_or_else(|panic| panicked(panic.downcast_ref::<String>())),
        })
        .collect()
}

fn panicked(message: Option<&String>) -> Run {
    let error = format!(
        "it panicked: {}",
        message.map_or("see above", String::as_str)
    );
    without_run(Outcome::Failed(vec![Difference::Host { error }]))
}

fn not_run(name: &str, outcome: Outcome) -> VectorReport {
    VectorReport {
        name: name.to_owned(),
        variant: None,
        run: without_run(outcome),
    }
}

fn without_run(outcome: Outcome) -> Run {
    Run {
        outcome,
        gas: Vec::new(),
        elapsed: Duration::ZERO,
    }
}
