//! Our host and fvm 3.14 on the same vectors: `cargo xtask bench host --bundle FILE.car`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use filigree_conformance::{Bundle, vector};
use filigree_differential::bench::{Case, Hosts, Times, ratios};
use filigree_differential::compare::on_large_stack;

#[derive(Parser)]
struct Args {
    /// Bundle of the actors the vectors call (v10 for network version 18).
    #[arg(long)]
    bundle: PathBuf,
    /// Folder of vectors.
    #[arg(long, default_value = "../shared/vectors")]
    vectors: PathBuf,
    /// Only vectors whose name contains this.
    #[arg(long, default_value = "")]
    filter: String,
    /// Rounds; every figure is the median over them.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

/// A vector that no host can pass with proofs taken for valid.
const IMPOSSIBLE: &str = "DisputeWindowedPoSt-Ok";

fn main() -> Result<()> {
    let args = Args::parse();
    on_large_stack(|| run(&args))
}

fn run(args: &Args) -> Result<()> {
    ensure!(args.rounds > 0, "--rounds must be at least 1");
    let bundle = Bundle::load(&args.bundle)?;
    let vectors = vector::load_dir(&args.vectors)?;
    let cases: Vec<Case> = vectors
        .into_iter()
        .filter(|v| v.name.contains(&args.filter) && !v.name.contains(IMPOSSIBLE))
        .filter_map(|v| Case::new(v, &bundle))
        .collect();
    let first = cases.first().context("no vector to run with this bundle")?;
    eprintln!("compiling {} modules twice", bundle.actors.len());
    let hosts = Hosts::prepare(first, &bundle)?;

    let mut ours = vec![Vec::new(); cases.len()];
    let mut reference = vec![Vec::new(); cases.len()];
    let mut peaks_kib = [0u64; 2];
    for round in 0..=args.rounds {
        // Round 0 warms up. From then on who goes first changes each round.
        eprint!("\rround {round} of {}", args.rounds);
        for (index, case) in cases.iter().enumerate() {
            for turn in 0..2 {
                let is_ours = (turn + round) % 2 == 0;
                let before = reset_peak();
                let elapsed = match is_ours {
                    true => case.ours(&hosts.engines)?,
                    false => case.reference(&hosts.reference)?,
                };
                let peak = &mut peaks_kib[usize::from(!is_ours)];
                *peak = (*peak).max(status_kib("VmHWM:").saturating_sub(before));
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
        "{} vectors, {messages} messages, {} rounds",
        cases.len(),
        args.rounds
    );
    let modules = bundle.actors.len();
    show("filigree", &ours, peaks_kib[0]);
    println!(
        "  {modules} modules: compiled in {}, loaded from the disk cache in {}",
        ms(hosts.our_compile),
        ms(hosts.our_load)
    );
    show("fvm 3.14", &reference, peaks_kib[1]);
    println!(
        "  {modules} modules: compiled in {}",
        ms(hosts.reference_compile)
    );
    let (totals, mean) = ratios(&reference, &ours);
    println!("ratio of totals: {totals:.2}");
    println!("ratio, geometric mean per vector: {mean:.2}");
    Ok(())
}

fn show(host: &str, times: &Times, peak_kib: u64) {
    println!(
        "{host}: {:.1} messages/s, p50 {}, p90 {}, p99 {}; most memory a vector added: {} KiB",
        times.per_second(),
        ms(times.percentile(50)),
        ms(times.percentile(90)),
        ms(times.percentile(99)),
        peak_kib
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
