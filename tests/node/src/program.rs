//! The program under test: the one that cargo built beside the test that runs.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;

use anyhow::{Context, Result, ensure};

/// Another program than that of this build, for tests of a release.
const PROGRAM: &str = "FILIGREE_PROGRAM";

/// Names the directory of development parameters.
const PARAMETERS: &str = "FILIGREE_DEV_PARAMETERS";

/// One build at a time.
static BUILD: Mutex<()> = Mutex::new(());

/// The binary `filigree`.
///
/// # Errors
/// If it is not built, and cannot be.
pub fn filigree() -> Result<PathBuf> {
    match env::var_os(PROGRAM) {
        Some(path) => Ok(path.into()),
        None => built("filigree"),
    }
}

/// The binary `filigree-actor`.
///
/// # Errors
/// As [`filigree`].
pub fn filigree_actor() -> Result<PathBuf> {
    built("filigree-actor")
}

/// Where the development parameters of 2 KiB sectors are: `cargo xtask test --slow` makes them.
///
/// # Errors
/// If nobody says where.
pub fn parameters() -> Result<PathBuf> {
    let folder = env::var_os(PARAMETERS).map(PathBuf::from);
    folder.with_context(|| format!("{PARAMETERS} names the directory of parameters"))
}

/// Where this build puts everything: what is compiled for a test may stay there for the next.
///
/// # Errors
/// If a test runs somewhere else.
pub fn target() -> Result<PathBuf> {
    // target/debug/deps/TEST
    let test = env::current_exe()?;
    let target = test.ancestors().nth(3);
    Ok(target.context("a test has a folder")?.to_owned())
}

/// A binary of this build. `cargo test --workspace` has built it; if a test of this package runs alone, it may be missing, and is
/// built now. One that is there is taken as it is: after a change, build it.
fn built(name: &str) -> Result<PathBuf> {
    let test = env::current_exe()?;
    // target/debug/deps/TEST
    let folder = test.parent().and_then(|deps| deps.parent());
    let folder = folder.context("a test has a folder")?;
    let path = folder.join(name);
    let _guard = BUILD.lock();
    if !path.exists() {
        eprintln!("building {name}, once");
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--package", name, "--bin", name]);
        if folder.ends_with("release") {
            build.arg("--release");
        }
        build.current_dir(filigree_bundle::checkout());
        if let Some(target) = folder.parent() {
            build.env("CARGO_TARGET_DIR", target);
        }
        let status = build.status().context("cargo cannot be run")?;
        ensure!(status.success(), "{name} does not build");
    }
    Ok(path)
}
