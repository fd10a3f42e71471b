//! Wasm and native: the same actor, the same receipts; only gas differs.

use example_counter::{Counter, CounterClient};
use filigree_sandbox::{Code, Sandbox, wasm_of};
use filigree_sdk::prelude::*;

fn counter_wasm() -> &'static [u8] {
    wasm_of!("../examples/counter")
}

/// Receipts of the same calls, without their gas; and what they cost.
fn receipts(install: impl FnOnce(&mut Sandbox) -> Code) -> (Vec<String>, Vec<u64>) {
    let mut sandbox = Sandbox::new();
    let alice = sandbox.account(TokenAmount::from_whole(1));
    let bob = sandbox.account(TokenAmount::from_whole(1));
    let code = install(&mut sandbox);
    let deployed = sandbox.deploy_as(alice, &code, CounterClient::new(alice.address));
    let (mut receipts, mut gas) = (Vec::new(), vec![deployed.gas_used()]);
    let counter = CounterClient::at(deployed.ok());
    let calls = [
        (alice, counter.increment(3)),
        (bob, counter.increment(4)),
        (alice, counter.increment(u64::MAX)),
        (alice, counter.value()),
        (alice, Call::new(counter.address, 99, None)),
        (
            alice,
            Call::new(counter.address, counter.increment(0).method, None),
        ),
        (alice, counter.increment(1).value(TokenAmount::from_atto(5))),
    ];
    for (from, call) in calls {
        let outcome = sandbox.call(from, call);
        gas.push(outcome.gas_used());
        let mut receipt = outcome.receipt().clone();
        receipt.gas_used = 0;
        receipts.push(format!(
            "{receipt:?} {} {:?}",
            outcome.message(),
            outcome.events()
        ));
    }
    receipts.push(sandbox.state_json(counter.address).to_string());
    (receipts, gas)
}

#[test]
fn wasm_and_native_give_the_same_receipts() {
    let (wasm, wasm_gas) = receipts(|sandbox| sandbox.install(counter_wasm()));
    let (native, native_gas) = receipts(|sandbox| sandbox.install_native::<Counter>());
    assert_eq!(wasm, native);
    assert!(
        wasm_gas
            .iter()
            .zip(&native_gas)
            .all(|(wasm, native)| wasm > native),
        "{wasm_gas:?} {native_gas:?}"
    );
}

#[test]
fn gas_is_reported_by_method() {
    let mut sandbox = Sandbox::new();
    let alice = sandbox.account(TokenAmount::from_whole(1));
    let code = sandbox.install(counter_wasm());
    let counter = CounterClient::at(
        sandbox
            .deploy(&code, CounterClient::new(alice.address))
            .ok(),
    );
    for by in 1..4 {
        sandbox.call(alice, counter.increment(by)).ok();
    }
    let report = sandbox.gas_report();
    let increment = report
        .rows()
        .into_iter()
        .find(|row| row.method == "Increment")
        .unwrap();
    assert_eq!(
        (increment.actor.as_str(), increment.calls, increment.failed),
        ("Counter", 3, 0)
    );
    assert!(
        increment.min > 0 && increment.min <= increment.median && increment.median <= increment.max
    );
    assert!(
        report.to_string().contains("Counter.Constructor"),
        "{report}"
    );
}

#[test]
#[should_panic(expected = "would not run this Wasm")]
fn what_is_no_wasm_is_refused_at_once() {
    Sandbox::new().install(b"not wasm");
}
