//! Every syscall, with good and with hostile arguments, one after the other, logging error numbers, gas and results.

use std::collections::BTreeSet;

use filigree_differential::compare::{both_from, on_large_stack};
use filigree_differential::fixtures::{BUF, Fixtures, OUT};
use filigree_differential::hostile::{Call, good_calls, home, prelude, variations};
use filigree_differential::outcome::{Outcome, difference};
use filigree_differential::setup::{Genesis, Setup};
use filigree_differential::world::{self, Sender};
use fvm_shared::version::NetworkVersion;

/// Calls made in one message.
const CALLS_PER_MESSAGE: usize = 60;

struct World {
    setup: Setup,
    genesis: Genesis,
    fixtures: Fixtures,
}

impl World {
    fn new(version: NetworkVersion) -> Self {
        let setup = world::setup(version).expect("the shared world");
        let genesis = setup.genesis().expect("a genesis");
        let fixtures = Fixtures::new(&genesis);
        Self {
            setup,
            genesis,
            fixtures,
        }
    }

    /// Makes `calls` in one message to `actor`, in both hosts; the exit code, `u32::MAX` if there is none.
    fn make(&self, actor: u64, calls: &[Call]) -> u32 {
        self.outcome(actor, calls).exit_code().unwrap_or(u32::MAX)
    }

    fn outcome(&self, actor: u64, calls: &[Call]) -> Outcome {
        let mut program = prelude(self.setup.version, &self.fixtures);
        for call in calls {
            call.add(&mut program);
        }
        let step = Sender::alice().call(actor, program.finish());
        match both_from(&self.setup, &self.genesis, &[step]) {
            Ok(mut agreed) => {
                let list: String = calls.iter().map(describe).collect();
                assert_eq!(agreed.unjudged, None, "the calls to actor {actor}:\n{list}");
                agreed.outcomes.remove(0)
            }
            Err(e) => {
                let list: String = calls.iter().map(describe).collect();
                panic!("{e:#}\nthe calls to actor {actor}:\n{list}");
            }
        }
    }
}

fn describe(call: &Call) -> String {
    let (module, name) = (call.syscall.module, call.syscall.name);
    format!("{module}::{name} {:x?}\n", call.args)
}

fn good_arguments(version: NetworkVersion) {
    on_large_stack(|| {
        let world = World::new(version);
        let calls = good_calls(version, &world.fixtures);
        let mut succeeded = BTreeSet::from(["exit"]);
        for call in &calls {
            let outcome = world.outcome(home(call.syscall), std::slice::from_ref(call));
            // Three calls of the prelude log 12 bytes each; then comes this call's error number.
            if outcome.return_data().get(36..40) == Some(&[0; 4]) {
                succeeded.insert(call.syscall.name);
            }
        }
        let all: BTreeSet<_> = calls.iter().map(|c| c.syscall.name).collect();
        let failed: Vec<_> = all.difference(&succeeded).collect();
        assert!(failed.is_empty(), "never succeeded: {failed:?}");
        // The privileged one, elsewhere.
        for call in calls.iter().filter(|c| c.syscall.name == "create_actor") {
            world.make(world::DRIVER, std::slice::from_ref(call));
        }
        // In a row, so that one call sees what the others left; those that end the actor stay out.
        for actor in [world::DRIVER, 1] {
            let row: Vec<_> = calls
                .iter()
                .filter(|c| {
                    let ends = ["exit", "self_destruct", "set_root", "block_open"];
                    !ends.contains(&c.syscall.name)
                })
                .cloned()
                .collect();
            world.make(actor, &row);
        }
    });
}

