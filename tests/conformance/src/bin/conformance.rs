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
use filigree_conformance::options::{Conformance, DEFAULT_VECTORS};
use filigree_conformance::run::Runner;
use filigree_conformance::vector::{self, Found};
use filigree_conformance::{Bundle, Outcome, Totals, VectorReport, report, suite, workspace};
use filigree_vm::Engines;

fn main() -> ExitCode {
    match run(&Conformance::parse()) {
        Ok(totals) if totals.failed > 0 => ExitCode::from(1),
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(options: &Conformance) -> Result<Totals> {
    let found = find(options)?;
    let bundles = options.bundles.iter().map(|path| Bundle::load(path));
    let bundles = bundles.collect::<Result<Vec<_>, _>>()?;
    let json = options.json.as_deref().map(create).transpose()?;
    let threads = options.threads.map_or_else(cores, usize::from);
    let cache_dir = cache_root().filter(|_| !options.no_cache);
    let cache_dir = cache_dir.map(|root| root.join("filigree").join("modules"));
    let engines = Engines::new(u32::try_from(threads)?, cache_dir);

    let reports = run_vectors(&Runner::new(engines, bundles), &found, threads)?;
    let mut out = BufWriter::new(stdout().lock());
    report::write_text(&reports, &mut out).and_then(|()| out.flush())?;
    if let Some((path, file)) = json {
        let mut out = BufWriter::new(file);
        report::write_json(&reports, &mut out)
            .and_then(|()| out.flush())
            .with_context(|| format!("cannot write {}", path.display()))?;
    }

    let totals = Totals::of(&reports);
    ensure!(
        totals.any_ran(),
        "no vector ran: all were skipped, for the reasons above"
    );
    Ok(totals)
}

/// The vectors to run.
fn find(options: &Conformance) -> Result<Vec<Found>> {
    let path = options.vectors.clone();
    let path = path.unwrap_or_else(|| workspace::from_root(DEFAULT_VECTORS));
    vector::find_named(&path, options.filter.as_deref().unwrap_or(""))
        .context("choose vectors with --vectors PATH and --filter TEXT")
}

/// The file of results: made before the run, so that a path that cannot be written is told at once.
fn create(path: &Path) -> Result<(&Path, File)> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok((path, file))
}

fn run_vectors(runner: &Runner, found: &[Found], threads: usize) -> Result<Vec<VectorReport>> {
    let done = AtomicUsize::new(0);
    let progress = |reports: &[VectorReport]| {
        let number = done.fetch_add(1, Ordering::Relaxed) + 1;
        for report in reports {
            let result = match report.run.outcome {
                Outcome::Passed => "passed",
                Outcome::Failed(_) => "FAILED",
                Outcome::Skipped(_) => "skipped",
            };
            let variant = report.variant.as_deref().unwrap_or_default();
            eprintln!(
                "{number}/{} {result} {} {variant}",
                found.len(),
                report.name
            );
        }
    };
    suite::run(runner, found, threads, &progress).context("cannot start a thread")
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
    fn what_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.json"), "{}").unwrap();
        let there = folder.path().to_str().unwrap();
        let check = |arguments: &[&str], expected: &str| {
            let typed = [&["conformance"], arguments].concat();
            let options = Conformance::try_parse_from(typed).unwrap();
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
        check(
            &["--vectors", there, "--json", "no/such/folder/result.json"],
            "cannot write no/such/folder/result.json",
        );
        let empty = tempfile::tempdir().unwrap();
        check(
            &["--vectors", empty.path().to_str().unwrap()],
            "no .json file in",
        );
    }
}
