//! Profiles: their sum is the receipt's gas whatever happens, the receipt is that of an unprofiled run, and each part is
//! where it belongs.

use std::sync::LazyLock;

use filigree_vm::{Applied, Engines, Kind, Profile, Site};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;
use fvm_shared::message::Message;
use fvm_shared::version::NetworkVersion;

use crate::support::{World, key, message};

const CALLER: u64 = 1_000;
const TRAPS: u64 = 1_001;
const EXITS: u64 = 1_002;
const LOOPS: u64 = 1_003;
const RETURNS: u64 = 1_004;
const NO_MEMORY: u64 = 1_005;
const WORKS_ONCE: u64 = 1_006;
const NO_ROOM: u64 = 1_007;

/// Indices of functions in each of the actors here: imports come first.
const WORK: u32 = 4;
const RECURSE: u32 = 5;
const SEND: u32 = 6;
const INVOKE: u32 = 7;

/// An actor whose `invoke` does what `body` says.
fn actor(body: &str) -> String {
    format!(
        r#"(module
            (import "send" "send" (func $send (param i32 i32 i32 i64 i32 i64 i64 i64 i64) (result i32)))
            (import "vm" "exit" (func $exit (param i32 i32 i32 i32) (result i32)))
            (import "gas" "charge" (func $charge (param i32 i32 i64) (result i32)))
            (import "gas" "available" (func $available (param i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 1024) "\00\e8\07")
            (func $work (local i32)
                (loop (local.set 0 (i32.add (local.get 0) (i32.const 1)))
                    (memory.fill (i32.const 0) (i32.const 7) (local.get 0))
                    (br_if 0 (i32.lt_u (local.get 0) (i32.const 50)))))
            (func $recurse (param i32)
                (if (local.get 0) (then (call $recurse (i32.sub (local.get 0) (i32.const 1)))))
                (drop (call $charge (i32.const 0) (i32.const 0) (i64.const 7))))
            (func $send_to (param $actor i32) (param $gas i64)
                (i32.store8 (i32.const 1025) (local.get $actor))
                (drop (call $send (i32.const 2048) (i32.const 1024) (i32.const 3) (i64.const 2) (i32.const 0)
                    (i64.const 0) (i64.const 0) (local.get $gas) (i64.const 0))))
            (func (export "invoke") (param i32) (result i32) {body} (i32.const 0)))"#
    )
}

fn world() -> World {
    let mut world = World::new();
    let sends: String = [TRAPS, EXITS, LOOPS, RETURNS, NO_ROOM]
        .iter()
        .map(|id| {
            // The low byte of the id as a varint, and gas for all but the endless.
            let low = (id & 0x7f) | 0x80;
            format!("(call $send_to (i32.const {low}) (i64.const 3000000))")
        })
        .collect();
    let all = format!(
        "(call $work) (call $recurse (i32.const 5)) (call $work) {sends} (drop (memory.grow (i32.const 1))) (call $work)"
    );
    world.actor(CALLER, &actor(&all));
    world.actor(TRAPS, &actor("(call $recurse (i32.const 2)) unreachable"));
    let exit =
        "(call $work) (drop (call $exit (i32.const 33) (i32.const 0) (i32.const 0) (i32.const 0)))";
    world.actor(EXITS, &actor(exit));
    world.actor(LOOPS, &actor("(loop (call $work) (br 0))"));
    world.actor(RETURNS, &actor("(call $work)"));
    world.actor(WORKS_ONCE, &actor("(call $work)"));
    // The out-pointer is beyond the memory: what Wasm used is charged twice.
    let no_room =
        "(call $work) (drop (call $available (i32.const -4))) (call $recurse (i32.const 1))";
    world.actor(NO_ROOM, &actor(no_room));
    world.actor(
        NO_MEMORY,
        r#"(module (func (export "invoke") (param i32) (result i32) (i32.const 0)))"#,
    );
    world
}

/// Plain engines, and engines for profiles; each compiles an actor once.
fn engines(profiling: bool) -> Engines {
    static PLAIN: LazyLock<Engines> = LazyLock::new(|| Engines::new(1, None));
    static PROFILING: LazyLock<Engines> = LazyLock::new(|| Engines::for_profiles(1, None));
    if profiling {
        PROFILING.clone()
    } else {
        PLAIN.clone()
    }
}

fn run(profiling: bool, tracing: bool, version: NetworkVersion, message: &Message) -> Applied {
    let mut world = world();
    world.engines = engines(profiling);
    world.tracing = tracing;
    world.network.version = version;
    let mut machine = world.machine();
    machine.execute(message, Kind::Explicit, 100).unwrap()
}

/// The milligas of the stacks that end like this.
fn own(profile: &Profile, end: &[Site]) -> u64 {
    let ends = |stack: &[&Site]| {
        stack.len() >= end.len() && stack[stack.len() - end.len()..].iter().copied().eq(end)
    };
    let found = profile.stacks().filter(|(stack, _)| ends(stack));
    found.map(|(_, milligas)| milligas).sum()
}

