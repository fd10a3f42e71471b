//! `bundle`: several actors in one CAR file; listing and comparing such files.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use filigree_build::build::compile;
use filigree_build::{BuildOptions, Bundle, Layout};
use serde::Serialize;

use crate::input::{read_bundle, read_file};
use crate::print::{self, number};

/// Shown below the options.
pub const HELP: &str = "\
An actor is a .wasm file or a project's folder, which is built. Its name is the file's or package's, or what stands
before `=`. Order matters: hosts number the actors of a bundle from 1. The same actors give the same bytes.

Examples:
  filigree-actor bundle token.wasm escrow.wasm --out actors.car
  filigree-actor bundle system=actors/system init=actors/init
  filigree-actor bundle ls actors.car
  filigree-actor bundle diff old.car new.car";

const LS_HELP: &str = "Examples:\n  filigree-actor bundle ls actors.car --json";

const DIFF_HELP: &str = "\
The exit code is 1 when the bundles differ, as that of diff.

Examples:
  filigree-actor bundle diff old.car new.car";

/// Options of `bundle`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct BundleVerb {
    #[command(subcommand)]
    task: Option<Task>,

    /// Actors, in the order of their numbers.
    #[arg(required = true, value_name = "[NAME=]ACTOR")]
    actors: Vec<String>,

    /// Where the bundle goes.
    #[arg(long, short, value_name = "FILE", default_value = "actors.car")]
    out: PathBuf,

    /// Download nothing while building.
    #[arg(long)]
    offline: bool,

    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// What is done with bundles that exist.
#[derive(Debug, Subcommand)]
enum Task {
    /// List the actors of a bundle.
    #[command(after_help = LS_HELP)]
    Ls {
        /// The bundle.
        file: PathBuf,
        /// Print the list as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Compare two bundles: code CIDs, sizes, schemas, numbers.
    #[command(after_help = DIFF_HELP)]
    Diff {
        /// The one before.
        before: PathBuf,
        /// The one after.
        after: PathBuf,
        /// Print the differences as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// A listing with `--json`.
#[derive(Serialize)]
struct Listing {
    root: String,
    actors: Vec<filigree_build::bundle::Entry>,
}

/// Runs `bundle`.
pub fn run(verb: &BundleVerb) -> Result<ExitCode> {
    match &verb.task {
        Some(Task::Ls { file, json }) => list(&read_bundle(file)?, *json)?,
        Some(Task::Diff {
            before,
            after,
            json,
        }) => return diff(before, after, *json),
        None => make(verb)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn make(verb: &BundleVerb) -> Result<()> {
    let mut actors = Vec::new();
    for typed in &verb.actors {
        let (name, path) = match typed.split_once('=') {
            Some((name, path)) => (Some(name), Path::new(path)),
            None => (None, Path::new(typed)),
        };
        let (own_name, wasm) = actor(path, verb.offline)?;
        actors.push((name.map_or(own_name, str::to_owned), wasm));
    }
    let bundle = Bundle::new(actors)?;
    let (_, car) = bundle.to_car();
    filigree_build::replace_file(&verb.out, &car)
        .with_context(|| format!("cannot write {}", verb.out.display()))?;
    eprintln!("wrote {} ({} bytes)", verb.out.display(), number(car.len()));
    list(&bundle, verb.json)
}

/// The module at a path, built if it is a project, and its own name.
fn actor(path: &Path, offline: bool) -> Result<(String, Vec<u8>)> {
    if path.is_dir() || path.file_name().is_some_and(|name| name == "Cargo.toml") {
        eprintln!("building {}", path.display());
        let options = BuildOptions {
            offline,
            ..BuildOptions::new(path)
        };
        let built = compile(&options)?;
        return Ok((built.package, built.wasm));
    }
    let wasm = read_file(path)?;
    Layout::read(&wasm).with_context(|| path.display().to_string())?;
    match path.file_stem().and_then(|stem| stem.to_str()) {
        Some(stem) => Ok((stem.to_owned(), wasm)),
        None => bail!(
            "{} has no name; write NAME={}",
            path.display(),
            path.display()
        ),
    }
}

fn list(bundle: &Bundle, json: bool) -> Result<()> {
    let (root, _) = bundle.to_car();
    if json {
        return print::json(&Listing {
            root: root.to_string(),
            actors: bundle.entries(),
        });
    }
    let rows = bundle.entries().into_iter();
    let rows = rows.map(|e| {
        vec![
            e.number.to_string(),
            e.name,
            number(e.size_bytes),
            e.code_cid,
        ]
    });
    print::text(&format!(
        "{root}\n{}",
        print::table(&rows.collect::<Vec<_>>(), &[0, 2])
    ))
}

fn diff(before: &Path, after: &Path, json: bool) -> Result<ExitCode> {
    let diff = read_bundle(before)?.diff(&read_bundle(after)?);
    if json {
        print::json(&diff)?;
    } else {
        print::text(&print::lines(&diff.to_string()))?;
    }
    Ok(if diff.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
