//! The options of the commands of this crate. The tasks' own crate reads this very file for its help, so it needs nothing
//! but `clap`.

use std::path::PathBuf;

use clap::Parser;

/// Where the vectors to measure are looked for, from the root of the checkout.
pub const DEFAULT_VECTORS: &str = "../shared/vectors";

/// Where our own vectors are kept, from the root of the checkout.
pub const OWN_VECTORS: &str = "tests/conformance/vectors";

/// Fewest rounds whose medians mean something.
pub const FEWEST_ROUNDS: usize = 5;

const BENCH_HOST_HELP: &str = "\
Timed is execution plus flush, on one thread, both hosts in one process. Each figure is the median over the rounds; the \
last two lines are the ratios to the reference. Exit code 0: measured; 1: a host gives another result than recorded; 2: \
the command could not be carried out.

Examples:
  cargo xtask bench host --bundle builtin-actors-mainnet.car
  cargo xtask bench host --bundle builtin-actors-mainnet.car --filter miner --rounds 9";

/// Time vectors on our host and on fvm 3.14, in one process, in turn
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask bench host", after_help = BENCH_HOST_HELP)]
pub struct BenchHost {
    /// Built-in actors the vectors call: a CAR whose root is the manifest (v10 for network version 18)
    #[arg(long, value_name = "FILE.car")]
    pub bundle: PathBuf,

    /// A vector or a folder of vectors [default: ../shared/vectors, from the root of the checkout]
    #[arg(long, value_name = "PATH")]
    pub vectors: Option<PathBuf>,

    /// Only vectors whose name contains TEXT
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    pub filter: String,

    /// Rounds, at least 5; every figure is the median over them
    #[arg(long, value_name = "N", default_value_t = FEWEST_ROUNDS)]
    pub rounds: usize,

    /// Take fewer rounds, for tests of the command itself.
    #[arg(long, hide = true)]
    pub few_rounds: bool,
}

const FUZZ_HOST_HELP: &str = "\
A difference between the hosts is printed, and written to a folder, with what reproduces it. Exit code 0: no difference; \
1: a difference; 2: the command could not be carried out.

Examples:
  cargo xtask fuzz host --minutes 30
  cargo xtask fuzz host --seed 1234 --minutes 0 --show";

/// Random modules and messages into our host and the reference host
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask fuzz host", after_help = FUZZ_HOST_HELP)]
pub struct FuzzHost {
    /// How long to go on; 0 runs the one case of the seed at each network version
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub minutes: u64,

    /// First seed; cases take the seeds from it upwards [default: by the clock]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,

    /// Where a failing case is written [default: fuzz-failures in the build directory]
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,

    /// Print what came of each message
    #[arg(long)]
    pub show: bool,
}

const REFRESH_HELP: &str = "\
Look at the difference before committing it. Removed are only files that this command wrote before.

Examples:
  cargo xtask vectors refresh";

/// Execute our test actors on the reference host and record the results
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask vectors refresh", after_help = REFRESH_HELP)]
pub struct RefreshVectors {
    /// Where the vectors and their bundles are written [default: tests/conformance/vectors, from the root of the checkout]
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
}
