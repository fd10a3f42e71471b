//! Steps as lines of text, to be kept in files: exit code, hash, what was done.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::record::{Hash, Step};

/// Where the lines are kept, from the folder of this crate.
const FOLDER: &str = "recorded";

/// A step in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The exit code of the message; of cron ticks the last that is not zero.
    pub exit_code: u32,
    /// Hash of the record, its first 16 hex digits.
    pub hash: String,
    /// What was done.
    pub what: String,
}

impl Line {
    /// Of a step.
    pub fn of(step: &Step) -> Self {
        let mut codes = step.runs.iter().map(|run| run.exit_code);
        let mut hash = Hash::of(step).to_string();
        hash.truncate(16);
        Self {
            exit_code: codes.rfind(|code| *code != 0).unwrap_or_default(),
            hash,
            what: step.what.clone(),
        }
    }

    fn parse(text: &str) -> Result<Self> {
        let mut parts = text.splitn(3, ' ');
        let (Some(code), Some(hash), Some(what)) = (parts.next(), parts.next(), parts.next())
        else {
            bail!("`{text}` is no line of exit code, hash and step");
        };
        Ok(Self {
            exit_code: code
                .parse()
                .with_context(|| format!("`{code}` is no exit code"))?,
            hash: hash.to_owned(),
            what: what.to_owned(),
        })
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.exit_code, self.hash, self.what)
    }
}

/// The folder of recorded lines. Cargo names the crate's to what it runs; it is asked at run time, since several checkouts may share one
/// build directory. Without cargo it is the one this was compiled in.
pub fn folder() -> PathBuf {
    let running = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let compiled = || PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    running.unwrap_or_else(compiled).join(FOLDER)
}

fn file(folder: &Path, scenario: &str) -> PathBuf {
    folder.join(format!("{scenario}.txt"))
}

/// Reads what was recorded of a scenario.
///
/// # Errors
/// If there is nothing, or nothing that can be read.
pub fn read(folder: &Path, scenario: &str) -> Result<Vec<Line>> {
    let path = file(folder, scenario);
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("nothing is recorded in {}", path.display()))?;
    let lines = text.lines().map(Line::parse);
    lines.collect::<Result<_>>().context(scenario.to_owned())
}

/// Writes what a scenario left behind.
///
/// # Errors
/// If the file cannot be written.
pub fn write(folder: &Path, scenario: &str, steps: &[Step]) -> Result<()> {
    let path = file(folder, scenario);
    let text: String = steps
        .iter()
        .map(|step| format!("{}\n", Line::of(step)))
        .collect();
    let parent = path.parent().context("a file is in a folder")?;
    std::fs::create_dir_all(parent)
        .and_then(|()| std::fs::write(&path, text))
        .with_context(|| format!("cannot write {}", path.display()))
}

/// The scenarios of which something is recorded, sorted.
///
/// # Errors
/// If the folder cannot be read.
pub fn recorded(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(inner) = open.pop() {
        let entries = std::fs::read_dir(&inner)
            .with_context(|| format!("cannot read {}", inner.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder)?.with_extension("");
                found.push(name.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Removes what is recorded of scenarios that there are no longer; `there_are` names those there are.
///
/// # Errors
/// If the folder cannot be read, or a file cannot be removed.
pub fn prune(folder: &Path, there_are: &[&str]) -> Result<()> {
    for scenario in recorded(folder)? {
        if !there_are.contains(&scenario.as_str()) {
            let path = file(folder, &scenario);
            std::fs::remove_file(&path)
                .with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_they_are_written() {
        let line = Line {
            exit_code: 18,
            hash: "0a".repeat(8),
            what: "f0101 → f05.2 (implicit)".to_owned(),
        };
        assert_eq!(Line::parse(&line.to_string()).unwrap(), line);
        assert!(Line::parse("18 0a0a").is_err());
        assert!(Line::parse("x 0a f00").is_err());
    }
}
