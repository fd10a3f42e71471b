//! `actor::upgrade_actor`: which code an actor has afterwards.

use cid::Cid;
use filigree_vm::{Applied, CallTrace, Failure, Kind, METHOD_UPGRADE};
use fvm_shared::EMPTY_ARR_CID;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;

use crate::support::{World, message};

const ACTOR: u64 = 1_000;

/// Code whose `upgrade` does what `body` says (a block handle is its result).
fn new_code(body: &str) -> Vec<u8> {
    wat::parse_str(format!(
        r#"(module
            (import "vm" "exit" (func $exit (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (func (export "invoke") (param i32) (result i32) i32.const 0)
            (func (export "upgrade") (param i32 i32) (result i32) {body}))"#
    ))
    .unwrap()
}

/// Code that upgrades itself to the code with this CID, and exits with 100 plus the error number if it is refused.
fn old_code(to: &Cid) -> Vec<u8> {
    let cid: String = to.to_bytes().iter().map(|b| format!("\\{b:02x}")).collect();
    wat::parse_str(format!(
        r#"(module
            (import "actor" "upgrade_actor" (func $upgrade (param i32 i32 i32) (result i32)))
            (import "vm" "exit" (func $exit (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "{cid}")
            (func (export "invoke") (param i32) (result i32)
                (drop (call $exit
                    (i32.add (i32.const 100) (call $upgrade (i32.const 256) (i32.const 0) (i32.const 0)))
                    (i32.const 0) (i32.const 0) (i32.const 0)))
                (unreachable)))"#
    ))
    .unwrap()
}

/// Sends a message to an actor that upgrades itself to `new`: what came of it, and the actor's code afterwards against
/// the old and the new.
fn upgrade(new: &[u8]) -> (Applied, Cid, Cid, Cid) {
    let mut world = World::new();
    world.network.allow_upgrade = true;
    let new = world.genesis.code(new);
    let old = world.genesis.code(&old_code(&new));
    world
        .genesis
        .actor(ACTOR, old, EMPTY_ARR_CID, TokenAmount::default(), None);
    let mut machine = world.machine();
    let message = message(Address::new_id(ACTOR), 0);
    let applied = machine.execute(&message, Kind::Explicit, 100).unwrap();
    let code = machine.state().get_actor(ACTOR).unwrap().unwrap().code;
    (applied, code, old, new)
}

#[test]
fn success_replaces_the_code_and_ends_the_old_one() {
    let (applied, code, _, new) = upgrade(&new_code("i32.const 0"));
    assert_eq!(
        applied.receipt.exit_code,
        ExitCode::OK,
        "{:?}",
        applied.failure
    );
    assert_eq!(code, new);
}

#[test]
fn failure_keeps_the_code_and_lets_the_old_one_go_on() {
    let exit =
        "(drop (call $exit (i32.const 33) (i32.const 0) (i32.const 0) (i32.const 0))) unreachable";
    let (applied, code, old, _) = upgrade(&new_code(exit));
    assert_eq!(
        applied.receipt.exit_code,
        ExitCode::new(100),
        "{:?}",
        applied.failure
    );
    assert_eq!(code, old);
}

#[test]
fn code_without_the_entry_point_is_refused() {
    let no_upgrade = r#"(module (memory (export "memory") 1)
        (func (export "invoke") (param i32) (result i32) i32.const 0))"#;
    let (applied, code, old, _) = upgrade(&wat::parse_str(no_upgrade).unwrap());
    assert_eq!(
        applied.receipt.exit_code,
        ExitCode::new(100),
        "{:?}",
        applied.failure
    );
    assert_eq!(code, old);
}

/// Upgrades an actor from outside: what came of it, and the actor's code afterwards.
fn rehearse(new: &[u8], to: u64) -> (Applied, Cid, Cid) {
    let mut world = World::new();
    world.tracing = true;
    let new = world.genesis.code(new);
    let old = world.genesis.code(&new_code("i32.const 0"));
    world
        .genesis
        .actor(ACTOR, old, EMPTY_ARR_CID, TokenAmount::default(), None);
    let mut machine = world.machine();
    let message = message(Address::new_id(to), 0);
    let applied = machine.execute(&message, Kind::Upgrade(new), 0).unwrap();
    let code = machine.state().get_actor(ACTOR).unwrap().unwrap().code;
    (applied, code, new)
}

#[test]
fn an_upgrade_is_tried_from_outside() {
    let (applied, code, new) = rehearse(
        &new_code("i32.const 0 (; other code ;) drop i32.const 0"),
        ACTOR,
    );
    assert_eq!(applied.receipt.exit_code, ExitCode::OK);
    assert_eq!(code, new);
    let (outside, root) = CallTrace::from_events(&applied.trace);
    let root = root.unwrap();
    assert!(outside.iter().all(|charge| charge.name != "OnChainMessage"));
    assert_eq!(
        (root.method, root.invoked.unwrap().0),
        (METHOD_UPGRADE, ACTOR)
    );
    assert!(applied.receipt.gas_used > 0);
}

#[test]
fn an_upgrade_from_outside_that_fails_says_why_and_leaves_the_code() {
    let exit = r#"(i32.store8 (i32.const 0) (i32.const 110)) (i32.store8 (i32.const 1) (i32.const 111))
        (drop (call $exit (i32.const 33) (i32.const 0) (i32.const 0) (i32.const 2))) unreachable"#;
    let (applied, code, new) = rehearse(&new_code(exit), ACTOR);
    assert_eq!(applied.receipt.exit_code, ExitCode::new(33));
    assert_ne!(code, new);
    let (_, root) = CallTrace::from_events(&applied.trace);
    assert_eq!(root.unwrap().message, "no");
    let Some(Failure::Backtrace(backtrace)) = applied.failure else {
        panic!("{:?}", applied.failure);
    };
    assert_eq!(
        (backtrace.calls[0].method, &*backtrace.calls[0].message),
        (METHOD_UPGRADE, "no")
    );

    let (applied, code, new) = rehearse(b"no wasm", ACTOR);
    assert!(!applied.receipt.exit_code.is_success());
    assert_ne!(code, new);
    let nobody = rehearse(&new_code("i32.const 0"), ACTOR + 1).0;
    assert_eq!(nobody.receipt.exit_code, ExitCode::SYS_ASSERTION_FAILED);
}
