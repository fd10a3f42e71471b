//! `bench-actors`: gas, size and time of our actors, beside the official ones. Usually started as `cargo xtask bench actors`.
//!
//! Results go to standard output, progress to standard error. What fails is left out and told at the end. Exit code 0: all is measured;
//! 1: something failed; 2: the command could not be carried out.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, ensure};
use clap::Parser;
use filigree_scenarios::options::BenchActors;
use filigree_scenarios::scenario;
use filigree_scenarios::weigh::{self, Cost, Day};
use serde::Serialize;

/// Something measured with our actors, and with the official ones if they are given.
#[derive(Serialize)]
struct Row<T> {
    name: String,
    ours: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    official: Option<T>,
}

/// All that is measured.
#[derive(Serialize)]
struct Measured {
    scenarios: Vec<Row<Cost>>,
    sizes: Vec<Row<usize>>,
    days: Vec<Row<Day>>,
    /// What could not be measured, and why.
    failed: Vec<String>,
}

fn main() -> ExitCode {
    match run(&BenchActors::parse()) {
        Ok(measured) => ExitCode::from(u8::from(!measured.failed.is_empty())),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(options: &BenchActors) -> Result<Measured> {
    for file in [&options.official, &options.ours].into_iter().flatten() {
        std::fs::File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    }
    let mut scenarios = scenario::all();
    scenarios.retain(|scenario| scenario.name.contains(&options.filter));
    ensure!(
        !scenarios.is_empty(),
        "no scenario has a name with `{}`",
        options.filter
    );
    let mut measured = Measured {
        scenarios: Vec::new(),
        sizes: sizes(options)?,
        days: Vec::new(),
        failed: Vec::new(),
    };
    for (number, scenario) in scenarios.iter().enumerate() {
        eprintln!("{}/{} {}", number + 1, scenarios.len(), scenario.name);
        let measure = |bundle: Option<&Path>| weigh::scenario(scenario, bundle, options.rounds);
        match row(options, scenario.name, measure) {
            Ok(row) => measured.scenarios.push(row),
            Err(why) => measured.failed.push(why),
        }
    }
    for sectors in &options.sectors {
        eprintln!("a miner with {sectors} sectors");
        let measure = |bundle: Option<&Path>| weigh::day(bundle, *sectors);
        match row(options, &sectors.to_string(), measure) {
            Ok(row) => measured.days.push(row),
            Err(why) => measured.failed.push(format!("sectors of a miner: {why}")),
        }
    }
    match options.json {
        true => println!("{}", serde_json::to_string_pretty(&measured)?),
        false => print(&measured),
    }
    Ok(measured)
}

fn row<T>(
    options: &BenchActors,
    name: &str,
    measure: impl Fn(Option<&Path>) -> Result<T, String>,
) -> Result<Row<T>, String> {
    let measure = |bundle: Option<&Path>, whose: &str| {
        measure(bundle).map_err(|why| format!("{name}, {whose} actors: {why}"))
    };
    let official = options.official.as_deref();
    Ok(Row {
        name: name.to_owned(),
        ours: measure(options.ours.as_deref(), "our")?,
        official: official
            .map(|file| measure(Some(file), "the official"))
            .transpose()?,
    })
}

fn sizes(options: &BenchActors) -> Result<Vec<Row<usize>>> {
    let sizes = |bundle| weigh::sizes(bundle).map_err(|why| anyhow!("{why}"));
    let official = options.official.as_deref().map(|file| sizes(Some(file)));
    let official = official.transpose()?.unwrap_or_default();
    let ours = sizes(options.ours.as_deref())?.into_iter();
    // Of actors that are not ours, nothing is compared.
    let ours = ours.filter(|(name, _)| !["evm", "eam"].contains(&name.as_str()));
    let row = |(name, size): (String, usize)| Row {
        official: official
            .iter()
            .find(|(other, _)| *other == name)
            .map(|(_, size)| *size),
        name,
        ours: size,
    };
    Ok(ours.map(row).collect())
}

/// One figure of a day.
type OfDay = fn(&Day) -> u64;

fn print(measured: &Measured) {
    println!(
        "{:<58} {:>15} {:>15} {:>6}",
        "gas", "ours", "official", "ratio"
    );
    let mut total = (0, 0);
    for row in &measured.scenarios {
        line(&row.name, row.ours.gas, row.official.map(|cost| cost.gas));
        total.0 += row.ours.gas;
        total.1 += row.official.map_or(0, |cost| cost.gas);
    }
    line("all", total.0, (total.1 > 0).then_some(total.1));
    let dearer = measured
        .scenarios
        .iter()
        .filter(|row| (row.official).is_some_and(|official| row.ours.gas > official.gas));
    if total.1 > 0 {
        println!(
            "dearer than the official: {} of {}",
            dearer.count(),
            measured.scenarios.len()
        );
    }
    let time = |cost: &Cost| cost.time.as_micros() as u64;
    let ours = measured.scenarios.iter().map(|row| time(&row.ours)).sum();
    let official = measured
        .scenarios
        .iter()
        .filter_map(|row| row.official.as_ref());
    let official: u64 = official.map(time).sum();
    println!();
    line(
        "time of all scenarios in the host, µs",
        ours,
        (official > 0).then_some(official),
    );
    println!();
    println!("size, bytes");
    for row in &measured.sizes {
        line(
            &row.name,
            row.ours as u64,
            row.official.map(|size| size as u64),
        );
    }
    let ours: usize = measured.sizes.iter().map(|row| row.ours).sum();
    let official: usize = measured.sizes.iter().filter_map(|row| row.official).sum();
    line(
        "all",
        ours as u64,
        (official > 0).then_some(official as u64),
    );
    for row in &measured.days {
        println!();
        println!("a miner with {} sectors", row.name);
        let each: [(&str, OfDay); 6] = [
            ("committing, gas", |day| day.commit.gas),
            ("committing, µs", |day| day.commit.time.as_micros() as u64),
            ("proving for a day, gas", |day| day.prove.gas),
            ("cron of a day, gas", |day| day.cron.gas),
            ("cron of a day, µs", |day| day.cron.time.as_micros() as u64),
            ("the dearest tick, gas", |day| day.dearest_tick),
        ];
        for (what, of) in each {
            line(what, of(&row.ours), row.official.as_ref().map(of));
        }
    }
    if !measured.failed.is_empty() {
        println!();
        println!(
            "{} failed and are in no figure above:",
            measured.failed.len()
        );
    }
    for failed in &measured.failed {
        println!("  {}", failed.trim_end().replace('\n', "\n  "));
    }
}

fn line(name: &str, ours: u64, official: Option<u64>) {
    match official {
        Some(official) => {
            let ratio = ours as f64 / official as f64;
            println!("  {name:<56} {ours:>15} {official:>15} {ratio:>6.3}");
        }
        None => println!("  {name:<56} {ours:>15}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_with_either_bundle_is_named_and_not_measured() {
        let options = |more: &[&str]| {
            let typed = [&["bench-actors"], more].concat();
            BenchActors::try_parse_from(typed).unwrap()
        };
        let fails_with_a_file = |bundle: Option<&Path>| match bundle {
            Some(_) => Err("no such actor".to_owned()),
            None => Ok(7),
        };
        let alone = row(&options(&[]), "topic/one", fails_with_a_file).unwrap();
        assert_eq!((alone.ours, alone.official), (7, None));
        let beside = options(&["--official", "official.car"]);
        let why = row(&beside, "topic/one", fails_with_a_file).err();
        let expected = "topic/one, the official actors: no such actor";
        assert_eq!(why.as_deref(), Some(expected));
    }
}
