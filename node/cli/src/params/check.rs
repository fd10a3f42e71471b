//! `params check`: whether the files in a directory are those meant.

use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Args;
use filigree_proofs_params::{Finding, Set, check};
use serde::Serialize;

use super::{Printed, Where, Which};
use crate::print;
use crate::progress::Line;

/// Shown below the options.
pub const HELP: &str = "\
Every byte is read. For each file that is missing or wrong, the command that brings it is told; then the exit code is 1.

Examples:
  filigree params check --sector-size 32GiB
  filigree params check --set dev --sector-size 2KiB --role prove
  filigree params check --dir parameters --json";

/// Options of `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Whose: production (the network's) or dev (of a public seed).
    #[arg(long, value_name = "SET", default_value_t = Set::Production)]
    set: Set,

    #[command(flatten)]
    which: Which,

    #[command(flatten)]
    place: Where,

    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

/// One file's finding with `--json`.
#[derive(Serialize)]
struct Checked {
    #[serde(flatten)]
    file: Printed,
    status: &'static str,
    says: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

/// Runs `check`.
pub fn run(verb: &Check) -> Result<ExitCode> {
    let directory = verb.place.directory(verb.set)?;
    let files = verb.which.files(verb.set);
    // Nothing checked must not look like all is well.
    ensure!(
        !files.is_empty(),
        "no such files; see: filigree params list"
    );
    let line = Line::default();
    let mut findings = Vec::new();
    for file in files {
        let name = file.name();
        let total = file.size_bytes.unwrap_or(0);
        let mut done = 0;
        findings.push(check(&file, &directory, &mut |bytes| {
            done += bytes;
            line.show(&name, done, total);
        }));
        line.clear();
    }
    let bad = findings.iter().filter(|f| !f.status.is_good()).count();
    if verb.json {
        let all: Vec<Checked> = findings.iter().map(|f| checked(f, &directory)).collect();
        print::json(&all)?;
    } else {
        let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
        print::text(&lines.join("\n"))?;
    }
    let good = findings.len() - bad;
    eprintln!("{good} of {} files are good", findings.len());
    Ok(match bad {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

fn checked(finding: &Finding, directory: &std::path::Path) -> Checked {
    Checked {
        file: Printed::new(&finding.file, directory),
        status: finding.status.word(),
        says: finding.to_string(),
        remedy: (!finding.status.is_good()).then(|| finding.remedy()),
    }
}
