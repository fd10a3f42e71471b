//! What proofs cost: `cargo xtask bench proofs`.
//!
//! Figures go to standard output, progress to standard error. Exit code 0: measured; 1: a proof is not valid, or ours and
//! the library do not come to the same; 2: the command could not be carried out.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread::available_parallelism;

use anyhow::{Context, Result};
use clap::Parser;
use filigree_proofs_bench::figures::Figures;
use filigree_proofs_bench::generators::{LARGE, SMALL};
use filigree_proofs_bench::judge::Differ;
use filigree_proofs_bench::options::{BenchProofs, Part, Role};
use filigree_proofs_bench::{direct, generators, meter, parameters, rates, steps};

fn main() -> ExitCode {
    let options = BenchProofs::parse();
    let done = match options.role {
        None => run(&options),
        Some(Role::Meter) => meter::serve(),
        Some(Role::Worker) => return filigree_proofs_prove::worker::serve(),
        Some(Role::Direct) => direct::serve(),
        Some(Role::Generator) => generators::serve(),
        Some(Role::Verifier) => rates::serve(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            let differ = error.downcast_ref::<Differ>().is_some();
            ExitCode::from(if differ { 1 } else { 2 })
        }
    }
}

fn run(options: &BenchProofs) -> Result<()> {
    let root = root()?;
    let threads = available_parallelism()?.get();
    let rounds = usize::from(options.rounds);
    let wanted = |part| options.only.is_none_or(|only| only == part);
    let mut figures = Figures {
        processors: threads,
        load: [load()?; 2],
        steps: None,
        verify: None,
        generate: None,
    };
    if wanted(Part::Verify) {
        let fixtures = root.join("proofs/fixtures");
        figures.verify = Some(rates::measure(&fixtures, rounds, options.brief)?);
    }
    if wanted(Part::Steps) {
        let given = options.parameters.as_deref();
        let parameters = match options.brief {
            true => None,
            false => Some(parameters::ready(given, &root)?),
        };
        figures.steps = Some(steps::measure(parameters.as_deref(), threads, rounds)?);
    }
    if wanted(Part::Generate) {
        let large = LARGE.iter().filter(|_| options.all);
        let proofs: Vec<_> = SMALL.iter().chain(large).copied().collect();
        figures.generate = Some(generators::measure(&proofs, threads)?);
    }
    figures.load[1] = load()?;
    match options.json {
        true => println!("{}", serde_json::to_string_pretty(&figures)?),
        false => print!("{figures}"),
    }
    Ok(())
}

/// The checkout. Asked at run time, since several may share one build directory.
fn root() -> Result<PathBuf> {
    let here = std::env::var_os("CARGO_MANIFEST_DIR");
    let here = here.context("run this by cargo, which says where the checkout is")?;
    Ok(Path::new(&here).join("../.."))
}

/// The load average of the last minute.
fn load() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/loadavg").context("cannot read /proc/loadavg")?;
    let first = text.split_whitespace().next().unwrap_or_default();
    first.parse().context("/proc/loadavg begins with no number")
}
