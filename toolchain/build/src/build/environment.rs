//! Variables of the environment that a build read: part of what it was made from, known only when it is done.
//!
//! The compiler notes those of `env!` and `option_env!` beside what it compiles, and Cargo keeps what build scripts
//! say they read. Values are kept as hashes, because a variable may be a secret.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::toolchain;

/// Variables and the hashes of their values; without a value they are not set.
pub(super) type Variables = BTreeMap<String, Option<String>>;

/// What Cargo makes on the way to a module.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Made {
    /// The files of every crate.
    pub files: Vec<PathBuf>,
    /// The folders that build scripts write to.
    pub script_folders: Vec<PathBuf>,
}

impl Made {
    /// The names of the variables that were read; `None` if that is not known.
    pub fn variables(&self) -> Option<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        for file in &self.files {
            for dependencies in dependency_files(file)? {
                let text = std::fs::read_to_string(dependencies).ok()?;
                let noted = text
                    .lines()
                    .filter_map(|line| line.strip_prefix("# env-dep:"));
                names.extend(noted.map(|noted| before_value(noted).to_owned()));
            }
        }
        for folder in &self.script_folders {
            let text = std::fs::read_to_string(folder.with_file_name("output")).ok()?;
            for line in text.lines() {
                let line = line
                    .strip_prefix("cargo:")
                    .unwrap_or(line)
                    .trim_start_matches(':');
                let name = line.strip_prefix("rerun-if-env-changed=");
                names.extend(name.map(str::to_owned));
            }
        }
        Some(names)
    }
}

fn before_value(noted: &str) -> &str {
    noted.split_once('=').map_or(noted, |(name, _)| name)
}

/// The files in which the compiler noted what it read for an artefact; `None` if they are missing.
fn dependency_files(artefact: &Path) -> Option<Vec<PathBuf>> {
    let folder = artefact.parent()?;
    let stem = artefact.file_stem()?.to_str()?;
    let is_below = |name| {
        folder
            .parent()
            .and_then(Path::file_name)
            .is_some_and(|n| n == name)
    };
    if is_below("build") {
        // A build script: its name has no hash, while that of its notes has.
        let entries = std::fs::read_dir(folder).ok()?;
        let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
        return Some(
            files
                .filter(|f| f.extension().is_some_and(|e| e == "d"))
                .collect(),
        );
    }
    let folder = match folder.file_name()? {
        name if name == "deps" => folder.to_path_buf(),
        _ => folder.join("deps"),
    };
    let names = [stem, stem.strip_prefix("lib").unwrap_or(stem)];
    let mut files = names
        .map(|name| folder.join(format!("{name}.d")))
        .into_iter();
    Some(vec![files.find(|file| file.is_file())?])
}

/// What these variables are now, as far as they reach Cargo.
pub(super) fn values(names: impl IntoIterator<Item = String>) -> Variables {
    let value = |name: &String| {
        let value = std::env::var_os(name).filter(|_| toolchain::reaches_cargo(name.as_ref()))?;
        let hash = blake2b_simd::blake2b(value.as_encoded_bytes());
        Some(hash.to_hex().chars().take(32).collect())
    };
    let names = names.into_iter();
    names.map(|name| (name.clone(), value(&name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn what_crates_and_scripts_read_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        write(
            &path("deps/helper-12.d"),
            "a: b\n\n# env-dep:OUT_DIR=/x\n# env-dep:UNSET\n",
        );
        write(&path("deps/small.d"), "# env-dep:FLAVOUR=a=b\n");
        write(
            &path("build/helper-3/build_script_build-3.d"),
            "# env-dep:OF_SCRIPT=\n",
        );
        write(
            &path("build/helper-4/output"),
            "cargo:rerun-if-env-changed=OLD\ncargo::rerun-if-env-changed=NEW\ncargo:rustc-cfg=x\n",
        );
        let mut made = Made {
            files: vec![
                path("deps/libhelper-12.rlib"),
                path("small.wasm"),
                path("build/helper-3/build-script-build"),
            ],
            script_folders: vec![path("build/helper-4/out")],
        };
        let names = ["FLAVOUR", "NEW", "OF_SCRIPT", "OLD", "OUT_DIR", "UNSET"];
        assert_eq!(made.variables().unwrap(), names.map(str::to_owned).into());
        made.files.push(path("deps/libother-5.rlib"));
        assert_eq!(made.variables(), None);
    }

    #[test]
    fn values_are_those_that_reach_cargo() {
        let names = ["PATH", "CARGO_MANIFEST_DIR", "FILIGREE_SET_BY_NOBODY"];
        let values = values(names.map(str::to_owned));
        let path = values["PATH"].as_ref().unwrap();
        assert!(path.len() == 32 && path.chars().all(|c| c.is_ascii_hexdigit()));
        assert_eq!(values["CARGO_MANIFEST_DIR"], None);
        assert_eq!(values["FILIGREE_SET_BY_NOBODY"], None);
    }
}
