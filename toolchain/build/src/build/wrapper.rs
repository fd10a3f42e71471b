//! Compiles the wrapper around rustc, once for each build folder and compiler.
//!
//! The wrapper is a program because Cargo wants one, and it is compiled on the spot because whoever builds an actor
//! has a compiler, while this library may run inside of any program, such as a test.

use std::path::{Path, PathBuf};

use super::toolchain::{self, Toolchain};
use super::{BuildError, Project};

const SOURCE: &str = include_str!("rustc_wrapper.rs");

/// The compiled wrapper.
pub(super) fn ensure(
    project: &Project,
    toolchain: &Toolchain,
    folder: &Path,
) -> Result<PathBuf, BuildError> {
    let mut hash = blake2b_simd::Params::new().hash_length(8).to_state();
    hash.update(SOURCE.as_bytes())
        .update(toolchain.verbose_version.as_bytes());
    let name = format!("rustc-wrapper-{}", hash.finalize().to_hex());
    let program = folder
        .join(name)
        .with_extension(std::env::consts::EXE_EXTENSION);
    if program.is_file() {
        return Ok(program);
    }
    let io = |e| BuildError::io("make", folder, e);
    std::fs::create_dir_all(folder).map_err(io)?;
    let work = tempfile::tempdir_in(folder).map_err(io)?;
    let source = work.path().join("wrapper.rs");
    std::fs::write(&source, SOURCE).map_err(io)?;
    let compiled = work.path().join("wrapper");
    let mut command = toolchain::command("rustc", &project.package.folder);
    command.args([
        "--edition",
        "2024",
        "--crate-name",
        "filigree_rustc_wrapper",
        "-O",
        "-o",
    ]);
    command.arg(&compiled).arg(&source);
    let output = toolchain::run(command, "rustc")?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(BuildError::Wrapper(text));
    }
    std::fs::rename(&compiled, &program).map_err(io)?;
    Ok(program)
}
