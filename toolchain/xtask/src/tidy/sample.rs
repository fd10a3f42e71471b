//! A small checkout in the temporary folder, for the tests of the rules.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::Finding;
use super::tree::Tree;

/// Removed when dropped.
pub struct Sample {
    root: PathBuf,
}

impl Sample {
    /// Writes `files`: path below the root, and text.
    pub fn new(files: &[(&str, &str)]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let root = std::env::temp_dir().join(format!("tidy-{}-{number}", std::process::id()));
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("a file has a folder")).unwrap();
            fs::write(path, text).unwrap();
        }
        Self { root }
    }

    /// The folder of the sample.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The sample as the rules see it.
    pub fn tree(&self) -> Tree {
        Tree::load(&self.root).unwrap()
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        // Only a left-over folder in the temporary folder if this fails.
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// Asserts that `rule` finds exactly `expected` in `files`: `path:line: ` and a part of the message.
#[track_caller]
pub fn expect(rule: fn(&Tree) -> Vec<Finding>, files: &[(&str, &str)], expected: &[(&str, &str)]) {
    let found: Vec<String> = rule(&Sample::new(files).tree())
        .iter()
        .map(Finding::to_string)
        .collect();
    let matches = found.len() == expected.len()
        && found.iter().zip(expected).all(|(found, (place, part))| {
            found.starts_with(&format!("{place}: ")) && found.contains(part)
        });
    assert!(matches, "found {found:#?}\nexpected {expected:#?}");
}
