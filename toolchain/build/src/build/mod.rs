//! From a Cargo project to an actor's Wasm: release build, optimised, the same bytes from any folder.
//!
//! What makes the bytes equal wherever the project lies: the toolchain its `rust-toolchain.toml` pins, the crates its
//! `Cargo.lock` names, one codegen unit with link-time optimisation, none of the caller's compiler flags, and a
//! wrapper around rustc that takes the folders out of what the compiler sees (`rustc_wrapper`).
//!
//! In reading order: this file (options, result, the steps), [`mod@error`], `project` (what Cargo knows of it),
//! `toolchain`, `cargo` (the command), `wrapper` and `rustc_wrapper`, `inputs`, `environment` and `cache` (not building
//! twice).
//!
//! A build that fails leaves the artefact of the one before in place.

mod cache;
mod cargo;
mod environment;
pub mod error;
mod inputs;
mod project;
mod toolchain;
mod wrapper;

#[cfg(test)]
#[path = "rustc_wrapper.rs"]
mod rustc_wrapper;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cid::Cid;

pub use cache::default_cache_dir;
pub use error::BuildError;

use crate::optimise::Keep;
use crate::{code_cid, optimise, replace_file};
use cache::Cache;
use project::Project;
use toolchain::Toolchain;

/// The target actors are compiled for.
pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The stack an actor gets unless its manifest says otherwise.
///
/// Every call pays for the memory the module starts with, 0.4 gas a byte, and the compiler's own default of 1 MiB
/// costs 419 thousand gas. The host allows 2048 values on the Wasm stack, some 200 nested calls, which seldom need
/// more than this. A stack that is too small traps; it never overwrites data.
pub const DEFAULT_STACK_SIZE_BYTES: u32 = 128 << 10;

/// What to build and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildOptions {
    /// `Cargo.toml` of the project, or its folder.
    pub manifest: PathBuf,
    /// The package, where the manifest has several.
    pub package: Option<String>,
    /// The profile; by default `wasm` where the workspace has it, else `release`.
    pub profile: Option<String>,
    /// Features to switch on.
    pub features: Vec<String>,
    /// Whether the package's default features are on.
    pub default_features: bool,
    /// Whether `Cargo.lock` must exist and stay as it is.
    pub locked: bool,
    /// Whether nothing may be downloaded.
    pub offline: bool,
    /// Whether the module is optimised after the compiler. Custom sections go in any case.
    pub optimise: bool,
    /// Whether names of functions stay, for profiles and inspection. The code is the same.
    pub names: bool,
    /// Cargo's build folder; by default the project's own.
    pub target_dir: Option<PathBuf>,
    /// Where the artefact goes; by default `filigree/NAME.wasm` in the build folder.
    pub out: Option<PathBuf>,
    /// Where modules built before are kept; `None` builds anew. By default [`default_cache_dir`].
    pub cache_dir: Option<PathBuf>,
    /// Whether nothing is taken that an earlier build left, neither from `cache_dir` nor in Cargo's build folder.
    pub anew: bool,
    /// Whether Cargo's own output is kept back, and shown only when it fails.
    pub quiet: bool,
}

impl BuildOptions {
    /// The build of the project at `manifest` (a `Cargo.toml` or its folder), as everyone makes it.
    pub fn new(manifest: impl Into<PathBuf>) -> Self {
        BuildOptions {
            manifest: manifest.into(),
            package: None,
            profile: None,
            features: Vec::new(),
            default_features: true,
            locked: true,
            offline: false,
            optimise: true,
            names: false,
            target_dir: None,
            out: None,
            cache_dir: default_cache_dir(),
            anew: false,
            quiet: false,
        }
    }
}

/// What was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artefact {
    /// The package it was built from.
    pub package: String,
    /// The module.
    pub wasm: Vec<u8>,
    /// Its code CID.
    pub code_cid: Cid,
    /// Size as the compiler wrote it, without the custom sections that are left out.
    pub raw_size_bytes: usize,
    /// Size after optimisation.
    pub optimised_size_bytes: usize,
    /// Where it is written.
    pub path: PathBuf,
    /// The compiler, such as `rustc 1.95.0 (59807616e 2026-04-14)`.
    pub rustc: String,
    /// Whether an earlier build of the same inputs was taken.
    pub from_cache: bool,
    /// What may make the same source give other bytes elsewhere.
    pub warnings: Vec<String>,
}

/// Builds an actor and puts it in its place.
pub fn build(options: &BuildOptions) -> Result<Artefact, BuildError> {
    let artefact = compile(options)?;
    artefact.write()?;
    Ok(artefact)
}

