//! Random messages to every method of every actor, for a bounded while: `cargo xtask fuzz actors` goes on for as long as wanted. With
//! the official bundle for mainnet in `FILIGREE_BUNDLE`, both come to the same.

use std::path::PathBuf;

use filigree_scenarios::Stage;
use filigree_scenarios::fuzz::Fuzz;
use fvm_shared::econ::TokenAmount;

/// The storage market.
const MARKET: u64 = 5;

/// Sequences, each of so many acts.
const SEQUENCES: u64 = 150;
const ACTS: usize = 40;

#[test]
fn random_messages_break_nothing() {
    let official = std::env::var_os("FILIGREE_BUNDLE").map(PathBuf::from);
    let mut fuzz = Fuzz::new(None, official.as_deref()).unwrap();
    let (mut messages, mut succeeded, mut checked) = (0, 0, 0);
    for seed in 0..SEQUENCES {
        let found = fuzz.sequence(seed, ACTS);
        assert_eq!(found.wrong, [""; 0], "seed {seed}");
        messages += found.messages;
        succeeded += found.succeeded;
        checked += u64::from(found.checked);
    }
    assert!(
        checked * 3 >= SEQUENCES,
        "invariants were checked after {checked} of {SEQUENCES} sequences"
    );
    // Random parameters that were never right would prove little.
    assert!(succeeded * 10 > messages, "{succeeded} of {messages}");
}

#[test]
fn a_broken_invariant_is_found() {
    let check = |spoil: fn(&mut Stage), seeds: u64, expected: &str| {
        let mut fuzz = Fuzz::new(None, None).unwrap();
        fuzz.spoil(spoil);
        let found = (0..seeds).flat_map(|seed| fuzz.sequence(seed, 1).wrong);
        let found: Vec<String> = found.collect();
        assert!(
            found.iter().any(|wrong| wrong.contains(expected)),
            "{expected}: {found:?}"
        );
    };
    check(
        |stage| stage.set_balance(MARKET, TokenAmount::default()),
        20,
        "f05: ",
    );
    // Money that is nobody's is missed after the first act.
    let lose = |stage: &mut Stage| stage.sandbox().set_balance(MARKET, TokenAmount::default());
    check(lose, 1, ": network/total-balance");
}
