//! What can be typed after `cargo xtask`.
//!
//! Commands that live in other crates have their options defined there, once; the files that do so
//! are read into this crate as well. So the help here is the command's own, what is typed wrong is
//! refused before anything is built, and tidy rejects a README that uses an option there is not.

use clap::{CommandFactory, Parser, Subcommand};

#[path = "../../../tests/sdk/beside/src/options.rs"]
#[allow(dead_code, reason = "the command itself reads the values")]
mod beside;
#[path = "../../bundle/src/options.rs"]
#[allow(dead_code, reason = "the command itself reads the values")]
mod bundle;
#[path = "../../../tests/conformance/src/options.rs"]
#[allow(dead_code, reason = "the command itself reads the values")]
mod conformance;
#[path = "../../../tests/differential/src/options.rs"]
#[allow(dead_code, reason = "the commands themselves read the values")]
mod differential;
#[path = "../../../node/daemon/src/options.rs"]
#[allow(dead_code, reason = "the node itself reads the values")]
mod node;
#[path = "../../../tests/node-bench/src/options.rs"]
#[allow(dead_code, reason = "the command itself reads the values")]
mod node_bench;
#[path = "../../../tests/proofs-bench/src/options.rs"]
#[allow(dead_code, reason = "the command itself reads the values")]
mod proofs;
#[path = "../../../tests/scenarios/src/options.rs"]
#[allow(dead_code, reason = "the commands themselves read the values")]
mod scenarios;

pub use node::DevnetOptions;

/// The command line of `cargo xtask`.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "Project tasks of Filigree: test, tidy, conformance, benchmarks, fuzzing.",
    after_help = "Examples:\n  cargo xtask test\n  cargo xtask conformance --help"
)]
pub struct Cli {
    /// The task to run.
    #[command(subcommand)]
    pub task: Task,
}

/// One task.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// Install what is missing, check format, lints and house rules, run every test.
    #[command(after_help = TEST_HELP)]
    Test {
        /// Skip lints and the cross-crate tests; without effect when CI is set.
        #[arg(long)]
        quick: bool,

        /// Seal and prove as well, with development parameters, which are made where they are absent: an hour or more.
        #[arg(long, conflicts_with = "quick")]
        slow: bool,
    },

    /// Check the house rules: crate arrows, module docs, file sizes, README commands.
    #[command(after_help = TIDY_HELP)]
    Tidy,

    Bundle(bundle::BundleOptions),

    Devnet(DevnetOptions),

    Conformance(conformance::Conformance),

    Parity(scenarios::Parity),

    /// Measure, beside what others use.
    #[command(
        subcommand,
        after_help = "Examples:\n  cargo xtask bench host --help\n  cargo xtask bench sdk"
    )]
    Bench(Bench),

    /// Run random input against the host or the actors, for as long as wanted.
    #[command(subcommand, after_help = "Examples:\n  cargo xtask fuzz host --help")]
    Fuzz(Fuzz),

    /// Recorded vectors of the conformance tests.
    #[command(subcommand, after_help = "Examples:\n  cargo xtask vectors refresh")]
    Vectors(Vectors),
}

/// What can be measured.
#[derive(Debug, Subcommand)]
pub enum Bench {
    Host(differential::BenchHost),
    Sdk(beside::BenchSdk),
    Actors(scenarios::BenchActors),
    Proofs(proofs::BenchProofs),
    Node(node_bench::BenchNode),
}

/// What can be fuzzed.
#[derive(Debug, Subcommand)]
pub enum Fuzz {
    Host(differential::FuzzHost),
    Actors(scenarios::FuzzActors),
}

/// What can be done with recorded vectors.
#[derive(Debug, Subcommand)]
pub enum Vectors {
    Refresh(differential::RefreshVectors),
}

const TEST_HELP: &str = "\
Steps: setup, format, lints, tidy, tests. A failing step does not hide the next; exit 1 if any fails.
Setup adds the Wasm target and rustup components, and Debian packages when run as root.
CARGO_TARGET_DIR names the build directory, as for cargo itself.
FILIGREE_DEV_PARAMETERS names a directory of development parameters for --slow; target/dev-parameters without it.

Examples:
  cargo xtask test
  cargo xtask test --quick
  cargo xtask test --slow";

const TIDY_HELP: &str = "\
Each finding is printed as file:line with what to do; exit 1 if there is one.

Examples:
  cargo xtask tidy";

/// Whether `words`, as typed after `cargo xtask`, is a command with options that it has. Nothing is run.
pub fn accepts(words: &[&str]) -> Result<(), String> {
    let typed = std::iter::once("cargo xtask").chain(words.iter().copied());
    match Cli::command().try_get_matches_from(typed) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == clap::error::ErrorKind::DisplayHelp => Ok(()),
        Err(error) => Err(error
            .to_string()
            .lines()
            .next()
            .unwrap_or("not a command")
            .to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls `visit` with every command that can be typed, parents included.
    fn each_command(visit: &mut dyn FnMut(&[String], &clap::Command)) {
        fn walk(
            path: &mut Vec<String>,
            command: &clap::Command,
            visit: &mut dyn FnMut(&[String], &clap::Command),
        ) {
            visit(path, command);
            for sub in command.get_subcommands() {
                path.push(sub.get_name().to_owned());
                walk(path, sub, visit);
                path.pop();
            }
        }
        walk(&mut Vec::new(), &Cli::command(), visit);
    }

    #[test]
    fn definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_help_has_examples_that_parse() {
        let mut examples = 0;
        each_command(&mut |path, command| {
            let mut words: Vec<&str> = path.iter().map(String::as_str).collect();
            words.push("--help");
            accepts(&words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
            let help = command.clone().render_long_help().to_string();
            let (_, shown) = help.split_once("Examples:").expect("help shows examples");
            for line in shown.lines().map(str::trim).filter(|line| !line.is_empty()) {
                let rest = line
                    .strip_prefix("cargo xtask ")
                    .expect("an example is a command");
                let words: Vec<&str> = rest.split_whitespace().collect();
                accepts(&words).unwrap_or_else(|error| panic!("{line}: {error}"));
                examples += 1;
            }
        });
        assert!(examples > 8, "only {examples} examples found");
    }

    #[test]
    fn accepts_only_what_exists() {
        assert_eq!(accepts(&["test"]), Ok(()));
        assert_eq!(
            accepts(&["conformance", "--bundle", "FILE.car", "--threads=2"]),
            Ok(())
        );
        assert!(accepts(&["conformance", "--bundel", "FILE.car"]).is_err());
        assert!(accepts(&["parity"]).is_err());
        assert!(accepts(&["parity", "--official", "FILE.car", "--threads", "0"]).is_err());
        assert!(accepts(&["test", "--fast"]).is_err());
        assert!(accepts(&["bench"]).is_err());
        assert!(accepts(&["bench", "host", "--rounds", "7"]).is_err());
        assert!(accepts(&["bench", "sdk", "--rounds", "few"]).is_err());
        assert!(accepts(&["bench", "proofs", "--only", "steps", "--rounds", "5"]).is_ok());
        assert!(accepts(&["bench", "proofs", "--only", "seals"]).is_err());
        assert!(accepts(&["bench", "node", "--only", "epochs", "--epochs", "100"]).is_ok());
        assert!(accepts(&["bench", "node", "--epochs", "0"]).is_err());
        assert!(accepts(&["fuzz", "host", "--minutes", "soon"]).is_err());
        assert!(accepts(&["deploy"]).is_err());
        assert!(accepts(&[]).is_err());
    }
}
