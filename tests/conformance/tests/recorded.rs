//! Our own vectors: small actors, executed by the reference host and recorded. `cargo xtask vectors refresh` records
//! them again. The program that users start runs here too.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use filigree_conformance::{Bundle, Outcome, Runner, Totals, suite, vector};
use filigree_vm::Engines;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

fn bundles() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).expect("the folder of vectors is there");
    let mut cars: Vec<PathBuf> = entries
        .map(|entry| entry.expect("is readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "car"))
        .collect();
    cars.sort();
    assert!(
        !cars.is_empty(),
        "no bundle beside the vectors: run `cargo xtask vectors refresh`"
    );
    cars
}

#[test]
fn every_recorded_vector_passes() {
    let found = vector::find(&folder()).expect("the folder of vectors is there");
    assert!(
        !found.is_empty(),
        "no vectors: run `cargo xtask vectors refresh`"
    );
    let bundles = bundles()
        .iter()
        .map(|path| Bundle::load(path))
        .collect::<Result<Vec<_>, _>>();
    let runner = Runner::new(Engines::new(2, None), bundles.expect("bundles load"));
    let reports = suite::run(&runner, &found, 2, &|_| {}).expect("threads start");
    let bad: Vec<String> = reports
        .iter()
        .filter(|report| report.run.outcome != Outcome::Passed)
        .map(ToString::to_string)
        .collect();
    assert!(bad.is_empty(), "{}", bad.join("\n"));
    assert!(Totals::of(&reports).passed >= found.len());
}

#[test]
fn recorded_vectors_cover_every_price_list() {
    let mut versions: Vec<u32> = Vec::new();
    for vector in vector::load_dir(&folder()).expect("vectors load") {
        let variants = &vector.file.preconditions.variants;
        versions.extend(variants.iter().map(|variant| variant.nv));
    }
    for (name, range) in [
        ("hygge", 18..=20),
        ("watermelon", 21..=24),
        ("teep", 25..=28),
    ] {
        let covered = versions.iter().any(|version| range.contains(version));
        assert!(covered, "no vector for the prices of {name}");
    }
}

fn program(arguments: &[&Path]) -> (Output, String) {
    let cache = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_conformance"))
        .args(arguments)
        .env("XDG_CACHE_HOME", cache.path())
        .output()
        .expect("the program starts");
    let text = String::from_utf8(output.stdout.clone()).expect("text");
    (output, text)
}

fn arguments<'a>(vectors: &'a Path, bundles: &'a [PathBuf]) -> Vec<&'a Path> {
    let mut arguments = vec![Path::new("--vectors"), vectors];
    for bundle in bundles {
        arguments.extend([Path::new("--bundle"), bundle]);
    }
    arguments
}

#[test]
fn the_program_ends_with_the_totals() {
    let (folder, bundles) = (folder(), bundles());
    let (output, text) = program(&arguments(&folder, &bundles));
    let count: usize = vector::load_dir(&folder)
        .expect("vectors load")
        .iter()
        .map(|vector| vector.file.preconditions.variants.len())
        .sum();
    assert_eq!(output.status.code(), Some(0), "{text}");
    let expected = format!("{count} passed, 0 failed, 0 skipped");
    assert_eq!(text.lines().last(), Some(expected.as_str()));
}

#[test]
fn the_program_fails_on_a_tampered_vector() {
    let (folder, bundles) = (folder(), bundles());
    let found = vector::find(&folder).expect("the folder of vectors is there");
    let first = found.first().expect("a vector");
    let json = fs::read(&first.path).expect("is readable");
    let mut vector: vector::VectorFile = serde_json::from_slice(&json).expect("is a vector");
    vector.postconditions.receipts[0].gas_used += 1;
    let temporary = tempfile::tempdir().expect("a folder");
    let path = temporary.path().join("tampered.json");
    fs::write(&path, serde_json::to_vec(&vector).expect("JSON")).expect("is written");
    let json = temporary.path().join("result.out");

    let mut arguments = arguments(&path, &bundles);
    arguments.extend([Path::new("--json"), &json]);
    let (output, text) = program(&arguments);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.starts_with("FAILED   tampered"), "{text}");
    assert!(text.contains("message 0: gas: expected"), "{text}");
    let last = text.lines().last().expect("a line");
    assert!(
        last.starts_with("0 passed, ") && last.ends_with(" failed, 0 skipped"),
        "{last}"
    );
    let result: serde_json::Value =
        serde_json::from_slice(&fs::read(&json).expect("is written")).expect("is JSON");
    assert_eq!(result["vectors"][0]["result"], "failed");
}

#[test]
fn the_program_names_vectors_without_their_bundle() {
    let folder = folder();
    let (output, text) = program(&arguments(&folder, &[]));
    assert_eq!(output.status.code(), Some(2), "{text}");
    let found = vector::find(&folder).expect("the folder of vectors is there");
    for file in &found {
        let words = format!("skipped  {} ", file.name);
        let line = text.lines().find(|line| line.starts_with(&words));
        let line = line.unwrap_or_else(|| panic!("{} is not named in:\n{text}", file.name));
        assert!(
            line.contains("its bundle is not given: the one with manifest bafy"),
            "{line}"
        );
    }
    assert!(
        text.lines()
            .last()
            .expect("a line")
            .starts_with("0 passed, 0 failed, ")
    );
}
