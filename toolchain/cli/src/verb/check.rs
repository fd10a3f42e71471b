//! `check`: whether the host of a network version loads and can call a module.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use filigree_build::{Checker, Report, Rules, Severity};
use serde::Serialize;

use crate::input::Input;
use crate::print;

/// Shown below the options.
pub const HELP: &str = "\
Each finding has its place, a byte or a function, and says what to do. Errors mean that the host refuses the module or
that no call of it can succeed; then the exit code is 1. A file may be a module or a bundle.

Examples:
  filigree-actor check token.wasm
  filigree-actor check token.wasm --network-version 21 --json
  filigree-actor check builtin-actors-mainnet.car --errors";

/// Options of `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Modules or bundles.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// The network version, 18 to 28.
    #[arg(long, short = 'n', value_name = "N", default_value_t = Rules::latest().network_version)]
    network_version: u32,

    /// As a network that lets actors replace their own code.
    #[arg(long)]
    allow_upgrade: bool,

    /// As a network on which messages install code.
    #[arg(long)]
    allow_install: bool,

    /// Show errors only.
    #[arg(long)]
    errors: bool,

    /// Print the findings as JSON.
    #[arg(long)]
    json: bool,
}

/// One module's report with `--json`.
#[derive(Serialize)]
struct Printed {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<String>,
    passes: bool,
    #[serde(flatten)]
    report: Report,
}

/// Runs `check`.
pub fn run(verb: &Check) -> Result<ExitCode> {
    let rules = Rules::mainnet(verb.network_version)?
        .with_upgrade(verb.allow_upgrade)
        .with_install(verb.allow_install);
    let checker = Checker::new(rules)?;
    let mut all = Vec::new();
    let mut failed = false;
    for file in &verb.files {
        match Input::read(file) {
            Ok(input) => all.extend(reports(verb, &checker, file, &input)?),
            Err(error) => {
                eprintln!("error: {}", print::lines(&format!("{error:#}")));
                failed = true;
            }
        }
    }
    if verb.json {
        print::json(&all)?;
    }
    failed |= all.iter().any(|printed| !printed.passes);
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Checks every module of a file, printing as it goes.
fn reports(verb: &Check, checker: &Checker, file: &Path, input: &Input) -> Result<Vec<Printed>> {
    let mut all = Vec::new();
    for (actor, wasm) in input.modules() {
        let printed = Printed {
            file: file.display().to_string(),
            actor: actor.map(str::to_owned),
            report: checker.check(wasm),
            passes: false,
        };
        let printed = Printed {
            passes: printed.report.passes(),
            ..printed
        };
        if !verb.json {
            print::text(&text(&printed, verb.errors))?;
        }
        all.push(printed);
    }
    Ok(all)
}

fn text(printed: &Printed, errors_only: bool) -> String {
    let report = &printed.report;
    let name = match &printed.actor {
        Some(actor) => format!("{} {actor}", printed.file),
        None => printed.file.clone(),
    };
    let verdict = if printed.passes { "passes" } else { "FAILS" };
    let mut shown = format!(
        "{name}: {verdict} at network version {} ({} bytes, {} errors, {} warnings, {} notes)\n",
        report.network_version,
        print::number(report.size_bytes),
        report.count(Severity::Refused) + report.count(Severity::Unusable),
        report.count(Severity::Warning),
        report.count(Severity::Note),
    );
    let findings = report.findings.iter();
    for finding in findings.filter(|f| !errors_only || f.severity.is_error()) {
        for line in finding.to_string().lines() {
            shown.push_str("  ");
            shown.push_str(&print::plain(line));
            shown.push('\n');
        }
    }
    shown
}
