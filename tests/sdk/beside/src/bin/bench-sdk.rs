//! The sandbox and the SDK in figures: `cargo xtask bench sdk`.
//!
//! Figures go to standard output, progress to standard error. Exit code 0: measured; 1: an actor of the SDK and its twin do
//! not do the same; 2: the command could not be carried out.

use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use filigree_beside::actors::PAIRS;
use filigree_beside::figures::{Compared, Figures};
use filigree_beside::options::{BenchSdk, FEWEST_ROUNDS};
use filigree_beside::time;

/// Calls timed for each round.
const CALLS_PER_ROUND: usize = 1_000;

fn main() -> ExitCode {
    match run(&BenchSdk::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(options: &BenchSdk) -> Result<ExitCode> {
    if let Some(counter) = &options.start {
        println!("{}", serde_json::to_string(&time::starts(counter)?)?);
        return Ok(ExitCode::SUCCESS);
    }
    let rounds = options.rounds;
    ensure!(
        rounds >= FEWEST_ROUNDS || (options.few_rounds && rounds > 0),
        "--rounds must be at least {FEWEST_ROUNDS}: medians over fewer say little"
    );
    let mut built = Vec::new();
    for pair in PAIRS {
        eprintln!("building the {} twice", pair.name);
        built.push(pair.build()?);
    }
    let mut actors = Vec::new();
    for (pair, [ours, theirs]) in PAIRS.iter().zip(&built) {
        eprintln!("comparing the {}s", pair.name);
        match Compared::new(pair, [ours, theirs]) {
            Ok(compared) => actors.push(compared),
            Err(error) => {
                eprintln!(
                    "error: the two {}s do not do the same: {error:#}",
                    pair.name
                );
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    let folder = tempfile::tempdir().context("a folder for the counter")?;
    let file = folder.path().join("counter.wasm");
    std::fs::write(&file, &built[0][0]).context("cannot write the counter")?;
    eprintln!("starting {} processes", rounds + 2);
    let (start_without_modules, start) = time::starts_of_processes(&file, rounds)?;
    eprintln!("timing calls");
    let calls = time::calls(&built[0][0], &built[1][0], rounds * CALLS_PER_ROUND);
    let figures = Figures {
        processes: rounds,
        start_without_modules,
        start,
        calls,
        actors,
    };
    match options.json {
        true => println!("{}", serde_json::to_string_pretty(&figures)?),
        false => print!("{figures}"),
    }
    Ok(ExitCode::SUCCESS)
}
