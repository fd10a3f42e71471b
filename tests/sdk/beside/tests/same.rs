//! The SDK's actors and the same actors against `fvm_sdk` cannot be told apart, both as Wasm.

use filigree_beside::actors::PAIRS;
use filigree_beside::play::{Done, compare, play};

/// Plays a pair's script on both.
fn both(name: &str) -> [Vec<Done>; 2] {
    let pair = PAIRS.iter().find(|pair| pair.name == name).unwrap();
    pair.build().unwrap().map(|wasm| play(&wasm, pair.script))
}

/// How many steps succeed, and with how many exit codes the others fail.
fn summary(done: &[Done]) -> (usize, usize) {
    let codes = done.iter().map(|done| done.seen.exit_code.value());
    let mut failures: Vec<u32> = codes.clone().filter(|code| *code != 0).collect();
    failures.sort_unstable();
    failures.dedup();
    (codes.filter(|code| *code == 0).count(), failures.len())
}

#[test]
fn both_counters_do_the_same() {
    let [ours, theirs] = both("counter");
    compare(&ours, &theirs).unwrap();
    let (succeeded, kinds) = summary(&ours);
    assert!(succeeded >= 6 && kinds >= 5, "{succeeded} {kinds}");
    assert!(ours.iter().any(|done| !done.seen.events.is_empty()));
}

#[test]
fn both_tokens_do_the_same() {
    let [ours, theirs] = both("token");
    compare(&ours, &theirs).unwrap();
    let (succeeded, kinds) = summary(&ours);
    assert!(succeeded >= 30 && kinds >= 7, "{succeeded} {kinds}");
}

#[test]
fn a_difference_is_told() {
    let [ours, _] = both("counter");
    let mut other = ours.clone();
    other[5].seen.returned.push(0);
    let error = compare(&ours, &other).unwrap_err().to_string();
    assert!(error.starts_with("step 6, Increment: "), "{error}");
    let error = compare(&ours, &ours[1..]).unwrap_err().to_string();
    assert!(error.starts_with("step 1, "), "{error}");
}
