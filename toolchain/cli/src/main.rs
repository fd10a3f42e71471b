//! `filigree-actor`: what an actor author does with a project and with Wasm, one verb each.
//!
//! Map: [`cli`] what can be typed; [`verb`] one file for each verb; [`input`] and [`state`] files that others wrote;
//! [`print`] tables for people. The work itself is in `filigree-build`, so that tests and the project's own tasks do the
//! same.
//!
//! Data goes to standard output, progress and advice to standard error. Exit code 1 means that something is wrong with
//! the input or that two things differ, 2 that the command was not understood.

mod cli;
mod input;
mod print;
mod state;
mod verb;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use cli::{Cli, Verb};

fn main() -> ExitCode {
    match run(&Cli::parse().verb) {
        Ok(code) => code,
        Err(error) if print::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", print::lines(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}

fn run(verb: &Verb) -> Result<ExitCode> {
    match verb {
        Verb::New(new) => verb::new::run(new),
        Verb::Build(build) => verb::build::run(build),
        Verb::Check(check) => verb::check::run(check),
        Verb::Inspect(inspect) => verb::inspect::run(inspect),
        Verb::Bundle(bundle) => verb::bundle::run(bundle),
        Verb::Verify(verify) => verb::verify::run(verify),
        Verb::Gas(gas) => verb::gas::run(gas),
        Verb::Profile(profile) => verb::profile::run(profile),
        Verb::Trace(trace) => verb::trace::run(trace),
        Verb::Upgrade(upgrade) => verb::upgrade::run(upgrade),
        Verb::Schema(schema) => verb::schema::run(schema),
    }
}
