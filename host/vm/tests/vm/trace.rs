//! Execution traces: the tree of calls with its gas, and nothing when nobody asks.

use filigree_gas::GasCharge;
use filigree_vm::{Applied, CallTrace, Kind, TraceEvent};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::{ErrorNumber, ExitCode};
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

/// Sends to f01001 and returns, whatever came of it.
const CARELESS: &str = r#"(module
    (import "send" "send" (func $send (param i32 i32 i32 i64 i32 i64 i64 i64 i64) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "\00\e9\07")
    (func (export "invoke") (param i32) (result i32)
        (drop (call $send (i32.const 64) (i32.const 0) (i32.const 3) (i64.const 2) (i32.const 0)
            (i64.const 0) (i64.const 0) (i64.const -1) (i64.const 0)))
        i32.const 0))"#;

/// Exits with 33 and "no".
const FAILING: &str = r#"(module
    (import "vm" "exit" (func $exit (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "no")
    (func (export "invoke") (param i32) (result i32)
        (drop (call $exit (i32.const 33) (i32.const 0) (i32.const 0) (i32.const 2)))
        unreachable))"#;

#[test]
fn a_failure_that_the_caller_handled_keeps_its_message() {
    let mut world = World::new();
    world.tracing = true;
    world.actor(1_000, CARELESS);
    world.actor(1_001, FAILING);
    let message = message(Address::new_id(1_000), 0);
    let applied = world
        .machine()
        .execute(&message, Kind::Explicit, 100)
        .unwrap();
    assert_eq!(applied.receipt.exit_code, ExitCode::OK);
    let root = CallTrace::from_events(&applied.trace).1.unwrap();
    assert_eq!((root.code, &*root.message), (ExitCode::OK, ""));
    let below = &root.calls[0];
    assert_eq!((below.code, &*below.message), (ExitCode::new(33), "no"));
}

/// Charges gas a hundred times, under a name of 64 KiB, and sends as often with parameters of that length.
const TALKATIVE: &str = r#"(module
    (import "gas" "charge" (func $charge (param i32 i32 i64) (result i32)))
    (import "ipld" "block_create" (func $block (param i32 i64 i32 i32) (result i32)))
    (import "send" "send" (func $send (param i32 i32 i32 i64 i32 i64 i64 i64 i64) (result i32)))
    (memory (export "memory") 2)
    (data (i32.const 0) "\00\e9\07")
    (func (export "invoke") (param i32) (result i32)
        (local $left i32)
        (memory.fill (i32.const 4096) (i32.const 97) (i32.const 65536))
        (drop (call $block (i32.const 64) (i64.const 0x55) (i32.const 4096) (i32.const 65536)))
        (local.set $left (i32.const 100))
        (loop $again
            (drop (call $charge (i32.const 4096) (i32.const 65536) (i64.const 1)))
            (drop (call $send (i32.const 128) (i32.const 0) (i32.const 3) (i64.const 2) (i32.load (i32.const 64))
                (i64.const 0) (i64.const 0) (i64.const -1) (i64.const 0)))
            (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
        i32.const 0))"#;

#[test]
fn a_trace_ends_where_it_is_full() {
    let run = |tracing, limit| {
        let mut world = World::new();
        (world.tracing, world.trace_limit_bytes) = (tracing, limit);
        world.actor(1_000, TALKATIVE);
        world.actor(1_001, FAILING);
        let message = message(Address::new_id(1_000), 0);
        let applied = world.machine().execute(&message, Kind::Explicit, 100);
        applied.unwrap()
    };
    let kept =
        |applied: &Applied| -> usize { applied.trace.iter().map(TraceEvent::size_bytes).sum() };
    let whole = run(true, usize::MAX);
    assert_eq!(whole.trace_bytes, kept(&whole));
    assert!(whole.trace_bytes > 200 << 16, "{}", whole.trace_bytes);
    let limit = 1 << 20;
    let cut = run(true, limit);
    assert!(cut.trace_bytes > limit, "it says that more was to be told");
    assert!(kept(&cut) <= limit && kept(&cut) > limit / 2);
    let same =
        |(one, other): (&TraceEvent, &TraceEvent)| format!("{one:?}") == format!("{other:?}");
    assert!(
        cut.trace.iter().zip(&whole.trace).all(same),
        "it is the beginning"
    );
    // Nothing else is different.
    let silent = run(false, limit);
    assert_eq!((silent.trace_bytes, silent.trace.len()), (0, 0));
    assert_eq!(cut.receipt, silent.receipt);
    assert_eq!(cut.receipt, whole.receipt);
    assert_eq!(cut.receipt.exit_code, ExitCode::OK);
}

/// Destroys itself, and exits with 100 plus the error number.
const DESTROYS_ITSELF: &str = r#"(module
    (import "self" "self_destruct" (func $destruct (param i32) (result i32)))
    (import "vm" "exit" (func $exit (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "invoke") (param i32) (result i32)
        (drop (call $exit (i32.add (i32.const 100) (call $destruct (i32.const 0)))
            (i32.const 0) (i32.const 0) (i32.const 0)))
        unreachable))"#;

#[test]
fn a_view_changes_nothing() {
    let run = |kind, value: i64| {
        let mut world = World::new();
        world.tracing = true;
        world.actor(1_000, DESTROYS_ITSELF);
        let mut message = message(Address::new_id(1_000), 0);
        message.value = TokenAmount::from_atto(value);
        let applied = world.machine().execute(&message, kind, 100).unwrap();
        let root = CallTrace::from_events(&applied.trace).1;
        (
            applied.receipt.exit_code.value(),
            root.map(|root| root.read_only),
        )
    };
    let read_only = 100 + ErrorNumber::ReadOnly as u32;
    assert_eq!(run(Kind::View, 0), (read_only, Some(true)));
    assert_eq!(run(Kind::Implicit, 0), (100, Some(false)));
    let refused = ExitCode::SYS_ASSERTION_FAILED.value();
    assert_eq!(run(Kind::View, 1), (refused, None));
}
