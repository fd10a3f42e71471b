//! `parity`: plays the scenarios with two bundles and says what differs. Usually started as `cargo xtask parity`.
//!
//! Differences go to standard output, which ends with the totals; progress goes to standard error. Exit code 0: all are equal; 1: some
//! differ; 2: nothing was played, or the command could not be carried out.

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Result, bail, ensure};
use clap::Parser;
use filigree_scenarios::compare::{Difference, compare};
use filigree_scenarios::options::Parity;
use filigree_scenarios::play::{self, Played};
use filigree_scenarios::{Scenario, Stage, crowd, lines, scenario};
use serde_json::{Value, json};

/// Differing steps of a scenario that are printed.
const MAX_STEPS: usize = 4;

fn main() -> ExitCode {
    match run(&Parity::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// What came of a scenario.
struct Report {
    name: &'static str,
    steps: usize,
    official_gas: u64,
    gas: u64,
    differences: Vec<Difference>,
    /// Why it could not be recorded.
    unrecorded: Option<anyhow::Error>,
}

/// How many scenarios differ.
fn run(options: &Parity) -> Result<usize> {
    let filter = options.filter.as_deref().unwrap_or_default();
    let mut scenarios = scenario::all();
    scenarios.retain(|scenario| scenario.name.contains(filter));
    ensure!(
        !scenarios.is_empty(),
        "no scenario has a name with `{filter}`"
    );
    for bundle in [Some(options.official.as_path()), options.ours.as_deref()] {
        let whose = bundle.map_or("our actors".into(), Path::to_string_lossy);
        if let Err(why) = play::set(bundle) {
            bail!("no stage can be set with {whose}: {why}");
        }
    }
    let done = AtomicUsize::new(0);
    let reports = crowd::each(&scenarios, options.threads.into(), |scenario| {
        let start = Instant::now();
        let report = one(options, scenario);
        let number = done.fetch_add(1, Ordering::Relaxed) + 1;
        let verdict = if report.differences.is_empty() {
            "equal"
        } else {
            "DIFFERENT"
        };
        let seconds = start.elapsed().as_secs_f64();
        let (all, name) = (scenarios.len(), scenario.name);
        eprintln!(
            "{number}/{all} {verdict} {name} ({} steps, {seconds:.1} s)",
            report.steps
        );
        report
    });
    if options.record && options.filter.is_none() {
        let names: Vec<&str> = reports.iter().map(|report| report.name).collect();
        lines::prune(&lines::folder(), &names)?;
    }
    let different = reports
        .iter()
        .filter(|report| !report.differences.is_empty())
        .count();
    match options.json {
        true => println!("{:#}", to_json(&reports)),
        false => print(&reports, different),
    }
    match reports.into_iter().find_map(|report| report.unrecorded) {
        Some(error) => Err(error),
        None => Ok(different),
    }
}

fn one(options: &Parity, scenario: &Scenario) -> Report {
    let official = play::play(scenario, Some(&options.official));
    let ours = play::play(scenario, options.ours.as_deref());
    let gas = |played: &Played| played.stage.iter().flat_map(Stage::gas).sum();
    Report {
        name: scenario.name,
        steps: ours.stage.as_ref().map_or(0, |stage| stage.steps().len()),
        official_gas: gas(&official),
        gas: gas(&ours),
        differences: compare(&official, &ours),
        unrecorded: match options.record {
            true => record(scenario, &official).err(),
            false => None,
        },
    }
}

fn record(scenario: &Scenario, official: &Played) -> Result<()> {
    let name = scenario.name;
    if let Some(failure) = &official.failure {
        bail!("{name} is not recorded, since it fails with the official actors: {failure}");
    }
    let steps = official.stage.as_ref().map_or(&[][..], Stage::steps);
    lines::write(&lines::folder(), name, steps)
}

fn print(reports: &[Report], different: usize) {
    for report in reports
        .iter()
        .filter(|report| !report.differences.is_empty())
    {
        println!("DIFFERENT  {}", report.name);
        for difference in report.differences.iter().take(MAX_STEPS) {
            println!("  step {}: {}", difference.step, difference.what);
            for found in &difference.found {
                println!("    {}", found.trim_end().replace('\n', "\n    "));
            }
        }
        let left = report.differences.len().saturating_sub(MAX_STEPS);
        if left > 0 {
            println!("  and {left} more steps");
        }
    }
    println!("{} equal, {different} different", reports.len() - different);
}

fn to_json(reports: &[Report]) -> Value {
    let scenarios = reports.iter().map(|report| {
        let differences = report.differences.iter().map(|difference| {
            json!({
                "step": difference.step,
                "what": difference.what,
                "found": difference.found,
            })
        });
        json!({
            "name": report.name,
            "steps": report.steps,
            "gas": { "official": report.official_gas, "ours": report.gas },
            "differences": differences.collect::<Vec<_>>(),
        })
    });
    let scenarios: Vec<Value> = scenarios.collect();
    let different = reports
        .iter()
        .filter(|report| !report.differences.is_empty())
        .count();
    json!({
        "equal": reports.len() - different,
        "different": different,
        "scenarios": scenarios,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let check = |arguments: &[&str], expected: &str| {
            let typed = [&["parity", "--official", "no.car"], arguments].concat();
            let error = run(&Parity::try_parse_from(typed).unwrap()).unwrap_err();
            assert!(format!("{error:#}").contains(expected), "{error:#}");
        };
        check(&[], "no.car");
        check(
            &["--filter", "no such"],
            "no scenario has a name with `no such`",
        );
    }
}
