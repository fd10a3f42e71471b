//! `filigree params` as it is run: what it prints, and how it ends.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn command(line: &str, dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_filigree"));
    command.args(line.split_whitespace()).arg("--dir").arg(dir);
    command
        .env_remove("FIL_PROOFS_PARAMETER_CACHE")
        .env_remove("IPFS_GATEWAY");
    command
}

fn run(line: &str, dir: &Path) -> Output {
    command(line, dir).output().unwrap()
}

/// Names in a directory, but for the lock's.
fn names(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap());
    names
        .filter(|name| name != ".filigree-params.lock")
        .collect()
}

#[track_caller]
fn json(output: &Output) -> Vec<Value> {
    let error = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {error}"))
}

#[test]
fn list_shows_what_a_role_needs() {
    let dir = tempfile::tempdir().unwrap();
    let output = run("params list --sector-size 32GiB --json", dir.path());
    assert!(output.status.success());
    let files = json(&output);
    let kinds: Vec<&str> = files.iter().map(|f| f["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["vk", "vk", "vk", "vk", "srs"]);
    for file in &files {
        let path = file["path"].as_str().unwrap();
        assert!(path.ends_with(file["name"].as_str().unwrap()));
    }
    let output = run(
        "params list --role prove --sector-size 32GiB,64GiB --json",
        dir.path(),
    );
    assert_eq!(json(&output).len(), 2 * 8 + 1);
}

#[test]
fn check_of_nothing_ends_with_1_and_tells_the_commands() {
    let dir = tempfile::tempdir().unwrap();
    let output = run("params check --sector-size 2KiB --json", dir.path());
    assert_eq!(output.status.code(), Some(1));
    for file in json(&output) {
        assert_eq!(file["status"], "missing");
        let remedy = file["remedy"].as_str().unwrap();
        assert!(remedy.starts_with("filigree params fetch"), "{remedy}");
        assert!(remedy.contains(dir.path().to_str().unwrap()), "{remedy}");
    }
}

#[test]
fn what_does_not_exist_is_not_good() {
    let dir = tempfile::tempdir().unwrap();
    let line = "params check --set dev --sector-size 32GiB --proof porep";
    let output = run(line, &dir.path().join("parameters-dev"));
    assert_eq!(output.status.code(), Some(1));
    let line = "params fetch --sector-size 2KiB --proof replica-update-poseidon";
    assert_eq!(run(line, dir.path()).status.code(), Some(1));
}

#[test]
fn what_is_no_command_ends_with_2() {
    let dir = tempfile::tempdir().unwrap();
    for line in [
        "params list --sector-size 4KiB",
        "params list --role mine",
        "params burn",
    ] {
        assert_eq!(run(line, dir.path()).status.code(), Some(2), "{line}");
    }
}

#[test]
fn sets_do_not_mix() {
    let dir = tempfile::tempdir().unwrap();
    let dev = dir.path().join("parameters-dev");
    let plain = dir.path().join("parameters");
    for (line, dir) in [
        ("params generate --proof aggregation", &plain),
        ("params fetch --gateway http://127.0.0.1:1/", &dev),
        ("params check", &dev),
        ("params check --set dev", &plain),
    ] {
        let output = run(line, dir);
        assert_eq!(output.status.code(), Some(1), "{line}");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains("development parameters"), "{line}: {error}");
        assert!(!dir.exists(), "{line}");
    }
}

#[test]
fn generate_makes_what_check_accepts_and_keeps_it() {
    let dir = tempfile::tempdir().unwrap();
    let dev = dir.path().join("parameters-dev");
    let output = run("params generate --proof aggregation --json", &dev);
    assert!(output.status.success());
    assert_eq!(json(&output)[0]["outcome"], "made");
    let output = run("params check --set dev --proof aggregation", &dev);
    assert!(output.status.success());
    let output = run("params generate --proof aggregation --json", &dev);
    assert_eq!(json(&output)[0]["outcome"], "kept");
    // A bit flips.
    let path = dev.join("v28-fil-inner-product-v1.srs");
    let mut bytes = fs::read(&path).unwrap();
    bytes[1000] ^= 1;
    fs::write(&path, bytes).unwrap();
    let output = run("params check --set dev --proof aggregation", &dev);
    assert_eq!(output.status.code(), Some(1));
    let output = run("params generate --proof aggregation --json", &dev);
    assert_eq!(json(&output)[0]["outcome"], "made");
}

#[test]
fn two_processes_make_a_file_once() {
    let dir = tempfile::tempdir().unwrap();
    let dev = dir.path().join("parameters-dev");
    let start = || {
        let mut command = command("params generate --proof aggregation --json", &dev);
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let both = [start(), start()].map(|process| process.wait_with_output().unwrap());
    let mut outcomes = both.map(|output| json(&output)[0]["outcome"].as_str().unwrap().to_owned());
    outcomes.sort();
    assert_eq!(outcomes, ["kept", "made"]);
    assert_eq!(names(&dev), ["v28-fil-inner-product-v1.srs"]);
}

#[test]
fn a_killed_process_leaves_nothing_that_looks_whole() {
    let dir = tempfile::tempdir().unwrap();
    let dev = dir.path().join("parameters-dev");
    for stage in ["counting", "evaluating", "computing"] {
        let mut command = command("params generate --proof window-post", &dev);
        let mut process = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains(stage)), "{stage}");
        process.kill().unwrap();
        process.wait().unwrap();
        let found = names(&dev);
        assert!(
            !found.iter().any(|name| name.starts_with("v28")),
            "{stage}: {found:?}"
        );
    }
    assert!(
        !names(&dev).is_empty(),
        "killed before anything was written"
    );
    assert!(
        run("params generate --proof aggregation", &dev)
            .status
            .success()
    );
    assert_eq!(names(&dev), ["v28-fil-inner-product-v1.srs"]);
}

#[test]
fn fetch_tells_which_gateway_did_what() {
    let dir = tempfile::tempdir().unwrap();
    let line = "params fetch --proof aggregation --gateway ftp://nowhere.invalid/";
    let output = run(line, &dir.path().join("parameters"));
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("v28-fil-inner-product-v1.srs"), "{error}");
    assert!(error.contains("ftp://nowhere.invalid/"), "{error}");
}
