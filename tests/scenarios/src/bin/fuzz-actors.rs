//! Runs random sequences of messages until the time is over or something is wrong: `cargo xtask fuzz actors`.
//!
//! Prints a line of progress every ten seconds. Exit code 0: nothing found; 1: something is wrong; 2: the command could not be
//! carried out.

use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use clap::Parser;
use filigree_scenarios::fuzz::Fuzz;
use filigree_scenarios::options::FuzzActors;

fn main() -> ExitCode {
    let options = FuzzActors::parse();
    let by_clock = || {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        now.map_or(0, |now| now.as_millis() as u64)
    };
    let first = options.seed.unwrap_or_else(by_clock);
    eprintln!("building the town");
    let mut fuzz = match Fuzz::new(options.ours.as_deref(), options.official.as_deref()) {
        Ok(fuzz) => fuzz,
        Err(why) => {
            eprintln!("error: the town cannot be built: {why}");
            return ExitCode::from(2);
        }
    };
    println!("seeds from {first}");
    let start = Instant::now();
    let end = start + Duration::from_secs(options.minutes.saturating_mul(60));
    let (mut sequences, mut checked, mut messages) = (0u64, 0u64, 0);
    let (mut succeeded, mut wrong) = (0, 0);
    let mut told = start;
    for seed in first.. {
        let found = fuzz.sequence(seed, options.acts);
        sequences += 1;
        checked += u64::from(found.checked);
        messages += found.messages;
        succeeded += found.succeeded;
        if !found.wrong.is_empty() {
            wrong += 1;
            println!("seed {seed}: {}", found.wrong.join("\n  "));
        }
        let now = Instant::now();
        if now >= end || (wrong > 0 && !options.all) {
            break;
        }
        if now > told + Duration::from_secs(10) {
            told = now;
            let seconds = start.elapsed().as_secs();
            eprintln!(
                "{seconds} s, {sequences} sequences, {messages} messages, {succeeded} of them succeeded, at seed {seed}"
            );
        }
    }
    println!(
        "{sequences} sequences, {messages} messages, {succeeded} of them succeeded; invariants checked after {checked}; {wrong} sequences with \
         something wrong"
    );
    ExitCode::from(u8::from(wrong > 0))
}
