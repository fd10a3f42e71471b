//! `gas`: runs a project's tests and prints what each method cost, true Wasm gas, perhaps beside an earlier run.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use filigree_build::replace_file;
use filigree_sandbox::gas::{GasReport, REPORT_VARIABLE, Row};
use serde::Serialize;

use crate::print;

/// Shown below the options.
pub const HELP: &str = "\
Counted are the calls of all sandboxes in all tests that reached Wasm: of messages and of other actors alike, with all below them.
Compared are medians; a method that is new or gone is told, and no regression.

Examples:
  filigree-actor gas
  filigree-actor gas --save gas.json
  filigree-actor gas --compare gas.json --limit 2";

/// Options of `gas`.
#[derive(Debug, Args)]
pub struct Gas {
    /// The project: its folder or Cargo.toml.
    #[arg(default_value = ".")]
    path: PathBuf,

    /// The package, where the workspace has several.
    #[arg(long, short, value_name = "NAME")]
    package: Option<String>,

    /// Only tests whose name has this in it.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,

    /// Keep the report in a file, for `--compare`.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,

    /// An earlier report, as `--save` kept it.
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,

    /// With `--compare`: how much dearer a method may have become, in percent.
    #[arg(
        long,
        value_name = "PERCENT",
        default_value_t = 0,
        requires = "compare"
    )]
    limit: u64,

    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

/// A method's gas now, and before.
#[derive(Serialize)]
struct Compared<'a> {
    #[serde(flatten)]
    row: &'a Row,
    /// The earlier median, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<u64>,
}

/// Runs `gas`.
pub fn run(verb: &Gas) -> Result<ExitCode> {
    let before = match &verb.compare {
        Some(file) => read_rows(file)?,
        None => Vec::new(),
    };
    let rows = run_tests(verb)?;
    ensure!(
        !rows.is_empty(),
        "no test called Wasm in a sandbox: install actors with `sandbox.install(&wasm_of!())`"
    );
    let compared: Vec<Compared<'_>> = rows
        .iter()
        .map(|row| Compared {
            row,
            before: find(&before, row).map(|old| old.median),
        })
        .collect();
    if let Some(file) = &verb.save {
        let report = serde_json::to_vec_pretty(&rows)?;
        replace_file(file, &report).with_context(|| format!("cannot write {}", file.display()))?;
    }
    if verb.json {
        print::json(&compared)?;
    } else {
        print::text(&table(&compared))?;
    }
    for gone in before.iter().filter(|old| find(&rows, old).is_none()) {
        eprintln!("{}.{} was not called any more", gone.actor, gone.method);
    }
    let dearer: Vec<&Compared<'_>> = compared
        .iter()
        .filter(|c| c.is_dearer(verb.limit))
        .collect();
    for Compared { row, before } in &dearer {
        let before = print::number(before.unwrap_or_default());
        let now = print::number(row.median);
        eprintln!(
            "{}.{} became dearer: {before} to {now} gas",
            row.actor, row.method
        );
    }
    Ok(match dearer.as_slice() {
        [] => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

impl Compared<'_> {
    /// Whether the median grew by more than `limit` percent.
    fn is_dearer(&self, limit: u64) -> bool {
        self.before.is_some_and(|before| {
            let allowed = u128::from(before) * (100 + u128::from(limit));
            u128::from(self.row.median) * 100 > allowed
        })
    }
}

/// Runs `cargo test` with a place for the gas, and reads it.
fn run_tests(verb: &Gas) -> Result<Vec<Row>> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let file = folder.path().join("gas.jsonl");
    let manifest = match verb.path.is_dir() {
        true => verb.path.join("Cargo.toml"),
        false => verb.path.clone(),
    };
    ensure!(
        manifest.is_file(),
        "{} is not there: name a project's folder",
        manifest.display()
    );
    let mut cargo = Command::new("cargo");
    cargo.arg("test").arg("--manifest-path").arg(&manifest);
    if let Some(package) = &verb.package {
        cargo.arg("--package").arg(package);
    }
    cargo.args(&verb.filter).env(REPORT_VARIABLE, &file);
    // The tests' own output is no part of ours.
    cargo.stdout(std::io::stderr());
    let status = cargo
        .status()
        .context("cannot run cargo; install it with rustup")?;
    ensure!(
        status.success(),
        "tests failed; gas of failing tests says nothing"
    );
    if !file.exists() {
        return Ok(Vec::new());
    }
    let report = GasReport::read(&file).context("cannot read what the tests left")?;
    Ok(report.rows())
}

/// The rows of an earlier report.
fn read_rows(file: &Path) -> Result<Vec<Row>> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    match serde_json::from_str(&text) {
        Ok(rows) => Ok(rows),
        Err(e) => bail!(
            "{} is no gas report: {e}; make one with `filigree-actor gas --save`",
            file.display()
        ),
    }
}

