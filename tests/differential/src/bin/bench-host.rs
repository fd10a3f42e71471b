//! Our host and fvm 3.14 on the same vectors: `cargo xtask bench host --bundle FILE.car`.
//!
//! Figures go to standard output, progress to standard error. Exit code 0: measured; 1: a host gives another result than
//! recorded; 2: the command could not be carried out.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use filigree_conformance::{Bundle, Loaded, Skip, vector, workspace};
use filigree_differential::bench::{Case, Hosts, OtherResult, Times, ratios};
use filigree_differential::compare::on_large_stack;
use filigree_differential::options::{BenchHost, DEFAULT_VECTORS, FEWEST_ROUNDS};

fn main() -> ExitCode {
    let options = BenchHost::parse();
    match on_large_stack(|| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(if error.is::<OtherResult>() { 1 } else { 2 })
        }
    }
}

/// The vectors that can be measured, and for each reason how many cannot.
fn cases(options: &BenchHost, bundle: &Bundle) -> Result<(Vec<Case>, BTreeMap<String, usize>)> {
    let path = options.vectors.clone();
    let path = path.unwrap_or_else(|| workspace::from_root(DEFAULT_VECTORS));
    let mut cases = Vec::new();
    let mut skipped = BTreeMap::new();
    for file in vector::find_named(&path, &options.filter)? {
        let case = match file.load() {
            Ok(Loaded::Message(vector)) => Case::new(*vector, bundle),
            Ok(Loaded::Other { class }) => Err(Skip::Class(class).to_string()),
            Err(error) => Err(error.to_string()),
        };
        match case {
            Ok(case) => cases.push(case),
            Err(reason) => *skipped.entry(reason).or_insert(0) += 1,
        }
    }
    Ok((cases, skipped))
}

/// `N vectors used, M skipped`, and why.
fn selection(used: usize, skipped: &BTreeMap<String, usize>) -> String {
    let total: usize = skipped.values().sum();
    let reasons = skipped
        .iter()
        .map(|(why, count)| format!("{why} ({count})"));
    match total {
        0 => format!("{used} vectors used, 0 skipped"),
        _ => {
            let reasons: Vec<String> = reasons.collect();
            format!(
                "{used} vectors used, {total} skipped because: {}",
                reasons.join("; ")
            )
        }
    }
}

fn run(options: &BenchHost) -> Result<()> {
    let rounds = options.rounds;
    ensure!(
        rounds >= FEWEST_ROUNDS || (options.few_rounds && rounds > 0),
        "--rounds must be at least {FEWEST_ROUNDS}: medians over fewer say little"
    );
    let bundle = Bundle::load(&options.bundle)?;
    let (cases, skipped) = cases(options, &bundle)?;
    println!("{}", selection(cases.len(), &skipped));
    let first = cases.first().context("no vector to run with this bundle")?;
    eprintln!("compiling {} modules twice", bundle.actors.len());
    let hosts = Hosts::prepare(first)?;

    let mut ours = vec![Vec::new(); cases.len()];
    let mut reference = vec![Vec::new(); cases.len()];
    let mut peaks = [Peak::default(); 2];
    for round in 0..=rounds {
        // Round 0 warms up. From then on who goes first changes each round.
        eprint!("\rround {round} of {rounds}");
        for (index, case) in cases.iter().enumerate() {
            for turn in 0..2 {
                let is_ours = (turn + round) % 2 == 0;
                let resident_kib = reset_peak();
                let elapsed = match is_ours {
                    true => case.ours(&hosts.engines)?,
                    false => case.reference(&hosts.reference)?,
                };
                let high_kib = status_kib("VmHWM:");
                let peak = &mut peaks[usize::from(!is_ours)];
                peak.whole_kib = peak.whole_kib.max(high_kib);
                peak.added_kib = peak.added_kib.max(high_kib.saturating_sub(resident_kib));
                if round > 0 {
                    let times = if is_ours { &mut ours } else { &mut reference };
                    times[index].push(elapsed);
                }
            }
        }
    }
    eprintln!();

    let messages = cases.iter().map(Case::messages).sum();
    let ours = Times::new(ours, messages);
    let reference = Times::new(reference, messages);
    println!(
        "{} vectors, {messages} messages, {rounds} rounds",
        cases.len()
    );
    let modules = bundle.actors.len();
    show("filigree", &ours, peaks[0]);
    println!(
        "  {modules} modules: compiled in {}, loaded from the disk cache in {}",
        ms(hosts.our_compile),
        ms(hosts.our_load)
    );
    show("fvm 3.14", &reference, peaks[1]);
    println!(
        "  {modules} modules: compiled in {}; it has no disk cache",
        ms(hosts.reference_compile)
    );
    let (totals, mean) = ratios(&reference, &ours);
    println!("ratio of totals: {totals:.2}");
    println!("ratio, geometric mean per vector: {mean:.2}");
    Ok(())
}

/// Most resident memory while one host ran a vector. Both hosts live in this process, compiled modules included: what is
/// the host's own is what it added to that.
#[derive(Clone, Copy, Default)]
struct Peak {
    whole_kib: u64,
    added_kib: u64,
}

fn show(host: &str, times: &Times, peak: Peak) {
    println!(
        "{host}: {:.1} messages/s, p50 {}, p90 {}, p99 {}",
        times.per_second(),
        ms(times.percentile(50)),
        ms(times.percentile(90)),
        ms(times.percentile(99)),
    );
    println!(
        "  peak memory: {:.1} MiB resident in the process of both hosts, {} KiB of it added by a vector",
        peak.whole_kib as f64 / 1024.0,
        peak.added_kib
    );
}

fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

/// Lets the kernel count the peak of resident memory anew (Linux; elsewhere memory shows as 0). Gives what is resident.
fn reset_peak() -> u64 {
    // Without the permission the peak stays that of the whole run, and the figure an upper bound.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    status_kib("VmRSS:")
}

fn status_kib(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|l| l.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}
