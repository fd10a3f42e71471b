//! Reads a checkout once, for all rules.
//!
//! Walks the folders itself instead of asking git: the test command must work on a machine, and in
//! an unpacked archive, without it. Left out are `.git`, and what `.gitignore` names at the root.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Files of a checkout.
pub struct Tree {
    files: Vec<File>,
}

/// One file.
pub struct File {
    /// Path below the root, with `/` between the parts.
    pub path: String,
    /// `None` for binary files: those that hold a zero byte or are not UTF-8.
    pub text: Option<String>,
}

impl Tree {
    /// Reads all files below `root`, in the order of their paths.
    pub fn load(root: &Path) -> Result<Self> {
        let mut ignored = vec![".git".to_owned()];
        if let Ok(patterns) = fs::read_to_string(root.join(".gitignore")) {
            ignored.extend(
                patterns
                    .lines()
                    .filter_map(|line| line.strip_prefix('/'))
                    .map(|name| name.trim_end_matches('/').to_owned()),
            );
        }
        let mut files = Vec::new();
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            let full = root.join(&folder);
            let entries = fs::read_dir(&full).with_context(|| full.display().to_string())?;
            for entry in entries {
                let entry = entry.with_context(|| full.display().to_string())?;
                let path = folder.join(entry.file_name());
                let name = path.to_string_lossy().replace('\\', "/");
                if ignored.contains(&name) {
                    continue;
                }
                let kind = entry.file_type().with_context(|| name.clone())?;
                if kind.is_dir() {
                    folders.push(path);
                } else if kind.is_file() {
                    let bytes = fs::read(root.join(&path)).with_context(|| name.clone())?;
                    files.push(File {
                        path: name,
                        text: text(bytes),
                    });
                }
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { files })
    }

    /// Whether there is a file at `path`.
    pub fn has(&self, path: &str) -> bool {
        self.files.iter().any(|file| file.path == path)
    }

    /// Path and text of every text file.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .filter_map(|file| Some((file.path.as_str(), file.text.as_deref()?)))
    }

    /// Names of the folders at the root, hidden ones left out.
    pub fn top_folders(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .files
            .iter()
            .filter_map(|file| file.path.split_once('/'))
            .map(|(folder, _)| folder)
            .filter(|folder| !folder.starts_with('.'))
            .collect();
        names.dedup();
        names
    }
}

fn text(bytes: Vec<u8>) -> Option<String> {
    String::from_utf8(bytes)
        .ok()
        .filter(|text| !text.contains('\0'))
}

#[cfg(test)]
mod tests {
    use crate::tidy::sample::Sample;

    #[test]
    fn reads_what_is_kept_in_the_repository() {
        let sample = Sample::new(&[
            (".git/config", "x"),
            (".gitignore", "/target\n"),
            (".ci/run", "x"),
            ("host/vm/a.rs", "text"),
            ("host/blob", "a\0b"),
            ("target/b.rs", "x"),
            ("tests/target/c.rs", "x"),
        ]);
        let tree = sample.tree();
        let texts: Vec<&str> = tree.texts().map(|(path, _)| path).collect();
        assert_eq!(
            texts,
            [".ci/run", ".gitignore", "host/vm/a.rs", "tests/target/c.rs"]
        );
        assert!(tree.has("host/blob"));
        assert_eq!(tree.top_folders(), ["host", "tests"]);
    }
}
