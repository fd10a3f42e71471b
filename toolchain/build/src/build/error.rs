//! Why an actor could not be built, and what to do.

use std::path::{Path, PathBuf};

use super::WASM_TARGET;
use crate::Malformed;

/// An actor could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// There is no project.
    #[error("{0} is no Cargo.toml and has none in it; give the folder of an actor's crate")]
    NoManifest(PathBuf),
    /// Cargo cannot read the project.
    #[error("cargo cannot read {manifest}:\n{output}")]
    Metadata {
        /// Its manifest.
        manifest: PathBuf,
        /// What Cargo says.
        output: String,
    },
    /// The project is not locked.
    #[error("{} does not exist; run `cargo generate-lockfile`, or build without --locked", .0.display())]
    NotLocked(PathBuf),
    /// Which package is not said.
    #[error("{manifest} has several packages; choose one with --package: {}", .packages.join(", "))]
    WhichPackage {
        /// The manifest.
        manifest: PathBuf,
        /// The packages.
        packages: Vec<String>,
    },
    /// The package does not exist.
    #[error("{manifest} has no package {package}; it has: {}", .packages.join(", "))]
    NoPackage {
        /// The manifest.
        manifest: PathBuf,
        /// The one asked for.
        package: String,
        /// The packages.
        packages: Vec<String>,
    },
    /// The package is no library.
    #[error("{0} has no library; an actor is a library crate (src/lib.rs)")]
    NoLibrary(String),
    /// The settings in the manifest are not understood.
    #[error(
        "[package.metadata.filigree] of {package}: {reason}; known are stack-size-bytes and profile"
    )]
    Settings {
        /// The package.
        package: String,
        /// What is wrong.
        reason: String,
    },
    /// A program is missing.
    #[error("cannot start {program}: {source}; install Rust with rustup")]
    Program {
        /// The program.
        program: &'static str,
        /// Why not.
        source: std::io::Error,
    },
    /// The compiler does not work.
    #[error("rustc does not work in {}:\n{output}\ninstall the toolchain that its rust-toolchain.toml names", .folder.display())]
    Toolchain {
        /// Where it was called.
        folder: PathBuf,
        /// What it says.
        output: String,
    },
    /// The Wasm target is missing and could not be installed.
    #[error("the compiler has no {WASM_TARGET}; run `rustup target add {WASM_TARGET}` in {}\n{output}", .folder.display())]
    NoTarget {
        /// Where to run it.
        folder: PathBuf,
        /// What rustup says.
        output: String,
    },
    /// The wrapper around rustc does not compile.
    #[error(
        "the compiler cannot build a small program of our own; is a linker (cc) installed?\n{0}"
    )]
    Wrapper(String),
    /// Cargo failed. Without output it was shown already.
    #[error("{package} does not build; the earlier artefact, if any, is unchanged{}{output}", if .output.is_empty() { "" } else { "\n" })]
    Cargo {
        /// The package.
        package: String,
        /// What Cargo says.
        output: String,
    },
    /// Cargo succeeded without Wasm.
    #[error("cargo built {0}, but no Wasm came out; is `crate-type` or `[lib]` unusual?")]
    NoArtefact(String),
    /// The compiler's output is not readable.
    #[error("{}: {reason}", .path.display())]
    NotWasm {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: Malformed,
    },
    /// A file cannot be read or written.
    #[error("cannot {doing} {}: {source}", .path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

impl BuildError {
    pub(crate) fn io(doing: &'static str, path: &Path, source: std::io::Error) -> Self {
        BuildError::Io {
            doing,
            path: path.to_path_buf(),
            source,
        }
    }
}
