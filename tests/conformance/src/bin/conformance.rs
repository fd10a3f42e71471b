//! `conformance`: runs vectors and says what differs. Usually started as `cargo xtask conformance`.
//!
//! Failures and skips go to standard output, which ends with the totals; progress goes to standard error. Exit code 0:
//! all that ran passed; 1: something failed; 2: nothing ran, or the command could not be carried out.

use std::fs::File;
use std::io::{BufWriter, Write, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use filigree_conformance::run::Runner;
use filigree_conformance::vector::{self, Found};
use filigree_conformance::{Bundle, Outcome, Totals, VectorReport, report, suite};
use filigree_vm::Engines;

const EXAMPLES: &str = "\
The last line is `N passed, M failed, K skipped`. Exit code 1 on any failure, 2 if nothing ran.

Examples:
  cargo xtask conformance --bundle builtin-actors-mainnet.car
  cargo xtask conformance --bundle v10.car --bundle v16.car --vectors vectors --json result.json
  cargo xtask conformance --bundle builtin-actors-mainnet.car --filter miner --threads 1";

/// Run conformance vectors against the host.
#[derive(Debug, Parser)]
#[command(name = "conformance", after_help = EXAMPLES)]
struct Options {
    /// Built-in actors the vectors call: a CAR whose root is the manifest; may be given several times
    #[arg(long = "bundle", value_name = "FILE.car")]
    bundles: Vec<PathBuf>,

    /// A vector or a folder of vectors
    #[arg(long, value_name = "PATH", default_value = "../shared/vectors")]
    vectors: PathBuf,

    /// Only vectors whose name contains TEXT
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,

    /// Vectors run at once [default: the number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,

    /// Write the result of every vector to FILE
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Compile every module anew instead of keeping compiled modules in the user's cache folder
    #[arg(long)]
    no_cache: bool,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(totals) if totals.failed > 0 => ExitCode::from(1),
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(options: &Options) -> Result<Totals> {
    let found = find(options)?;
    let bundles = options.bundles.iter().map(|path| Bundle::load(path));
    let bundles = bundles.collect::<Result<Vec<_>, _>>()?;
    let threads = options.threads.map_or_else(cores, usize::from);
    let cache_dir = cache_root().filter(|_| !options.no_cache);
    let cache_dir = cache_dir.map(|root| root.join("filigree").join("modules"));
    let engines = Engines::new(u32::try_from(threads)?, cache_dir);

    let reports = run_vectors(&Runner::new(engines, bundles), &found, threads)?;
    if let Some(path) = &options.json {
        write_json(path, &reports).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let mut out = BufWriter::new(stdout().lock());
    report::write_text(&reports, &mut out).and_then(|()| out.flush())?;

    let totals = Totals::of(&reports);
    ensure!(
        totals.any_ran(),
        "no vector ran: all were skipped, for the reasons above"
    );
    Ok(totals)
}

/// The vectors to run.
fn find(options: &Options) -> Result<Vec<Found>> {
    let path = &options.vectors;
    let mut found = vector::find(path).with_context(|| "give vectors with --vectors PATH")?;
    ensure!(!found.is_empty(), "no .json file in {}", path.display());
    if let Some(text) = &options.filter {
        found.retain(|file| file.name.contains(text.as_str()));
        ensure!(
            !found.is_empty(),
            "no vector in {} has a name with `{text}`",
            path.display()
        );
    }
    Ok(found)
}

fn run_vectors(runner: &Runner, found: &[Found], threads: usize) -> Result<Vec<VectorReport>> {
    let done = AtomicUsize::new(0);
    let progress = |report: &VectorReport| {
        let number = done.fetch_add(1, Ordering::Relaxed) + 1;
        let result = match report.run.outcome {
            Outcome::Passed => "passed",
            Outcome::Failed(_) => "FAILED",
            Outcome::Skipped(_) => "skipped",
        };
        eprintln!("{number}/{} {result} {}", found.len(), report.name);
    };
    suite::run(runner, found, threads, &progress).context("cannot start a thread")
}

fn write_json(path: &Path, reports: &[VectorReport]) -> Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    report::write_json(reports, &mut out)?;
    Ok(out.flush()?)
}

fn cores() -> usize {
    available_parallelism().map_or(1, usize::from)
}

/// The user's cache folder.
fn cache_root() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let home = || set("HOME").map(|home| Path::new(&home).join(".cache"));
    set("XDG_CACHE_HOME").map(PathBuf::from).or_else(home)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_parse() {
        let examples = EXAMPLES
            .lines()
            .filter_map(|line| line.trim().strip_prefix("cargo xtask "));
        let mut count = 0;
        for example in examples {
            Options::try_parse_from(example.split_whitespace()).unwrap();
            count += 1;
        }
        assert_eq!(count, 3);
    }

    #[test]
    fn what_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.json"), "{}").unwrap();
        let there = folder.path().to_str().unwrap();
        let check = |arguments: &[&str], expected: &str| {
            let options = Options::try_parse_from([&["conformance"], arguments].concat()).unwrap();
            let error = format!("{:#}", run(&options).unwrap_err());
            assert!(error.contains(expected), "{error}");
        };
        check(
            &["--vectors", "no/such/folder"],
            "cannot read no/such/folder",
        );
        check(
            &["--vectors", there, "--filter", "b"],
            "has a name with `b`",
        );
        check(
            &["--vectors", there, "--bundle", "no.car"],
            "cannot read the bundle no.car",
        );
        let empty = tempfile::tempdir().unwrap();
        check(
            &["--vectors", empty.path().to_str().unwrap()],
            "no .json file in",
        );
    }
}
