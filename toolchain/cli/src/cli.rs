//! What can be typed: the verbs. Options of a verb stand in its file.

use clap::{Parser, Subcommand};

use crate::verb;

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "filigree-actor",
    version,
    about = "Writes, builds, checks and compares Filecoin actors.",
    after_help = "Examples:\n  filigree-actor new my-token\n  filigree-actor build --help"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// One verb.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Make a project: actor, tests, README; it builds and passes as it is.
    #[command(after_help = verb::new::HELP)]
    New(verb::new::New),

    /// Build an actor's Wasm: the same bytes from any folder.
    #[command(after_help = verb::build::HELP)]
    Build(verb::build::Build),

    /// Check Wasm against the rules of a network version.
    #[command(after_help = verb::check::HELP)]
    Check(verb::check::Check),

    /// Show what Wasm consists of: imports, exports, sections, size by crate and function, schema.
    #[command(after_help = verb::inspect::HELP)]
    Inspect(verb::inspect::Inspect),

    /// Put actors into one CAR file; list and compare such files.
    #[command(after_help = verb::bundle::HELP)]
    Bundle(verb::bundle::BundleVerb),

    /// Build from source and compare with Wasm or a code CID.
    #[command(after_help = verb::verify::HELP)]
    Verify(verb::verify::Verify),

    /// Run a project's tests and show the gas of each method, perhaps beside an earlier run.
    #[command(after_help = verb::gas::HELP)]
    Gas(verb::gas::Gas),

    /// Show where the gas of a call or of tests went: a flame graph over functions and syscalls.
    #[command(after_help = verb::profile::HELP)]
    Profile(verb::profile::Profile),

    /// Show what a call or a conformance vector did, as a tree.
    #[command(after_help = verb::trace::HELP)]
    Trace(verb::trace::Trace),

    /// Rehearse an upgrade over given state.
    #[command(after_help = verb::upgrade::HELP)]
    Upgrade(verb::upgrade::Upgrade),

    /// Print an actor's schema as JSON, or TypeScript bindings made from it.
    #[command(after_help = verb::schema::HELP)]
    Schema(verb::schema::SchemaVerb),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<(), clap::Error> {
        match Cli::try_parse_from(line.split_whitespace()) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == clap::error::ErrorKind::DisplayHelp => Ok(()),
            Err(error) => Err(error),
        }
    }

    #[test]
    fn definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_help_has_examples_that_parse() {
        let command = Cli::command();
        let nested = command
            .get_subcommands()
            .flat_map(clap::Command::get_subcommands);
        let mut examples = 0;
        for command in std::iter::once(&command)
            .chain(command.get_subcommands())
            .chain(nested)
        {
            let help = command.clone().render_long_help().to_string();
            let (_, shown) = help
                .split_once("Examples:")
                .unwrap_or_else(|| panic!("{} has no examples", command.get_name()));
            for line in shown.lines().map(str::trim).filter(|line| !line.is_empty()) {
                parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
                examples += 1;
            }
        }
        assert!(examples >= 12, "only {examples} examples found");
    }
}
