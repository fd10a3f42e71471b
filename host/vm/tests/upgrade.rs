//! `actor::upgrade_actor`, which the reference crates do not link by default and the differential tests cannot reach.

use std::rc::Rc;

use cid::Cid;
use filigree_vm::{Applied, Context, Engines, Genesis, Kind, Machine, Network, mock};
use fvm_ipld_blockstore::MemoryBlockstore;
use fvm_shared::EMPTY_ARR_CID;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;
use fvm_shared::message::Message;
use fvm_shared::version::NetworkVersion;

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
    let store = Rc::new(MemoryBlockstore::new());
    let bundle = mock::minimal_bundle(&store).unwrap();
    let mut genesis = Genesis::new(Box::new(Rc::clone(&store)), &bundle).unwrap();
    let new = genesis.code(new);
    let old = genesis.code(&old_code(&new));
    genesis.actor(ACTOR, old, EMPTY_ARR_CID, TokenAmount::default(), None);
    let key = Address::new_secp256k1(&[1; 65]).unwrap();
    let sender = genesis.account(key, TokenAmount::from_whole(1)).unwrap();

    let network = Network {
        allow_upgrade: true,
        ..Network::new(NetworkVersion::V28)
    };
    let context = Context::new(network, genesis.finish().unwrap());
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
        from: Address::new_id(sender),
        to: Address::new_id(ACTOR),
        sequence: 0,
        value: TokenAmount::default(),
        method_num: 2,
        params: Default::default(),
        gas_limit: 1_000_000_000,
        gas_fee_cap: TokenAmount::default(),
        gas_premium: TokenAmount::default(),
    };
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
