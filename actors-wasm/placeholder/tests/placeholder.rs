//! The placeholder on a chain: money sent to an f410f address makes one, and it takes every call.

use filigree_sandbox::Sandbox;
use filigree_sdk::prelude::*;

#[test]
fn it_keeps_money_and_takes_every_call() {
    let mut sandbox = Sandbox::new();
    let alice = sandbox.account(TokenAmount::from_whole(10));
    let ethereum = Address::new_delegated(10, &[0xee; 20]).unwrap();
    let two = TokenAmount::from_whole(2);
    sandbox.transfer(alice, ethereum, two.clone()).ok();
    let actor = sandbox.actor(ethereum).unwrap();
    assert_eq!(
        (actor.delegated_address, actor.balance),
        (Some(ethereum), two)
    );

    for method in [1, 2, 3, (1 << 24) - 1, 1 << 24, u64::MAX] {
        let params = RawBytes::serialize("whatever").unwrap().into();
        let outcome = sandbox.call(alice, Call::<()>::new(ethereum, method, params));
        let trace = outcome.trace().root.unwrap();
        assert!(trace.actor.starts_with("placeholder("), "{}", trace.actor);
        assert_eq!(
            (trace.code, trace.returned),
            (ExitCode::OK, None),
            "{method}"
        );
        outcome.ok();
    }
    let after = sandbox.actor(ethereum).unwrap();
    assert_eq!((after.code, after.state), (actor.code, actor.state));
}
