//! The first version becomes the second: both as Wasm, through the entry point that the host runs.

use example_counter as v1;
use example_counter_v2::{Counter, CounterClient};
use filigree_sandbox::{Sandbox, wasm_of};
use filigree_sdk::prelude::*;

#[test]
fn a_counter_keeps_its_value() {
    let mut sandbox = Sandbox::new();
    let alice = sandbox.account(TokenAmount::from_whole(10));
    let (old, new) = (
        sandbox.install(wasm_of!("../counter")),
        sandbox.install(wasm_of!()),
    );
    let at = sandbox
        .deploy(&old, v1::CounterClient::new(alice.address))
        .ok();
    let before = v1::CounterClient::at(at);
    sandbox.call(alice, before.increment(7)).ok();
    let limit = RawBytes::serialize(5u64).unwrap();

    // Parameters that do not fit: the old code stays, and works on.
    let bad = before.change_code(new.cid, RawBytes::new(vec![0x60]));
    sandbox
        .call(alice, bad)
        .expect_exit(ExitCode::USR_SERIALIZATION, "");
    assert_eq!(sandbox.actor(at).unwrap().code, old.cid);
    assert_eq!(sandbox.call(alice, before.increment(1)).ok(), 8);
    assert_eq!(sandbox.state::<v1::Counter>(at).value, 8);

    sandbox
        .call(alice, before.change_code(new.cid, limit.clone()))
        .ok();
    assert_eq!(sandbox.actor(at).unwrap().code, new.cid);
    let migrated = Counter {
        owner: alice.id,
        value: 8,
        steps: 0,
        step_limit: 5,
    };
    assert_eq!(sandbox.state::<Counter>(at), migrated);

    let counter = CounterClient::at(at);
    assert_eq!(sandbox.call(alice, counter.increment(5)).ok(), 13);
    assert_eq!(sandbox.view(counter.steps()), 1);
    sandbox
        .call(alice, counter.increment(6))
        .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "more than 5");

    // The second version does not take over from itself.
    assert!(
        !sandbox
            .call(alice, counter.change_code(new.cid, limit))
            .is_ok()
    );
    assert_eq!(sandbox.view(counter.value()), 13);
}

#[test]
fn many_counters_become_the_next_version() {
    let mut sandbox = Sandbox::new();
    let alice = sandbox.account(TokenAmount::from_whole(10));
    let bob = sandbox.account(TokenAmount::from_whole(10));
    let (old, new) = (
        sandbox.install(wasm_of!("../counter")),
        sandbox.install(wasm_of!()),
    );
    let limit = RawBytes::serialize(100u64).unwrap();
    for value in 0..5 {
        let construction = v1::CounterClient::new(alice.address);
        let at = sandbox.deploy(&old, construction).ok();
        let counter = v1::CounterClient::at(at);
        sandbox.call(alice, counter.increment(value)).ok();
        let change = counter.change_code(new.cid, limit.clone());
        sandbox
            .call(bob, change.clone())
            .expect_exit(ExitCode::USR_FORBIDDEN, "owner");
        sandbox.call(alice, change).ok();
        let before = v1::Counter {
            owner: alice.id,
            value,
        };
        assert_eq!(sandbox.state::<Counter>(at), Counter::migrate(before, 100));
    }
}

#[test]
fn where_upgrades_are_not_allowed_nothing_changes() {
    let mut sandbox = Sandbox::builder().allow_upgrade(false).build();
    let alice = sandbox.account(TokenAmount::from_whole(10));
    // The first version as it runs where upgrades are: such a network refuses its Wasm.
    let code = sandbox.install_native::<v1::Counter>();
    let at = sandbox
        .deploy(&code, v1::CounterClient::new(alice.address))
        .ok();
    let change = v1::CounterClient::at(at).change_code(code.cid, RawBytes::default());
    assert!(!sandbox.call(alice, change).is_ok());
    assert_eq!(sandbox.state::<v1::Counter>(at).value, 0);
}
