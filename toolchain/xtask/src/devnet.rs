//! `cargo xtask devnet`: from a fresh machine to a network that runs. Installs what is missing, builds the actors and the node,
//! and becomes the node.
//!
//! The node is built in the dev profile: that optimises all libraries, and is there in a fraction of the time of a release
//! build. What is built already is not built again, so that a second start takes seconds; programs are built as the tests have
//! them built, for Cargo would build the libraries of another selection of packages again, with other features.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::cli::DevnetOptions;

/// Where the bundle is, below the build directory.
const BUNDLE: &str = "devnet/builtin-actors-devnet.car";

/// A step: what it sees to, and how.
type Step = (&'static str, fn(&Path) -> Result<()>);

/// What a checkout needs before its node can be started, in order: nothing is compiled that then lacks a library.
const STEPS: &[Step] = &[
    ("what a build needs", crate::setup::run),
    (
        "the node, and what builds actors",
        crate::test::build_programs,
    ),
];

/// Starts a network with the options that were typed. Returns only if it does not start.
///
/// # Errors
/// What is missing or does not compile.
pub fn run(options: &DevnetOptions, root: &Path) -> Result<ExitCode> {
    for (what, run) in STEPS {
        step(what, || run(root))?;
    }
    let target = crate::test::target_directory(root);
    // A forked network has the actors it had, unless others are named.
    let bundle = match options.bundle.is_none() && options.fork.is_none() {
        true => {
            let file = target.join(BUNDLE);
            step("the actors", || build_bundle(root, &target, &file))?;
            Some(file)
        }
        false => None,
    };
    let program = target.join("debug/filigree");
    let typed = std::env::args_os().skip_while(|word| word != "devnet");
    let arguments = arguments(typed.skip(1), bundle.as_deref());
    // Signals, the terminal and the exit code are the node's own then.
    let error = Command::new(&program).args(arguments).exec();
    Err(error).with_context(|| format!("cannot start {}", program.display()))
}

/// Arguments of the node, of what was typed after `devnet`, and the bundle that was built.
fn arguments(typed: impl Iterator<Item = OsString>, bundle: Option<&Path>) -> Vec<OsString> {
    let mut arguments = vec![OsString::from("devnet")];
    if let Some(bundle) = bundle {
        arguments.extend([OsString::from("--bundle"), bundle.into()]);
    }
    arguments.extend(typed);
    arguments
}

fn step(what: &str, run: impl FnOnce() -> Result<()>) -> Result<()> {
    eprintln!("==> {what}");
    let start = Instant::now();
    run()?;
    eprintln!("    {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// Builds the bundle; actors whose sources have not changed are taken as they were.
fn build_bundle(root: &Path, target: &Path, file: &Path) -> Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let file = file
        .to_str()
        .context("the build directory has no name in UTF-8")?;
    let program = target.join("debug/bundle");
    run_in(root, &program, &["--network", "devnet", "--out", file])
}

/// Runs a program, whose progress is on standard error.
fn run_in(root: &Path, program: &Path, arguments: &[&str]) -> Result<()> {
    let shown = format!("{} {}", program.display(), arguments.join(" "));
    let status = Command::new(program)
        .args(arguments)
        .current_dir(root)
        // By it the bundle's builder finds the checkout, as when Cargo runs it.
        .env("CARGO_MANIFEST_DIR", root.join("toolchain/bundle"))
        .stdout(Stdio::null())
        .status()
        .with_context(|| format!("cannot start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed: its message is above");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_installed_or_named_before_anything_is_built() {
        let names: Vec<&str> = STEPS.iter().map(|(name, _)| *name).collect();
        assert_eq!(
            names,
            ["what a build needs", "the node, and what builds actors"]
        );
        let setup: fn(&Path) -> Result<()> = crate::setup::run;
        assert!(std::ptr::fn_addr_eq(STEPS[0].1, setup));
    }

    #[test]
    fn options_go_to_the_node_and_the_bundle_with_them() {
        let typed = |words: &[&str]| {
            words
                .iter()
                .map(OsString::from)
                .collect::<Vec<_>>()
                .into_iter()
        };
        let bundle = Path::new("a.car");
        let with = arguments(typed(&["--miners", "3"]), Some(bundle));
        assert_eq!(
            with,
            ["devnet", "--bundle", "a.car", "--miners", "3"].map(OsString::from)
        );
        let own = arguments(typed(&["--bundle", "b.car"]), None);
        assert_eq!(own, ["devnet", "--bundle", "b.car"].map(OsString::from));
    }
}
