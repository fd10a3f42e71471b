//! A first actor, made as a reader makes it, outside of the workspace: every command that `sdk/README.md` shows, every one that
//! `new` prints, and every one in the README of the project that it made.
//!
//! A command runs as it stands there, but for two things. `cd ~` goes to a folder of the test. And the folder `target` of the
//! project is a link to one that stays from run to run, so that its dependencies are compiled once.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Below the root of the checkout; tidy allows its commands because this test runs them.
const README: &str = "sdk/README.md";

/// Where this crate's tests may write; cargo's build folder is around it.
const SCRATCH: &str = env!("CARGO_TARGET_TMPDIR");

fn checkout() -> PathBuf {
    // Cargo sets this for what it runs; asked at run time, since several checkouts may share one build directory.
    let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
    Path::new(&here).ancestors().nth(2).unwrap().to_path_buf()
}

/// Someone at a shell.
struct Reader {
    /// The folder that `cd ~` goes to.
    home: tempfile::TempDir,
    /// The folder the next command runs in.
    here: PathBuf,
    /// Where installed programs go.
    programs: PathBuf,
    /// One at a time: each starts compilers.
    _turn: MutexGuard<'static, ()>,
}

impl Reader {
    /// In the checkout, with an own folder for programs.
    fn new(programs: &str) -> Self {
        static TURN: Mutex<()> = Mutex::new(());
        let programs = Path::new(SCRATCH).join(programs).join("bin");
        std::fs::create_dir_all(&programs).unwrap();
        Self {
            home: tempfile::tempdir().unwrap(),
            here: checkout(),
            programs,
            _turn: TURN.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Types a line; gives what was printed.
    #[track_caller]
    fn types(&mut self, line: &str) -> String {
        if let Some(folder) = line.strip_prefix("cd ") {
            self.here = match folder {
                "~" => self.home.path().to_path_buf(),
                folder => self.here.join(folder),
            };
            assert!(self.here.is_dir(), "{line}: no such folder");
            return String::new();
        }
        let output = self.command(line).output().unwrap();
        let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
        assert!(output.status.success(), "`{line}` failed\n{out}\n{err}");
        if line.starts_with("filigree-actor new ") {
            self.link_target(line.split(' ').nth(2).unwrap());
        }
        out.into_owned()
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", line]).current_dir(&self.here);
        // As in a shell: without what cargo sets for tests. The toolchain is the one the folder pins.
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            let is_cargos = name.starts_with("CARGO") && name != "CARGO_HOME";
            if is_cargos || name.starts_with("RUST") && name != "RUSTUP_HOME" {
                command.env_remove(name);
            }
        }
        let before = std::env::var_os("PATH").unwrap_or_default();
        let folders = [self.programs.clone()];
        let path = folders.into_iter().chain(std::env::split_paths(&before));
        command.env("PATH", std::env::join_paths(path).unwrap());
        // What the workspace needs is there; nothing more may be asked for.
        command.env("CARGO_NET_OFFLINE", "true");
        if line.starts_with("cargo install ") {
            command.env("CARGO_INSTALL_ROOT", self.programs.parent().unwrap());
            command.env("CARGO_TARGET_DIR", Path::new(SCRATCH).parent().unwrap());
        }
        command
    }

    fn link_target(&self, project: &str) {
        let target = Path::new(SCRATCH).parent().unwrap();
        std::os::unix::fs::symlink(target, self.here.join(project).join("target")).unwrap();
    }
}

/// The commands of the shell blocks of a document, without comments.
fn shell_lines(text: &str) -> Vec<String> {
    let (mut lines, mut inside) = (Vec::new(), false);
    for line in text.lines() {
        match line {
            "```sh" => inside = true,
            "```" => inside = false,
            line if inside => {
                let command = line.split(" #").next().unwrap_or(line).trim();
                lines.extend((!command.is_empty()).then(|| command.to_owned()));
            }
            _ => (),
        }
    }
    lines
}

/// The first block of Rust of a document.
fn rust_block(text: &str) -> &str {
    let (_, rest) = text.split_once("```rust\n").unwrap();
    rest.split_once("```").unwrap().0
}

/// Formatted as rustfmt does it.
#[track_caller]
fn is_formatted(file: &Path) {
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.args(["--check", "--edition", "2024"]).arg(file);
    let output = rustfmt.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

#[test]
fn the_first_actor_of_the_readme() {
    let text = std::fs::read_to_string(checkout().join(README)).unwrap();
    let lines = shell_lines(&text);
    assert!(lines.len() >= 10, "{lines:?}");
    let mut reader = Reader::new("installed");
    for line in &lines {
        let printed = reader.types(line);
        match line.split(' ').nth(1) {
            Some("test") => assert!(printed.contains("1 passed"), "{printed}"),
            Some("gas") => assert!(printed.contains("Increment"), "{printed}"),
            Some("check") => assert!(printed.contains("passes"), "{printed}"),
            Some("schema") => assert!(printed.contains("class"), "{printed}"),
            _ => (),
        }
    }
    let library = std::fs::read_to_string(reader.here.join("src/lib.rs")).unwrap();
    assert_eq!(
        rust_block(&text),
        library,
        "{README} shows another actor than `new` makes"
    );
    reader.types("cargo clean --quiet --package tally");
}

#[test]
fn what_new_prints_works() {
    let mut reader = Reader::new("linked");
    let program = reader.programs.join("filigree-actor");
    let _ = std::fs::remove_file(&program);
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_filigree-actor"), &program).unwrap();
    reader.types("cd ~");
    let printed = reader.types("filigree-actor new my-first-actor");
    let (_, next) = printed.split_once("Next:\n").unwrap();
    for line in next.lines().map(str::trim) {
        reader.types(line);
    }
    let project = reader.here.clone();
    assert!(project.ends_with("my-first-actor"), "{next}");
    assert!(project.join("my-first-actor.car").is_file(), "{next}");
    for file in ["src/lib.rs", "tests/actor.rs"] {
        is_formatted(&project.join(file));
    }

    // The table of its README: commands in the first column.
    let readme = std::fs::read_to_string(project.join("README.md")).unwrap();
    let rows = readme.lines().filter_map(|line| line.strip_prefix("| `"));
    let commands: Vec<&str> = rows.filter_map(|row| row.split('`').next()).collect();
    assert!(commands.len() >= 5, "{commands:?}");
    for command in commands {
        reader.types(command);
    }
    reader.types("cargo clean --quiet --package my-first-actor");
}
