//! What can be typed: the verbs. Options of a verb stand in its file.

use clap::{Parser, Subcommand};

use crate::params::Params;

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "filigree",
    version,
    about = "A Filecoin node whose actors are Wasm.",
    after_help = "Examples:\n  filigree params check\n  filigree params generate --help"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// One verb.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// The files that proofs need: parameters, verifying keys, SRS.
    Params(Params),
}