fn to(actor: u64) -> Message {
    message(Address::new_id(actor), 0)
}

#[test]
fn the_sum_is_the_receipts_gas_and_the_receipt_is_the_same() {
    let limited = |id| Message {
        gas_limit: 100_000_000,
        ..to(id)
    };
    let mut messages: Vec<Message> = (CALLER..=NO_ROOM).map(limited).collect();
    // No such actor; a new account with value; a plain send.
    messages.push(to(77_777));
    let value = |to, method_num| Message {
        value: TokenAmount::from_atto(5),
        method_num,
        ..message(to, 0)
    };
    messages.push(value(key(2), 2));
    messages.push(value(key(3), 0));
    // Out of gas at many places.
    messages.extend((0..30).map(|n| Message {
        gas_limit: 1_000_000 + 577_777 * n,
        ..to(CALLER)
    }));
    let mut codes = std::collections::BTreeSet::new();
    for version in [NetworkVersion::V18, NetworkVersion::V28] {
        for message in &messages {
            let plain = run(false, false, version, message);
            assert!(plain.profile.is_none());
            for tracing in [false, true] {
                let profiled = run(true, tracing, version, message);
                assert_eq!(profiled.receipt, plain.receipt);
                let Some(profile) = profiled.profile else {
                    assert_eq!(plain.receipt.gas_used, 0, "refused: {message:?}");
                    continue;
                };
                assert_eq!(
                    profile.milligas().div_ceil(1000),
                    plain.receipt.gas_used,
                    "{message:?}"
                );
                let sum: u64 = profile.stacks().map(|(_, milligas)| milligas).sum();
                assert_eq!(sum, profile.milligas());
            }
            codes.insert(plain.receipt.exit_code.value());
        }
    }
    // Success, trap, out of gas, fatal and the actor's own code were all among them.
    for code in [
        ExitCode::OK,
        ExitCode::SYS_ILLEGAL_INSTRUCTION,
        ExitCode::SYS_OUT_OF_GAS,
        ExitCode::SYS_ASSERTION_FAILED,
        ExitCode::new(33),
    ] {
        assert!(codes.contains(&code.value()), "{code} is not in {codes:?}");
    }
}

#[test]
fn gas_is_where_it_was_used() {
    let profile = run(true, false, NetworkVersion::V28, &to(CALLER))
        .profile
        .unwrap();
    let once = run(true, false, NetworkVersion::V28, &to(WORKS_ONCE))
        .profile
        .unwrap();
    let work = own(&once, &[Site::Function(INVOKE), Site::Function(WORK)]);
    assert!(work > 50 * 10_000, "{work}");
    // Three times in the caller, before and after calls that end in every way.
    let called = profile.stacks().filter(|(stack, _)| {
        matches!(
            stack[..],
            [
                Site::Call { id: CALLER, .. },
                Site::Function(INVOKE),
                Site::Function(WORK)
            ]
        )
    });
    assert_eq!(called.map(|(_, milligas)| milligas).sum::<u64>(), 3 * work);

    // Callees stand below the syscall of the function that called them.
    for (callee, function) in [
        (TRAPS, RECURSE),
        (EXITS, WORK),
        (LOOPS, WORK),
        (RETURNS, WORK),
    ] {
        let found = profile.stacks().any(|(stack, _)| {
            matches!(stack[..], [
                Site::Call { id: CALLER, method: 2, export: "invoke", .. },
                Site::Function(INVOKE), Site::Function(SEND), Site::Syscall("send", "send"),
                Site::Call { id, .. }, Site::Function(INVOKE), Site::Function(f), ..
            ] if *id == callee && *f == function)
        });
        assert!(found, "{callee}");
    }
    // What the endless one used is its limit; looking it up, 500000 of that, is part of the syscall.
    let below = profile.stacks().filter(|(stack, _)| {
        stack
            .iter()
            .any(|site| matches!(site, Site::Call { id: LOOPS, .. }))
    });
    assert_eq!(
        below.map(|(_, milligas)| milligas).sum::<u64>(),
        2_500_000_000
    );

    // Recursion is a stack of its own depth; the syscall in it has the actor's charge and its own price.
    let chain: Vec<Site> = [
        vec![Site::Function(INVOKE)],
        vec![Site::Function(RECURSE); 6],
    ]
    .concat();
    assert!(own(&profile, &chain) > 0);
    let charge = Site::Syscall("gas", "charge");
    let deepest = own(&profile, &[chain.clone(), vec![charge.clone()]].concat());
    assert!(deepest >= 7_000, "{deepest}");

    // What no function did has the names of the price list.
    for name in ["OnChainMessage", "OnMethodInvocation", "wasm_memory_init"] {
        assert!(own(&profile, &[Site::Charge(name.into())]) > 0, "{name}");
    }
}

#[test]
fn a_fatal_error_takes_the_rest() {
    let profile = run(true, false, NetworkVersion::V28, &to(NO_MEMORY))
        .profile
        .unwrap();
    assert!(own(&profile, &[Site::Charge("FatalError".into())]) > 9_000_000_000_000);
}
