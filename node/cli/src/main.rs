//! `filigree`: the command line of the node.
//!
//! Map: [`cli`] what can be typed; [`verb`] a file for each group of verbs; [`params`] the files that proofs need. Below them:
//! [`node`] finds the node and talks with it; [`sending`] a message and what comes of it; [`schema`] calls by what an actor's code
//! says of itself; [`show`] and [`print`] what people read; [`progress`] how far long work is, [`task`] where the node
//! does it. The work itself is in the crates.
//!
//! Data goes to standard output, progress and advice to standard error. Exit code 1 means that something is wrong or
//! missing, 2 that the command was not understood.

mod cli;
mod node;
mod params;
mod print;
mod progress;
mod schema;
mod sending;
mod show;
mod task;
mod verb;

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
    match verb {
        Verb::Devnet(devnet) => verb::devnet::run(devnet),
        Verb::Daemon(options) => verb::daemon::run(options),
        Verb::Status(plain) => verb::status::status(plain),
        Verb::Stop(plain) => verb::status::stop(plain),
        Verb::Wallet(wallet) => verb::wallet::run(wallet),
        Verb::Send(send) => verb::send::run(send),
        Verb::Msg(msg) => verb::msg::run(msg),
        Verb::Actor(actor) => verb::actor::run(actor),
        Verb::Chain(chain) => verb::chain::run(chain),
        Verb::State(state) => verb::state::run(state),
        Verb::Mpool(mpool) => verb::mpool::run(mpool),
        Verb::Miner(miner) => verb::miner::run(miner),
        Verb::Sector(sector) => verb::sector::run(sector),
        Verb::Snapshot(snapshot) => verb::snapshot::run(snapshot),
        Verb::Genesis(genesis) => verb::genesis::run(genesis),
        Verb::Db(db) => verb::db::run(db),
        Verb::Auth(auth) => verb::auth::run(auth),
        Verb::Log(log) => verb::log::run(log),
        Verb::Params(params) => run_params(&params.verb),
        Verb::Config(config) => verb::config::run(config),
        Verb::Completions(completions) => verb::completions::run(completions),
        Verb::Version(plain) => verb::status::version(plain),
        Verb::ProveWorker => Ok(filigree_proofs_prove::worker::serve()),
    }
}

fn run_params(verb: &ParamsVerb) -> Result<ExitCode> {
    match verb {
        ParamsVerb::List(list) => params::list::run(list),
        ParamsVerb::Check(check) => params::check::run(check),
        ParamsVerb::Generate(generate) => params::generate::run(generate),
        ParamsVerb::Fetch(fetch) => params::fetch::run(fetch),
    }
}
