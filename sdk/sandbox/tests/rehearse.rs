//! An upgrade is rehearsed on all actors of a code, and nothing of it stays.

use example_counter::{Counter, CounterClient};
use filigree_sandbox::rehearse::{RehearseError, Rehearsed};
use filigree_sandbox::{Account, Code, Sandbox, wasm_of};
use filigree_sdk::prelude::*;

mod vault;

/// Counters of the fixture.
const COUNTERS: u64 = 50;

/// The counter whose state is damaged.
const DAMAGED: u64 = 17;

/// 50 counters at 0, 3, 6 and so on, one of which holds what is no counter's state.
fn counters() -> (Sandbox, Code, Vec<ActorID>) {
    let mut sandbox = Sandbox::new();
    let alice = sandbox.account(TokenAmount::from_whole(10));
    let code = sandbox.install(wasm_of!("../examples/counter"));
    let mut ids = Vec::new();
    for number in 0..COUNTERS {
        let at = sandbox
            .deploy(&code, CounterClient::new(alice.address))
            .ok();
        ids.push(sandbox.id(at));
        sandbox
            .call(alice, CounterClient::at(at).increment(3 * number))
            .ok();
    }
    sandbox.set_state(ids[DAMAGED as usize], &(alice.id, "seventeen"));
    (sandbox, code, ids)
}

#[test]
fn every_counter_is_upgraded_in_a_state_of_its_own() {
    let (mut sandbox, old, ids) = counters();
    let new = sandbox.install(wasm_of!("../examples/counter-v2"));
    let root = *sandbox.state_root();
    let rehearsal = sandbox.rehearse(&old, &new).params(5u64);
    let report = rehearsal.invariant("Value").workers(4).run().unwrap();
    assert_eq!(
        (report.passed, report.failed, report.workers),
        (49, 1, 4),
        "{report}"
    );
    assert_eq!(
        (&*report.old_name, &*report.new_name),
        ("Counter", "Counter")
    );
    let told: Vec<ActorID> = report.actors.iter().map(|told| told.id).collect();
    assert_eq!(told, ids);

    let failed: Vec<&Rehearsed> = report.failures().collect();
    assert_eq!(failed[0].id, ids[DAMAGED as usize]);
    let serialization = ExitCode::USR_SERIALIZATION.value();
    assert_eq!(failed[0].exit_code, Some(serialization), "{report}");
    assert_eq!(failed[0].message, "malformed DAG-CBOR");
    let note = &failed[0].notes[0];
    assert!(note.contains("not what the old schema says"), "{note}");

    let seventh = &report.actors[7];
    assert_eq!(seventh.before.as_ref().unwrap()["value"], 21);
    assert_eq!(seventh.after.as_ref().unwrap()["value"], 21);
    let changes: Vec<String> = seventh.changes.iter().map(|c| c.to_string()).collect();
    assert_eq!(changes, ["+ steps: 0", "+ step_limit: 5"]);
    // Only so many are shown.
    assert!(report.actors[20].after.is_none() && report.actors[20].passed());
    let gas = report.gas.unwrap();
    assert!(0 < gas.min && gas.min <= gas.median && gas.median <= gas.max);

    let text = report.to_string();
    for part in [
        "50 actors: 1 FAILED, 49 passed",
        "  + step_limit: 5",
        "FAILED",
        "exit code 21 (USR_SERIALIZATION): malformed DAG-CBOR",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }

    // Nothing stays.
    assert_eq!(*sandbox.state_root(), root);
    assert_eq!(sandbox.actor(ids[0]).unwrap().code, old.cid);
    assert_eq!(sandbox.state::<Counter>(ids[7]).value, 21);
}

#[test]
fn threads_do_not_change_what_is_told() {
    let (mut sandbox, old, _) = counters();
    let new = sandbox.install(wasm_of!("../examples/counter-v2"));
    let run = |workers| {
        let done = std::sync::atomic::AtomicUsize::new(0);
        let progress = |_, all| {
            assert_eq!(all, COUNTERS as usize);
            done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        };
        let rehearsal = sandbox.rehearse(&old, &new).params(5u64).show(usize::MAX);
        let report = rehearsal.workers(workers).progress(&progress).run();
        assert_eq!(done.into_inner(), COUNTERS as usize);
        let mut report = serde_json::to_value(report.unwrap()).unwrap();
        report["wall_time_micros"] = 0.into();
        report["workers"] = 0.into();
        for told in report["actors"].as_array_mut().unwrap() {
            assert!(told["exit_code"] != 0 || told["after"].is_object());
            told["time_micros"] = 0.into();
        }
        report
    };
    assert_eq!(run(1), run(3));
}

#[test]
fn actors_are_chosen_by_name_or_one_by_one() {
    let (mut sandbox, _, ids) = counters();
    let new = sandbox.install(wasm_of!("../examples/counter-v2"));
    // Nobody runs the new code, so the name says which is meant.
    let all = sandbox
        .rehearse("Counter", &new)
        .params(1u64)
        .run()
        .unwrap();
    assert_eq!(all.actors.len(), 50);
    let one = Address::new_id(ids[3]);
    let one = sandbox.rehearse(one, &new).params(1u64).run().unwrap();
    assert_eq!((one.actors.len(), one.actors[0].id), (1, ids[3]));
    let json = serde_json::json!({ "step_limit": 9 });
    let by_name = sandbox.rehearse("Counter", &new).params_json(json).run();
    let after = by_name.unwrap().actors[1].after.clone().unwrap();
    assert_eq!(after["step_limit"], 9);
}

