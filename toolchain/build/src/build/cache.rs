//! Modules that were built before, by the hash of what they were built from.
//!
//! A folder that may be deleted at any time. An entry is a module with a line of JSON in front; what is damaged counts
//! as missing, and so does what was built with other values of the variables it read. Failing to write is no failure
//! of the build.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::environment::{self, Variables};
use super::inputs::Key;
use crate::{code_cid, replace_file};

/// The cache, or none where it is off or has no place.
#[derive(Debug)]
pub(super) struct Cache {
    folder: Option<PathBuf>,
}

/// A module that was built before.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hit {
    pub wasm: Vec<u8>,
    pub raw_size_bytes: usize,
}

/// The line in front of a module.
#[derive(Serialize, Deserialize)]
struct Head {
    code_cid: String,
    raw_size_bytes: usize,
    /// Variables of the environment that the build read, as they were.
    variables: Variables,
}

impl Cache {
    /// The cache in that folder.
    pub fn new(folder: Option<PathBuf>) -> Self {
        Cache { folder }
    }

    fn file(&self, key: &Key) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(key.0.as_ref()?))
    }

    /// The module built from these inputs.
    pub fn load(&self, key: &Key) -> Option<Hit> {
        let bytes = std::fs::read(self.file(key)?).ok()?;
        let end = bytes.iter().position(|b| *b == b'\n')?;
        let (line, wasm) = bytes.split_at_checked(end)?;
        let wasm = wasm.get(1..)?;
        let head: Head = serde_json::from_slice(line).ok()?;
        (code_cid(wasm).to_string() == head.code_cid).then_some(())?;
        let now = environment::values(head.variables.keys().cloned());
        (now == head.variables).then_some(())?;
        Some(Hit {
            raw_size_bytes: head.raw_size_bytes,
            wasm: wasm.to_vec(),
        })
    }

    /// Keeps a module whose build read these variables.
    pub fn store(&self, key: &Key, wasm: &[u8], raw_size_bytes: usize, variables: Variables) {
        let head = Head {
            code_cid: code_cid(wasm).to_string(),
            raw_size_bytes,
            variables,
        };
        if let Some(file) = self.file(key)
            && let Ok(line) = serde_json::to_vec(&head)
        {
            let _ = replace_file(&file, &[&line, &b"\n"[..], wasm].concat());
        }
    }
}

/// Where modules are kept unless asked otherwise: `artefacts` in `$FILIGREE_CACHE`, else in `$XDG_CACHE_HOME/filigree`, else
/// in `$HOME/.cache/filigree`.
pub fn default_cache_dir() -> Option<PathBuf> {
    let folder = folder(&|name| std::env::var_os(name).map(PathBuf::from));
    Some(folder?.join("artefacts"))
}

/// `$FILIGREE_CACHE`, else `$XDG_CACHE_HOME/filigree`, else `$HOME/.cache/filigree`.
fn folder(variable: &dyn Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let set = |name| variable(name).filter(|path| path.is_absolute());
    set("FILIGREE_CACHE")
        .or_else(|| Some(set("XDG_CACHE_HOME")?.join("filigree")))
        .or_else(|| Some(set("HOME")?.join(".cache/filigree")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_the_first_that_is_set() {
        let from = |set: &[(&str, &str)]| {
            let found = |name: &str| {
                set.iter()
                    .find(|(n, _)| *n == name)
                    .map(|(_, p)| PathBuf::from(p))
            };
            folder(&found).map(|path| path.display().to_string())
        };
        let all = [
            ("FILIGREE_CACHE", "/f"),
            ("XDG_CACHE_HOME", "/x"),
            ("HOME", "/h"),
        ];
        assert_eq!(from(&all).as_deref(), Some("/f"));
        assert_eq!(from(&all[1..]).as_deref(), Some("/x/filigree"));
        assert_eq!(from(&all[2..]).as_deref(), Some("/h/.cache/filigree"));
        assert_eq!(from(&[("HOME", "relative")]), None);
    }

    #[test]
    fn damaged_entries_count_as_missing() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(Some(folder.path().join("made/when/needed")));
        let key = Key(Some("k".to_owned()));
        assert_eq!(cache.load(&key), None);
        cache.store(&key, b"a\nmodule", 77, Variables::new());
        let hit = Hit {
            wasm: b"a\nmodule".to_vec(),
            raw_size_bytes: 77,
        };
        assert_eq!(cache.load(&key), Some(hit));
        let file = cache.file(&key).unwrap();
        let intact = std::fs::read(&file).unwrap();
        for length in 0..intact.len() {
            std::fs::write(&file, &intact[..length]).unwrap();
            assert_eq!(cache.load(&key), None);
        }
        let without = Key(None);
        cache.store(&without, b"x", 1, Variables::new());
        assert_eq!(cache.load(&without), None);

        // Nobody sets it now.
        let name = "FILIGREE_SET_BY_NOBODY".to_owned();
        let variables = |value| Variables::from([(name.clone(), value)]);
        cache.store(&key, b"module", 1, variables(Some("1f".to_owned())));
        assert_eq!(cache.load(&key), None);
        cache.store(&key, b"module", 1, variables(None));
        assert!(cache.load(&key).is_some());
    }
}
