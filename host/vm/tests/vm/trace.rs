//! Execution traces: the tree of calls with its gas, and nothing when nobody asks.

use filigree_gas::GasCharge;
use filigree_vm::{Applied, CallTrace, Kind, TraceEvent};
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;
use fvm_shared::version::NetworkVersion;

use crate::support::{World, key, message};

/// Sends value with a method call to a new key address, which makes an account and calls it.
fn run(tracing: bool, version: NetworkVersion) -> Applied {
    let mut world = World::new();
    world.tracing = tracing;
    world.network.version = version;
    let mut message = message(key(2), 0);
    message.value = TokenAmount::from_atto(5);
    world
        .machine()
        .execute(&message, Kind::Explicit, 100)
        .unwrap()
}

#[test]
fn the_gas_of_a_trace_is_the_gas_of_the_receipt() {
    let applied = run(true, NetworkVersion::V28);
    let (outside, root) = CallTrace::from_events(&applied.trace);
    let root = root.unwrap();
    assert_eq!(root.code, ExitCode::OK);
    assert_eq!(root.value, TokenAmount::from_atto(5));
    assert_eq!((root.from, root.method), (100, 2));
    assert_eq!(root.invoked.as_ref().unwrap().0, 101);

    let names: Vec<&str> = root.gas_charges.iter().map(|c| &*c.name).collect();
    for name in [
        "OnCreateActor",
        "OnValueTransfer",
        "OnMethodInvocation",
        "wasm_memory_init",
    ] {
        assert!(names.contains(&name), "{name} is not in {names:?}");
    }
    assert_eq!(outside[0].name, "OnChainMessage");
    let milligas: u64 = outside
        .iter()
        .chain(&root.gas_charges)
        .map(|charge: &GasCharge| charge.total().as_milligas())
        .sum();
    assert_eq!(milligas.div_ceil(1000), applied.receipt.gas_used);
}

#[test]
fn tracing_changes_nothing_else() {
    for version in [NetworkVersion::V18, NetworkVersion::V28] {
        let (traced, plain) = (run(true, version), run(false, version));
        assert_eq!(traced.receipt, plain.receipt);
        assert!(plain.trace.is_empty());
    }
}

#[test]
fn the_constructor_of_an_account_made_by_a_send_is_traced_up_to_nv20() {
    for (version, constructors) in [(NetworkVersion::V20, 1), (NetworkVersion::V21, 0)] {
        let trace = run(true, version).trace;
        let invoked = trace
            .iter()
            .filter(|event| matches!(event, TraceEvent::Invoke { .. }));
        assert_eq!(invoked.count(), 1 + constructors, "at {version}");
    }
}
