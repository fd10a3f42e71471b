//! What a call may do with others: read-only calls, transfers, what looking at actors costs.

use filigree_differential::fixtures::{BUF, OUT};
use filigree_differential::for_each_version;
use filigree_differential::oracle::Step;
use filigree_differential::program::{Arg, Program};
use filigree_differential::stage::Stage;
use filigree_differential::world::{self, DRIVER, OTHER, POOR, Sender, f4, key};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;

use crate::{ALL_GAS, create, destroy, nest, nested};

for_each_version!(traced: read_only, transfers, access_charges);

fn read_only(stage: &Stage) {
    let mut child = stage.loaded();
    child
        .call("vm", "message_context", &[OUT.into()])
        .log(OUT, 88);
    child.call("self", "root", &[OUT.into(), BUF.into(), 100u32.into()]);
    child.call("self", "set_root", &[BUF.into()]);
    child.event(1, 1, 1);
    destroy(&mut child, stage, "alice", 1);
    create(&mut child, stage, 7_000, "driver code", None);
    child.send(OUT, stage.fixtures.get("alice"), 0, Arg::Imm(0), 0);
    child.send(OUT, stage.fixtures.get("alice"), 0, Arg::Imm(0), 1);
    child.send(OUT, stage.fixtures.get("new f1"), 0, Arg::Imm(0), 0);
    child.send(OUT, stage.fixtures.get("new eth"), 0, Arg::Imm(0), 0);
    child.block(0x55, b"fine", 0x80, 0x64);
    child.call(
        "ipld",
        "block_link",
        &[
            OUT.into(),
            Arg::Word(0x64),
            Arg::Imm(0xb220),
            Arg::Imm(32),
            BUF.into(),
            Arg::Imm(100),
        ],
    );
    let child = child.finish();
    // Read-only stays so further down, without the flag.
    let mut middle = stage.loaded();
    nest(&mut middle, stage, "init", child.clone(), [0, ALL_GAS, 0]);
    let middle = middle.finish();
    let mut sender = Sender::alice();
    let mut steps = Vec::new();
    for program in [&child, &middle] {
        for flags in [1, 0, 2, 3, ALL_GAS] {
            for value in [0, 1] {
                let parent = nested(stage, program.clone(), [value, ALL_GAS, flags]);
                steps.push(sender.call(DRIVER, parent));
            }
        }
    }
    stage.run(&steps);
}

fn transfers(stage: &Stage) {
    let mut p = stage.loaded();
    let send = |p: &mut Program, to: &str, high: u64, low: u64| {
        let (at, length) = stage.fixtures.get(to);
        p.call(
            "send",
            "send",
            &[
                OUT.into(),
                at.into(),
                length.into(),
                Arg::Imm(0),
                Arg::Imm(0),
                Arg::Imm(high),
                Arg::Imm(low),
                Arg::Imm(ALL_GAS),
                Arg::Imm(0),
            ],
        );
        p.log(OUT, 20);
        p.call("self", "current_balance", &[OUT.into()])
            .log(OUT, 16);
    };
    for to in [
        "alice",
        "other f4",
        "self",
        "no actor",
        "codeless",
        "placeholder",
        "init",
    ] {
        for (high, low) in [
            (0, 0),
            (0, 1),
            (1, 0),
            (53, 0),
            (54, 0),
            (u64::MAX, u64::MAX),
        ] {
            send(&mut p, to, high, low);
        }
    }
    let program = p.finish();
    let mut sender = Sender::alice();
    let mut steps = vec![
        sender.call(POOR, program.clone()),
        sender.call(DRIVER, program),
    ];
    let mut rich = sender.message(Address::new_id(POOR), 2, stage.program().finish());
    rich.value = TokenAmount::from_whole(900_000);
    steps.push(Step::explicit(rich.clone()));
    rich.sequence = sender.nonce;
    rich.value = TokenAmount::from_whole(900_001);
    steps.push(Step::explicit(rich));
    stage.run(&steps);
}

fn access_charges(stage: &Stage) {
    let look = |p: &mut Program| {
        for id in [
            99,
            1,
            2,
            5,
            DRIVER,
            world::ALICE,
            OTHER,
            OTHER,
            POOR,
            999_999,
            999_999,
        ] {
            p.call("actor", "balance_of", &[OUT.into(), Arg::Imm(id)]);
            p.call(
                "actor",
                "get_actor_code_cid",
                &[OUT.into(), Arg::Imm(id), BUF.into(), 100u32.into()],
            );
        }
        for name in [
            "alice key",
            "bob key",
            "bob key",
            "other f4",
            "new f1",
            "new f1",
            "f2",
        ] {
            let (at, length) = stage.fixtures.get(name);
            p.call(
                "actor",
                "resolve_address",
                &[OUT.into(), at.into(), length.into()],
            );
        }
    };
    let mut child = stage.loaded();
    look(&mut child);
    let good = child.clone().finish();
    child.trap(0);
    let bad = child.finish();
    let mut sender = Sender::alice();
    let mut steps = Vec::new();
    for first in [&good, &bad] {
        // What a reverted child has paid for, the next pays again.
        let mut p = stage.loaded();
        nest(&mut p, stage, "other", first.clone(), [0, ALL_GAS, 0]);
        look(&mut p);
        nest(&mut p, stage, "other", good.clone(), [1, ALL_GAS, 0]);
        nest(&mut p, stage, "poor", good.clone(), [1, ALL_GAS, 0]);
        steps.push(sender.call(DRIVER, p.finish()));
    }
    // A receiver named by an address, and one that does not exist yet.
    for to in [f4(10, b"the other one"), world::bls_key(1), key(60)] {
        steps.push(Step::explicit(sender.message(to, 2, good.clone())));
    }
    stage.run(&steps);
}
