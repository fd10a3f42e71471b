//! What must not bring a node down, or make it give a receipt that other nodes do not.

use std::rc::Rc;

use cid::Cid;
use filigree_vm::{ExecuteError, Kind, Verdict, Verifier, VerifyError, mock};
use fvm_ipld_blockstore::{Blockstore, MemoryBlockstore};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::{ErrorNumber, ExitCode};
use fvm_shared::piece::PieceInfo;
use fvm_shared::sector::{
    AggregateSealVerifyProofAndInfos, PoStProof, RegisteredPoStProof, RegisteredSealProof,
    ReplicaUpdateInfo, SealVerifyInfo, WindowPoStVerifyInfo,
};
use fvm_shared::version::NetworkVersion;

use crate::support::{World, message};

const ACTOR: u64 = 1_000;

/// An actor that first recurses with many values alive, so that each activation takes megabytes of native stack, and then
/// calls itself through `send` as often as its gas allows.
fn deep_actor() -> String {
    let live = 1_500;
    let locals: String = (0..live).map(|_| "i64 ").collect();
    let set: String = (0..live)
        .map(|i| {
            format!(
                "(local.set {} (i64.load (i32.const {})))\n",
                i + 1,
                8 * (i % 64)
            )
        })
        .collect();
    let sum: String = (0..live)
        .map(|i| format!("(i64.store (i32.const 0) (local.get {}))\n", i + 1))
        .collect();
    format!(
        r#"(module
            (import "send" "send" (func $send (param i32 i32 i32 i64 i32 i64 i64 i64 i64) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 1024) "\00\e8\07")
            (func $deep (param i32) (local {locals})
                {set}
                (if (local.get 0)
                    (then (call $deep (i32.sub (local.get 0) (i32.const 1))))
                    (else (drop (call $send (i32.const 2048) (i32.const 1024) (i32.const 3) (i64.const 2) (i32.const 0)
                        (i64.const 0) (i64.const 0) (i64.const -1) (i64.const 0)))))
                {sum})
            (func (export "invoke") (param i32) (result i32)
                (call $deep (i32.const 100))
                (i32.const 0)))"#
    )
}

#[test]
fn native_stacks_of_many_activations_fit() {
    let mut world = World::new();
    world.actor(ACTOR, &deep_actor());
    // Each activation has about 1.2 MB of native frames; over a hundred of them would not fit anywhere else.
    let mut machine = world.machine();
    let mut message = message(Address::new_id(ACTOR), 0);
    message.gas_limit = 1_000_000_000;
    let applied = machine.execute(&message, Kind::Explicit, 100).unwrap();
    assert_eq!(applied.receipt.exit_code, ExitCode::SYS_OUT_OF_GAS);
    let depth = applied
        .failure
        .unwrap()
        .to_string()
        .matches("f01000")
        .count();
    assert!(depth > 60, "{depth}");
}

