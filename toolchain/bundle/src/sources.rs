//! What the actors are built from, as a hash: equal ones give the same bundle.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// Folders below the root of the repository.
const SOURCES: &[&str] = &[
    "actors-wasm",
    "sdk/abi",
    "sdk/actor",
    "sdk/ipld",
    "sdk/macros",
    "toolchain/build/src",
    "toolchain/bundle/src",
];

/// Files that decide about a build too.
const SETTINGS: &[&str] = &["Cargo.toml", "Cargo.lock", "rust-toolchain.toml"];

/// The hash of all that the actors are built from.
pub(crate) fn hash(root: &Path) -> Result<String> {
    let mut state = blake2b_simd::Params::new().hash_length(32).to_state();
    let mut files: Vec<PathBuf> = SETTINGS.iter().map(|file| root.join(file)).collect();
    for folder in SOURCES {
        let folder = root.join(folder);
        if !folder.is_dir() {
            bail!(
                "{} is missing: run this from the repository of Filigree",
                folder.display()
            );
        }
        list(&folder, &mut files)?;
    }
    for file in files {
        let bytes = std::fs::read(&file).unwrap_or_default();
        let name = file
            .strip_prefix(root)
            .unwrap_or(&file)
            .to_string_lossy()
            .into_owned();
        for part in [name.as_bytes(), &bytes] {
            state.update(&(part.len() as u64).to_le_bytes());
            state.update(part);
        }
    }
    Ok(state.finalize().to_hex().to_string())
}

/// The files below a folder, by name, without build folders, hidden ones and tests.
fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))?;
    let mut entries: Vec<PathBuf> = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    entries.sort();
    for path in entries {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.starts_with('.') || name == "target" || name == "tests" {
            continue;
        }
        if path.is_dir() {
            list(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::process::Command;

    use serde_json::Value;

    use super::*;
    use crate::checkout;
    use crate::place::PLACES;

    /// Folders below the root of the packages of this repository that a package is built from, itself among them.
    fn built_from(metadata: &Value, root: &Path, name: &str) -> BTreeSet<String> {
        let list = |value: &Value| value.as_array().unwrap().clone();
        let packages = list(&metadata["packages"]);
        let nodes = list(&metadata["resolve"]["nodes"]);
        let first = packages.iter().find(|package| package["name"] == name);
        let mut open = vec![first.unwrap()["id"].clone()];
        let (mut seen, mut folders) = (Vec::new(), BTreeSet::new());
        while let Some(id) = open.pop() {
            if seen.contains(&id) {
                continue;
            }
            let package = packages.iter().find(|package| package["id"] == id).unwrap();
            if package["source"].is_null() {
                let manifest = Path::new(package["manifest_path"].as_str().unwrap());
                let folder = manifest.parent().unwrap().strip_prefix(root).unwrap();
                folders.insert(folder.to_str().unwrap().to_owned());
            }
            let node = nodes.iter().find(|node| node["id"] == id).unwrap();
            for dependency in list(&node["deps"]) {
                let kinds = list(&dependency["dep_kinds"]);
                if kinds.iter().any(|kind| kind["kind"] != "dev") {
                    open.push(dependency["pkg"].clone());
                }
            }
            seen.push(id);
        }
        folders
    }

    #[test]
    fn the_hash_covers_all_that_the_actors_are_built_from() {
        let root = checkout().canonicalize().unwrap();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["metadata", "--locked", "--format-version=1"]);
        // What actors are not compiled for need not be here.
        cargo.args(["--filter-platform", "wasm32-unknown-unknown"]);
        let output = cargo.current_dir(&root).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
        for folder in PLACES.iter().filter_map(|place| place.folder) {
            let name = format!("filigree-actor-{folder}");
            let folders = built_from(&metadata, &root, &name);
            assert!(folders.contains("sdk/actor"), "{folders:?}");
            for folder in folders {
                let covered = SOURCES
                    .iter()
                    .any(|source| Path::new(&folder).starts_with(source));
                assert!(covered, "{name} is built from {folder}: name it in SOURCES");
            }
        }
    }
}
