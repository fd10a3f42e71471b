//! The options of the commands of this crate. The tasks' own crate reads this very file for its help, so it needs nothing but `clap`.

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

const FUZZ_ACTORS_HELP: &str = "\
Each sequence has a seed of its own and begins in the same small town of miners, wallets and channels. With an even seed only users \
act, and after that all invariants must hold; with an odd one messages come in the name of the protocol's actors too. With --official, \
everything that parity compares must be the same after every message. Exit code 0: nothing found; 1: something is wrong, with the \
messages that show it; 2: the command could not be carried out.

Examples:
  cargo xtask fuzz actors --minutes 30 --official builtin-actors-mainnet.car
  cargo xtask fuzz actors --minutes 0 --seed 1234";

/// Random messages to every method of every actor
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask fuzz actors", after_help = FUZZ_ACTORS_HELP)]
pub struct FuzzActors {
    /// How long to go on; 0 runs the one sequence of the seed
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub minutes: u64,

    /// First seed; sequences take the seeds from it upwards [default: by the clock]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,

    /// Messages of a sequence
    #[arg(long, value_name = "N", default_value_t = 40)]
    pub acts: usize,

    /// The official bundle of actors for mainnet, to run beside ours
    #[arg(long, value_name = "FILE.car")]
    pub official: Option<PathBuf>,

    /// Our bundle [default: built from this checkout]
    #[arg(long, value_name = "FILE.car")]
    pub ours: Option<PathBuf>,

    /// Go on after something was found
    #[arg(long)]
    pub all: bool,
}

const BENCH_ACTORS_HELP: &str = "\
Gas is exact: the sum over the messages and cron ticks of a scenario. Times are medians over the rounds, of the messages alone, on one \
thread. A ratio below 1 is in favour of our actors. What fails is left out, and told at the end. Exit code 0: all is measured; \
1: something failed; 2: the command could not be carried out.

Examples:
  cargo xtask bench actors
  cargo xtask bench actors --official builtin-actors-mainnet.car
  cargo xtask bench actors --filter market --json";

/// Gas, size and time of our actors, beside the official ones
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask bench actors", after_help = BENCH_ACTORS_HELP)]
pub struct BenchActors {
    /// The official bundle of actors for mainnet
    #[arg(long, value_name = "FILE.car")]
    pub official: Option<PathBuf>,

    /// Our bundle [default: built from this checkout]
    #[arg(long, value_name = "FILE.car")]
    pub ours: Option<PathBuf>,

    /// Only scenarios whose name contains TEXT
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub filter: String,

    /// Rounds; every time is a median over them
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub rounds: usize,

    /// Sectors of the miner whose cron is measured; may be repeated
    #[arg(long, value_name = "N", default_values_t = [10_000, 100_000])]
    pub sectors: Vec<u64>,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
