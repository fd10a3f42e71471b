//! The options of `cargo xtask conformance`. The tasks' own crate reads this very file for its help, so it needs nothing
//! but `clap`.

use std::path::PathBuf;

use clap::Parser;

/// Where the vectors are looked for, from the root of the checkout.
pub const DEFAULT_VECTORS: &str = "../shared/vectors";

const HELP: &str = "\
The last line is `N passed, M failed, K skipped`. Exit code 0: all that ran passed; 1: something failed; 2: nothing ran, \
or the command could not be carried out.

Keys of the JSON: `passed`, `failed`, `skipped` are counts; `vectors` is a list, for each variant of each vector, of
  name     path below the folder searched, without .json
  variant  its name; null if the file could not be loaded or is of another class
  result   passed, failed or skipped
  reasons  texts; absent if it passed
  gas      for each message `expected` and `actual`; actual is null without a receipt
  time_us  executing and flushing, in microseconds

Examples:
  cargo xtask conformance --bundle builtin-actors-mainnet.car
  cargo xtask conformance --bundle v10.car --bundle v16.car --vectors vectors --json result.json
  cargo xtask conformance --bundle builtin-actors-mainnet.car --filter miner --threads 1";

/// Run conformance vectors against the host
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask conformance", after_help = HELP)]
pub struct Conformance {
    /// Built-in actors the vectors call: a CAR whose root is the manifest; may be given several times
    #[arg(long = "bundle", value_name = "FILE.car")]
    pub bundles: Vec<PathBuf>,

    /// A vector or a folder of vectors [default: ../shared/vectors, from the root of the checkout]
    #[arg(long, value_name = "PATH")]
    pub vectors: Option<PathBuf>,

    /// Only vectors whose name contains TEXT
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,

    /// Vectors run at once [default: the number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: Option<u16>,

    /// Write the result of every vector to FILE
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Compile every module anew instead of keeping compiled modules in the user's cache folder
    #[arg(long)]
    pub no_cache: bool,
}
