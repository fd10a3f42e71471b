//! What every file and folder must look like.
//!
//! A rule that a file has reason to break is answered in the file, with the reason:
//! `tidy: long because …` anywhere as a comment, `tidy: path because …` on the line or above it.

use super::Finding;
use super::tree::Tree;

/// Folders of the top level, fixed by the architecture; they appear when they get content.
const TOP_FOLDERS: &[&str] = &[
    "actors-wasm",
    "host",
    "node",
    "proofs",
    "sdk",
    "tests",
    "toolchain",
];

/// Files that must be there.
const REQUIRED_FILES: &[&str] = &[
    ".ci/run",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "deny.toml",
    "rust-toolchain.toml",
];

/// A file above this length likely holds two concepts.
const MAX_LINES: usize = 700;

/// Endings of files that are written and read by people; data may be longer.
const WRITTEN: &[&str] = &[".md", ".rs", ".sh", ".toml", ".wat", ".ci/run"];

/// Written, but growing without bound by their nature.
const MAY_GROW: &[&str] = &["CHANGELOG.md"];

const LONG_BECAUSE: &str = "tidy: long because ";
const PATH_BECAUSE: &str = "tidy: path because ";

/// First parts of absolute paths that exist on one machine only.
const MACHINE_FOLDERS: &[&str] = &["home", "root", "tmp", "work"];

/// Checks all files and the top-level folders.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = top_level(tree);
    for (path, text) in tree.texts() {
        findings.extend(module_docs(path, text));
        findings.extend(length(path, text));
        findings.extend(white_space(path, text));
        findings.extend(machine_paths(path, text));
    }
    findings
}

fn top_level(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for path in REQUIRED_FILES.iter().filter(|path| !tree.has(path)) {
        findings.push(Finding::new(*path, 1, "is missing; write it"));
    }
    for folder in tree.top_folders() {
        let readme = format!("{folder}/README.md");
        if !TOP_FOLDERS.contains(&folder) {
            let message = "is no top-level folder of the plan; move its content into one that is";
            findings.push(Finding::new(folder, 1, message));
        } else if !tree.has(&readme) {
            let message = "is missing; say in it what the folder holds and for whom";
            findings.push(Finding::new(readme, 1, message));
        }
    }
    findings
}

fn module_docs(path: &str, text: &str) -> Option<Finding> {
    let has_docs = text.lines().next().is_some_and(|line| {
        line.strip_prefix("//!")
            .is_some_and(|docs| !docs.trim().is_empty())
    });
    let message =
        "opens without module docs; start with `//!`: what it is, why, what it leaves out";
    (path.ends_with(".rs") && !has_docs).then(|| Finding::new(path, 1, message))
}

fn length(path: &str, text: &str) -> Option<Finding> {
    let lines = text.lines().count();
    let is_written = WRITTEN.iter().any(|ending| path.ends_with(ending));
    if lines <= MAX_LINES || !is_written || MAY_GROW.contains(&path) {
        return None;
    }
    let comment = |line: &str| {
        line.trim_start_matches(['/', '!', ';', '#', '<', '-', ' '])
            .to_owned()
    };
    if text
        .lines()
        .any(|line| gives_reason(&comment(line), LONG_BECAUSE, true))
    {
        return None;
    }
    let message = format!(
        "has {lines} lines, over {MAX_LINES}; split it by concept, or write `// {LONG_BECAUSE}…`"
    );
    Some(Finding::new(path, MAX_LINES + 1, message))
}

/// Whether `line` holds the marker, at its start if asked, and a reason after it.
fn gives_reason(line: &str, marker: &str, at_start: bool) -> bool {
    line.split_once(marker).is_some_and(|(before, reason)| {
        (before.is_empty() || !at_start) && reason.trim().chars().count() > 3
    })
}

fn white_space(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in text.split('\n').enumerate() {
        if line.contains('\t') {
            findings.push(Finding::new(path, index + 1, "holds a tab; use spaces"));
        }
        if line.ends_with([' ', '\t', '\r']) {
            findings.push(Finding::new(
                path,
                index + 1,
                "ends in white space; remove it",
            ));
        }
    }
    findings
}

fn machine_paths(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut before = "";
    for (index, line) in text.lines().enumerate() {
        let is_excused = [before, line]
            .iter()
            .any(|l| gives_reason(l, PATH_BECAUSE, false));
        if let Some(folder) = machine_path(line)
            && !is_excused
        {
            let message = format!(
                "names a path of one machine, /{folder}; use a relative path, a variable or the \
                 temporary folder, or write `// {PATH_BECAUSE}…`"
            );
            findings.push(Finding::new(path, index + 1, message));
        }
        before = line;
    }
    findings
}

