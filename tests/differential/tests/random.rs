//! Random modules, programs and messages: a fixed row of seeds, as many as fit the time. `cargo xtask fuzz host` goes on.
//!
//! A failure names its seed; `fuzz-host --seed N --minutes 0` runs that one again and saves it.

use std::time::{Duration, Instant};

use filigree_differential::compare::on_large_stack;
use filigree_differential::random::Case;
use fvm_shared::version::NetworkVersion;

/// Cases tried per network version, if time allows.
const CASES: u64 = 150;
/// Time per network version; five versions on two threads take about half a minute at most.
const TIME: Duration = Duration::from_secs(12);

fn random_cases(version: NetworkVersion) {
    on_large_stack(|| {
        let end = Instant::now() + TIME;
        let mut exits = std::collections::BTreeMap::new();
        let mut run = 0;
        for seed in 0..CASES {
            if Instant::now() > end {
                break;
            }
            let case = Case::new(seed, version).expect("a case");
            match case.run() {
                Ok(outcomes) => {
                    let codes = outcomes.iter().map(|o| o.exit_code());
                    codes.for_each(|code| *exits.entry(code).or_insert(0u32) += 1);
                }
                Err(e) => panic!("{e:#}"),
            }
            run += 1;
        }
        println!("{version}: {run} cases, exit codes {exits:?}");
        // Were all messages to fail alike, nothing would be tested.
        assert!(
            exits.len() >= 3 && exits.get(&Some(0)) > Some(&(run / 3)),
            "{exits:?}"
        );
    });
}

macro_rules! per_version {
    ($($name:ident: $version:ident),*) => {
        $(#[test] fn $name() { random_cases(NetworkVersion::$version) })*
    };
}

per_version!(nv18: V18, nv21: V21, nv24: V24, nv25: V25, nv28: V28);
