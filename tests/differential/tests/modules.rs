//! Hostile Wasm: modules that are damaged, forbidden, or misbehave. Both hosts must say the same, and the engine must go on
//! to run a good message each time.

use std::path::PathBuf;

use filigree_differential::driver;
use filigree_differential::for_each_version;
use filigree_differential::outcome::Outcome;
use filigree_differential::program::{Arg, Program};
use filigree_differential::setup::{CodeRef, Deployed};
use filigree_differential::stage::Stage;
use filigree_differential::world::{DRIVER, Sender};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;

for_each_version!(written, damaged, large);

/// Where the module under test lives.
const VICTIM: u64 = 300;

/// The module in a world of its own.
fn with_module(stage: &Stage, wasm: Vec<u8>) -> Stage {
    let mut setup = stage.setup.clone();
    setup.codes.push(wasm);
    setup.deployed.push(Deployed {
        id: VICTIM,
        code: CodeRef::Custom(setup.codes.len() - 1),
        state: vec![0x80],
        balance: TokenAmount::from_whole(5),
        delegated: None,
    });
    Stage::of(setup)
}

/// What came of calling a module.
struct Called {
    /// From a message.
    direct: Outcome,
    /// Whether the reference panicked in either call.
    unjudged: bool,
}

/// Calls the module from a message and from an actor, each followed by a good message.
fn call(stage: &Stage) -> Called {
    let mut good = stage.program();
    good.size();
    let good = good.finish();
    let run = |to, params| {
        let mut alice = Sender::alice();
        alice.gas = 500_000_000;
        let steps = [alice.call(to, params), alice.call(DRIVER, good.clone())];
        let mut agreed = stage.agreed(&steps);
        // A state that cannot be flushed ends the machine; then the good message gets its own.
        let after = match agreed.outcomes.get(1) {
            Some(outcome) => outcome.exit_code(),
            None => stage.exits(&[Sender::alice().call(DRIVER, good.clone())])[0],
        };
        assert_eq!(after, Some(0), "the engine does not recover");
        (agreed.outcomes.remove(0), agreed.unjudged.is_some())
    };
    let (direct, first_unjudged) = run(VICTIM, b"hello".to_vec());
    let mut parent: Program = stage.program();
    parent.data(0x100, &Address::new_id(VICTIM).to_bytes());
    for _ in 0..2 {
        parent.send(0x200, (0x100, 3), 2, Arg::Imm(0), 1);
        parent.log(0x200, 20);
    }
    let (_, second_unjudged) = run(DRIVER, parent.finish());
    Called {
        direct,
        unjudged: first_unjudged || second_unjudged,
    }
}

/// Like [`call`], where the reference must give an answer.
fn judged(stage: &Stage) -> Outcome {
    let Called { direct, unjudged } = call(stage);
    assert!(!unjudged, "the reference panicked");
    direct
}

fn hostile_files() -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("actors/hostile");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the hostile actors")
        .map(|entry| entry.expect("a file").path())
        .collect();
    files.sort();
    let parsed = files.iter().map(|path| {
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let wasm = wat::parse_file(path).unwrap_or_else(|e| panic!("{name}: {e}"));
        (name, wasm)
    });
    parsed.collect()
}

/// Modules on which the reference panics: a syscall made by a start function finds no memory of its instance. Ours must
/// only get through.
const REFERENCE_PANICS: [&str; 2] = ["start_exit", "start_syscall"];

fn written(stage: &Stage) {
    let files = hostile_files();
    assert!(files.len() > 50, "only {} hostile actors", files.len());
    let mut healthy = 0;
    let mut unjudged = Vec::new();
    for (name, wasm) in files {
        // Shown when the test fails.
        println!("{} {name}", stage.version());
        let called = call(&with_module(stage, wasm));
        healthy += usize::from(called.direct.exit_code() == Some(0));
        if called.unjudged {
            unjudged.push(name);
        }
    }
    assert_eq!(unjudged, REFERENCE_PANICS);
    assert!(healthy > 5, "some of them are odd, but fine");
}

fn damaged(stage: &Stage) {
    let good = driver::wasm(stage.version(), "damaged").expect("the driver");
    let mut modules = vec![
        Vec::new(),
        b"\0".to_vec(),
        b"\0asm".to_vec(),
        b"\0asm\x01\0\0\0".to_vec(),
        b"\0asm\x0d\0\x01\0".to_vec(),
        b"(module)".to_vec(),
        vec![0xff; 1_000],
    ];
    for part in 1..12 {
        modules.push(good[..good.len() * part / 12].to_vec());
    }
    for at in (8..good.len()).step_by(good.len() / 40) {
        let mut flipped = good.clone();
        flipped[at] ^= 0x15;
        modules.push(flipped);
    }
    for module in modules {
        judged(&with_module(stage, module));
    }
}

fn large(stage: &Stage) {
    // Many functions, and one very long one.
    let function = "(func (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))";
    let invoke = "(func (export \"invoke\") (param i32) (result i32) (i32.const 0))";
    let memory = "(memory (export \"memory\") 1)";
    let many = format!("(module {memory} {} {invoke})", function.repeat(5_000));
    let step = "(local.set 0 (i32.add (local.get 0) (i32.const 1)))";
    let long = format!(
        "(module {memory} (func (export \"invoke\") (param i32) (result i32) {} (i32.const 0)))",
        step.repeat(20_000)
    );
    for text in [many, long] {
        let wasm = wat::parse_str(text).expect("a large module");
        let direct = judged(&with_module(stage, wasm));
        assert_eq!(direct.exit_code(), Some(0), "{}", direct.failure);
    }
}
