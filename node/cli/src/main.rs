//! `filigree`: the command line of the node.
//!
//! Map: [`cli`] what can be typed; [`params`] the files that proofs need, one file for each verb; [`print`] tables for
//! people; [`progress`] how far long work is. The work itself is in the crates.
//!
//! Data goes to standard output, progress and advice to standard error. Exit code 1 means that something is wrong or
//! missing, 2 that the command was not understood.

mod cli;
mod params;
mod print;
mod progress;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use cli::{Cli, Verb};
use params::ParamsVerb;

fn main() -> ExitCode {
    match run(&Cli::parse().verb) {
        Ok(code) => code,
        Err(error) if print::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(verb: &Verb) -> Result<ExitCode> {
    let Verb::Params(params) = verb;
    match &params.verb {
        ParamsVerb::List(list) => params::list::run(list),
        ParamsVerb::Check(check) => params::check::run(check),
        ParamsVerb::Generate(generate) => params::generate::run(generate),
        ParamsVerb::Fetch(fetch) => params::fetch::run(fetch),
    }
}
