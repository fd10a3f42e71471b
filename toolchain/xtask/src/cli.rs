//! What can be typed after `cargo xtask`.
//!
//! Commands that live in other crates take their options as they come and hand them on; their help
//! text here names each option, and tidy rejects a README that uses an option the help lacks.

use std::ffi::OsString;

use clap::{Args, CommandFactory, Parser, Subcommand};

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
    },

    /// Check the house rules: crate arrows, module docs, file sizes, README commands.
    #[command(after_help = TIDY_HELP)]
    Tidy,

    /// Run conformance vectors against the host.
    #[command(after_help = CONFORMANCE_HELP)]
    Conformance(Forwarded),

    /// Measure, beside the reference host.
    #[command(subcommand, after_help = "Examples:\n  cargo xtask bench host --help")]
    Bench(Bench),

    /// Run random input against the host, without bound.
    #[command(subcommand, after_help = "Examples:\n  cargo xtask fuzz host --help")]
    Fuzz(Fuzz),

    /// Recorded vectors of the conformance tests.
    #[command(subcommand, after_help = "Examples:\n  cargo xtask vectors refresh")]
    Vectors(Vectors),
}

/// What can be measured.
#[derive(Debug, Subcommand)]
pub enum Bench {
    /// Time vectors on our host and on the reference host, in one process, in turn.
    #[command(after_help = BENCH_HOST_HELP)]
    Host(Forwarded),
}

/// What can be fuzzed.
#[derive(Debug, Subcommand)]
pub enum Fuzz {
    /// Random modules and messages into our host and the reference host.
    #[command(after_help = FUZZ_HOST_HELP)]
    Host(Forwarded),
}

/// What can be done with recorded vectors.
#[derive(Debug, Subcommand)]
pub enum Vectors {
    /// Execute our test actors on the reference host and record the results.
    #[command(after_help = VECTORS_REFRESH_HELP)]
    Refresh(Forwarded),
}

/// Options handed on as they are; the exit code comes back as it is.
#[derive(Debug, Args)]
pub struct Forwarded {
    /// Options of the command, see below.
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "OPTIONS"
    )]
    pub args: Vec<OsString>,
}

const TEST_HELP: &str = "\
Steps: setup, format, lints, tidy, tests. A failing step does not hide the next; exit 1 if any fails.
Setup adds the Wasm target and rustup components, and Debian packages when run as root.
CARGO_TARGET_DIR names the build directory, as for cargo itself.

Examples:
  cargo xtask test
  cargo xtask test --quick";

const TIDY_HELP: &str = "\
Each finding is printed as file:line with what to do; exit 1 if there is one.

Examples:
  cargo xtask tidy";

const CONFORMANCE_HELP: &str = "\
Command options:
  --bundle FILE.car  built-in actors the vectors call: a CAR whose root is the manifest
  --vectors PATH     a vector or a folder of vectors (default: ../shared/vectors)
  --filter TEXT      only vectors whose name contains TEXT
  --threads N        vectors run at once (default: the number of cores)
  --json FILE        write the result of every vector to FILE

The last line is `N passed, M failed, K skipped`; exit 1 on any failure.

Examples:
  cargo xtask conformance --bundle builtin-actors-mainnet.car
  cargo xtask conformance --bundle builtin-actors-mainnet.car --filter miner --threads 1";

const BENCH_HOST_HELP: &str = "\
Command options:
  --bundle FILE.car  built-in actors the vectors call: a CAR whose root is the manifest
  --vectors PATH     a vector or a folder of vectors (default: ../shared/vectors)

Timed is execution plus flush, on one thread. The last two lines are the ratios to the reference.

Examples:
  cargo xtask bench host --bundle builtin-actors-mainnet.car";

const FUZZ_HOST_HELP: &str = "\
Command options:
  --minutes N  stop after N minutes

A difference between the hosts is printed with what reproduces it; exit 1.

Examples:
  cargo xtask fuzz host --minutes 10";

const VECTORS_REFRESH_HELP: &str = "\
Writes tests/conformance/vectors; look at the difference before committing it.

Examples:
  cargo xtask vectors refresh";

/// Whether `words`, as typed after `cargo xtask`, is a command whose help names every option used.
///
/// Also asks for the help of the command, which must work. Nothing is run.
pub fn accepts(words: &[&str]) -> Result<(), String> {
    parse(words)?;
    let mut command = Cli::command();
    let mut path = Vec::new();
    for word in words {
        let Some(sub) = command.find_subcommand(word) else {
            break;
        };
        command = sub.clone();
        path.push(*word);
    }
    let help = command.render_long_help().to_string();
    for word in &words[path.len()..] {
        let option = word.split('=').next().unwrap_or(word);
        if option.starts_with("--") && !help.split_whitespace().any(|token| token == option) {
            return Err(format!("`{}` has no option {option}", path.join(" ")));
        }
    }
    path.push("--help");
    parse(&path)
}

fn parse(words: &[&str]) -> Result<(), String> {
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
            parse(&words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
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
        assert!(accepts(&["test", "--fast"]).is_err());
        assert!(accepts(&["bench"]).is_err());
        assert!(accepts(&["deploy"]).is_err());
        assert!(accepts(&[]).is_err());
    }
}
