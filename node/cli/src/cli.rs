//! What can be typed: the verbs. Options of a verb stand in its file.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use filigree_daemon::options::DaemonOptions;

use crate::params::Params;
use crate::verb;

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "filigree",
    version,
    about = "A Filecoin node whose actors are Wasm.",
    after_help = "\
Without --api, commands talk to the node of the data directory: --data, FILIGREE_HOME, ~/.filigree-devnet or ~/.filigree.

Examples:
  filigree devnet --help
  filigree send f0101 1.5 FIL
  filigree msg call f01010 increment 5"
)]
pub struct Cli {
    /// Data directory of the node; may also stand after the verb.
    // Verbs read it as their own option of this name.
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,

    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// One verb.
#[derive(Debug, Subcommand)]
pub enum Verb {
    // Their help stands with their options, in the daemon.
    #[allow(missing_docs, reason = "it would replace that help")]
    Devnet(Box<verb::devnet::Devnet>),
    #[allow(missing_docs, reason = "it would replace that help")]
    Daemon(Box<DaemonOptions>),

    /// Show how the node is.
    #[command(after_help = verb::status::STATUS_HELP)]
    Status(verb::status::Plain),

    /// Shut the node down.
    #[command(after_help = verb::status::STOP_HELP)]
    Stop(verb::status::Plain),

    /// Keys: make, list, name, import, export, sign.
    #[command(after_help = verb::wallet::HELP)]
    Wallet(verb::wallet::Wallet),

    /// Send FIL.
    #[command(after_help = verb::send::HELP)]
    Send(Box<verb::send::Send>),

    /// Call any actor's methods; show and await messages.
    #[command(after_help = verb::msg::HELP)]
    Msg(Box<verb::msg::Msg>),

    /// Put actors of your own on chain, call and upgrade them.
    #[command(after_help = verb::actor::HELP)]
    Actor(Box<verb::actor::Actor>),

    /// Tipsets, blocks, messages, and how the head moves.
    #[command(after_help = verb::chain::HELP)]
    Chain(verb::chain::Chain),

    /// What is on chain: actors, power, the market; calls for trial and replays.
    #[command(after_help = verb::state::HELP)]
    State(verb::state::State),

    /// Messages that wait for a block.
    #[command(after_help = verb::mpool::HELP)]
    Mpool(verb::mpool::Mpool),

    /// A miner as it stands on chain, and how its proving goes.
    #[command(after_help = verb::miner::HELP)]
    Miner(verb::miner::Miner),

    /// Sectors that the node's miners seal and prove.
    #[command(after_help = verb::sector::HELP)]
    Sector(verb::sector::SectorVerb),

    /// A chain as one file: export and import.
    #[command(after_help = verb::snapshot::HELP)]
    Snapshot(verb::snapshot::Snapshot),

    /// The file a network begins with.
    #[command(after_help = verb::genesis::HELP)]
    Genesis(verb::genesis::Genesis),

    /// The database: check, collect garbage, usage.
    #[command(after_help = verb::db::HELP)]
    Db(verb::db::Db),

    /// Tokens.
    #[command(after_help = verb::auth::HELP)]
    Auth(verb::auth::Auth),

    /// What the node says, and what is wrong with it.
    #[command(after_help = verb::log::HELP)]
    Log(verb::log::Log),

    /// The files that proofs need: parameters, verifying keys, SRS.
    #[command(after_help = "Examples:\n  filigree params check\n  filigree params generate --help")]
    Params(Params),

    /// What a node can be told, and what it is told.
    #[command(after_help = verb::config::HELP)]
    Config(verb::config::Config),

    /// Print completions for a shell.
    #[command(after_help = verb::completions::HELP)]
    Completions(verb::completions::Completions),

    /// Show the versions of this program and of the node.
    #[command(after_help = verb::status::VERSION_HELP)]
    Version(verb::status::Plain),

    /// A worker process of the node, which talks to it over standard input and output.
    #[command(hide = true)]
    ProveWorker,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    /// The words of a line as a shell splits them: quotes keep words together, `>` ends the command.
    fn words(line: &str) -> Vec<String> {
        let mut words = Vec::new();
        let mut rest = line.split(" > ").next().unwrap_or(line).trim_start();
        while !rest.is_empty() {
            let (word, after) = match rest.strip_prefix('\'') {
                Some(quoted) => quoted.split_once('\'').expect("a quote is closed"),
                None => rest.split_once(' ').unwrap_or((rest, "")),
            };
            words.push(word.to_owned());
            rest = after.trim_start();
        }
        words
    }

    fn visit(command: &clap::Command, see: &mut dyn FnMut(&clap::Command)) {
        see(command);
        let shown = command.get_subcommands().filter(|sub| !sub.is_hide_set());
        shown.for_each(|sub| visit(sub, see));
    }

    #[test]
    fn definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_help_has_examples_that_parse() {
        let mut examples = 0;
        let mut commands = 0;
        visit(&Cli::command(), &mut |command| {
            commands += 1;
            let help = command.clone().render_long_help().to_string();
            let (_, shown) = help
                .split_once("Examples:")
                .unwrap_or_else(|| panic!("{} has no examples", command.get_name()));
            for line in shown.lines().map(str::trim).filter(|line| !line.is_empty()) {
                // The project's own tasks have a test like this.
                if line.starts_with("cargo xtask ") {
                    continue;
                }
                match Cli::try_parse_from(words(line)) {
                    Ok(_) => {}
                    Err(e) if e.kind() == clap::error::ErrorKind::DisplayHelp => {}
                    Err(e) => panic!("{line}: {e}"),
                }
                examples += 1;
            }
        });
        assert!(commands > 70, "only {commands} commands found");
        assert!(examples > 100, "only {examples} examples found");
    }
}
