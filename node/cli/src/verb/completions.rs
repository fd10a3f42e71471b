//! `completions`: what a shell needs to complete what is typed.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::print;

/// Shown below the options.
pub const HELP: &str = "\
Examples:
  filigree completions bash > ~/.local/share/bash-completion/completions/filigree
  filigree completions zsh > ~/.zfunc/_filigree";

/// Options of `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// bash, zsh, fish, elvish or powershell.
    shell: Shell,
}

/// Runs the verb.
pub fn run(verb: &Completions) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(verb.shell, &mut Cli::command(), "filigree", &mut script);
    print::text(&String::from_utf8(script)?)?;
    Ok(ExitCode::SUCCESS)
}
