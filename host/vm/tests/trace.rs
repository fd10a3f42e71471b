//! Execution traces: the tree of calls with its gas, and nothing when nobody asks.

use std::rc::Rc;

use filigree_gas::GasCharge;
use filigree_vm::{Applied, CallTrace, Context, Engines, Genesis, Kind, Machine, Network, mock};
use fvm_ipld_blockstore::MemoryBlockstore;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;
use fvm_shared::message::Message;
use fvm_shared::version::NetworkVersion;

/// Sends value with a method call to a new key address, which makes an account and calls it.
fn run(tracing: bool) -> Applied {
    let store = Rc::new(MemoryBlockstore::new());
    let bundle = mock::minimal_bundle(&store).unwrap();
    let mut genesis = Genesis::new(Box::new(Rc::clone(&store)), &bundle).unwrap();
    let key = |byte| Address::new_secp256k1(&[byte; 65]).unwrap();
    genesis.account(key(1), TokenAmount::from_whole(1)).unwrap();
    let mut context = Context::new(Network::new(NetworkVersion::V28), genesis.finish().unwrap());
    context.tracing = tracing;
    let (chain, verifier) = (mock::FixedChain::default(), mock::AcceptAllVerifier);
    let engines = Engines::new(1, None);
    let mut machine = Machine::new(
        &engines,
        context,
        Box::new(store),
        Box::new(chain),
        Box::new(verifier),
    )
    .unwrap();
    let message = Message {
        version: 0,
        from: key(1),
        to: key(2),
        sequence: 0,
        value: TokenAmount::from_atto(5),
        method_num: 2,
        params: Default::default(),
        gas_limit: 1_000_000_000,
        gas_fee_cap: TokenAmount::default(),
        gas_premium: TokenAmount::default(),
    };
    machine.execute(&message, Kind::Explicit, 100).unwrap()
}

#[test]
fn the_gas_of_a_trace_is_the_gas_of_the_receipt() {
    let applied = run(true);
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
    let (traced, plain) = (run(true), run(false));
    assert_eq!(traced.receipt, plain.receipt);
    assert!(plain.trace.is_empty());
}
