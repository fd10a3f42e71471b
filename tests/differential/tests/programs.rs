//! The programs of this crate as users start them, on small input.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/vectors")
}

fn run(program: &str, arguments: &[&str]) -> (Output, String) {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .expect("the program starts");
    let text = String::from_utf8(output.stdout.clone()).expect("text");
    (output, text)
}

fn bench(vectors: &Path, arguments: &[&str]) -> (Output, String) {
    let bundle = self::vectors().join("bundle-from-nv18.car");
    let bundle = bundle.to_str().expect("a path");
    let vectors = vectors.to_str().expect("a path");
    let all = [&["--bundle", bundle, "--vectors", vectors], arguments].concat();
    run(env!("CARGO_BIN_EXE_bench-host"), &all)
}

#[test]
fn bench_host_measures_our_own_vectors() {
    let folder = tempfile::tempdir().expect("a folder");
    for entry in std::fs::read_dir(vectors()).expect("the vectors") {
        let path = entry.expect("a file").path();
        let name = path.file_name().expect("a name").to_owned();
        std::fs::copy(&path, folder.path().join(name)).expect("a copy");
    }
    std::fs::write(folder.path().join("bad.json"), "{").expect("is written");
    let (output, text) = bench(folder.path(), &["--rounds", "1", "--few-rounds"]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{text}{errors}");
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.first().expect("a line");
    let words = [" vectors used, ", "skipped because", "bad: not a vector"];
    assert!(words.iter().all(|part| first.contains(part)), "{first}");
    for host in ["filigree: ", "fvm 3.14: "] {
        let line = lines.iter().find(|line| line.starts_with(host));
        let line = line.expect("the figures of a host");
        let figures = ["messages/s", "p50 ", "p90 ", "p99 "];
        assert!(figures.iter().all(|figure| line.contains(figure)), "{line}");
    }
    assert!(text.contains("loaded from the disk cache in"), "{text}");
    assert_eq!(text.matches("peak memory: ").count(), 2, "{text}");
    let starts = ["ratio of totals: ", "ratio, geometric mean per vector: "];
    for (line, start) in lines[lines.len() - 2..].iter().zip(starts) {
        let ratio = line.strip_prefix(start).expect("a ratio");
        assert!(ratio.parse::<f64>().expect("a number") > 0.0, "{line}");
    }
}

#[test]
fn bench_host_says_what_it_cannot_do() {
    let check = |arguments: &[&str], expected: &str| {
        let (output, _) = bench(&vectors(), arguments);
        assert_eq!(output.status.code(), Some(2));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.contains(expected), "{errors}");
    };
    check(&["--rounds", "4"], "at least 5");
    check(&["--filter", "no such vector"], "has a name with");
    check(&["--filter", "nv28"], "no vector to run with this bundle");
}

#[test]
fn fuzz_host_runs_one_seed() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().to_str().expect("a path");
    let arguments = ["--minutes", "0", "--seed", "7", "--show", "--out", out];
    let (output, text) = run(env!("CARGO_BIN_EXE_fuzz-host"), &arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{text}{errors}");
    assert!(text.starts_with("seeds from 7\n"), "{text}");
    assert!(
        text.contains("5 cases, ") && text.contains(" 0 of them not judged"),
        "{text}"
    );
    assert!(text.ends_with("no difference\n"), "{text}");
}
