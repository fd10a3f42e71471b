//! Commands shown to readers must work: each line of a `sh` block in a README, or in another
//! document at the root, is one that something runs or that this crate's own definition accepts.
//!
//! Whether it does what the text around it says is for the reader of the change to judge.

use super::Finding;
use super::manifest::Manifest;
use super::tree::Tree;
use crate::cli;

/// Commands that need no further look, and who runs them.
const KNOWN: &[(&str, &str)] = &[(".ci/run", "continuous integration")];

/// Documents whose every command a test runs as it stands there, and that test, which names the document.
const RUN_WHOLE: &[(&str, &str)] = &[
    ("sdk/README.md", "toolchain/cli/tests/first_actor.rs"),
    ("node/README.md", "node/cli/tests/readme.rs"),
];

/// Names of the languages that mark a block of commands.
const SHELLS: &[&str] = &["bash", "console", "sh", "shell"];

/// Checks the commands of all documents.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let members: Vec<String> = tree
        .texts()
        .filter(|(path, _)| path.ends_with("/Cargo.toml"))
        .filter_map(|(_, text)| Manifest::parse(text).name)
        .collect();
    let mut findings = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| is_document(path)) {
        let is_run = is_run_whole(tree, path);
        for (line, command) in commands(text) {
            let judged = match is_run {
                true => can_be_pasted(&command),
                false => judge(&command, &members),
            };
            if let Err(problem) = judged {
                findings.push(Finding::new(path, line, format!("`{command}`: {problem}")));
            }
        }
    }
    findings
}

fn is_run_whole(tree: &Tree, document: &str) -> bool {
    RUN_WHOLE.iter().any(|(run, test)| {
        let mut texts = tree.texts();
        *run == document && texts.any(|(path, text)| path == *test && text.contains(document))
    })
}

fn is_document(path: &str) -> bool {
    path.ends_with("/README.md") || (path.ends_with(".md") && !path.contains('/'))
}

/// Commands of the shell blocks with their line, comments removed, continued lines joined.
fn commands(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let (mut language, mut is_continued) = (None, false);
    for (index, line) in text.lines().map(str::trim).enumerate() {
        if let Some(name) = line.strip_prefix("```") {
            language = language.xor(Some(name));
            is_continued = false;
            continue;
        }
        let is_command = language.is_some_and(|name| SHELLS.contains(&name));
        let (code, continues) = match line.strip_suffix('\\') {
            Some(code) => (code, true),
            None => (line.split(" #").next().unwrap_or(line), false),
        };
        let code = code.trim();
        if !is_command || code.is_empty() || code.starts_with('#') {
            continue;
        }
        match found.last_mut() {
            Some((_, command)) if is_continued => *command = format!("{command} {code}"),
            _ => found.push((index + 1, code.to_owned())),
        }
        is_continued = continues;
    }
    found
}

fn can_be_pasted(command: &str) -> Result<(), String> {
    let is_blank = |word: &str| word.starts_with(['[', '<']) || word.contains('\u{2026}');
    match command.split_whitespace().any(is_blank) {
        true => Err("cannot be pasted; show an example, and leave the options to --help".into()),
        false => Ok(()),
    }
}

/// Why a reader should not be shown `command`, if so.
fn judge(command: &str, members: &[String]) -> Result<(), String> {
    can_be_pasted(command)?;
    let words: Vec<&str> = command.split_whitespace().collect();
    match words.as_slice() {
        _ if KNOWN.iter().any(|(known, _)| *known == command) => Ok(()),
        ["cargo", "xtask", rest @ ..] => cli::accepts(rest),
        // Part of what the test command runs.
        ["cargo", "test", "-p", member] if members.iter().any(|m| m == member) => Ok(()),
        _ => Err("no test runs it; make it a task of `cargo xtask`".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::sample::expect;

    #[test]
    fn shown_commands_exist() {
        let readme = "\
# Title
```sh
cargo xtask test   # everything
# a comment
cargo xtask conformance --bundle FILE.car \\
    --filter miner

.ci/run
cargo test -p filigree-gas
```
```rust
let x = make money;
```
make money in the text
";
        let manifest = (
            "host/gas/Cargo.toml",
            "[package]\nname = \"filigree-gas\"\n",
        );
        expect(check, &[("README.md", readme), manifest], &[]);
        expect(check, &[("host/notes.md", "```sh\nmake money\n```\n")], &[]);
    }

    #[test]
    fn unknown_commands_are_found() {
        let readme = "\
```sh
cargo xtask text
make money
cargo xtask conformance --bundle FILE.car \\
    --verbose
```

```console
cargo xtask conformance [--filter TEXT]
cargo test -p filigree-moon
```
";
        let expected = [
            ("host/README.md:2", "unrecognized subcommand"),
            ("host/README.md:3", "no test runs it"),
            ("host/README.md:4", "unexpected argument '--verbose'"),
            ("host/README.md:9", "cannot be pasted"),
            ("host/README.md:10", "no test runs it"),
        ];
        expect(check, &[("host/README.md", readme)], &expected);
    }
    #[test]
    fn a_document_may_be_run_whole() {
        let readme = ("sdk/README.md", "```sh\nmake money\ncd <here>\n```\n");
        let test = |text| ("toolchain/cli/tests/first_actor.rs", text);
        let blank = ("sdk/README.md:3", "cannot be pasted");
        expect(check, &[readme, test("of \"sdk/README.md\"")], &[blank]);
        let expected = [("sdk/README.md:2", "no test runs it"), blank];
        expect(check, &[readme, test("of another")], &expected);
    }
}
