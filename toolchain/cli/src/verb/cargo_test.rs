//! Running a project's tests, for what their sandboxes leave in a file.

use std::io;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Runs `cargo test` with a variable that names a file, and reads the file; `None` if no sandbox wrote one.
pub fn run<T>(
    project: &Path,
    package: Option<&str>,
    filter: Option<&str>,
    variable: &str,
    read: impl FnOnce(&Path) -> io::Result<T>,
) -> Result<Option<T>> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let file = folder.path().join("left");
    let manifest = match project.is_dir() {
        true => project.join("Cargo.toml"),
        false => project.to_path_buf(),
    };
    ensure!(
        manifest.is_file(),
        "{} is not there: name a project's folder",
        manifest.display()
    );
    let mut cargo = Command::new("cargo");
    cargo.arg("test").arg("--manifest-path").arg(&manifest);
    if let Some(package) = package {
        cargo.args(["--package", package]);
    }
    cargo.args(filter).env(variable, &file);
    // The tests' own output is no part of ours.
    cargo.stdout(io::stderr());
    let status = cargo
        .status()
        .context("cannot run cargo; install it with rustup")?;
    ensure!(status.success(), "tests failed: see above");
    if !file.exists() {
        return Ok(None);
    }
    let left = read(&file).context("cannot read what the tests left")?;
    Ok(Some(left))
}
