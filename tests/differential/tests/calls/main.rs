//! The call stack: each of the files below is a concept of it, a table of cases for each test.

mod access;
mod creation;
mod ends;
mod events;
mod gas;
mod ipld;
mod memory;

use filigree_differential::fixtures::{BUF, OUT};
use filigree_differential::oracle::Step;
use filigree_differential::program::{Arg, PARAMS_SLOT, Program};
use filigree_differential::stage::Stage;
use filigree_differential::world::{DRIVER, Sender};
use fvm_shared::address::Address;
use fvm_shared::version::NetworkVersion;

const ALL_GAS: u64 = u64::MAX;

fn early(stage: &Stage) -> bool {
    stage.version() < NetworkVersion::V21
}

/// Sends `child` to the fixture address `to` from `program`, with everything given; logs the 20-byte result, and up to
/// 256 bytes of what came back.
fn nest(program: &mut Program, stage: &Stage, to: &str, child: Vec<u8>, rest: [u64; 3]) {
    program.block(0x55, &child, 0x20000, 0x60);
    program.send_with(OUT, stage.fixtures.get(to), 2, Arg::Word(0x60), rest);
    program.log(OUT, 20);
    program.fill(BUF, 0, 256);
    program.call(
        "ipld",
        "block_read",
        &[
            OUT.into(),
            Arg::Word(OUT + 4),
            Arg::Imm(0),
            BUF.into(),
            Arg::Imm(256),
        ],
    );
    program.log(BUF, 64).sum(BUF, 256);
}

fn nested(stage: &Stage, child: Vec<u8>, rest: [u64; 3]) -> Vec<u8> {
    let mut program = stage.loaded();
    nest(&mut program, stage, "other", child.clone(), rest);
    // The parent goes on, and may call again.
    nest(&mut program, stage, "other", child, rest);
    program.finish()
}

/// Steps that run each program on its own and from a parent.
fn alone_and_nested(stage: &Stage, programs: &[Vec<u8>]) -> Vec<Step> {
    let mut sender = Sender::alice();
    let mut steps = Vec::new();
    for program in programs {
        steps.push(sender.call(DRIVER, program.clone()));
        steps.push(sender.call(DRIVER, nested(stage, program.clone(), [0, ALL_GAS, 0])));
    }
    steps
}

/// A program that sends itself its own parameters, with this gas limit, and logs how that went.
fn recursive(stage: &Stage, gas: Arg, before: impl FnOnce(&mut Program)) -> Vec<u8> {
    let mut p = stage.program();
    p.data(0x100, &Address::new_id(DRIVER).to_bytes());
    before(&mut p);
    let none = Arg::Imm(0);
    p.call(
        "send",
        "send",
        &[
            OUT.into(),
            0x100u32.into(),
            3u32.into(),
            Arg::Imm(2),
            Arg::Word(PARAMS_SLOT),
            none,
            none,
            gas,
            none,
        ],
    );
    p.log(OUT, 20);
    p.finish()
}

fn destroy(p: &mut Program, stage: &Stage, to: &str, flag: u32) {
    if early(stage) {
        let (at, length) = stage.fixtures.get(to);
        p.call("self", "self_destruct", &[at.into(), length.into()]);
    } else {
        p.call("self", "self_destruct", &[flag.into()]);
    }
}

fn create(p: &mut Program, stage: &Stage, id: u64, code: &str, f4: Option<&str>) {
    let (code, _) = stage.fixtures.get(code);
    let (at, length) = f4.map_or((0, 0), |name| stage.fixtures.get(name));
    p.call(
        "actor",
        "create_actor",
        &[Arg::Imm(id), code.into(), at.into(), length.into()],
    );
}
