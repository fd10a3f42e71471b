//! Random modules, programs and messages: a fixed row of seeds, as many as fit the time. `cargo xtask fuzz host` goes on.
//!
//! A failure names its seed; `fuzz-host --seed N --minutes 0` runs that one again and saves it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use filigree_differential::compare::on_large_stack;
use filigree_differential::random::Case;
use fvm_shared::version::NetworkVersion;

/// Cases tried per network version, if time allows.
const CASES: u64 = 400;
/// Cases without which a run says nothing.
const FEWEST_CASES: usize = 40;
/// Time per network version; five versions on two threads take a minute.
const TIME: Duration = Duration::from_secs(24);

fn random_cases(version: NetworkVersion) {
    on_large_stack(|| {
        let end = Instant::now() + TIME;
        let mut exits = BTreeMap::new();
        let (mut cases, mut messages) = (0, 0);
        for seed in 0..CASES {
            if Instant::now() > end {
                break;
            }
            let case = Case::new(seed, version).expect("a case");
            let agreed = case.run().unwrap_or_else(|e| panic!("{e:#}"));
            assert_eq!(agreed.unjudged, None, "seed {seed} at {version}");
            cases += 1;
            messages += agreed.outcomes.len();
            let codes = agreed.outcomes.iter().map(|o| o.exit_code());
            codes.for_each(|code| *exits.entry(code).or_insert(0) += 1);
        }
        println!("{version}: {cases} cases, {messages} messages, exit codes {exits:?}");
        assert!(cases >= FEWEST_CASES, "only {cases} cases");
        // Were all messages to fail alike, nothing would be tested.
        let successes = exits.get(&Some(0)).copied().unwrap_or(0);
        assert!(exits.len() >= 3 && successes * 4 > messages, "{exits:?}");
    });
}

macro_rules! per_version {
    ($($name:ident: $version:ident),*) => {
        $(#[test] fn $name() { random_cases(NetworkVersion::$version) })*
    };
}

per_version!(nv18: V18, nv21: V21, nv24: V24, nv25: V25, nv28: V28);
