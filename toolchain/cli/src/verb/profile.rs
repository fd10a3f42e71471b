//! `profile`: where the gas of a call, or of the calls of tests, went: a flame graph over Wasm functions and syscalls.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::{Arg, ArgGroup, Args};
use filigree_build::build::{compile, names};
use filigree_build::names::of_functions;
use filigree_build::optimise::{Keep, strip};
use filigree_build::{BuildOptions, code_cid, replace_file};
use filigree_sandbox::profile::{PROFILE_VARIABLE, Stacks, Total, learn_names};
use inferno::flamegraph;
use serde::Serialize;

use super::call::CallOptions;
use super::cargo_test;
use crate::input::read_file;
use crate::print;

/// Shown below the options.
pub const HELP: &str = "\
The calls profiled are those of a project's tests (--test, --all-tests) or one on a saved state (--state). They use the gas
they always use, and the gas of the graph is that of their receipts. Frames are functions of the Wasm, `syscall …`, calls as
`Actor.Method`, and `host …` for what the host charges outside of them.

Tests find the names of functions themselves. For --state, name the source with --names.

Examples:
  filigree-actor profile --test it_counts -o counter.svg
  filigree-actor profile --all-tests --only Counter.Increment --folded counter.folded
  filigree-actor profile --state sandbox.car --to f0101 --method Increment --params 5 --names .";

/// Options of `profile`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").args(["test", "all_tests", "state"]).required(true))]
#[command(mut_args(of_a_call))]
pub struct Profile {
    /// The tests whose name has this in it.
    #[arg(long, value_name = "TEXT")]
    test: Option<String>,

    /// All tests.
    #[arg(long)]
    all_tests: bool,

    /// With tests: the project, its folder or Cargo.toml.
    #[arg(default_value = ".", conflicts_with = "state")]
    path: PathBuf,

    /// With tests: the package, where the workspace has several.
    #[arg(long, short, value_name = "NAME", conflicts_with = "state")]
    package: Option<String>,

    #[command(flatten)]
    call: CallOptions,

    /// With --state: where functions get their names from, a module that `filigree-actor build --names` wrote or a
    /// project, which is built. Several for several actors.
    #[arg(long, value_name = "PATH", requires = "state")]
    names: Vec<PathBuf>,

    /// Only calls of this actor, or of one method of it: `Token`, `Token.Transfer`.
    #[arg(long, value_name = "ACTOR[.METHOD]")]
    only: Option<String>,

    /// Where the flame graph goes.
    #[arg(long, short, value_name = "FILE", default_value = "profile.svg")]
    out: PathBuf,

    /// Write the call stacks as text too, a line each.
    #[arg(long, value_name = "FILE")]
    folded: Option<PathBuf>,

    /// How many functions to list, most gas first.
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,

    /// Print the gas of each function as JSON.
    #[arg(long)]
    json: bool,
}

/// Options of a call are refused beside tests.
fn of_a_call(arg: Arg) -> Arg {
    match arg.get_id().as_str() {
        "bundle" | "to" | "method" | "params" | "from" | "value" | "gas_limit"
        | "network_version" | "names" => arg.conflicts_with_all(["test", "all_tests"]),
        _ => arg,
    }
}

/// What is printed with `--json`.
#[derive(Serialize)]
struct Printed<'a> {
    /// All gas.
    gas: u64,
    /// Exit code of the call; none for tests.
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<u32>,
    functions: &'a [Total],
}

