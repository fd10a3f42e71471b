//! What a build is made from, as a hash: the same inputs give the same bytes.
//!
//! Hashed are the files of every package that comes from a folder, the manifests above it (a workspace's says which
//! features its packages use), the lock file, Cargo's configuration files, the compiler's version, the options, and the
//! code of this crate that decides about the bytes. Not hashed are folders that Cargo writes, hidden ones, and packages
//! inside of a package that the build does not use. Variables of the environment are known only after a build
//! (`environment`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::project::Project;
use super::toolchain::Toolchain;
use super::{BuildError, BuildOptions, DEFAULT_STACK_SIZE_BYTES};

/// Changes whenever the same inputs would give other bytes, and none of [`CODE`] tells so: another wasm-encoder.
const VERSION: &str = "filigree-build 2";

/// The code of this crate that decides about the bytes.
const CODE: &[(&str, &str)] = &[
    ("build/cargo.rs", include_str!("cargo.rs")),
    ("build/mod.rs", include_str!("mod.rs")),
    ("build/rustc_wrapper.rs", include_str!("rustc_wrapper.rs")),
    ("build/toolchain.rs", include_str!("toolchain.rs")),
    ("layout.rs", include_str!("../layout.rs")),
    (
        "optimise/branches.rs",
        include_str!("../optimise/branches.rs"),
    ),
    (
        "optimise/functions.rs",
        include_str!("../optimise/functions.rs"),
    ),
    ("optimise/mod.rs", include_str!("../optimise/mod.rs")),
    (
        "optimise/rewrite.rs",
        include_str!("../optimise/rewrite.rs"),
    ),
    ("optimise/strip.rs", include_str!("../optimise/strip.rs")),
];

/// A package with more files is no package to hash at every build.
const MAX_FILES: usize = 20_000;

/// A hash of inputs, as letters; `None` where they cannot be hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key(pub Option<String>);

/// Hashes the inputs of a build.
pub(super) fn key(
    project: &Project,
    toolchain: &Toolchain,
    options: &BuildOptions,
) -> Result<Key, BuildError> {
    let mut hash = Hash::new();
    hash.text(VERSION);
    for (_, code) in CODE {
        hash.text(code);
    }
    hash.text(&toolchain.verbose_version);
    hash.text(&project.package.name);
    hash.text(&project.profile(options));
    let stack = project.package.settings.stack_size_bytes;
    hash.text(&stack.unwrap_or(DEFAULT_STACK_SIZE_BYTES).to_string());
    let mut features = options.features.clone();
    features.sort();
    hash.text(&format!(
        "{} {} {} {}",
        features.join(","),
        options.default_features,
        options.optimise,
        options.names
    ));
    for file in configuration(project) {
        hash.text(&std::fs::read_to_string(file).unwrap_or_default());
    }
    let mut left = MAX_FILES;
    for package in &project.local {
        hash.text(&package.name);
        let Some(files) = files(&package.folder, &mut left)? else {
            return Ok(Key(None));
        };
        for file in files {
            let bytes = std::fs::read(&file).map_err(|e| BuildError::io("read", &file, e))?;
            let inside = file.strip_prefix(&package.folder).unwrap_or(&file);
            hash.text(&inside.to_string_lossy());
            hash.bytes(&bytes);
        }
    }
    Ok(Key(Some(hash.finish())))
}

/// Whether the hashed files are all that the compiler read of packages in folders.
pub(super) fn cover(project: &Project, sources: &[PathBuf]) -> bool {
    let mut left = MAX_FILES;
    let mut known = BTreeSet::new();
    for package in &project.local {
        match files(&package.folder, &mut left) {
            Ok(Some(files)) => known.extend(files),
            _ => return false,
        }
    }
    // Generated sources lie in the build folder and follow from the others.
    let is_known = |file: &PathBuf| file.starts_with(&project.target_dir) || known.contains(file);
    !sources.is_empty() && sources.iter().all(is_known)
}

/// Files beside the packages that decide about a build.
fn configuration(project: &Project) -> Vec<PathBuf> {
    let mut files = vec![
        project.root.join("Cargo.toml"),
        project.root.join("Cargo.lock"),
    ];
    // A package in a folder may belong to another workspace than the one that is built.
    let above = project
        .local
        .iter()
        .flat_map(|p| p.folder.ancestors().skip(1));
    let above: BTreeSet<PathBuf> = above.map(|folder| folder.join("Cargo.toml")).collect();
    files.extend(above);
    for folder in project.package.folder.ancestors() {
        files.push(folder.join(".cargo/config.toml"));
        files.push(folder.join(".cargo/config"));
    }
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    files.extend(home.map(|home| home.join("config.toml")));
    files
}

/// The files of a package in order of their names; `None` if there are more than `left`.
fn files(folder: &Path, left: &mut usize) -> Result<Option<Vec<PathBuf>>, BuildError> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(here) = open.pop() {
        let io = |e| BuildError::io("list", &here, e);
        for entry in std::fs::read_dir(&here).map_err(io)? {
            let entry = entry.map_err(io)?;
            let path = entry.path();
            let is_folder = entry.file_type().map_err(io)?.is_dir();
            if is_folder && !is_left_out(&path) {
                open.push(path);
            } else if !is_folder && path.is_file() {
                if *left == 0 {
                    return Ok(None);
                }
                *left -= 1;
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(Some(found))
}

/// Hidden folders, build folders, and other packages.
fn is_left_out(folder: &Path) -> bool {
    let is_hidden = folder
        .file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with('.'));
    is_hidden
        || folder.file_name().is_some_and(|name| name == "target")
        || folder.join("CACHEDIR.TAG").is_file()
        || folder.join("Cargo.toml").is_file()
}

struct Hash(blake2b_simd::State);

impl Hash {
    fn new() -> Self {
        Hash(blake2b_simd::Params::new().hash_length(32).to_state())
    }

    /// Adds bytes behind their length, so that what belongs to which is never ambiguous.
    fn bytes(&mut self, bytes: &[u8]) {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn finish(&self) -> String {
        self.0.finalize().to_hex().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(folder: &Path, left: usize) -> Option<Vec<String>> {
        let files = files(folder, &mut left.clone()).unwrap()?;
        let names = files
            .iter()
            .map(|f| f.strip_prefix(folder).unwrap().display().to_string());
        Some(names.collect())
    }

    #[test]
    fn all_of_the_optimiser_counts() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        for (name, code) in CODE {
            assert_eq!(std::fs::read_to_string(source.join(name)).unwrap(), *code);
        }
        for entry in std::fs::read_dir(source.join("optimise")).unwrap() {
            let path = entry.unwrap().path();
            let is_hashed = CODE.iter().any(|(name, _)| source.join(name) == path);
            assert!(is_hashed, "{} is not in CODE", path.display());
        }
    }

    #[test]
    fn what_cargo_writes_and_other_packages_do_not_count() {
        let folder = tempfile::tempdir().unwrap();
        for file in [
            "Cargo.toml",
            "src/lib.rs",
            "src/data.bin",
            "target/debug/x",
            ".git/HEAD",
            "other/Cargo.toml",
            "other/src/lib.rs",
            "built/CACHEDIR.TAG",
            "built/x",
        ] {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, file).unwrap();
        }
        let expected = ["Cargo.toml", "src/data.bin", "src/lib.rs"].map(str::to_owned);
        assert_eq!(listed(folder.path(), 3).unwrap(), expected);
        assert_eq!(listed(folder.path(), 2), None);
    }
}
