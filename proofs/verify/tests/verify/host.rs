//! Proofs judged where actors ask: by the host's syscalls.

use std::rc::Rc;

use filigree_proofs_verify::{Keys, Limits, ProofVerifier};
use filigree_vm::{
    Context, Engines, ExecuteError, Genesis, Kind, Machine, Network, VerifyError, mock,
};
use fvm_ipld_blockstore::MemoryBlockstore;
use fvm_ipld_encoding::{RawBytes, to_vec};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::{ErrorNumber, ExitCode};
use fvm_shared::message::Message;
use fvm_shared::sector::{PoStProof, RegisteredPoStProof};
use fvm_shared::version::NetworkVersion;
use fvm_shared::{ActorID, EMPTY_ARR_CID};

use crate::bad::questions;
use crate::library::Asked;
use crate::recorded::{self, Bad};
use crate::support::*;

/// What an actor exits with, plus the verdict: 0 for valid, -1 for invalid.
const JUDGED: u32 = 200;
/// What an actor exits with, plus the error number of the syscall.
const REFUSED: u32 = 100;
/// What the actor that asks for a batch of one exits with, plus the byte it was given: 1 for valid.
const BATCH: u32 = 300;

const POST: ActorID = 1_000;
const AGGREGATE: ActorID = 1_001;
const UPDATE: ActorID = 1_002;
const SEALS: ActorID = 1_003;

/// An actor that reads its parameters, asks by `syscall`, and exits with the answer.
fn actor(syscall: &str) -> String {
    format!(
        r#"(module
            (import "ipld" "block_stat" (func $stat (param i32 i32) (result i32)))
            (import "ipld" "block_read" (func $read (param i32 i32 i32 i32 i32) (result i32)))
            (import "vm" "exit" (func $exit (param i32 i32 i32 i32) (result i32)))
            {syscall}
            (memory (export "memory") 8)
            (func $leave (param i32)
                (drop (call $exit (local.get 0) (i32.const 0) (i32.const 0) (i32.const 0)))
                (unreachable))
            (func (export "invoke") (param $params i32) (result i32) (local $len i32)
                (drop (call $stat (i32.const 16) (local.get $params)))
                (local.set $len (i32.load (i32.const 24)))
                (drop (call $read (i32.const 0) (local.get $params) (i32.const 0) (i32.const 65536) (local.get $len)))
                (call $leave (call $ask (local.get $len)))
                (i32.const 0)))"#
    )
}

fn one(name: &str) -> String {
    actor(&format!(
        r#"(import "crypto" "{name}" (func $verify (param i32 i32 i32) (result i32)))
            (func $ask (param $len i32) (result i32) (local $errno i32)
                (local.set $errno (call $verify (i32.const 0) (i32.const 65536) (local.get $len)))
                (if (result i32) (local.get $errno)
                    (then (i32.add (i32.const {REFUSED}) (local.get $errno)))
                    (else (i32.add (i32.const {JUDGED}) (i32.load (i32.const 0))))))"#
    ))
}

fn batch() -> String {
    actor(&format!(
        r#"(import "crypto" "batch_verify_seals" (func $verify (param i32 i32 i32) (result i32)))
            (func $ask (param $len i32) (result i32) (local $errno i32)
                (local.set $errno (call $verify (i32.const 65536) (local.get $len) (i32.const 32)))
                (if (result i32) (local.get $errno)
                    (then (i32.add (i32.const {REFUSED}) (local.get $errno)))
                    (else (i32.add (i32.const {BATCH}) (i32.load8_u (i32.const 32))))))"#
    ))
}

/// A machine with the four actors.
struct World {
    machine: Machine,
    sequence: u64,
}

impl World {
    fn new(keys: Keys) -> Self {
        let store = Rc::new(MemoryBlockstore::new());
        let bundle = mock::minimal_bundle(&store).unwrap();
        let mut genesis = Genesis::new(Box::new(Rc::clone(&store)), &bundle).unwrap();
        let rich = TokenAmount::from_whole(1);
        genesis.account(sender(), rich).unwrap();
        let actors = [
            (POST, one("verify_post")),
            (AGGREGATE, one("verify_aggregate_seals")),
            (UPDATE, one("verify_replica_update")),
            (SEALS, batch()),
        ];
        for (id, wat) in actors {
            let code = genesis.code(&wat::parse_str(wat).unwrap());
            genesis.actor(id, code, EMPTY_ARR_CID, TokenAmount::default(), None);
        }
        let network = Network::new(NetworkVersion::V28);
        let machine = Machine::new(
            &Engines::new(1, None),
            Context::new(network, genesis.finish().unwrap()),
            Box::new(store),
            Box::new(mock::FixedChain::default()),
            Box::new(ProofVerifier::new(keys, Limits::default()).unwrap()),
        );
        Self {
            machine: machine.unwrap(),
            sequence: 0,
        }
    }

