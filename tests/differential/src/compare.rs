//! Runs both hosts on the same steps and fails with a readable report where they differ.

use std::fmt::Write as _;

use anyhow::{Context, Result, bail};

use crate::oracle::{self, OracleError, Step};
use crate::outcome::{Outcome, difference, state_difference};
use crate::setup::{Genesis, Setup};
use crate::{ours, outcome};

/// Native stack for a call stack 1024 deep in either host.
const STACK_BYTES: usize = 512 << 20;

/// Runs `work` on a thread with a stack large enough for the deepest call stack.
pub fn on_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
        match thread.spawn_scoped(scope, work).map(|t| t.join()) {
            Ok(Ok(value)) => value,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(e) => panic!("cannot start a thread: {e}"),
        }
    })
}

/// Runs `steps` in both hosts; the outcomes when they are equal, else an error that says what differs. Where the reference
/// panics, the outcomes are ours alone.
pub fn both(setup: &Setup, steps: &[Step]) -> Result<Vec<Outcome>> {
    let genesis = setup.genesis()?;
    both_from(setup, &genesis, steps)
}

/// Like [`both`], from a genesis made before.
pub fn both_from(setup: &Setup, genesis: &Genesis, steps: &[Step]) -> Result<Vec<Outcome>> {
    let reference = oracle::run(setup, genesis, steps);
    let ours = ours::run(setup, genesis, steps).context("our host")?;
    let reference = match reference {
        Ok(run) => run,
        // Nothing to compare with, but ours must still get through.
        Err(OracleError::Panic(_)) => return Ok(ours.outcomes),
        Err(e) => bail!(e),
    };
    let report = report(steps, &reference, &ours);
    if report.is_empty() {
        return Ok(reference.outcomes);
    }
    bail!("hosts differ at {}:\n{report}", setup.version);
}

/// Whether the reference itself panicked on a message. In a build with overflow checks it does so on a few hostile
/// arguments (the sum of plaintext lengths, say), where a release build wraps: there is no right answer to compare with.
pub fn panicked(outcome: &Outcome) -> bool {
    outcome.failure.contains("panic within actor")
}

/// What differs between two runs; empty if nothing does.
pub fn report(steps: &[Step], reference: &oracle::Run, ours: &oracle::Run) -> String {
    let mut out = String::new();
    let pairs = reference.outcomes.iter().zip(&ours.outcomes).zip(steps);
    for (number, ((a, b), step)) in pairs.enumerate() {
        if panicked(a) {
            return out;
        }
        let difference = difference(a, b);
        if difference.is_empty() {
            continue;
        }
        let m = &step.message;
        let _ = writeln!(
            out,
            "message {number} ({} → {}, method {}, {} bytes {}, gas limit {}) (reference / ours):\n{difference}",
            m.from,
            m.to,
            m.method_num,
            m.params.len(),
            outcome::hex(&m.params[..m.params.len().min(48)]),
            m.gas_limit,
        );
        if let (Ok(left), Ok(right)) = (&a.root, &b.root)
            && left != right
        {
            match state_difference((&reference.store, *left), (&ours.store, *right)) {
                Ok(text) => out.push_str(&text),
                Err(e) => {
                    let _ = writeln!(out, "state not comparable: {e:#}");
                }
            }
        }
        // What follows a difference differs too.
        return out;
    }
    if reference.outcomes.len() != ours.outcomes.len() {
        let _ = writeln!(out, "numbers of outcomes differ");
    }
    out
}
