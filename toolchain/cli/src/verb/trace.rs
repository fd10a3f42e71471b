//! `trace`: what a call did, as a tree: who called whom, with what, for how much gas, and what came of it.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use clap::{ArgGroup, Args, ValueEnum};
use filigree_conformance::bundle::store_of;
use filigree_conformance::vector::{self, Variant};
use filigree_conformance::{Bundle, Loaded, Outcome, Runner, Vector, VectorReport};
use filigree_sandbox::{Codes, Tree};
use filigree_vm::Engines;
use serde_json::{Value, json};

use super::call::CallOptions;
use crate::print;

/// Shown below the options.
pub const HELP: &str = "\
The call is one on a saved state (--state), whose file stays as it is, or those of a conformance vector (--vector). Names,
parameters and returns are shown by the schemas of the actors, bytes as 0x… where there is none. A vector is also compared
with what was recorded; exit code 1 means that something differs.

Examples:
  filigree-actor trace --state sandbox.car --to f0101 --method Increment --params 5
  filigree-actor trace --state sandbox.car --to f0101 --method 0 --value 1.5FIL --json
  filigree-actor trace --vector transfer.json --bundle builtin-actors-mainnet.car --color always";

/// Options of `trace`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").args(["vector", "state"]).required(true))]
#[command(mut_arg("bundle", |bundle| bundle.help("The bundle of the network's actors: the one a vector was recorded with, or where the state's file has not their code. May be repeated")))]
pub struct Trace {
    #[command(flatten)]
    call: CallOptions,

    /// A conformance vector, class `message`.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["to", "method"])]
    vector: Option<PathBuf>,

    /// One variant of the vector [default: all].
    #[arg(long, value_name = "NAME", requires = "vector")]
    variant: Option<String>,

    /// When to use colours.
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    color: Color,

    /// Print the tree as JSON.
    #[arg(long)]
    json: bool,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    fn is_on(self) -> bool {
        let forbidden = || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        match self {
            Color::Auto => std::io::stdout().is_terminal() && !forbidden(),
            Color::Always => true,
            Color::Never => false,
        }
    }
}

/// Runs `trace`.
pub fn run(verb: &Trace) -> Result<ExitCode> {
    if let Some(file) = &verb.vector {
        return trace_vector(verb, file);
    }
    let mut prepared = verb.call.prepare()?;
    let tree = prepared.run()?.trace();
    if verb.json {
        print::json(&tree.json())?;
    } else {
        print::text(&tree.text(verb.color.is_on()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What came of one variant of a vector.
struct Traced {
    trees: Vec<Tree>,
    report: VectorReport,
}

fn trace_vector(verb: &Trace, file: &Path) -> Result<ExitCode> {
    let vector = load(file)?;
    let bundles = verb.call.bundle.iter().map(|path| Bundle::load(path));
    let bundles = bundles.collect::<Result<Vec<_>, _>>()?;
    let all = &vector.file.preconditions.variants;
    let variants: Vec<&Variant> = all
        .iter()
        .filter(|v| verb.variant.as_ref().is_none_or(|name| *name == v.id))
        .collect();
    if variants.is_empty() {
        let names: Vec<&str> = all.iter().map(|variant| variant.id.as_str()).collect();
        bail!(
            "the vector has no such variant; it has: {}",
            names.join(", ")
        );
    }
    let mut traced = Vec::new();
    for variant in variants {
        traced.push(replay(&vector, variant, &bundles)?);
    }
    if verb.json {
        let shown: Vec<Value> = traced.iter().map(Traced::json).collect();
        print::json(&shown)?;
    } else {
        let colours = verb.color.is_on();
        let shown: Vec<String> = traced.iter().map(|t| t.text(&vector, colours)).collect();
        print::text(&shown.join("\n"))?;
    }
    let passed = |t: &Traced| t.report.run.outcome == Outcome::Passed;
    Ok(match traced.iter().all(passed) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// The vector of a file.
fn load(file: &Path) -> Result<Vector> {
    ensure!(
        !file.is_dir(),
        "{} is a folder; name one vector",
        file.display()
    );
    let found = vector::find(file)?;
    let found = found.first().context("there is no vector")?;
    let loaded = found.load();
    match loaded.with_context(|| format!("cannot use {}", file.display()))? {
        Loaded::Message(vector) => Ok(*vector),
        Loaded::Other { class } => bail!(
            "{} is of class `{class}`; only vectors of class `message` run",
            file.display()
        ),
    }
}

/// Runs a variant. One that cannot run is an error: there is no tree to show.
fn replay(vector: &Vector, variant: &Variant, bundles: &[Bundle]) -> Result<Traced> {
    let store = store_of(vector, bundles).context("give the bundle with --bundle")?;
    let codes = Codes::of_state(&store, &vector.file.preconditions.state_tree.root_cid)
        .context("the actors of the vector's state")?;
    let cache = filigree_build::build::default_cache_dir();
    let modules = cache.and_then(|dir| Some(dir.parent()?.join("modules")));
    let runner = Runner::new(Engines::new(1, modules), bundles.to_vec());
    let mut trees = Vec::new();
    let run = runner.run_traced(vector, variant, &mut |applied| {
        trees.push(Tree::of(applied, &codes));
    });
    let report = VectorReport {
        name: vector.name.clone(),
        variant: Some(variant.id.clone()),
        run,
    };
    let skipped = matches!(report.run.outcome, Outcome::Skipped(_));
    ensure!(!skipped, "{report}");
    Ok(Traced { trees, report })
}

impl Traced {
    /// What differs from the recording, a text each.
    fn differences(&self) -> Vec<String> {
        match &self.report.run.outcome {
            Outcome::Failed(differences) => differences.iter().map(ToString::to_string).collect(),
            _ => Vec::new(),
        }
    }

    fn json(&self) -> Value {
        let trees: Vec<Value> = self.trees.iter().map(Tree::json).collect();
        let differences = self.differences();
        json!({
            "vector": self.report.name,
            "variant": self.report.variant,
            "matches": differences.is_empty(),
            "differences": differences,
            "messages": trees,
        })
    }

    fn text(&self, vector: &Vector, colours: bool) -> String {
        let mut text = String::new();
        let receipts = &vector.file.postconditions.receipts;
        for (index, (tree, receipt)) in self.trees.iter().zip(receipts).enumerate() {
            text.push_str(&tree.text(colours));
            text.push_str(&format!(
                "message {index}: recorded were exit code {} and {} gas\n",
                receipt.exit_code,
                print::number(receipt.gas_used)
            ));
        }
        let differences = self.differences();
        let variant = print::plain(self.report.variant.as_deref().unwrap_or_default());
        let name = print::plain(&self.report.name);
        if differences.is_empty() {
            text.push_str(&format!(
                "{name} ({variant}): receipts and state are as recorded\n"
            ));
        } else {
            text.push_str(&format!("{name} ({variant}): NOT as recorded\n"));
            for difference in differences {
                let lines = print::lines(&difference);
                text.push_str(&format!("  {}\n", lines.replace('\n', "\n  ")));
            }
        }
        text
    }
}
