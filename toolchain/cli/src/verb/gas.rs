//! `gas`: runs a project's tests and prints what each method cost, true Wasm gas, perhaps beside an earlier run.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use filigree_build::replace_file;
use filigree_sandbox::gas::{GasReport, REPORT_VARIABLE, Row};
use serde::Serialize;

use super::cargo_test;
use crate::print;

/// Shown below the options.
pub const HELP: &str = "\
Counted are the calls of all sandboxes in all tests that reached Wasm: of messages and of other actors alike, with all below them.
Compared are medians; a method that is new or gone is told, and no regression. Two codes of one name have rows of their own.

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

    /// Keep the report in a file, for `--compare`, unless a method became dearer.
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
    let (package, filter) = (verb.package.as_deref(), verb.filter.as_deref());
    let report = cargo_test::run(
        &verb.path,
        package,
        filter,
        REPORT_VARIABLE,
        GasReport::read,
    )?;
    let rows = report.unwrap_or_default().rows();
    ensure!(
        !rows.is_empty(),
        "no test called Wasm in a sandbox: install actors with `sandbox.install(&wasm_of!())`"
    );
    let (earlier, gone) = pair(&before, &rows);
    let compared = rows.iter().zip(earlier).map(|(row, earlier)| Compared {
        row,
        before: earlier.map(|earlier| earlier.median),
    });
    let compared: Vec<Compared<'_>> = compared.collect();
    if verb.json {
        print::json(&compared)?;
    } else {
        print::text(&table(&compared))?;
    }
    for gone in gone {
        eprintln!("{} was not called any more", gone.title(&before));
    }
    let dearer: Vec<&Compared<'_>> = compared
        .iter()
        .filter(|c| c.is_dearer(verb.limit))
        .collect();
    for Compared { row, before } in &dearer {
        let before = print::number(before.unwrap_or_default());
        let now = print::number(row.median);
        eprintln!("{} became dearer: {before} to {now} gas", row.title(&rows));
    }
    if let Some(file) = &verb.save {
        let shown = file.display();
        if !dearer.is_empty() {
            eprintln!("{shown} was not written");
            return Ok(ExitCode::FAILURE);
        }
        let report = serde_json::to_vec_pretty(&rows)?;
        replace_file(file, &report).with_context(|| format!("cannot write {shown}"))?;
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
            let allowed = u128::from(before).saturating_mul(100 + u128::from(limit));
            u128::from(self.row.median) * 100 > allowed
        })
    }
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

/// Each row's earlier one, and the earlier rows that are left. Those of the same code belong together; code that changed
/// is compared with what is left of its name, if that is one row on either side.
fn pair<'a>(before: &'a [Row], rows: &[Row]) -> (Vec<Option<&'a Row>>, Vec<&'a Row>) {
    let is_like = |a: &Row, b: &Row| a.actor == b.actor && a.method == b.method;
    let mut left: Vec<&Row> = before.iter().collect();
    let mut found = vec![None; rows.len()];
    for (row, found) in rows.iter().zip(&mut found) {
        let same = left
            .iter()
            .position(|old| is_like(old, row) && old.code == row.code);
        *found = same.map(|at| left.remove(at));
    }
    for (index, row) in rows.iter().enumerate() {
        let open = rows.iter().zip(&found);
        let open = open.filter(|(other, found)| found.is_none() && is_like(other, row));
        let candidates: Vec<usize> = (0..left.len())
            .filter(|at| is_like(left[*at], row))
            .collect();
        if let ([at], 1, None) = (candidates.as_slice(), open.count(), found[index]) {
            found[index] = Some(left.remove(*at));
        }
    }
    (found, left)
}

fn table(compared: &[Compared<'_>]) -> String {
    let mut head = vec!["method", "calls", "failed", "min", "median", "max"];
    let with_before = compared.iter().any(|c| c.before.is_some());
    if with_before {
        head.push("change");
    }
    let mut rows = vec![head.into_iter().map(str::to_owned).collect::<Vec<_>>()];
    let all: Vec<Row> = compared.iter().map(|c| c.row.clone()).collect();
    for Compared { row, before } in compared {
        let numbers = [row.calls, row.failed, row.min, row.median, row.max];
        let mut cells = vec![row.title(&all)];
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
            code: "bafkcode".to_owned(),
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
            (Some(u64::MAX), u64::MAX, u64::MAX, false),
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
