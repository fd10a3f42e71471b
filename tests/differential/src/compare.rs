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

/// What came of steps in both hosts, which agree on all that was judged.
#[derive(Debug)]
pub struct Agreed {
    /// One for each step; ours where the reference gave none.
    pub outcomes: Vec<Outcome>,
    /// The steps at the end that have nothing to be compared with.
    pub unjudged: Option<Unjudged>,
}

/// Steps without a verdict, because the reference gave none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unjudged {
    /// How many.
    pub steps: usize,
    /// What became of the reference.
    pub why: String,
}

/// Runs `steps` in both hosts from `genesis`; an error says what differs. Where the reference panics there is no right
/// answer to compare with, for that step and all after it: they are counted as unjudged.
pub fn both_from(setup: &Setup, genesis: &Genesis, steps: &[Step]) -> Result<Agreed> {
    let reference = oracle::run(setup, genesis, steps);
    let ours = ours::run(setup, genesis, steps).context("our host")?;
    let reference = match reference {
        Ok(run) => run,
        // Ours must still get through.
        Err(OracleError::Panic(why)) => {
            let steps = steps.len();
            let unjudged = Some(Unjudged { steps, why });
            let outcomes = ours.outcomes;
            return Ok(Agreed { outcomes, unjudged });
        }
        Err(e) => bail!(e),
    };
    let (report, unjudged) = judge(steps, &reference, &ours);
    if !report.is_empty() {
        bail!("hosts differ at {}:\n{report}", setup.version);
    }
    let judged = steps.len() - unjudged.as_ref().map_or(0, |u| u.steps);
    let mut outcomes = reference.outcomes;
    outcomes.truncate(judged);
    outcomes.extend(ours.outcomes.into_iter().skip(judged));
    Ok(Agreed { outcomes, unjudged })
}

/// Whether the reference itself panicked on a message: it makes a fatal error of a panic inside a syscall.
fn panicked(outcome: &Outcome) -> bool {
    outcome.failure.contains("panic within actor")
}

/// What differs between two runs (empty if nothing does), and the steps that could not be judged.
pub fn judge(
    steps: &[Step],
    reference: &oracle::Run,
    ours: &oracle::Run,
) -> (String, Option<Unjudged>) {
    let mut out = String::new();
    let pairs = reference.outcomes.iter().zip(&ours.outcomes).zip(steps);
    for (number, ((a, b), step)) in pairs.enumerate() {
        if panicked(a) {
            let unjudged = Unjudged {
                steps: steps.len() - number,
                why: a.failure.clone(),
            };
            return (out, Some(unjudged));
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
        return (out, None);
    }
    if reference.outcomes.len() != ours.outcomes.len() {
        let _ = writeln!(out, "numbers of outcomes differ");
    }
    (out, None)
}
