//! The built-in actors of a sandbox: system, init, cron, account, reward, placeholder, ethaccount, built from this
//! repository.
//!
//! One file for all processes: a CAR in the cache folder under the hash of the sources, so that a warm start only hashes
//! and reads; the newest few stay there. The manifest has all the places of a network's; in those without an actor
//! stands one that only traps.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context as _, bail};
use cid::Cid;
use filigree_build::car::Car;
use filigree_build::{BuildOptions, Bundle as Actors, replace_file};
use fvm_ipld_blockstore::Blockstore;

use crate::engines::cache_dir;

/// The places of a network's manifest, and the folders of actors that are here.
const PLACES: [(&str, Option<&str>); 16] = [
    ("system", Some("system")),
    ("init", Some("init")),
    ("cron", Some("cron")),
    ("account", Some("account")),
    ("storagepower", None),
    ("storageminer", None),
    ("storagemarket", None),
    ("paymentchannel", None),
    ("multisig", None),
    ("reward", Some("reward")),
    ("verifiedregistry", None),
    ("datacap", None),
    ("placeholder", Some("placeholder")),
    ("evm", None),
    ("eam", None),
    ("ethaccount", Some("ethaccount")),
];

/// What the actors are built from, below the root of the repository.
const SOURCES: &[&str] = &[
    "actors-wasm",
    "sdk/abi",
    "sdk/actor",
    "sdk/ipld",
    "sdk/macros",
    "toolchain/build/src",
];

/// Files that decide about a build too.
const SETTINGS: &[&str] = &["Cargo.toml", "Cargo.lock", "rust-toolchain.toml"];

/// Bundles kept in the cache folder: those of a few checkouts and of the last changes.
const MAX_FILES: usize = 16;

/// `(module (memory (export "memory") 1) (func (export "invoke") (param i32) (result i32) unreachable))`.
const TRAP_WASM: &[u8] = &[
    0, b'a', b's', b'm', 1, 0, 0, 0, // header
    1, 6, 1, 0x60, 1, 0x7f, 1, 0x7f, // type 0: i32 -> i32
    3, 2, 1, 0, // one function of type 0
    5, 3, 1, 0, 1, // one memory of one page
    7, 19, 2, 6, b'm', b'e', b'm', b'o', b'r', b'y', 2, 0, // export the memory
    6, b'i', b'n', b'v', b'o', b'k', b'e', 0, 0, // and the function
    10, 5, 1, 3, 0, 0x00, 0x0b, // its body: unreachable
];

/// A bundle: the root of its manifest and its blocks.
#[derive(Clone)]
pub(crate) struct Bundle {
    /// CID of the manifest.
    pub root: Cid,
    blocks: Arc<HashMap<Cid, Vec<u8>>>,
}

impl Bundle {
    /// The core bundle; with `user_code`, that of networks where users install code.
    pub fn core(user_code: bool) -> anyhow::Result<Bundle> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let Some(folder) = cache_dir().map(|dir| dir.join("core")) else {
            return Self::read(&build(&root, user_code)?);
        };
        let file = folder.join(file_name(&root, user_code)?);
        // A damaged file counts as missing.
        let kept = std::fs::read(&file).ok();
        if let Some(bundle) = kept.and_then(|bytes| Self::read(&bytes).ok()) {
            return Ok(bundle);
        }
        eprintln!("building the sandbox's built-in actors, once");
        let car = build(&root, user_code)?;
        // Without the file the next process builds again.
        if replace_file(&file, &car).is_ok() {
            prune(&folder, MAX_FILES);
        }
        Self::read(&car)
    }

    /// Reads a CAR.
    fn read(bytes: &[u8]) -> anyhow::Result<Self> {
        let car = Car::read(bytes)?;
        Ok(Self {
            root: *car.roots.first().context("the CAR names no root")?,
            blocks: Arc::new(
                car.blocks
                    .iter()
                    .map(|block| (block.cid, block.data.to_vec()))
                    .collect(),
            ),
        })
    }
}

/// The bundle's name in the cache folder.
fn file_name(root: &Path, user_code: bool) -> anyhow::Result<String> {
    let kind = match user_code {
        true => "user-code-",
        false => "",
    };
    Ok(format!("{kind}{}.car", hash(root)?))
}

