//! The options of the command of this crate. The tasks' own crate reads this very file for its help, so it needs nothing
//! but `clap`.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

const BENCH_NODE_HELP: &str = "\
Of a network of one miner with mock proofs, its store on disk:
  tipsets   validated messages a second: tipsets of sends and of calls to multisigs, payment channels and a token, as the node
            validates them, beside the same messages through the bare host machine on the same store, by turns
  blocks    how long it takes to make a block with 1,000 messages in the pool, from the draw to our own validation
  snapshot  export and import of a chain with 100,000 accounts
  rpc       how long 64 clients wait for an answer over HTTP on this machine
  epochs    memory, and disk before and after garbage collection, after 10,000 epochs

Times are medians over the rounds. Exit code 0: measured; 1: the node and the bare host do not come to the same; 2: the command
could not be carried out.

Examples:
  cargo xtask bench node
  cargo xtask bench node --only tipsets --rounds 11
  cargo xtask bench node --only epochs --epochs 1000 --json";

/// What a node costs: tipsets beside the bare host, blocks, snapshots, RPC, memory and disk
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask bench node", after_help = BENCH_NODE_HELP)]
pub struct BenchNode {
    /// Measure this alone
    #[arg(long, value_name = "PART")]
    pub only: Option<Part>,

    /// Rounds of tipsets, blocks and snapshots; every time is a median over them
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub rounds: u16,

    /// Epochs after which memory and disk are looked at
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub epochs: u64,

    /// The built-in actors, a CAR file; those of this checkout, which are built if need be, without it
    #[arg(long, value_name = "FILE.car")]
    pub bundle: Option<PathBuf>,

    /// Print JSON
    #[arg(long)]
    pub json: bool,

    /// All of it small, in seconds: shows that it works, and no figure worth keeping
    #[arg(long)]
    pub quick: bool,

    /// Measure the part in this very process.
    #[arg(long, hide = true, requires = "only", requires = "bundle")]
    pub here: bool,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Validation.
    Tipsets,
    /// Production.
    Blocks,
    /// Export and import.
    Snapshot,
    /// Answers.
    Rpc,
    /// Memory and disk.
    Epochs,
}
