//! The options of the command of this crate. The tasks' own crate reads this very file for its help, so it needs nothing
//! but `clap`.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

const BENCH_PROOFS_HELP: &str = "\
Of 2 KiB sectors, in one run:
  steps     each step of sealing and proving in a worker, beside the same call made directly on filecoin-proofs-api in a
            process of its own: wall and CPU seconds, peak memory. Both begin cold, by turns; 20 minutes on two cores
  verify    verdicts on recorded proofs, on one processor and on two; none is remembered. Some minutes
  generate  parameters made by our generator and by the proof library's own, each once, which must come to the same
            bytes. Two minutes; an hour with --all

Every time is a median over the rounds. Parameters that are absent are made first, in minutes. Exit code 0: measured; 1: a
proof is not valid, or ours and the library do not come to the same; 2: the command could not be carried out.

Examples:
  cargo xtask bench proofs
  cargo xtask bench proofs --only verify --rounds 11
  cargo xtask bench proofs --only generate --all --json";

/// What proofs cost: steps beside direct calls of the proof library, verdicts a second, parameters beside the stock generator
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask bench proofs", after_help = BENCH_PROOFS_HELP)]
pub struct BenchProofs {
    /// Measure this alone
    #[arg(long, value_name = "PART")]
    pub only: Option<Part>,

    /// Rounds of steps and of verdicts; every time is a median over them
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub rounds: u16,

    /// Compare the generators on PoRep and replica update too: half an hour each for the stock one
    #[arg(long)]
    pub all: bool,

    /// Directory of development parameters [default: FILIGREE_DEV_PARAMETERS, or target/dev-parameters]
    #[arg(long, value_name = "DIR")]
    pub parameters: Option<PathBuf>,

    /// Print JSON
    #[arg(long)]
    pub json: bool,

    /// Ask for each verdict once, and run the steps alone that need no parameters, for tests of the command itself.
    #[arg(long, hide = true)]
    pub brief: bool,

    /// What a process is that the command runs of itself.
    #[arg(long, hide = true)]
    pub role: Option<Role>,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Sealing and proving.
    Steps,
    /// Verification.
    Verify,
    /// Development parameters.
    Generate,
}

/// What a process of this program does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Runs another and measures it.
    Meter,
    /// Is a worker of ours.
    Worker,
    /// Makes a call of the library.
    Direct,
    /// Makes parameters.
    Generator,
    /// Judges proofs.
    Verifier,
}
