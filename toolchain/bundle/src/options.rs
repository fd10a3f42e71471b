//! The options of the command of this crate. The tasks' own crate reads this very file for its help, so it needs nothing
//! but `clap`.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

const BUNDLE_HELP: &str = "\
The same source gives the same bytes in any folder and on any machine. Places without an actor of ours (evm, eam) hold one \
that only traps. Exit code 0: written; 1: an actor does not build or the file cannot be written; 2: misuse.

Examples:
  cargo xtask bundle
  cargo xtask bundle --network devnet --out devnet.car
  cargo xtask bundle --anew --json";

/// A network whose limits actors can be compiled with (`filigree_builtin::policy`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, ValueEnum)]
pub enum Network {
    /// Filecoin itself: sectors of 32 and 64 GiB
    #[default]
    Mainnet,
    /// The public test network
    Calibnet,
    /// Networks on one machine: sectors of 2 KiB and up; users may install code
    Devnet,
}

/// Build the built-in actors of a network into one CAR file
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask bundle", after_help = BUNDLE_HELP)]
pub struct BundleOptions {
    /// The network whose limits the actors are compiled with
    #[arg(long, value_enum, default_value_t)]
    pub network: Network,

    /// Where the bundle goes [default: builtin-actors-NETWORK.car]
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// Take nothing that an earlier build left
    #[arg(long)]
    pub anew: bool,

    /// Download nothing
    #[arg(long)]
    pub offline: bool,

    /// Print the list of actors as JSON
    #[arg(long)]
    pub json: bool,
}