    /// Exit code of the message that asks this, if an actor can ask it.
    fn ask(&mut self, asked: &Asked) -> Option<Result<ExitCode, ExecuteError>> {
        let (to, params) = match asked {
            Asked::Seal(info) => (SEALS, to_vec(&[info])),
            Asked::Aggregate(info) => (AGGREGATE, to_vec(info)),
            Asked::Window(info) => (POST, to_vec(info)),
            Asked::Update(info) => (UPDATE, to_vec(info)),
            Asked::Winning(_) => return None,
        };
        let message = Message {
            version: 0,
            from: sender(),
            to: Address::new_id(to),
            sequence: self.sequence,
            value: TokenAmount::default(),
            method_num: 2,
            params: RawBytes::new(params.unwrap()),
            gas_limit: 10_000_000_000,
            gas_fee_cap: TokenAmount::default(),
            gas_premium: TokenAmount::default(),
        };
        let applied = self.machine.execute(&message, Kind::Explicit, 100);
        self.sequence += 1;
        Some(applied.map(|applied| applied.receipt.exit_code))
    }
}

fn is_old(proof: &PoStProof) -> bool {
    matches!(proof.post_proof, RegisteredPoStProof::Invalid(_))
}

fn sender() -> Address {
    Address::new_secp256k1(&[1; 65]).unwrap()
}

#[test]
fn actors_get_the_verdict_or_an_error_number() {
    let forge = forge();
    let verifier = verifier(&forge);
    let mut world = World::new(forge.keys());
    let illegal = ErrorNumber::IllegalArgument as u32;
    let mut asked = 0;
    for question in questions(&forge) {
        let verdict = question.asked.ask(&verifier);
        // Without a key there is no receipt: see the next test.
        if matches!(verdict, Err(VerifyError::Unavailable(_))) {
            continue;
        }
        let Some(code) = world.ask(&question.asked) else {
            continue;
        };
        let expected = match (&question.asked, &verdict) {
            // The first types of window proofs are no more, whatever the verifier thinks of them.
            (Asked::Window(info), _) if info.proofs.iter().any(is_old) => REFUSED + illegal,
            // In a batch, what makes no sense is not valid.
            (Asked::Seal(_), verdict) => BATCH + u32::from(matches!(verdict, Ok(true))),
            (_, Ok(true)) => JUDGED,
            (_, Ok(false)) => JUDGED - 1,
            (_, Err(_)) => REFUSED + illegal,
        };
        assert_eq!(
            code.unwrap().value(),
            expected,
            "{}: {verdict:?}",
            question.name
        );
        asked += 1;
    }
    assert!(asked >= 200, "{asked}");
}

#[test]
fn without_a_key_there_is_no_receipt() {
    let forge = forge();
    let mut world = World::new(Keys::default());
    let asked = [
        Asked::Seal(proved_seal(&forge, SEAL, 1)),
        Asked::Window(proved_window(&forge, WINDOW, 2)),
        Asked::Update(proved_update(&forge)),
    ];
    for asked in asked {
        let outcome = world.ask(&asked).unwrap();
        let Err(ExecuteError::State(error)) = outcome else {
            panic!("{outcome:?}")
        };
        let text = format!("{error:#}");
        assert!(text.contains("started without"), "{text}");
        assert!(text.contains(".vk (verifying key of "), "{text}");
        let command = "run: filigree params fetch --sector-size 2KiB --proof ";
        assert!(text.contains(command), "{text}");
    }
}

#[test]
fn real_proofs_are_judged_where_actors_ask() {
    let mut world = World::new(recorded::keys());
    let mut asked = 0;
    for mut question in recorded::questions() {
        let (valid, invalid) = match &question.asked {
            Asked::Seal(_) => (BATCH + 1, vec![BATCH]),
            // A flipped bit makes another point or none at all.
            _ => (
                JUDGED,
                vec![JUDGED - 1, REFUSED + ErrorNumber::IllegalArgument as u32],
            ),
        };
        let Some(code) = world.ask(&question.asked) else {
            continue;
        };
        assert_eq!(code.unwrap().value(), valid, "{}", question.name);
        let bytes = recorded::proof(&mut question.asked);
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        let code = world.ask(&question.asked).unwrap().unwrap().value();
        assert!(invalid.contains(&code), "{}: {code}", question.name);
        asked += 1;
    }
    assert_eq!(asked, 7, "four seals, an aggregate, a window, an update");
}

#[test]
fn what_was_broken_gets_its_verdict_where_actors_ask() {
    let mut world = World::new(recorded::keys());
    let mut asked = 0;
    for (question, bad) in recorded::broken() {
        let expected = match (&question.asked, bad) {
            // In a batch, what makes no sense is not valid.
            (Asked::Seal(_), _) => BATCH,
            (_, Bad::Invalid) => JUDGED - 1,
            (_, Bad::Malformed) => REFUSED + ErrorNumber::IllegalArgument as u32,
        };
        let Some(code) = world.ask(&question.asked) else {
            continue;
        };
        assert_eq!(code.unwrap().value(), expected, "{}", question.name);
        asked += 1;
    }
    assert!(asked >= 80, "{asked}");
}