/// Runs `profile`.
pub fn run(verb: &Profile) -> Result<ExitCode> {
    let (stacks, exit_code) = match verb.call.state {
        Some(_) => profile_call(verb)?,
        None => (profile_tests(verb)?, None),
    };
    let stacks = match &verb.only {
        Some(only) => of_actor(&stacks, only)?,
        None => stacks,
    };
    let svg = svg(&stacks, &title(verb))?;
    let written = replace_file(&verb.out, &svg);
    written.with_context(|| format!("cannot write {}", verb.out.display()))?;
    if let Some(file) = &verb.folded {
        let written = replace_file(file, stacks.folded().as_bytes());
        written.with_context(|| format!("cannot write {}", file.display()))?;
    }
    let totals = stacks.totals();
    if verb.json {
        print::json(&Printed {
            gas: stacks.gas(),
            exit_code,
            functions: &totals,
        })?;
    } else {
        print::text(&table(&totals, stacks.gas(), verb.top))?;
        eprintln!("the flame graph is in {}", verb.out.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// The one call on a saved state.
fn profile_call(verb: &Profile) -> Result<(Stacks, Option<u32>)> {
    let mut prepared = verb.call.prepare()?;
    for path in &verb.names {
        learn(path).with_context(|| format!("names from {}", path.display()))?;
    }
    prepared.sandbox.profile(true);
    let outcome = prepared.run()?;
    if !outcome.is_ok() {
        eprintln!("the call failed: {}", print::lines(&outcome.message()));
    }
    let stacks = prepared.sandbox.take_stacks();
    ensure!(
        !stacks.is_empty(),
        "the message was refused before it ran and used no gas"
    );
    let unnamed = stacks
        .totals()
        .iter()
        .any(|t| t.name.starts_with("function "));
    if unnamed {
        eprintln!(
            "functions have numbers where their code was not found: name its source with --names"
        );
    }
    Ok((stacks, Some(outcome.exit_code().value())))
}

/// Takes the names of functions from a module that has them, or from a project.
fn learn(path: &Path) -> Result<()> {
    let is_module = path.is_file() && path.extension().is_some_and(|e| e != "toml");
    if is_module {
        let twin = read_file(path)?;
        let names = of_functions(&twin)?;
        ensure!(
            !names.is_empty(),
            "it has no names; write it with `filigree-actor build --names`"
        );
        learn_names(code_cid(&strip(&twin, Keep::default())?), names);
        return Ok(());
    }
    let options = BuildOptions::new(path);
    let artefact = compile(&options)?;
    let found = names(&options, &artefact.wasm)?;
    let found = found.context("the source changed while it was built; try again")?;
    learn_names(artefact.code_cid, found);
    Ok(())
}

/// Runs the tests with a place for the stacks, and reads it.
fn profile_tests(verb: &Profile) -> Result<Stacks> {
    let (package, test) = (verb.package.as_deref(), verb.test.as_deref());
    let left = cargo_test::run(&verb.path, package, test, PROFILE_VARIABLE, Stacks::read)?;
    left.context("no such test called an actor in a sandbox: see above which tests ran")
}

/// The stacks of one actor's calls, or of one method's.
fn of_actor(stacks: &Stacks, only: &str) -> Result<Stacks> {
    let found = stacks.below(|frame| match only.contains('.') {
        true => frame == only,
        false => frame
            .strip_prefix(only)
            .is_some_and(|rest| rest.starts_with('.')),
    });
    if found.is_empty() {
        let totals = stacks.totals();
        let calls: Vec<&str> = totals
            .iter()
            .map(|t| t.name.as_str())
            .filter(|n| is_call(n))
            .collect();
        anyhow::bail!("no call of {only}; there were: {}", calls.join(", "));
    }
    Ok(found)
}

/// Whether a frame is a call: functions have `::`, all else a word in front.
fn is_call(frame: &str) -> bool {
    frame.contains('.') && !frame.contains("::") && !frame.starts_with("host ")
}

fn title(verb: &Profile) -> String {
    let of = match (&verb.only, &verb.test) {
        (Some(only), _) => format!(" of {only}"),
        (None, Some(test)) => format!(" of tests with {test:?}"),
        (None, None) if verb.all_tests => " of all tests".to_owned(),
        (None, None) => String::new(),
    };
    format!("Gas{of}")
}

/// The flame graph. The same stacks give the same bytes.
fn svg(stacks: &Stacks, title: &str) -> Result<Vec<u8>> {
    let mut options = flamegraph::Options::default();
    options.title = title.to_owned();
    options.count_name = "gas".to_owned();
    options.name_type = "Frame:".to_owned();
    options.hash = true;
    options.deterministic = true;
    let folded = stacks.folded();
    let mut svg = Vec::new();
    flamegraph::from_lines(&mut options, folded.lines(), &mut svg)
        .context("the flame graph cannot be drawn")?;
    Ok(svg)
}

fn table(totals: &[Total], gas: u64, top: usize) -> String {
    let head = ["own gas", "", "with all below", "", "what"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for total in totals.iter().filter(|total| total.own > 0).take(top) {
        rows.push(vec![
            print::number(total.own),
            percent(total.own, gas),
            print::number(total.total),
            percent(total.total, gas),
            total.name.clone(),
        ]);
    }
    let all = print::number(gas);
    format!(
        "{}\n  {all} gas in all\n",
        print::table(&rows, &[0, 1, 2, 3])
    )
}

/// A part in percent, with one decimal.
fn percent(part: u64, all: u64) -> String {
    let tenths = u128::from(part) * 1000 / u128::from(all.max(1));
    format!("{}.{} %", tenths / 10, tenths % 10)
}