/// The first part of an absolute path in `line` that only one machine has.
fn machine_path(line: &str) -> Option<&'static str> {
    // A letter, a digit or a sign before it makes it part of a longer path, an address or base64.
    let starts_path = |at: usize| {
        !line[..at].ends_with(|c: char| c.is_alphanumeric() || "_.-+/~}$)*=".contains(c))
    };
    let found = |folder: &&str| {
        let path = format!("/{folder}/");
        line.match_indices(&path).any(|(at, _)| starts_path(at))
    };
    MACHINE_FOLDERS.iter().copied().find(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::sample::expect;

    /// Asserts what is found in one file, the top level aside.
    #[track_caller]
    fn expect_in(path: &str, text: &str, expected: &[(usize, &str)]) {
        let per_file = |tree: &Tree| -> Vec<Finding> {
            let top = top_level(tree);
            check(tree)
                .into_iter()
                .filter(|finding| !top.contains(finding))
                .collect()
        };
        let places: Vec<(String, &str)> = expected
            .iter()
            .map(|(line, part)| (format!("{path}:{line}"), *part))
            .collect();
        let expected: Vec<(&str, &str)> =
            places.iter().map(|(p, part)| (p.as_str(), *part)).collect();
        expect(per_file, &[(path, text)], &expected);
    }

    #[test]
    fn source_opens_with_docs() {
        expect_in("host/vm/src/a.rs", "//! What it is.\nfn a() {}\n", &[]);
        expect_in(
            "host/vm/src/a.rs",
            "// What it is.\n",
            &[(1, "module docs")],
        );
        expect_in("host/vm/src/a.rs", "\n//! Late.\n", &[(1, "module docs")]);
        expect_in("host/vm/src/a.rs", "//!\n", &[(1, "module docs")]);
        expect_in("host/vm/src/a.rs", "", &[(1, "module docs")]);
        expect_in("host/vm/src/a.wat", "(module)\n", &[]);
    }

    #[test]
    fn long_files_give_a_reason() {
        let docs = "//! Docs.\n";
        let body = |lines: usize| "// line\n".repeat(lines);
        expect_in("host/a.rs", &(docs.to_owned() + &body(699)), &[]);
        expect_in(
            "host/a.rs",
            &(docs.to_owned() + &body(700)),
            &[(701, "has 701 lines")],
        );
        let reason = "//! Docs.\n// tidy: long because the table is one.\n".to_owned();
        expect_in("host/a.rs", &(reason + &body(700)), &[]);
        let no_reason = "//! Docs.\n// tidy: long because \u{2026}\n".to_owned();
        expect_in(
            "host/a.rs",
            &(no_reason + &body(700)),
            &[(701, "has 702 lines")],
        );
        expect_in("tests/vectors/a.json", &"1\n".repeat(800), &[]);
        expect_in("CHANGELOG.md", &"- more\n".repeat(800), &[]);
    }

    #[test]
    fn white_space_is_plain() {
        let space = "ends in white space";
        expect_in("host/a.md", "a\n\nb\n", &[]);
        expect_in(
            "host/a.md",
            "a \nb\r\n\tc\n",
            &[(1, space), (2, space), (3, "tab")],
        );
    }

    #[test]
    fn no_paths_of_one_machine() {
        for folder in MACHINE_FOLDERS {
            let text = format!("a\nsee \"/{folder}/x\"\n");
            expect_in("host/a.md", &text, &[(2, "path of one machine")]);
        }
        let tmp = format!("/{}/", "tmp");
        expect_in(
            "host/a.md",
            &format!("target{tmp} https://host{tmp} $HOME{tmp} abc={tmp}\n"),
            &[],
        );
        expect_in(
            "host/a.md",
            &format!("{tmp}x tidy: path because it is read by no one\n"),
            &[],
        );
        expect_in(
            "host/a.md",
            &format!("<!-- tidy: path because why not -->\n{tmp}x\n"),
            &[],
        );
        let unexplained = format!("{tmp}x tidy: path because\n");
        expect_in("host/a.md", &unexplained, &[(1, "path of one machine")]);
    }

    #[test]
    fn top_level_is_as_planned() {
        let files: Vec<(&str, &str)> = REQUIRED_FILES.iter().map(|path| (*path, "x\n")).collect();
        expect(check, &files, &[]);
        expect(check, &files[1..], &[(".ci/run:1", "missing")]);
        let mut more = files.clone();
        more.extend([
            ("host/a.md", "x\n"),
            ("docs/README.md", "x\n"),
            ("sdk/README.md", "x\n"),
        ]);
        expect(
            check,
            &more,
            &[
                ("docs:1", "no top-level folder"),
                ("host/README.md:1", "missing"),
            ],
        );
    }
}
