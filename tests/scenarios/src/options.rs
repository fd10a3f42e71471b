//! The options of the command of this crate. The tasks' own crate reads this very file for its help, so it needs nothing but `clap`.

use std::path::PathBuf;

use clap::Parser;

const PARITY_HELP: &str = "\
Compared are, of every step: exit codes, returns, events, the tree of calls with all they carry, and how every actor stands after it; \
gas is not. The last line is `N equal, M different`. Exit code 0: all are equal; 1: some differ; 2: nothing was played, or the command \
could not be carried out.

Keys of the JSON: `equal` and `different` are counts; `scenarios` is a list, of each
  name, steps   the scenario, and how many steps it has with our actors
  gas           used with the `official` actors and with `ours`
  differences   a list of `step`, `what` was done in it, and what was `found`; empty if all is equal

Examples:
  cargo xtask parity --official builtin-actors-mainnet.car
  cargo xtask parity --official builtin-actors-mainnet.car --filter multisig --json
  cargo xtask parity --official builtin-actors-mainnet.car --record";

/// Play the scenarios with the official actors and with ours, and say what differs
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask parity", after_help = PARITY_HELP)]
pub struct Parity {
    /// The official bundle of actors for mainnet
    #[arg(long, value_name = "FILE.car")]
    pub official: PathBuf,

    /// Our bundle [default: built from this checkout]
    #[arg(long, value_name = "FILE.car")]
    pub ours: Option<PathBuf>,

    /// Only scenarios whose name contains TEXT
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,

    /// Scenarios played at once
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: u16,

    /// Print JSON
    #[arg(long)]
    pub json: bool,

    /// Also write what the official actors did to the lines that the tests compare ours with
    #[arg(long)]
    pub record: bool,
}
