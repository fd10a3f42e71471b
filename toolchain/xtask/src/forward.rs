//! Commands that live in other crates: builds them with optimisation, hands all options on, and
//! passes their exit code through.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::{Context, Result, bail};

use crate::cli::{Bench, Fuzz, Task, Vectors};

/// Runs a task that another crate of the checkout at `root` implements. The folder stays the user's,
/// so that paths typed mean what they say; the command finds its default paths by itself.
pub fn run(task: &Task, root: &Path) -> Result<ExitCode> {
    let Some(target) = target(task) else {
        bail!("this task is not implemented by another crate");
    };
    let status = Command::new(crate::test::cargo())
        .args(target.arguments(root, std::env::args_os().skip(1)))
        .status()
        .context("cannot start cargo")?;
    Ok(ExitCode::from(code(status)))
}

/// What implements a task.
struct Target {
    package: &'static str,
    binary: &'static str,
    /// Words typed that name the task; options follow.
    words: usize,
}

fn target(task: &Task) -> Option<Target> {
    let (package, binary, words) = match task {
        Task::Test { .. } | Task::Tidy | Task::Devnet(_) => return None,
        Task::Bundle(_) => ("filigree-bundle", "bundle", 1),
        Task::Conformance(_) => ("filigree-conformance", "conformance", 1),
        Task::Parity(_) => ("filigree-scenarios", "parity", 1),
        Task::Bench(Bench::Host(_)) => ("filigree-differential", "bench-host", 2),
        Task::Bench(Bench::Sdk(_)) => ("filigree-beside", "bench-sdk", 2),
        Task::Bench(Bench::Actors(_)) => ("filigree-scenarios", "bench-actors", 2),
        Task::Bench(Bench::Proofs(_)) => ("filigree-proofs-bench", "bench-proofs", 2),
        Task::Bench(Bench::Node(_)) => ("filigree-node-bench", "bench-node", 2),
        Task::Fuzz(Fuzz::Actors(_)) => ("filigree-scenarios", "fuzz-actors", 2),
        Task::Fuzz(Fuzz::Host(_)) => ("filigree-differential", "fuzz-host", 2),
        Task::Vectors(Vectors::Refresh(_)) => ("filigree-differential", "record-vectors", 2),
    };
    Some(Target {
        package,
        binary,
        words,
    })
}

impl Target {
    /// Arguments for cargo, of what was `typed` after `cargo xtask`.
    fn arguments(
        &self,
        root: &Path,
        typed: impl Iterator<Item = OsString>,
    ) -> impl Iterator<Item = OsString> {
        let manifest = root.join("Cargo.toml").into_os_string();
        let fixed = ["--package", self.package, "--bin", self.binary, "--"];
        ["run", "--release", "--manifest-path"]
            .map(OsString::from)
            .into_iter()
            .chain([manifest])
            .chain(fixed.map(OsString::from))
            .chain(typed.skip(self.words))
    }
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
        let target = target(&task).expect("is forwarded");
        let typed = words.iter().map(OsString::from);
        let words = target.arguments(Path::new("root"), typed);
        let words: Vec<String> = words.map(|w| w.into_string().unwrap()).collect();
        words.join(" ")
    }

    #[test]
    fn options_arrive_as_typed() {
        const CARGO: &str = "run --release --manifest-path root/Cargo.toml --package";
        let check = |words: &[&str], expected: &str| {
            assert_eq!(forwarded(words), format!("{CARGO} {expected}"));
        };
        check(
            &["conformance", "--bundle", "a b.car", "--threads=2"],
            "filigree-conformance --bin conformance -- --bundle a b.car --threads=2",
        );
        check(
            &["parity", "--official", "a.car", "--json"],
            "filigree-scenarios --bin parity -- --official a.car --json",
        );
        check(
            &["bench", "host", "--bundle", "a.car"],
            "filigree-differential --bin bench-host -- --bundle a.car",
        );
        check(
            &["bench", "sdk", "--json"],
            "filigree-beside --bin bench-sdk -- --json",
        );
        check(
            &["bench", "proofs", "--only", "verify"],
            "filigree-proofs-bench --bin bench-proofs -- --only verify",
        );
        check(
            &["bench", "node", "--quick"],
            "filigree-node-bench --bin bench-node -- --quick",
        );
        check(
            &["fuzz", "host", "--minutes", "3"],
            "filigree-differential --bin fuzz-host -- --minutes 3",
        );
        check(
            &["vectors", "refresh"],
            "filigree-differential --bin record-vectors --",
        );
    }

    #[test]
    fn exit_codes_pass_through() {
        assert_eq!(code(ExitStatus::from_raw(0)), 0);
        assert_eq!(code(ExitStatus::from_raw(7 << 8)), 7);
        assert_eq!(code(ExitStatus::from_raw(9)), 137);
    }
}
