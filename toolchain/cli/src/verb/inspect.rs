//! `inspect`: what a module consists of.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use filigree_build::{Inspection, inspect};
use serde::Serialize;

use crate::input::Input;
use crate::print::{self, number, plain};

/// Shown below the options.
pub const HELP: &str = "\
Sizes by crate and names of functions need the name section: inspect what `filigree-actor build --names` wrote.
Of a bundle, choose one actor with --actor, or get a line for each.

Examples:
  filigree-actor inspect token.names.wasm --functions 50
  filigree-actor inspect token.wasm --json
  filigree-actor inspect builtin-actors-mainnet.car --actor storageminer";

/// Options of `inspect`.
#[derive(Debug, Args)]
pub struct Inspect {
    /// A module or a bundle.
    file: PathBuf,

    /// The actor of a bundle.
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,

    /// How many functions and crates to list, largest first.
    #[arg(long, value_name = "N", default_value_t = 15)]
    functions: usize,

    /// Print everything as JSON.
    #[arg(long)]
    json: bool,
}

/// An actor of a bundle with `--json`.
#[derive(Serialize)]
struct Named<'a> {
    actor: &'a str,
    #[serde(flatten)]
    inspection: Inspection,
}

/// Runs `inspect`.
pub fn run(verb: &Inspect) -> Result<ExitCode> {
    let input = Input::read(&verb.file)?;
    if let (Input::Bundle(_), None) = (&input, &verb.actor) {
        all(verb, &input)?;
    } else {
        let wasm = input.module(&verb.file, verb.actor.as_deref())?;
        let context = || verb.file.display().to_string();
        let inspection = inspect(wasm).with_context(context)?;
        if verb.json {
            print::json(&inspection)?;
        } else {
            print::text(&text(&inspection, verb.functions))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Every actor of a bundle.
fn all(verb: &Inspect, input: &Input) -> Result<()> {
    let mut actors = Vec::new();
    for (actor, wasm) in input.modules() {
        let actor = actor.unwrap_or_default();
        let context = || format!("{}, actor {actor}", verb.file.display());
        let inspection = inspect(wasm).with_context(context)?;
        actors.push(Named { actor, inspection });
    }
    if verb.json {
        return print::json(&actors);
    }
    let head = ["actor", "bytes", "functions", "imports", "pages", "schema"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(actors.iter().map(|Named { actor, inspection }| {
        let pages = inspection.memory.as_ref().map_or(0, |m| m.initial_pages);
        vec![
            (*actor).to_owned(),
            number(inspection.size_bytes),
            number(inspection.functions.len()),
            number(inspection.imports.len()),
            number(pages),
            if inspection.schema.is_some() {
                "yes"
            } else {
                "no"
            }
            .to_owned(),
        ]
    }));
    print::text(&print::table(&rows, &[1, 2, 3, 4]))
}

fn text(inspection: &Inspection, limit: usize) -> String {
    let mut shown = format!(
        "{}\n{} bytes\n",
        inspection.code_cid,
        number(inspection.size_bytes)
    );
    if let Some(memory) = &inspection.memory {
        let maximum = memory
            .maximum_pages
            .map(|pages| format!(", at most {pages}"));
        shown += &format!(
            "memory: {} pages of 64 KiB at the start{}; {} bytes of static data\n",
            memory.initial_pages,
            maximum.unwrap_or_default(),
            number(inspection.data_bytes)
        );
    }
    let mut part = |title: &str, rows: Vec<Vec<String>>, right: &[usize]| {
        if !rows.is_empty() {
            shown += &format!("\n{title}\n{}", print::table(&rows, right));
        }
    };
    let sections = inspection.sections.iter().map(|section| {
        let kind = if section.custom { " (custom)" } else { "" };
        vec![
            format!("{}{kind}", plain(&section.name)),
            number(section.size_bytes),
            share(section.size_bytes, inspection.size_bytes),
            format!("{:#x}", section.offset),
            if section.items > 0 {
                format!("{} items", section.items)
            } else {
                String::new()
            },
        ]
    });
    part("Sections", sections.collect(), &[1, 2]);
    let imports = inspection.imports.iter();
    let imports = imports.map(|i| vec![plain(&format!("{}::{}", i.module, i.name)), i.ty.clone()]);
    part("Imports", imports.collect(), &[]);
    let exports = inspection.exports.iter();
    part(
        "Exports",
        exports
            .map(|e| vec![plain(&e.name), e.ty.clone()])
            .collect(),
        &[],
    );
    let code: usize = inspection.functions.iter().map(|f| f.size_bytes).sum();
    if inspection.has_names {
        let crates = inspection.crates.iter().take(limit);
        let crates = crates.map(|c| {
            let functions = format!("{} functions", c.functions);
            vec![
                plain(&c.krate),
                number(c.size_bytes),
                share(c.size_bytes, code),
                functions,
            ]
        });
        part("Code by crate", crates.collect(), &[1, 2]);
    }
    let functions = inspection.functions.iter().take(limit);
    let functions = functions.map(|f| {
        let name = f.name.clone().unwrap_or_default();
        vec![
            f.index.to_string(),
            number(f.size_bytes),
            share(f.size_bytes, code),
            plain(&name),
        ]
    });
    let title = format!("Largest of {} functions", inspection.functions.len());
    part(&title, functions.collect(), &[0, 1, 2]);
    shown + &schema(inspection)
}

fn schema(inspection: &Inspection) -> String {
    match (&inspection.schema, &inspection.schema_error) {
        (Some(schema), _) => {
            let methods = schema.methods.iter();
            let rows = methods.map(|m| vec![m.name.clone(), m.number.to_string()]);
            format!(
                "\nSchema: {}\n{}",
                plain(&schema.actor),
                print::table(&rows.collect::<Vec<_>>(), &[])
            )
        }
        (None, Some(error)) => format!("\nSchema: cannot be used: {}\n", plain(error)),
        (None, None) => "\nNo schema\n".to_owned(),
    }
}

fn share(part: usize, whole: usize) -> String {
    format!("{:.1}%", 100.0 * part as f64 / whole.max(1) as f64)
}
