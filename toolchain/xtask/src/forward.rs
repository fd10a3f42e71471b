//! Commands that live in other crates: builds them with optimisation, hands all options on, and
//! passes their exit code through.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::{Context, Result, bail};

use crate::cli::{Bench, Fuzz, Task, Vectors};

/// Runs a task that another crate implements.
pub fn run(task: &Task) -> Result<ExitCode> {
    let Some((package, binary, options)) = target(task) else {
        bail!("this task is not implemented by another crate");
    };
    let status = Command::new(crate::test::cargo())
        .args(arguments(package, binary, options))
        .status()
        .context("cannot start cargo")?;
    Ok(ExitCode::from(code(status)))
}

/// The package and binary that implement a task, and the options typed for it.
fn target(task: &Task) -> Option<(&'static str, &'static str, &[OsString])> {
    match task {
        Task::Test { .. } | Task::Tidy => None,
        Task::Conformance(options) => Some(("filigree-conformance", "conformance", &options.args)),
        Task::Bench(Bench::Host(options)) => {
            Some(("filigree-differential", "bench-host", &options.args))
        }
        Task::Fuzz(Fuzz::Host(options)) => {
            Some(("filigree-differential", "fuzz-host", &options.args))
        }
        Task::Vectors(Vectors::Refresh(options)) => {
            Some(("filigree-differential", "record-vectors", &options.args))
        }
    }
}

fn arguments(package: &str, binary: &str, options: &[OsString]) -> Vec<OsString> {
    let fixed = [
        "run",
        "--release",
        "--package",
        package,
        "--bin",
        binary,
        "--",
    ];
    fixed
        .iter()
        .map(OsString::from)
        .chain(options.iter().cloned())
        .collect()
}

/// The exit code as a shell reports it: 128 plus the signal for a process that was killed.
fn code(status: ExitStatus) -> u8 {
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::Parser;

    fn forwarded(words: &[&str]) -> String {
        let typed = std::iter::once("cargo xtask").chain(words.iter().copied());
        let task = Cli::try_parse_from(typed).expect("parses").task;
        let (package, binary, options) = target(&task).expect("is forwarded");
        let words = arguments(package, binary, options);
        words
            .iter()
            .map(|word| word.to_str().unwrap())
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn options_arrive_as_typed() {
        assert_eq!(
            forwarded(&[
                "conformance",
                "--bundle",
                "a b.car",
                "--new-option",
                "-x",
                "--",
                "-y"
            ]),
            "run --release --package filigree-conformance --bin conformance -- \
             --bundle a b.car --new-option -x -- -y"
        );
        assert_eq!(
            forwarded(&["bench", "host", "--bundle", "a.car"]),
            "run --release --package filigree-differential --bin bench-host -- --bundle a.car"
        );
        assert_eq!(
            forwarded(&["fuzz", "host", "--minutes", "3"]),
            "run --release --package filigree-differential --bin fuzz-host -- --minutes 3"
        );
        assert_eq!(
            forwarded(&["vectors", "refresh"]),
            "run --release --package filigree-differential --bin record-vectors --"
        );
    }

    #[test]
    fn exit_codes_pass_through() {
        assert_eq!(code(ExitStatus::from_raw(0)), 0);
        assert_eq!(code(ExitStatus::from_raw(7 << 8)), 7);
        assert_eq!(code(ExitStatus::from_raw(9)), 137);
    }
}
