//! Every command of `node/README.md`, typed as it stands there by somebody who begins.
//!
//! Some are done otherwise here. `cargo xtask devnet` starts a network as the other tests have it, with mock proofs and a virtual
//! clock; its own test is the daemon's. On the `PATH` is a link to the program of this build. Wasm and bundles are built by the
//! libraries that the commands call: that these do so is tested where they are. What is measured is measured by a test of its own.

#[path = "devnet/network.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod network;

use std::path::Path;
use std::process::Command;

use network::Network;

/// Below the root of the checkout; tidy allows its commands because this test runs them.
const README: &str = "node/README.md";

#[test]
fn the_network_of_the_readme() {
    let text = std::fs::read_to_string(filigree_bundle::checkout().join(README)).unwrap();
    let lines = shell_lines(&text);
    assert!(lines.len() >= 20, "{lines:?}");
    assert_eq!(lines[0], "cargo xtask devnet");
    let network = Network::start();
    let programs = network.file("bin");
    std::fs::create_dir(&programs).unwrap();
    let (first, second) = network.counters();
    for line in &lines[1..] {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["export", path] => {
                assert_eq!(*path, "PATH=\"$PWD/target/debug:$PATH\"");
                let program = programs.join("filigree");
                std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_filigree"), program).unwrap();
            }
            ["cargo", "xtask", "bench", "node"] => {}
            ["filigree-actor", "build", source, "--out", out] => {
                let built = if source.ends_with("-v2") {
                    &second
                } else {
                    &first
                };
                std::fs::copy(built, network.file(out)).unwrap();
            }
            [
                "cargo",
                "xtask",
                "bundle",
                "--network",
                "devnet",
                "--out",
                out,
            ] => {
                std::fs::copy(network.bundle(), network.file(out)).unwrap();
            }
            _ => {
                let printed = types(&network, &programs, line);
                match words.as_slice() {
                    ["filigree", "state", "call", "counter", "value"] => {
                        assert!(printed.contains("returned  5"), "{printed}");
                    }
                    ["filigree", "db", "check"] => {
                        assert!(printed.contains("complete"), "{printed}")
                    }
                    _ => {}
                }
            }
        }
    }
}

/// Types a line at a shell.
#[track_caller]
fn types(network: &Network, programs: &Path, line: &str) -> String {
    let mut command = Command::new("sh");
    command.args(["-ec", line]).current_dir(network.file(""));
    let before = std::env::var_os("PATH").unwrap_or_default();
    let folders = [programs.to_owned()];
    let path = folders.into_iter().chain(std::env::split_paths(&before));
    command.env("PATH", std::env::join_paths(path).unwrap());
    command.env("FILIGREE_HOME", network.data());
    for variable in ["FILIGREE_API", "FILIGREE_TOKEN", "FILIGREE_PASSWORD"] {
        command.env_remove(variable);
    }
    let output = command.output().unwrap();
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "`{line}` failed\n{out}\n{err}");
    out.into_owned()
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