/// Removes all but the newest files of the cache: sources change, and their bundles are not asked for again.
fn prune(folder: &Path, keep: usize) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let mut files: Vec<(SystemTime, PathBuf)> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let is_bundle = entry.path().extension().is_some_and(|name| name == "car");
            let written = entry.metadata().ok()?.modified().ok()?;
            is_bundle.then(|| (written, entry.path()))
        })
        .collect();
    files.sort_unstable();
    let old = files.len().saturating_sub(keep);
    for (_, file) in files.iter().take(old) {
        // Another process may have removed it; one that reads it just now has it open.
        let _ = std::fs::remove_file(file);
    }
}

fn build(root: &Path, user_code: bool) -> anyhow::Result<Vec<u8>> {
    let mut actors = Vec::new();
    for (name, folder) in PLACES {
        let wasm = match folder {
            Some(folder) => {
                let mut options = BuildOptions::new(root.join("actors-wasm").join(folder));
                options.quiet = true;
                if user_code && name == "init" {
                    options.features = vec!["user-code".to_owned()];
                }
                let artefact = filigree_build::build(&options)
                    .with_context(|| format!("building {folder}"))?;
                artefact.wasm
            }
            None => absent(name),
        };
        actors.push((name.to_owned(), wasm));
    }
    Ok(Actors::new(actors)?.to_car().1)
}

/// What stands for an actor that is not here: its name in a custom section makes its code CID its own.
fn absent(name: &str) -> Vec<u8> {
    let name_len = u8::try_from(name.len()).unwrap_or_default();
    let mut wasm = [TRAP_WASM, &[0, name_len + 1, name_len]].concat();
    wasm.extend_from_slice(name.as_bytes());
    wasm
}

/// The hash of all that the actors are built from.
fn hash(root: &Path) -> anyhow::Result<String> {
    let mut state = blake2b_simd::Params::new().hash_length(32).to_state();
    let mut files: Vec<PathBuf> = SETTINGS.iter().map(|file| root.join(file)).collect();
    for folder in SOURCES {
        let folder = root.join(folder);
        if !folder.is_dir() {
            bail!(
                "{} is missing: use filigree-sandbox from the repository of Filigree",
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
fn list(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
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

/// Reads the bundle's blocks.
impl Blockstore for Bundle {
    fn get(&self, cid: &Cid) -> anyhow::Result<Option<Vec<u8>>> {
        Ok(self.blocks.get(cid).cloned())
    }

    fn put_keyed(&self, cid: &Cid, _: &[u8]) -> anyhow::Result<()> {
        bail!("the bundle is read only: {cid} cannot be put into it")
    }

    fn has(&self, cid: &Cid) -> anyhow::Result<bool> {
        Ok(self.blocks.contains_key(cid))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::process::Command;
    use std::time::Duration;

    use serde_json::Value;

    use super::*;

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
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let root = root.canonicalize().unwrap();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["metadata", "--offline", "--format-version=1"]);
        let output = cargo.current_dir(&root).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
        for (_, folder) in PLACES {
            let Some(folder) = folder else { continue };
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

    #[test]
    fn a_warm_start_reads_the_file_and_builds_nothing() {
        let first = Bundle::core(false).unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let name = file_name(&root, false).unwrap();
        let file = cache_dir().unwrap().join("core").join(name);
        let bytes = std::fs::read(&file).unwrap();
        assert_eq!(Bundle::read(&bytes).unwrap().root, first.root);
        let written = || std::fs::metadata(&file).unwrap().modified().unwrap();
        let before = written();
        assert_eq!(Bundle::core(false).unwrap().root, first.root);
        assert_eq!(written(), before);
    }

    #[test]
    fn the_newest_files_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let begin = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        // Names say nothing about age.
        for (age, name) in ["c", "a", "e", "b", "d"].iter().enumerate() {
            let file = std::fs::File::create(path(&format!("{name}.car"))).unwrap();
            let written = begin - Duration::from_secs(age as u64);
            file.set_modified(written).unwrap();
        }
        std::fs::write(path("other"), "").unwrap();
        prune(folder.path(), 2);
        let mut left: Vec<String> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, ["a.car", "c.car", "other"]);
        prune(&path("missing"), 2);
    }
}
