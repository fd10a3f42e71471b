//! `cargo xtask`: the project's own tasks, one command each. Run `cargo xtask --help`.
//!
//! This crate is compiled before anything else, so it depends on `clap` and `anyhow` only and
//! starts heavier work (conformance, benchmarks, fuzzing) as a process of its own.
//!
//! Map: [`cli`] what can be typed; [`setup`] installs what a build needs; [`test`] the test
//! command; [`devnet`] a network on this machine; [`tidy`] the house rules; [`forward`] commands that live in other crates.

mod cli;
mod devnet;
mod forward;
mod setup;
mod test;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;

use cli::{Cli, Task};

fn main() -> ExitCode {
    match run(Cli::parse().task) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<ExitCode> {
    match task {
        Task::Test { quick, slow } => test::run(&workspace_root()?, quick, slow),
        Task::Tidy => tidy::run(&workspace_root()?),
        Task::Devnet(options) => devnet::run(&options, &workspace_root()?),
        other => forward::run(&other, &workspace_root()?),
    }
}

/// The folder of the workspace this process was started in.
///
/// Asked at run time: a path compiled in would be that of another checkout when several share one
/// build directory.
fn workspace_root() -> Result<PathBuf> {
    // Cargo sets this for what it runs; the crate is two folders below the root.
    if let Some(crate_folder) = std::env::var_os("CARGO_MANIFEST_DIR")
        && let Some(root) = Path::new(&crate_folder).ancestors().nth(2)
        && root.join("rust-toolchain.toml").is_file()
    {
        return Ok(root.to_path_buf());
    }
    let start = std::env::current_dir().context("cannot read the current directory")?;
    start
        .ancestors()
        .find(|folder| folder.join("rust-toolchain.toml").is_file())
        .map(Path::to_path_buf)
        .with_context(|| format!("{} is not inside a Filigree checkout", start.display()))
}