fn find<'a>(rows: &'a [Row], like: &Row) -> Option<&'a Row> {
    rows.iter()
        .find(|row| row.actor == like.actor && row.method == like.method)
}

fn table(compared: &[Compared<'_>]) -> String {
    let mut head = vec!["method", "calls", "failed", "min", "median", "max"];
    let with_before = compared.iter().any(|c| c.before.is_some());
    if with_before {
        head.push("change");
    }
    let mut rows = vec![head.into_iter().map(str::to_owned).collect::<Vec<_>>()];
    for Compared { row, before } in compared {
        let numbers = [row.calls, row.failed, row.min, row.median, row.max];
        let mut cells = vec![format!("{}.{}", row.actor, row.method)];
        cells.extend(numbers.map(print::number));
        if with_before {
            cells
                .push(before.map_or_else(|| "new".to_owned(), |before| change(before, row.median)));
        }
        rows.push(cells);
    }
    print::table(&rows, &[1, 2, 3, 4, 5, 6])
}

/// The change of a median in percent, with one decimal.
fn change(before: u64, now: u64) -> String {
    if before == 0 {
        return "new".to_owned();
    }
    let tenths = (i128::from(now) - i128::from(before)) * 1000 / i128::from(before);
    let sign = if tenths < 0 { "-" } else { "+" };
    format!("{sign}{}.{} %", tenths.abs() / 10, tenths.abs() % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(median: u64) -> Row {
        Row {
            actor: "Counter".to_owned(),
            method: "Increment".to_owned(),
            calls: 3,
            failed: 1,
            min: 1,
            median,
            max: 2_000,
        }
    }

    #[test]
    fn dearer_is_beyond_the_limit_and_never_what_is_new() {
        for (before, now, limit, dearer) in [
            (Some(1_000), 1_000, 0, false),
            (Some(1_000), 1_001, 0, true),
            (Some(1_000), 1_020, 2, false),
            (Some(1_000), 1_021, 2, true),
            (Some(1_000), 1, 0, false),
            (None, 1_000, 0, false),
            (Some(u64::MAX), u64::MAX, 0, false),
        ] {
            let row = row(now);
            let compared = Compared { row: &row, before };
            assert_eq!(
                compared.is_dearer(limit),
                dearer,
                "{before:?} {now} {limit}"
            );
        }
    }

    #[test]
    fn a_report_reads_what_it_printed() {
        let (old, new) = (row(1_000), row(900));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gas.json");
        let compared = [Compared {
            row: &old,
            before: Some(7),
        }];
        std::fs::write(&file, serde_json::to_string(&compared).unwrap()).unwrap();
        let before = read_rows(&file).unwrap();
        assert_eq!(before, [old]);
        let compared = [Compared {
            row: &new,
            before: Some(before[0].median),
        }];
        let table = table(&compared);
        assert!(
            table.contains("Counter.Increment") && table.contains("-10.0 %"),
            "{table}"
        );
        std::fs::write(&file, "{").unwrap();
        assert!(
            read_rows(&file)
                .unwrap_err()
                .to_string()
                .contains("gas --save")
        );
    }
}
