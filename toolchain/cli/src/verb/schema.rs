//! `schema`: the schema in a module, as JSON or as TypeScript.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use filigree_schema::{Schema, typescript};

use crate::input::Input;
use crate::print;

/// Shown below the options.
pub const HELP: &str = "\
The schema names an actor's methods with their parameters and returns, and its state. #[actor] puts it into the Wasm.

Examples:
  filigree-actor schema token.wasm
  filigree-actor schema token.wasm --typescript
  filigree-actor schema actors.car --actor token";

/// Options of `schema`.
#[derive(Debug, Args)]
pub struct SchemaVerb {
    /// A module or a bundle.
    file: PathBuf,

    /// The actor of a bundle.
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,

    /// Print typed TypeScript bindings instead of JSON.
    #[arg(long)]
    typescript: bool,
}

/// Runs `schema`.
pub fn run(verb: &SchemaVerb) -> Result<ExitCode> {
    let input = Input::read(&verb.file)?;
    let wasm = input.module(&verb.file, verb.actor.as_deref())?;
    let file = || verb.file.display().to_string();
    let schema = Schema::from_wasm(wasm).with_context(file)?;
    let schema = schema.with_context(|| {
        format!(
            "{} has no schema; actors built with #[actor] have one",
            file()
        )
    })?;
    if verb.typescript {
        print::text(&typescript(&schema))?;
    } else {
        print::json(&schema)?;
    }
    Ok(ExitCode::SUCCESS)
}
