//! The first version becomes the second.

use example_counter as v1;
use example_counter_v2::{Counter, CounterClient};
use filigree_sandbox::Sandbox;
use filigree_sdk::prelude::*;

#[test]
fn a_counter_keeps_its_value() {
    let mut sandbox = Sandbox::new();
    let alice = sandbox.account(TokenAmount::from_whole(10));
    let (old, new) = (
        sandbox.install_native::<v1::Counter>(),
        sandbox.install_native::<Counter>(),
    );
    let at = sandbox
        .deploy(&old, v1::CounterClient::new(alice.address))
        .ok();
    let before = v1::CounterClient::at(at);
    sandbox.call(alice, before.increment(7)).ok();
    let limit = RawBytes::serialize(5u64).unwrap();

    // Parameters that do not fit: the old code stays.
    let bad = before.change_code(new.cid, RawBytes::new(vec![0x60]));
    assert!(!sandbox.call(alice, bad).is_ok());
    assert_eq!(sandbox.state::<v1::Counter>(at).value, 7);

    sandbox
        .call(alice, before.change_code(new.cid, limit.clone()))
        .ok();
    let counter = CounterClient::at(at);
    assert_eq!(sandbox.call(alice, counter.increment(5)).ok(), 12);
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
    assert_eq!(sandbox.view(counter.value()), 12);
}