fn hostile_arguments(version: NetworkVersion) {
    on_large_stack(|| {
        let world = World::new(version);
        let mut last = "";
        for call in good_calls(version, &world.fixtures) {
            // The variations of the first good call are enough: later ones differ in what arguments mean, not in shape.
            if std::mem::replace(&mut last, call.syscall.name) == call.syscall.name {
                continue;
            }
            for chunk in variations(&call).chunks(CALLS_PER_MESSAGE) {
                if world.make(home(call.syscall), chunk) != 0 {
                    for single in chunk {
                        world.make(home(call.syscall), std::slice::from_ref(single));
                    }
                }
            }
        }
    });
}

/// Makes every good call twice, the second time in a changed world; whether the results are equal.
fn unchanged_by(version: NetworkVersion, change: impl Fn(&mut Setup) + Sync) -> Vec<bool> {
    on_large_stack(|| {
        let world = World::new(version);
        let mut setup = world.setup.clone();
        change(&mut setup);
        let changed = World {
            setup,
            genesis: world.genesis.clone(),
            fixtures: world.fixtures.clone(),
        };
        let calls = good_calls(version, &world.fixtures);
        let both = calls.iter().map(|call| {
            let (actor, call) = (home(call.syscall), std::slice::from_ref(call));
            let outcomes = [&world, &changed].map(|world| {
                let mut outcome = world.outcome(actor, call);
                let applied = outcome.applied.as_mut().expect("a receipt");
                applied.trace.clear();
                outcome
            });
            difference(&outcomes[0], &outcomes[1]).is_empty()
        });
        both.collect()
    })
}

#[test]
fn tracing_changes_nothing() {
    for version in world::VERSIONS {
        let equal = unchanged_by(version, |setup| setup.tracing = true);
        assert!(equal.iter().all(|e| *e), "at {version}");
    }
}

#[test]
fn debugging_is_seen_by_actors_in_both_hosts() {
    for version in world::VERSIONS {
        let equal = unchanged_by(version, |setup| setup.debugging = true);
        assert!(equal.iter().any(|e| !*e), "at {version}");
    }
}

/// Plaintext lengths at an odd address are read as they are. (The reference reads them through a pointer it does not align,
/// which its checked builds abort on.)
#[test]
fn lengths_need_no_alignment() {
    for version in [NetworkVersion::V21, NetworkVersion::V28] {
        on_large_stack(|| {
            let world = World::new(version);
            let at = |name| world.fixtures.get(name).0;
            let returned = |lengths: u32| {
                let mut program = prelude(version, &world.fixtures);
                program.copy(lengths, at("lengths"), 8);
                program.call(
                    "crypto",
                    "verify_bls_aggregate",
                    &[
                        OUT.into(),
                        2u32.into(),
                        at("bls aggregate").into(),
                        at("bls keys").into(),
                        at("messages").into(),
                        lengths.into(),
                    ],
                );
                program.log(OUT, 4);
                let step = Sender::alice().call(world::DRIVER, program.finish());
                let agreed = both_from(&world.setup, &world.genesis, &[step]).expect("both hosts");
                assert_eq!(agreed.unjudged, None);
                agreed.outcomes[0].return_data()[36..].to_vec()
            };
            let errno_and_verdict = |lengths| {
                // Between them stands the gas left, which depends on the size of the message.
                let data = returned(lengths);
                (data[..4].to_vec(), data[12..].to_vec())
            };
            let valid = (vec![0; 4], vec![0; 4]);
            for odd in 0..4 {
                assert_eq!(errno_and_verdict(BUF + odd), valid);
            }
        });
    }
}

macro_rules! per_version {
    ($($name:ident: $version:ident),*) => {
        mod good {
            $(#[test] fn $name() { super::good_arguments(super::NetworkVersion::$version) })*
        }
        mod hostile {
            $(#[test] fn $name() { super::hostile_arguments(super::NetworkVersion::$version) })*
        }
    };
}

per_version!(
    nv18: V18,
    nv19: V19,
    nv20: V20,
    nv21: V21,
    nv22: V22,
    nv23: V23,
    nv24: V24,
    nv25: V25,
    nv26: V26,
    nv27: V27,
    nv28: V28
);
