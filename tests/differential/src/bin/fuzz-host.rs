//! Runs random cases in both hosts until the time is over or they differ: `cargo xtask fuzz host`.
//!
//! Prints a line of progress every ten seconds. On a difference it writes the module, the messages and the report into a
//! folder and prints its name. Exit code 0: no difference; 1: a difference; 2: the command could not be carried out.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use clap::Parser;
use filigree_differential::compare::on_large_stack;
use filigree_differential::options::FuzzHost;
use filigree_differential::outcome::Outcome;
use filigree_differential::random::{Case, Rng};
use filigree_differential::{oracle, ours, world};

/// Cases between two emptyings of the hosts' module caches.
const CASES_PER_ENGINE: u64 = 1_000;

/// What a run came to.
#[derive(Default)]
struct Tally {
    cases: u64,
    messages: usize,
    unjudged: usize,
}

fn main() -> ExitCode {
    let args = FuzzHost::parse();
    let chosen = || {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Rng::new(now.map_or(0, |d| d.as_nanos() as u64)).bits() >> 16
    };
    let first = args.seed.unwrap_or_else(chosen);
    println!("seeds from {first}");
    let mut tally = Tally::default();
    let result = on_large_stack(|| fuzz(&args, first, &mut tally));
    let Tally {
        cases,
        messages,
        unjudged,
    } = tally;
    println!(
        "{cases} cases, {messages} messages, {unjudged} of them not judged because the reference panicked"
    );
    match result {
        Ok(None) => {
            println!("no difference");
            ExitCode::SUCCESS
        }
        Ok(Some(difference)) => {
            eprintln!("{difference}");
            ExitCode::from(1)
        }
        Err(e) => {
            eprintln!("error: {e:#}");
            ExitCode::from(2)
        }
    }
}

/// The report of the first difference, if there is one.
fn fuzz(args: &FuzzHost, first: u64, tally: &mut Tally) -> anyhow::Result<Option<String>> {
    let start = Instant::now();
    let end = start + Duration::from_secs(args.minutes.saturating_mul(60));
    let mut shown = start;
    for seed in first.. {
        for version in world::VERSIONS {
            let case = Case::new(seed, version)?;
            tally.cases += 1;
            tally.messages += case.steps.len();
            match case.run() {
                Ok(agreed) => {
                    tally.unjudged += agreed.unjudged.map_or(0, |u| u.steps);
                    if args.show {
                        show(&case, &agreed.outcomes);
                    }
                }
                Err(e) => {
                    let report = format!("{e:#}");
                    let out = args.out.clone().unwrap_or_else(default_out);
                    let folder = case.save(&out, &report)?;
                    let folder = folder.display();
                    return Ok(Some(format!("{report}\nthe case is in {folder}")));
                }
            }
            if tally.cases.is_multiple_of(CASES_PER_ENGINE) {
                oracle::forget_engines();
                ours::forget_engines();
            }
        }
        let now = Instant::now();
        if now > shown + Duration::from_secs(10) {
            shown = now;
            let (seconds, cases) = (start.elapsed().as_secs(), tally.cases);
            println!("{seconds} s, {cases} cases, at seed {seed}");
        }
        if now >= end {
            break;
        }
    }
    Ok(None)
}

/// Beside the program's own folder in the build directory: what is found must not end up in the checkout.
fn default_out() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let build = program.parent().and_then(|profile| profile.parent());
    build
        .map_or_else(std::env::temp_dir, PathBuf::from)
        .join("fuzz-failures")
}

fn show(case: &Case, outcomes: &[Outcome]) {
    for (step, outcome) in case.steps.iter().zip(outcomes) {
        let (version, to) = (case.setup.version, step.message.to);
        let reason = outcome.failure.replace('\n', " | ");
        let code = outcome.exit_code();
        let gas = outcome.gas_used();
        println!(
            "{version} seed {} → {to}: {code:?}, gas {gas} {reason}",
            case.seed
        );
    }
}
