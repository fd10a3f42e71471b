//! What can be typed after `filigree devnet` and `filigree daemon`. Also read by `xtask`, so nothing but clap is used here.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Start a network of your own on this machine, or the one that was started before, and stay with it until it is stopped.
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = DEVNET_HELP)]
pub struct DevnetOptions {
    /// Where it has its files; `FILIGREE_HOME`, or `.filigree-devnet` in your home directory, if it is left out.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// The built-in actors, a CAR file. Needed at the first start, unless with --fork; `cargo xtask devnet` builds them.
    #[arg(long, value_name = "FILE.car")]
    pub bundle: Option<PathBuf>,

    /// Begin with the state of another network: a snapshot, or a genesis. Its actors stay, unless there is --bundle.
    #[arg(long, value_name = "FILE.car")]
    pub fork: Option<PathBuf>,

    /// What a new network begins with: accounts, miners, verifiers, rules; `filigree genesis template` prints all that can stand there.
    #[arg(long, value_name = "TEMPLATE.toml", conflicts_with = "fork")]
    pub genesis: Option<PathBuf>,

    /// Time from one epoch to the next, whole seconds: `4s` if it is left out, 30s with real proofs, which need 20s at least.
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    pub block_time: Option<u64>,

    /// How many miners there are, in this one process. With several, epochs have several blocks. One if it is left out.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=20))]
    pub miners: Option<u64>,

    /// Make a block as soon as a message arrives, and none otherwise: the network's clock is virtual.
    #[arg(long)]
    pub instant: bool,

    /// How proofs are made: `dev` if it is left out.
    #[arg(long, value_name = "MODE")]
    pub proofs: Option<Proofs>,

    /// Start a new network in the place of the one that is there, which is deleted, with its keys, when the new one is made.
    #[arg(long)]
    pub reset: bool,

    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would take it for the help of the verb")]
    pub node: NodeOptions,
}

/// Run a node on a chain that it has: of a development network, or of a snapshot that was imported.
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = DAEMON_HELP)]
pub struct DaemonOptions {
    /// Where it has its files; `FILIGREE_HOME`, or `.filigree` in your home directory, if it is left out.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,

    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would take it for the help of the verb")]
    pub node: NodeOptions,
}

/// What every node has.
#[derive(Clone, Debug, Default, Args)]
pub struct NodeOptions {
    /// Where the JSON-RPC listens; port 0 takes a free one. 127.0.0.1:1234 if it is left out.
    #[arg(long, value_name = "ADDRESS")]
    pub api: Option<SocketAddr>,

    /// Another configuration than `config.toml` in the data directory.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// What is logged, on standard error: `warn`, `info`, `debug`, or by parts: `info,filigree_mine=debug`.
    #[arg(long, value_name = "FILTER")]
    pub log: Option<String>,

    /// How it is logged.
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,

    /// Sets a key of the configuration, as `KEY=VALUE`; see `filigree config default`. May be given several times.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

/// How proofs are made and judged on a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Proofs {
    /// Sealing and proving of storage are real, with parameters for development; the winning proofs of blocks are mock.
    Dev,
    /// All proofs are real. A winning proof costs some 15 seconds of a processor.
    Real,
    /// No proof is real: for tests.
    Mock,
}

/// How lines of the log look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

const DEVNET_HELP: &str = "\
Examples:
  cargo xtask devnet
  cargo xtask devnet --block-time 1s --miners 3
  cargo xtask devnet --instant --proofs mock --data DIR
  cargo xtask devnet --fork chain.car.zst --data DIR";

const DAEMON_HELP: &str = "\
Examples:
  filigree daemon
  filigree daemon --data DIR --api 127.0.0.1:0 --log debug";

/// Whole seconds: `4s`, `4`, `1m`.
fn seconds(text: &str) -> Result<u64, String> {
    let (number, factor) = match text.trim() {
        text if text.ends_with("ms") => (text, 0),
        text if text.ends_with('s') => (&text[..text.len() - 1], 1),
        text if text.ends_with('m') => (&text[..text.len() - 1], 60),
        text => (text, 1),
    };
    let seconds = number.trim().parse::<u64>().ok();
    match seconds.and_then(|number| number.checked_mul(factor)) {
        Some(seconds @ 1..=3600) => Ok(seconds),
        _ => Err("whole seconds are expected, from 1s to 3600s".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_whole_seconds() {
        for (text, expected) in [("4s", 4), ("1", 1), ("2m", 120), (" 30s ", 30)] {
            assert_eq!(seconds(text), Ok(expected), "{text}");
        }
        for text in [
            "",
            "0",
            "500ms",
            "1.5s",
            "-1",
            "s",
            "2h",
            "99999999999999999999",
        ] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
