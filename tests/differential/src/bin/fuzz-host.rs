//! Runs random cases in both hosts until the time is over or they differ: `fuzz-host --minutes N [--seed S]`.
//!
//! Prints a line of progress every ten seconds. On a difference it writes the module, the messages and the report into a
//! folder, prints its name, and ends with exit code 1.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use clap::Parser;
use filigree_differential::compare::on_large_stack;
use filigree_differential::outcome::Outcome;
use filigree_differential::random::{Case, Rng};
use filigree_differential::{oracle, ours, world};

#[derive(Parser)]
struct Args {
    /// How long to go on; 0 runs the one case of the seed at each network version.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// First seed; cases take the seeds from it upwards. By default the clock chooses.
    #[arg(long)]
    seed: Option<u64>,
    /// Where a failing case is written.
    #[arg(long, default_value = "fuzz-failures")]
    out: PathBuf,
    /// Print what came of each message.
    #[arg(long)]
    show: bool,
}

/// Cases between two emptyings of the hosts' module caches.
const CASES_PER_ENGINE: u64 = 1_000;

fn main() -> ExitCode {
    let args = Args::parse();
    let chosen = || {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Rng::new(now.map_or(0, |d| d.as_nanos() as u64)).bits() >> 16
    };
    let first = args.seed.unwrap_or_else(chosen);
    println!("seeds from {first}");
    match on_large_stack(|| fuzz(&args, first)) {
        Ok(cases) => {
            println!("{cases} cases, no difference");
            ExitCode::SUCCESS
        }
        Err(e) => {
            println!("{e:#}");
            ExitCode::FAILURE
        }
    }
}

fn fuzz(args: &Args, first: u64) -> anyhow::Result<u64> {
    let start = Instant::now();
    let end = start + Duration::from_secs(60 * args.minutes);
    let mut shown = start;
    let mut cases = 0;
    for seed in first.. {
        for version in world::VERSIONS {
            let case = Case::new(seed, version)?;
            match case.run() {
                Ok(outcomes) if args.show => show(&case, &outcomes),
                Ok(_) => {}
                Err(e) => {
                    let report = format!("{e:#}");
                    let folder = case.save(&args.out, &report)?;
                    anyhow::bail!("{report}\nthe case is in {}", folder.display());
                }
            }
            cases += 1;
            if cases % CASES_PER_ENGINE == 0 {
                oracle::forget_engines();
                ours::forget_engines();
            }
        }
        let now = Instant::now();
        if now > shown + Duration::from_secs(10) {
            shown = now;
            let seconds = start.elapsed().as_secs();
            println!("{seconds} s, {cases} cases, at seed {seed}");
        }
        if now >= end {
            break;
        }
    }
    Ok(cases)
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
