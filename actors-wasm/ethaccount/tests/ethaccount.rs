//! The Ethereum account on a chain: a placeholder becomes one with its first message.

use filigree_sandbox::Sandbox;
use filigree_sdk::prelude::*;

/// A sandbox with an Ethereum account that has sent a message.
fn sandbox() -> (Sandbox, filigree_sandbox::Account, Address) {
    let mut sandbox = Sandbox::new();
    let alice = sandbox.account(TokenAmount::from_whole(10));
    let ethereum = Address::new_delegated(10, &[0xee; 20]).unwrap();
    sandbox
        .transfer(alice, ethereum, TokenAmount::from_whole(2))
        .ok();
    let placeholder = sandbox.actor(ethereum).unwrap().code;
    sandbox
        .transfer(ethereum, alice, TokenAmount::from_whole(1))
        .ok();
    let actor = sandbox.actor(ethereum).unwrap();
    assert_ne!(actor.code, placeholder);
    assert_eq!(
        (actor.sequence, actor.delegated_address),
        (1, Some(ethereum))
    );
    (sandbox, alice, ethereum)
}

#[test]
fn it_accepts_methods_that_have_names() {
    let (mut sandbox, alice, ethereum) = sandbox();
    for (method, code) in [
        (1 << 24, ExitCode::OK),
        (u64::MAX, ExitCode::OK),
        (2, ExitCode::USR_UNHANDLED_MESSAGE),
        ((1 << 24) - 1, ExitCode::USR_UNHANDLED_MESSAGE),
        (1, ExitCode::USR_FORBIDDEN),
    ] {
        let outcome = sandbox.call(alice, Call::<()>::new(ethereum, method, None));
        let trace = outcome.trace().root.unwrap();
        assert!(trace.actor.starts_with("ethaccount("), "{}", trace.actor);
        assert_eq!(trace.code, code, "{method}");
    }
}

#[test]
fn its_constructor_is_for_the_system() {
    let (mut sandbox, _, ethereum) = sandbox();
    let construct = Call::<()>::new(ethereum, 1, None);
    sandbox.implicit(0, construct).ok();
}
