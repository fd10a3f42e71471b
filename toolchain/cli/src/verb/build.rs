//! `build`: an actor's Wasm from its source.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Args;
use filigree_build::build::compile;
use filigree_build::{Artefact, BuildOptions, Rules, check_statically};
use serde::Serialize;

use super::project::Project;
use crate::print;

/// Shown below the options.
pub const HELP: &str = "\
The bytes depend on the source, Cargo.lock and the compiler that rust-toolchain.toml pins, and on no folder, so that
`filigree-actor verify` gives the same code CID anywhere. A build that fails, or makes what no host can run, leaves the
earlier artefact in place.

In Cargo.toml, [package.metadata.filigree] may set stack-size-bytes (131072 by default; every call pays for it) and
profile.

Examples:
  filigree-actor build
  filigree-actor build actors/token --out token.wasm
  filigree-actor build --names --json";

/// Options of `build`.
#[derive(Debug, Args)]
pub struct Build {
    #[command(flatten)]
    project: Project,

    /// Where the Wasm goes [default: filigree/NAME.wasm in the build folder].
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Keep the names of functions, for `inspect` and profiles; not for deployment.
    #[arg(long)]
    names: bool,

    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// What is printed with `--json`.
#[derive(Serialize)]
struct Printed<'a> {
    package: &'a str,
    path: String,
    code_cid: String,
    raw_size_bytes: usize,
    optimised_size_bytes: usize,
    rustc: &'a str,
    from_cache: bool,
    warnings: &'a [String],
}

/// Runs `build`.
pub fn run(verb: &Build) -> Result<ExitCode> {
    let options = BuildOptions {
        out: verb.out.clone(),
        names: verb.names,
        ..verb.project.options()
    };
    let artefact = compile(&options)?;
    for warning in &artefact.warnings {
        eprintln!("warning: {warning}");
    }
    refuse_what_no_host_runs(&artefact)?;
    artefact.write()?;
    if verb.json {
        print::json(&printed(&artefact))?;
    } else {
        print::text(&text(&artefact))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn refuse_what_no_host_runs(artefact: &Artefact) -> Result<()> {
    let rules = Rules::latest().with_upgrade(true).with_install(true);
    let report = check_statically(&artefact.wasm, &rules);
    for finding in report.findings.iter().filter(|f| f.severity.is_error()) {
        eprintln!("{finding}");
    }
    ensure!(
        report.passes(),
        "no host can run what was built; nothing was written to {}",
        artefact.path.display()
    );
    Ok(())
}

fn printed(artefact: &Artefact) -> Printed<'_> {
    Printed {
        package: &artefact.package,
        path: artefact.path.display().to_string(),
        code_cid: artefact.code_cid.to_string(),
        raw_size_bytes: artefact.raw_size_bytes,
        optimised_size_bytes: artefact.optimised_size_bytes,
        rustc: &artefact.rustc,
        from_cache: artefact.from_cache,
        warnings: &artefact.warnings,
    }
}

fn text(artefact: &Artefact) -> String {
    let line = |name: &str, value: String| vec![name.to_owned(), value];
    let (raw, optimised) = (artefact.raw_size_bytes, artefact.optimised_size_bytes);
    let sizes = format!(
        "{} bytes; {} before optimisation",
        print::number(optimised),
        print::number(raw)
    );
    let from = if artefact.from_cache {
        " (built before)"
    } else {
        ""
    };
    let rows = [
        line("actor", format!("{}{from}", artefact.package)),
        line("size", sizes),
        line("code CID", artefact.code_cid.to_string()),
        line("compiler", artefact.rustc.clone()),
        line("file", artefact.path.display().to_string()),
    ];
    print::table(&rows, &[])
}
