//! `upgrade rehearse`: the new code's `upgrade` on every actor of the old code, in a state that is given.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use cid::Cid;
use clap::{Args, Subcommand};
use filigree_build::build::compile;
use filigree_build::{Rules, code_cid};
use filigree_sandbox::rehearse::{Old, Rehearsal, Report};
use filigree_sandbox::{Code, Sandbox};
use fvm_shared::address::Address;
use serde_json::Value;

use super::call::address;
use super::project::Project;
use crate::input::{Input, read_file};
use crate::print;
use crate::state::{self, Ticker};

/// Shown below the options.
pub const HELP: &str = "Examples:\n  filigree-actor upgrade rehearse --state sandbox.car --actor Counter --new counter_v2.wasm";

const REHEARSE_HELP: &str = "\
Each actor is upgraded in a state of its own, several at a time; nothing is written. An actor passes if `upgrade`
returns, its balance, sequence number and addresses stay, its new state is what the new schema says, with all behind its
links, and each --invariant holds. The exit code is 1 when one does not pass.

The state is a file that Sandbox::save wrote, a chain snapshot, or a CAR whose root is a state. The new code is --new, or
the project that is built.

Examples:
  filigree-actor upgrade rehearse --state sandbox.car --actor Counter --new counter_v2.wasm --params 5
  filigree-actor upgrade rehearse counter-v2 --state sandbox.car --old counter.wasm --invariant IsSound
  filigree-actor upgrade rehearse --state snapshot.car --address f01234 --new multisig.wasm --network-version 27 --json";

/// Options of `upgrade`.
#[derive(Debug, Args)]
pub struct Upgrade {
    #[command(subcommand)]
    task: Task,
}

/// What is done about upgrades.
#[derive(Debug, Subcommand)]
enum Task {
    /// Run old to new code over given state, and tell what came of each actor.
    #[command(after_help = REHEARSE_HELP)]
    Rehearse(Box<Rehearse>),
}

/// Options of `upgrade rehearse`.
#[derive(Debug, Args)]
struct Rehearse {
    #[command(flatten)]
    project: Project,

    /// The state: a saved sandbox, a chain snapshot or a state, as a CAR file.
    #[arg(long, value_name = "FILE")]
    state: PathBuf,

    /// The bundle of the network's actors, where the state's file has not their code. May be repeated.
    #[arg(long, value_name = "FILE")]
    bundle: Vec<PathBuf>,

    /// The new code: a module. Without it the project is built.
    #[arg(long, value_name = "FILE")]
    new: Option<PathBuf>,

    #[command(flatten)]
    old: Whose,

    /// Parameters of `upgrade`, as JSON by the new schema.
    #[arg(long, value_name = "JSON", value_parser = json)]
    params: Option<Value>,

    /// A view of the new code that must succeed after the upgrade, and return true if it returns a bool. May be
    /// repeated.
    #[arg(long = "invariant", value_name = "METHOD")]
    invariants: Vec<String>,

    /// In whose name the upgrade is asked for [default: f00].
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    caller: Option<Address>,

    /// The network version of a snapshot; a saved sandbox knows its own.
    #[arg(long, short = 'n', value_name = "N", default_value_t = Rules::latest().network_version)]
    network_version: u32,

    /// Actors at a time [default: as many as there are processors].
    #[arg(long, value_name = "N")]
    threads: Option<usize>,

    /// Actors whose states are shown; of those that fail, a thousand at least.
    #[arg(long, value_name = "N", default_value_t = 10)]
    show: usize,

    /// Show the states of all.
    #[arg(long)]
    full: bool,

    /// Print the report as JSON, with the states of all.
    #[arg(long)]
    json: bool,
}

/// Which actors.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Whose {
    /// All actors of this name, by the network's manifest or the schema of their code.
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,

    /// All actors of this code: a module or a code CID.
    #[arg(long, value_name = "FILE|CID")]
    old: Option<String>,

    /// One actor.
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    address: Option<Address>,
}

/// Runs `upgrade`.
pub fn run(verb: &Upgrade) -> Result<ExitCode> {
    match &verb.task {
        Task::Rehearse(verb) => rehearse(verb),
    }
}

fn rehearse(verb: &Rehearse) -> Result<ExitCode> {
    // Before the build and the state, which may take long.
    let (old, old_wasm) = old(&verb.old)?;
    let wasm = match &verb.new {
        Some(file) => Input::read(file)?.module(file, None)?.to_vec(),
        None => compile(&verb.project.options())?.wasm,
    };
    let mut sandbox = open(verb)?;
    let new = sandbox.try_install(&wasm).context("the new code")?;
    let report = run_rehearsal(verb, &sandbox, &new, old, old_wasm)?;
    if verb.json {
        print::json(&report)?;
    } else {
        print::text(&print::lines(&report.to_string()))?;
    }
    Ok(match report.failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

fn run_rehearsal(
    verb: &Rehearse,
    sandbox: &Sandbox,
    new: &Code,
    old: Old,
    old_wasm: Option<Vec<u8>>,
) -> Result<Report> {
    let ticker = Ticker::new();
    let progress = |done: usize, all: usize| ticker.tell(done, all, "actors");
    let mut rehearsal: Rehearsal<'_> = sandbox.rehearse(old, new).progress(&progress);
    if let Some(wasm) = old_wasm {
        rehearsal = rehearsal.old_wasm(wasm);
    }
    if let Some(params) = &verb.params {
        rehearsal = rehearsal.params_json(params.clone());
    }
    if let Some(caller) = verb.caller {
        rehearsal = rehearsal.caller(caller);
    }
    if let Some(threads) = verb.threads {
        rehearsal = rehearsal.workers(threads);
    }
    for invariant in &verb.invariants {
        rehearsal = rehearsal.invariant(invariant);
    }
    let all = verb.full || verb.json;
    let shown = if all { usize::MAX } else { verb.show };
    Ok(rehearsal.show(shown).run()?)
}

fn open(verb: &Rehearse) -> Result<Sandbox> {
    // Refuses versions that nobody knows.
    Rules::mainnet(verb.network_version)?;
    let mut builder = Sandbox::builder().network_version(verb.network_version.into());
    for bundle in &verb.bundle {
        builder = builder.bundle(bundle);
    }
    state::open(builder, &verb.state)
}

/// Whose upgrade is meant; with `--old FILE` its Wasm too.
fn old(whose: &Whose) -> Result<(Old, Option<Vec<u8>>)> {
    match (&whose.actor, &whose.old, &whose.address) {
        (Some(name), ..) => Ok((Old::Name(name.clone()), None)),
        (None, Some(typed), _) => {
            let path = Path::new(typed);
            if !path.exists() {
                let cid = Cid::try_from(typed.as_str());
                let cid = cid.map_err(|_| anyhow!("--old {typed} is no file and no code CID"))?;
                return Ok((Old::Code(cid), None));
            }
            let wasm = read_file(path)?;
            Ok((Old::Code(code_cid(&wasm)), Some(wasm)))
        }
        (None, None, Some(address)) => Ok((Old::Actor(*address), None)),
        (None, None, None) => Err(anyhow!("name the actors with --actor, --old or --address")),
    }
}

fn json(typed: &str) -> Result<Value, String> {
    serde_json::from_str(typed)
        .map_err(|e| format!("no JSON ({e}): quote texts, as in '\"f01234\"'"))
}