/// Builds an actor, and leaves what is in its place as it is until [`Artefact::write`].
pub fn compile(options: &BuildOptions) -> Result<Artefact, BuildError> {
    let manifest = manifest_file(&options.manifest)?;
    let toolchain = Toolchain::find(&manifest)?;
    let project = Project::read(&manifest, options)?;
    let path = artefact_path(&project, options);
    let key = inputs::key(&project, &toolchain, options)?;
    let cache = Cache::new(options.cache_dir.clone().filter(|_| !options.anew));

    if let Some(hit) = cache.load(&key) {
        let (wasm, raw) = (hit.wasm, hit.raw_size_bytes);
        return Ok(artefact(&project, &toolchain, wasm, raw, path, true));
    }
    toolchain.ensure_target(&manifest, options.offline)?;
    let compiled = cargo::compile(&project, &toolchain, options)?;
    let keep = Keep {
        names: options.names,
    };
    let malformed = |reason| BuildError::NotWasm {
        path: compiled.path.clone(),
        reason,
    };
    let raw_size_bytes = optimise::strip(&compiled.wasm, keep)
        .map_err(malformed)?
        .len();
    let wasm = if options.optimise {
        optimise(&compiled.wasm, keep)
    } else {
        optimise::strip(&compiled.wasm, keep)
    };
    let wasm = wasm.map_err(malformed)?;
    // With a folder's name in it, it is right in this folder only.
    let is_anywhere = folder_in(&project, &toolchain, &wasm).is_none();
    if let Some(variables) = compiled.variables
        && is_anywhere
        && inputs::cover(&project, &compiled.sources)
    {
        let variables = environment::values(variables);
        cache.store(&key, &wasm, raw_size_bytes, variables);
    }
    Ok(artefact(
        &project,
        &toolchain,
        wasm,
        raw_size_bytes,
        path,
        false,
    ))
}

/// The names of the functions in what [`compile`] made with these options, by index: from the same module built once more
/// with its names, which is the same code. `None` if it is not, because the source changed meanwhile.
pub fn names(
    options: &BuildOptions,
    built: &[u8],
) -> Result<Option<BTreeMap<u32, String>>, BuildError> {
    let twin = compile(&BuildOptions {
        names: true,
        out: None,
        ..options.clone()
    })?;
    let names = crate::names::from_twin(built, &twin.wasm);
    names.map_err(|reason| BuildError::NotWasm {
        path: twin.path,
        reason,
    })
}

/// Brings a project's `Cargo.lock` up to date without asking a registry for anything newer than is there: what it names
/// stays, what is not needed goes. Asks the registry only where this machine lacks a crate.
pub fn update_lock(manifest: &Path) -> Result<(), BuildError> {
    let manifest = manifest_file(manifest)?;
    project::update_lock(&manifest, true).or_else(|_| project::update_lock(&manifest, false))
}

fn artefact(
    project: &Project,
    toolchain: &Toolchain,
    wasm: Vec<u8>,
    raw_size_bytes: usize,
    path: PathBuf,
    from_cache: bool,
) -> Artefact {
    Artefact {
        package: project.package.name.clone(),
        code_cid: code_cid(&wasm),
        raw_size_bytes,
        optimised_size_bytes: wasm.len(),
        path,
        rustc: toolchain.version.clone(),
        from_cache,
        warnings: warnings(project, toolchain, &wasm),
        wasm,
    }
}

/// What may make the same source give other bytes elsewhere.
fn warnings(project: &Project, toolchain: &Toolchain, wasm: &[u8]) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(folder) = folder_in(project, toolchain, wasm) {
        warnings.push(format!(
            "the Wasm contains the path {folder}, so it is another one elsewhere; \
             look for env!(\"CARGO_MANIFEST_DIR\") and the like"
        ));
    }
    if !project.pins_toolchain() {
        warnings.push(format!(
            "no rust-toolchain.toml pins the compiler; another one than {} gives another code CID",
            toolchain.version
        ));
    }
    warnings
}

/// A folder of this machine whose name is in the Wasm.
fn folder_in(project: &Project, toolchain: &Toolchain, wasm: &[u8]) -> Option<String> {
    let folders = project.folders().chain([toolchain.sysroot.clone()]);
    folders
        .filter_map(|folder| folder.to_str().map(str::to_owned))
        .find(|folder| contains(wasm, folder.as_bytes()))
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    needle.len() > 4
        && haystack
            .windows(needle.len())
            .any(|window| window == needle)
}

/// The `Cargo.toml` that a path stands for.
fn manifest_file(path: &Path) -> Result<PathBuf, BuildError> {
    let file = if path.is_dir() {
        path.join("Cargo.toml")
    } else {
        path.to_path_buf()
    };
    if !file.is_file() {
        return Err(BuildError::NoManifest(path.to_path_buf()));
    }
    std::fs::canonicalize(&file).map_err(|e| BuildError::io("find", &file, e))
}

fn artefact_path(project: &Project, options: &BuildOptions) -> PathBuf {
    let suffix = if options.names {
        ".names.wasm"
    } else {
        ".wasm"
    };
    let name = format!("{}{suffix}", project.package.library);
    let default = || project.target_dir.join("filigree").join(name);
    options.out.clone().unwrap_or_else(default)
}

impl Artefact {
    /// Puts it in its place in one step. Where the same bytes lie, the file stays untouched.
    pub fn write(&self) -> Result<(), BuildError> {
        let path = &self.path;
        if std::fs::read(path).is_ok_and(|there| there == self.wasm) {
            return Ok(());
        }
        replace_file(path, &self.wasm).map_err(|e| BuildError::io("write", path, e))
    }
}