#[test]
fn what_cannot_be_rehearsed_is_told() {
    let (mut sandbox, old, ids) = counters();
    let new = sandbox.install(wasm_of!("../examples/counter-v2"));
    let error = |rehearsal: filigree_sandbox::rehearse::Rehearsal<'_>| {
        rehearsal.run().unwrap_err().to_string()
    };
    let text = error(sandbox.rehearse(&new, &new));
    assert!(
        text.starts_with(&format!("no actor runs the code {}", new.cid)),
        "{text}"
    );
    assert!(
        text.contains(&format!("  Counter {}, 50 actors", old.cid)),
        "{text}"
    );
    assert!(
        text.contains("  cron ") && text.contains("the actor f03"),
        "{text}"
    );
    let text = error(sandbox.rehearse("Conter", &new));
    assert!(text.contains("no actor runs code called Conter"), "{text}");
    let text = error(sandbox.rehearse(Address::new_id(77_777), &new));
    assert!(text.contains("there is no actor f077777"), "{text}");
    let text = error(sandbox.rehearse(&old, &old));
    assert!(text.contains("exports no `upgrade`"), "{text}");
    let text = error(sandbox.rehearse(&old, &new).invariant("Valu"));
    assert!(
        text.contains("invariant Valu: Counter has no method Valu; did you mean Value?"),
        "{text}"
    );
    let text = error(sandbox.rehearse(&old, &new).invariant("Increment"));
    assert!(text.contains("it is no view"), "{text}");
    let text = error(sandbox.rehearse(&old, &new).params_json("five".into()));
    assert!(text.contains("parameters of the upgrade: "), "{text}");

    // Two codes of one name.
    sandbox
        .call(
            sandbox.state::<Counter>(ids[0]).owner,
            CounterClient::at(Address::new_id(ids[0]))
                .change_code(new.cid, RawBytes::serialize(5u64).unwrap()),
        )
        .ok();
    let error = sandbox.rehearse("Counter", &new).run().unwrap_err();
    assert!(matches!(error, RehearseError::Ambiguous { .. }), "{error}");
    let mut sandbox = Sandbox::builder().allow_upgrade(false).build();
    let code = sandbox.install_native::<vault::v2::Vault>();
    let error = sandbox.rehearse(&code, &code).run().unwrap_err();
    assert!(matches!(error, RehearseError::Off), "{error}");
}

/// A vault of each kind: see `vault`.
fn vaults(moods: &[vault::Mood]) -> (Sandbox, Account, Vec<ActorID>, Code) {
    let mut sandbox = Sandbox::new();
    let alice = sandbox.account(TokenAmount::from_whole(10_000));
    let code = sandbox.install_native::<vault::Vault>();
    let mut ids = Vec::new();
    for mood in moods {
        let construction = vault::VaultClient::new(*mood as u64);
        let one = TokenAmount::from_whole(1);
        let at = sandbox.deploy_paid(alice, &code, construction, one).ok();
        ids.push(sandbox.id(at));
    }
    (sandbox, alice, ids, code)
}

#[test]
fn what_an_upgrade_breaks_is_found() {
    use vault::Mood::*;
    let (mut sandbox, alice, ids, old) =
        vaults(&[Good, Generous, Muddled, Unsound, Panicking, Other]);
    let new = sandbox.install_native::<vault::v2::Vault>();
    let rehearsal = sandbox.rehearse(&old, &new).caller(alice);
    let rehearsal = rehearsal.invariant("IsSound").invariant("Answers");
    let report = rehearsal.run().unwrap();
    let broken = |at: usize| report.actors[at].broken.join("; ");
    assert_eq!(report.actors[0].id, ids[0]);
    assert!(report.actors[0].passed(), "{report}");
    assert_eq!(broken(1), "its balance went from 1.0 to 0.0 FIL");
    assert!(
        broken(2).starts_with("its new state is not what the schema says: state.entries"),
        "{report}"
    );
    assert_eq!(broken(3), "IsSound returns false");
    assert_eq!(
        report.actors[4].exit_code,
        Some(ExitCode::USR_ASSERTION_FAILED.value())
    );
    assert!(report.actors[4].message.contains("on purpose"), "{report}");
    assert!(
        broken(5).starts_with("Answers fails with exit code 16 (USR_ILLEGAL_ARGUMENT): no answer"),
        "{}",
        broken(5)
    );
    assert_eq!((report.passed, report.failed), (1, 5));
    let panic = std::panic::catch_unwind(|| report.expect_all_to_pass()).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.contains("5 FAILED, 1 passed"), "{text}");
}

#[test]
fn a_thousand_that_fail_are_shown_and_all_that_are_asked_for() {
    let (mut sandbox, _, _, old) = vaults(&[vault::Mood::Unsound; 1_003]);
    let new = sandbox.install_native::<vault::v2::Vault>();
    for (asked, shown) in [(10, 1_000), (1_002, 1_002), (usize::MAX, 1_003)] {
        let rehearsal = sandbox.rehearse(&old, &new).invariant("IsSound");
        let report = rehearsal.show(asked).run().unwrap();
        assert_eq!((report.passed, report.failed), (0, 1_003));
        let with_states = report.actors.iter().filter(|told| told.before.is_some());
        assert_eq!(with_states.count(), shown);
    }
}

#[test]
fn views_after_the_upgrade_can_change_nothing() {
    let (mut sandbox, _, _, old) = vaults(&[vault::Mood::Good]);
    let new = sandbox.install_native::<vault::v2::Vault>();
    let report = sandbox.rehearse(&old, &new).invariant("Touches").run();
    let broken = &report.unwrap().actors[0].broken;
    assert!(
        broken[0].starts_with("Touches fails with exit code"),
        "{broken:?}"
    );
}
