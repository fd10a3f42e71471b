//! The counter as Wasm, in a sandbox.

use example_counter::{Counter, CounterClient};
use filigree_sandbox::{Sandbox, wasm_of};
use filigree_sdk::prelude::*;

#[test]
fn it_counts_for_its_owner_alone() {
    let mut sandbox = Sandbox::new();
    let alice = sandbox.account(TokenAmount::from_whole(10));
    let bob = sandbox.account(TokenAmount::from_whole(10));
    let code = sandbox.install(wasm_of!());
    let at = sandbox
        .deploy(&code, CounterClient::new(alice.address))
        .ok();
    let counter = CounterClient::at(at);

    assert_eq!(sandbox.call(alice, counter.increment(3)).ok(), 3);
    sandbox
        .call(bob, counter.increment(1))
        .expect_exit(ExitCode::USR_FORBIDDEN, "owner");
    sandbox
        .call(alice, counter.increment(u64::MAX))
        .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "overflow");
    assert_eq!(sandbox.call(alice, counter.increment(4)).ok(), 7);
    assert_eq!(sandbox.view(counter.value()), 7);
    let state: Counter = sandbox.state(at);
    assert_eq!((state.owner, state.value), (alice.id, 7));
}

#[test]
fn nobody_constructs_it_again() {
    let mut sandbox = Sandbox::new();
    let alice = sandbox.account(TokenAmount::from_whole(10));
    let code = sandbox.install(wasm_of!());
    let at = sandbox
        .deploy(&code, CounterClient::new(alice.address))
        .ok();
    let again: Call<()> = Call::new(at, 1, CounterClient::new(alice.address).params);
    sandbox
        .call(alice, again)
        .expect_exit(ExitCode::USR_FORBIDDEN, "may not call method 1");
}
