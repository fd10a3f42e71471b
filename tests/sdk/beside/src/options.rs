//! The options of the command of this crate. The tasks' own crate reads this very file for its help, so it needs nothing
//! but `clap`.

use std::path::PathBuf;

use clap::Parser;

/// Fewest processes and rounds whose medians mean something.
pub const FEWEST_ROUNDS: usize = 5;

const BENCH_SDK_HELP: &str = "\
Everything is measured in one run. Starts are medians over as many processes as rounds, calls over a thousand times as \
many; gas and sizes are exact. A ratio below 1 is in favour of the SDK. Exit code 0: measured; 1: an actor of the SDK and \
its twin do not do the same; 2: the command could not be carried out.

Examples:
  cargo xtask bench sdk
  cargo xtask bench sdk --rounds 21 --json";

/// Time the sandbox, and weigh the SDK's counter and token beside the same actors written against fvm_sdk
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask bench sdk", after_help = BENCH_SDK_HELP)]
pub struct BenchSdk {
    /// Rounds, at least 5; every time is a median over them
    #[arg(long, value_name = "N", default_value_t = 11)]
    pub rounds: usize,

    /// Print JSON
    #[arg(long)]
    pub json: bool,

    /// Take fewer rounds, for tests of the command itself.
    #[arg(long, hide = true)]
    pub few_rounds: bool,

    /// Start sandboxes with this counter and print how long that took: what the command runs of itself.
    #[arg(long, hide = true, value_name = "FILE.wasm")]
    pub start: Option<PathBuf>,
}
