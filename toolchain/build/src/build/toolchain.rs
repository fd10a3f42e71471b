//! The compiler a project is built with, and how programs of it are started.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::{BuildError, WASM_TARGET};

/// Variables of the caller's environment that reach Cargo, beside all that are neither Cargo's nor Rust's.
///
/// Everything else of theirs could change the bytes, or is meant for the process that started this one: `cargo test`
/// sets a toolchain, flags and a description of its own package.
const KEPT: &[&str] = &[
    "CARGO_HOME",
    "CARGO_HTTP_",
    "CARGO_NET_",
    "CARGO_REGISTR",
    "CARGO_TARGET_DIR",
    "CARGO_TERM_",
    "RUSTUP_AUTO_INSTALL",
    "RUSTUP_DIST_",
    "RUSTUP_HOME",
    "RUSTUP_UPDATE_ROOT",
    "RUST_BACKTRACE",
];

/// A compiler.
#[derive(Clone, Debug)]
pub(super) struct Toolchain {
    /// One line, such as `rustc 1.95.0 (59807616e 2026-04-14)`.
    pub version: String,
    /// Everything `rustc -vV` says.
    pub verbose_version: String,
    /// Where it is installed.
    pub sysroot: PathBuf,
}

impl Toolchain {
    /// The compiler of the project with that manifest.
    pub fn find(manifest: &Path) -> Result<Self, BuildError> {
        let folder = manifest.parent().unwrap_or(manifest);
        let verbose_version = ask(folder, &["-vV"])?;
        let sysroot = ask(folder, &["--print", "sysroot"])?;
        Ok(Toolchain {
            version: verbose_version
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned(),
            sysroot: PathBuf::from(sysroot.trim()),
            verbose_version,
        })
    }

    /// The commit the compiler was built from.
    pub fn commit(&self) -> &str {
        let lines = self.verbose_version.lines();
        let mut commits = lines.filter_map(|line| line.strip_prefix("commit-hash: "));
        commits.next().unwrap_or("unknown")
    }

    fn has_target(&self) -> bool {
        self.sysroot
            .join("lib/rustlib")
            .join(WASM_TARGET)
            .join("lib")
            .is_dir()
    }

    /// Installs the Wasm target if it is missing.
    pub fn ensure_target(&self, manifest: &Path, offline: bool) -> Result<(), BuildError> {
        if self.has_target() {
            return Ok(());
        }
        let folder = manifest.parent().unwrap_or(manifest).to_path_buf();
        if offline {
            let output = "(not tried: offline)".to_owned();
            return Err(BuildError::NoTarget { folder, output });
        }
        let mut command = command("rustup", &folder);
        command.args(["target", "add", WASM_TARGET]);
        let output = run(command, "rustup")?;
        if output.status.success() && self.has_target() {
            return Ok(());
        }
        let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(BuildError::NoTarget { folder, output })
    }
}

fn ask(folder: &Path, arguments: &[&str]) -> Result<String, BuildError> {
    let mut command = command("rustc", folder);
    command.args(arguments);
    let output = run(command, "rustc")?;
    if !output.status.success() {
        return Err(BuildError::Toolchain {
            folder: folder.to_path_buf(),
            output: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A program of the toolchain, to be run in `folder` and with none of the caller's settings.
pub(super) fn command(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if !reaches_cargo(&name) {
            command.env_remove(name);
        }
    }
    command
}

/// Whether a variable of the caller's environment reaches Cargo.
pub(super) fn reaches_cargo(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else {
        return true;
    };
    let is_theirs = name.starts_with("CARGO")
        || name.starts_with("RUST")
        || matches!(
            name,
            "MAKEFLAGS" | "MFLAGS" | "LD_LIBRARY_PATH" | "DYLD_FALLBACK_LIBRARY_PATH" | "OUT_DIR"
        );
    !is_theirs || KEPT.iter().any(|kept| name.starts_with(kept))
}

/// Runs a program to its end and keeps what it prints.
pub(super) fn run(mut command: Command, program: &'static str) -> Result<Output, BuildError> {
    command
        .output()
        .map_err(|source| BuildError::Program { program, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_change_the_bytes_does_not_reach_cargo() {
        let kept = [
            "PATH",
            "HOME",
            "CARGO_HOME",
            "CARGO_NET_OFFLINE",
            "RUSTUP_HOME",
            "CC",
            "CARGO_TARGET_DIR",
        ];
        let dropped = [
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_BUILD_RUSTFLAGS",
            "CARGO_PROFILE_RELEASE_LTO",
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER",
            "CARGO_MANIFEST_DIR",
            "CARGO",
            "RUSTUP_TOOLCHAIN",
            "RUSTC_WRAPPER",
            "OUT_DIR",
        ];
        assert!(kept.iter().all(|name| reaches_cargo(OsStr::new(name))));
        assert!(!dropped.iter().any(|name| reaches_cargo(OsStr::new(name))));
    }
}
