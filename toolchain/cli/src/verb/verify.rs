//! `verify`: whether source and Wasm belong together.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use cid::Cid;
use clap::Args;
use filigree_build::{Expected, Verdict, verify};

use super::project::Project;
use crate::input::Input;
use crate::print;

/// Shown below the options.
pub const HELP: &str = "\
Builds the project from nothing and compares code CIDs. When they differ and a file was given, tells section by section
what does.
The exit code is 0 when the code is the same, 1 when it is not.

Examples:
  filigree-actor verify --against token.wasm
  filigree-actor verify actors/token --against bafk2bzaced3klw7qqdu4tv4difcwko6ojsgn5vromzgx3xg3lrjg6wdxabwxi
  filigree-actor verify actors/token --against actors.car --actor token";

/// Options of `verify`.
#[derive(Debug, Args)]
pub struct Verify {
    #[command(flatten)]
    project: Project,

    /// A module, a bundle, or a code CID.
    #[arg(long, value_name = "FILE|CID")]
    against: String,

    /// The actor of a bundle.
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,

    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs `verify`.
pub fn run(verb: &Verify) -> Result<ExitCode> {
    // Before the build, which takes long.
    let expected = expected(&verb.against, verb.actor.as_deref())?;
    let verdict = verify(&verb.project.options(), &expected)?;
    if verb.json {
        print::json(&verdict)?;
    } else {
        print::text(&text(&verdict, &expected))?;
    }
    Ok(if verdict.same {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn expected(against: &str, actor: Option<&str>) -> Result<Expected> {
    let path = Path::new(against);
    if !path.exists()
        && let Ok(cid) = Cid::try_from(against)
    {
        return Ok(Expected::Cid(cid));
    }
    let input =
        Input::read(path).context("--against is no code CID, and no file that can be compared")?;
    Ok(Expected::Wasm(input.module(path, actor)?.to_vec()))
}

fn text(verdict: &Verdict, expected: &Expected) -> String {
    if verdict.same {
        return format!(
            "same code: {}\nbuilt with {}\n",
            verdict.built_code_cid, verdict.rustc
        );
    }
    let mut shown = format!(
        "DIFFERENT code\n  expected {}\n  built    {}\n  built with {}\n",
        verdict.expected_code_cid, verdict.built_code_cid, verdict.rustc
    );
    for difference in &verdict.differences {
        shown += &format!("  {}\n", print::plain(&difference.to_string()));
    }
    if matches!(expected, Expected::Cid(_)) {
        shown += "give the file instead of its CID to see what differs\n";
    }
    shown + "the same compiler, Cargo.lock, features and profile are needed for the same code\n"
}
