//! The house rules, checked: `cargo xtask tidy`, a step of the test command and a test of its own.
//!
//! Rules are about what reviewers would otherwise have to watch for; format and lints are left to
//! rustfmt and clippy. Map: [`tree`] reads the checkout once; [`arrows`] which crate may depend on
//! which, over [`manifest`]; [`files`] what every file and folder must look like; [`readmes`]
//! commands shown to readers.

mod arrows;
mod files;
mod manifest;
mod readmes;
#[cfg(test)]
mod sample;
pub mod tree;

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};

use tree::Tree;

/// A breach of a rule.
#[derive(Debug, PartialEq)]
struct Finding {
    /// Path below the root.
    path: String,
    /// From 1.
    line: usize,
    /// What is wrong and what to do.
    message: String,
}

impl Finding {
    fn new(path: impl Into<String>, line: usize, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// The task: prints every finding; exit code 1 if there is one.
pub fn run(root: &Path) -> Result<ExitCode> {
    check(root)?;
    println!("tidy: nothing found");
    Ok(ExitCode::SUCCESS)
}

/// Prints every finding; an error if there is one.
pub fn check(root: &Path) -> Result<()> {
    let findings = findings(&Tree::load(root)?);
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => Ok(()),
        count => bail!("tidy found {count} breach(es) of the house rules"),
    }
}

fn findings(tree: &Tree) -> Vec<Finding> {
    let mut all = arrows::check(tree);
    all.extend(arrows::unused(tree));
    all.extend(files::check(tree));
    all.extend(readmes::check(tree));
    all.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_checkout_is_tidy() {
        let tree = Tree::load(&crate::workspace_root().unwrap()).unwrap();
        assert!(tree.texts().count() > 20, "the checkout was not read");
        let findings: Vec<String> = findings(&tree).iter().map(Finding::to_string).collect();
        assert!(findings.is_empty(), "{}", findings.join("\n"));
    }

    #[test]
    fn findings_are_shown_with_file_and_line() {
        let finding = Finding::new("host/vm/src/lib.rs", 3, "too odd; make it even");
        assert_eq!(
            finding.to_string(),
            "host/vm/src/lib.rs:3: too odd; make it even"
        );
    }

    #[test]
    fn a_breach_fails_the_task() {
        let sample = sample::Sample::new(&[("host/a.rs", "fn a() {}\n")]);
        assert!(check(sample.root()).is_err());
    }
}