/// An actor that exits with 100 plus the error number of verifying an empty batch of seal aggregates, or so: `syscall` with the
/// CBOR `params`.
fn asks(name: &str, params: &[u8]) -> String {
    let params: String = params.iter().map(|b| format!("\\{b:02x}")).collect();
    let len = params.len() / 3;
    format!(
        r#"(module
            (import "crypto" "{name}" (func $ask (param i32 i32 i32) (result i32)))
            (import "vm" "exit" (func $exit (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "{params}")
            (func (export "invoke") (param i32) (result i32)
                (drop (call $exit
                    (i32.add (i32.const 100) (call $ask (i32.const 4096) (i32.const 0) (i32.const {len})))
                    (i32.const 0) (i32.const 0) (i32.const 0)))
                (unreachable)))"#
    )
}

/// What a verifier does to every question.
#[derive(Clone, Copy)]
enum Mood {
    Panics,
    CannotTell,
}

impl Mood {
    fn answer(self) -> Verdict {
        match self {
            Self::Panics => panic!("a proof library panics on this"),
            Self::CannotTell => Err(VerifyError::Unavailable(anyhow::anyhow!(
                "no verifying key"
            ))),
        }
    }
}

impl Verifier for Mood {
    fn unsealed_sector_cid(
        &self,
        _: RegisteredSealProof,
        _: &[PieceInfo],
    ) -> Result<Cid, VerifyError> {
        self.answer().map(|_| Cid::default())
    }

    fn window_post(&self, _: &WindowPoStVerifyInfo) -> Verdict {
        self.answer()
    }

    fn seal(&self, _: &SealVerifyInfo) -> Verdict {
        self.answer()
    }

    fn aggregate_seals(&self, _: &AggregateSealVerifyProofAndInfos) -> Verdict {
        self.answer()
    }

    fn replica_update(&self, _: &ReplicaUpdateInfo) -> Verdict {
        self.answer()
    }
}

/// DAG-CBOR of a replica update with three commitments.
fn replica_update() -> Vec<u8> {
    let commitment = fvm_shared::commcid::replica_commitment_v1_to_cid(&[1; 32]).unwrap();
    fvm_ipld_encoding::to_vec(&ReplicaUpdateInfo {
        update_proof_type: fvm_shared::sector::RegisteredUpdateProof::StackedDRG32GiBV1,
        new_sealed_cid: commitment,
        old_sealed_cid: commitment,
        new_unsealed_cid: commitment,
        proof: vec![1; 10],
    })
    .unwrap()
}

/// DAG-CBOR of window proofs of spacetime.
fn window_post(proofs: Vec<PoStProof>) -> Vec<u8> {
    fvm_ipld_encoding::to_vec(&WindowPoStVerifyInfo {
        randomness: fvm_shared::randomness::Randomness(vec![0; 32]),
        proofs,
        challenged_sectors: vec![],
        prover: 1_000,
    })
    .unwrap()
}

#[test]
fn a_verifier_that_panics_refuses_and_one_that_cannot_tell_gives_no_receipt() {
    let refused = ExitCode::new(100 + ErrorNumber::IllegalArgument as u32);
    let run = |verifier: Box<dyn Verifier>, wat: &str| {
        let mut world = World::new();
        world.actor(ACTOR, wat);
        world.verifier = verifier;
        let mut machine = world.machine();
        machine.execute(&message(Address::new_id(ACTOR), 0), Kind::Explicit, 100)
    };
    let update = asks("verify_replica_update", &replica_update());
    let applied = run(Box::new(Mood::Panics), &update).unwrap();
    assert_eq!(applied.receipt.exit_code, refused, "{:?}", applied.failure);
    assert!(matches!(
        run(Box::new(Mood::CannotTell), &update),
        Err(ExecuteError::State(_))
    ));
    let applied = run(
        Box::new(mock::AcceptAllVerifier),
        &asks("verify_post", &window_post(vec![])),
    )
    .unwrap();
    assert_eq!(applied.receipt.exit_code, refused, "{:?}", applied.failure);
}

#[test]
fn window_proofs_of_the_first_types_do_not_exist_from_nv21_on() {
    for (version, code) in [(NetworkVersion::V20, 100), (NetworkVersion::V21, 101)] {
        let mut world = World::new();
        world.network.version = version;
        let first = PoStProof {
            post_proof: RegisteredPoStProof::Invalid(8),
            proof_bytes: vec![1; 192],
        };
        world.actor(ACTOR, &asks("verify_post", &window_post(vec![first])));
        let mut machine = world.machine();
        let applied = machine
            .execute(&message(Address::new_id(ACTOR), 0), Kind::Explicit, 100)
            .unwrap();
        let exit = applied.receipt.exit_code;
        assert_eq!(exit, ExitCode::new(code), "at {version}");
    }
}

#[test]
fn seal_proofs_of_nv21_do_not_exist_before() {
    for (version, code) in [(NetworkVersion::V20, 101), (NetworkVersion::V21, 100)] {
        let mut world = World::new();
        world.network.version = version;
        let wat = r#"(module
            (import "crypto" "compute_unsealed_sector_cid" (func $ask (param i32 i64 i32 i32 i32 i32) (result i32)))
            (import "vm" "exit" (func $exit (param i32 i32 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "\80")
            (func (export "invoke") (param i32) (result i32)
                (drop (call $exit
                    (i32.add (i32.const 100)
                        (call $ask (i32.const 4096) (i64.const 15) (i32.const 0) (i32.const 1) (i32.const 8192) (i32.const 100)))
                    (i32.const 0) (i32.const 0) (i32.const 0)))
                (unreachable)))"#;
        world.actor(ACTOR, wat);
        let mut machine = world.machine();
        let applied = machine
            .execute(&message(Address::new_id(ACTOR), 0), Kind::Explicit, 100)
            .unwrap();
        assert_eq!(
            applied.receipt.exit_code,
            ExitCode::new(code),
            "at {version}"
        );
    }
}

/// A store that lost a block.
struct Without(Cid, Rc<MemoryBlockstore>);

impl Blockstore for Without {
    fn get(&self, cid: &Cid) -> anyhow::Result<Option<Vec<u8>>> {
        if *cid == self.0 {
            Ok(None)
        } else {
            self.1.get(cid)
        }
    }

    fn put_keyed(&self, cid: &Cid, block: &[u8]) -> anyhow::Result<()> {
        self.1.put_keyed(cid, block)
    }
}

#[test]
fn without_the_code_of_a_built_in_actor_there_is_no_receipt() {
    let world = World::new();
    let account = {
        let again = World::new();
        again
            .machine()
            .state()
            .get_actor(100)
            .unwrap()
            .unwrap()
            .code
    };
    let (network, store) = (world.network, world.store);
    let root = world.genesis.finish().unwrap();
    let mut machine = filigree_vm::Machine::new(
        &filigree_vm::Engines::new(1, None),
        filigree_vm::Context::new(network, root),
        Box::new(Without(account, store)),
        Box::new(mock::FixedChain::default()),
        Box::new(mock::AcceptAllVerifier),
    )
    .unwrap();
    let to_account = message(Address::new_id(100), 0);
    assert!(matches!(
        machine.execute(&to_account, Kind::Explicit, 100),
        Err(ExecuteError::State(_))
    ));
}

#[test]
fn an_actor_that_does_not_link_runs_out_of_gas_before_it_fails() {
    let wat = r#"(module
        (import "vm" "nope" (func))
        (memory (export "memory") 256)
        (func (export "invoke") (param i32) (result i32) i32.const 0))"#;
    // The memory costs 256 pages * 26,214.4 gas.
    for (gas_limit, code) in [
        (3_000_000, ExitCode::SYS_OUT_OF_GAS),
        (30_000_000, ExitCode::SYS_ASSERTION_FAILED),
    ] {
        let mut world = World::new();
        world.actor(ACTOR, wat);
        let mut message = message(Address::new_id(ACTOR), 0);
        message.gas_limit = gas_limit;
        let applied = world
            .machine()
            .execute(&message, Kind::Explicit, 100)
            .unwrap();
        assert_eq!(
            applied.receipt.exit_code, code,
            "{gas_limit}: {:?}",
            applied.failure
        );
    }
}

#[test]
fn running_out_of_gas_while_burning_is_fatal() {
    let wat = r#"(module
        (import "self" "self_destruct" (func $destruct (param i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "invoke") (param i32) (result i32)
            (drop (call $destruct (i32.const 1))) (i32.const 0)))"#;
    // At some limits the gas ends before the burning, at some within it, at some not at all.
    let run = |gas_limit: u64| {
        let mut world = World::new();
        let code = world.genesis.code(&wat::parse_str(wat).unwrap());
        let (state, funds) = (fvm_shared::EMPTY_ARR_CID, TokenAmount::from_atto(5));
        world.genesis.actor(ACTOR, code, state, funds, None);
        let mut message = message(Address::new_id(ACTOR), 0);
        message.gas_limit = gas_limit;
        let mut machine = world.machine();
        let applied = machine.execute(&message, Kind::Explicit, 100).unwrap();
        applied.receipt.exit_code
    };
    let mut seen: Vec<ExitCode> = (1..100).map(|i| run(50_000 * i)).collect();
    seen.dedup();
    let order = [
        ExitCode::SYS_OUT_OF_GAS,
        ExitCode::SYS_ASSERTION_FAILED,
        ExitCode::OK,
    ];
    assert!(seen.ends_with(&order), "{seen:?}");
}
