//! Actors that come and go: creation by the init actor and by sends, self-destruction.

use filigree_differential::fixtures::{BUF, OUT};
use filigree_differential::for_each_version;
use filigree_differential::oracle::Step;
use filigree_differential::program::{Arg, Program};
use filigree_differential::stage::Stage;
use filigree_differential::world::{
    self, CODELESS, DRIVER, PLACEHOLDER, POOR, Sender, alice_key, bls_zero, eth, f4, key,
};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;

use crate::{ALL_GAS, create, destroy, nest, nested};

for_each_version!(traced: self_destruct, creation, automatic_creation);

fn self_destruct(stage: &Stage) {
    let mut steps = Vec::new();
    for (to, flag) in [
        ("alice", 1),
        ("self", 0),
        ("no actor", 1),
        ("new f1", 2),
        ("other f4", 0),
    ] {
        let mut p = stage.loaded();
        destroy(&mut p, stage, to, flag);
        destroy(&mut p, stage, to, flag);
        // What a deleted actor can still do.
        p.call("self", "current_balance", &[OUT.into()])
            .log(OUT, 16);
        p.call("self", "root", &[OUT.into(), BUF.into(), 100u32.into()]);
        p.call("self", "set_root", &[BUF.into()]);
        p.call("actor", "balance_of", &[OUT.into(), Arg::Imm(DRIVER)]);
        p.call(
            "actor",
            "next_actor_address",
            &[OUT.into(), BUF.into(), 21u32.into()],
        );
        p.send(OUT, stage.fixtures.get("alice key"), 0, Arg::Imm(0), 0);
        p.send(OUT, stage.fixtures.get("alice key"), 0, Arg::Imm(0), 1);
        p.send(OUT, stage.fixtures.get("self"), 0, Arg::Imm(0), 0);
        p.event(1, 1, 1);
        let child = p.finish();
        let mut sender = Sender::alice();
        let mut again = stage.program();
        again.size();
        let list = vec![
            sender.call(POOR, child.clone()),
            sender.call(DRIVER, nested(stage, child.clone(), [3, ALL_GAS, 0])),
            sender.call(DRIVER, child.clone()),
            sender.call(DRIVER, again.finish()),
            sender.transfer(Address::new_id(DRIVER), 3),
            sender.transfer(f4(10, b"the other one"), 3),
        ];
        stage.run(&list);
        // Undone by a trap, seen by the parent.
        let mut undone = stage.loaded();
        destroy(&mut undone, stage, "alice", 1);
        undone.trap(0);
        steps.push(Sender::alice().call(DRIVER, nested(stage, undone.finish(), [0, ALL_GAS, 0])));
    }
    for step in steps {
        stage.run(&[step]);
    }
}

fn creation(stage: &Stage) {
    let next = |p: &mut Program| {
        p.call(
            "actor",
            "next_actor_address",
            &[OUT.into(), BUF.into(), 21u32.into()],
        );
        p.log(BUF, 21);
    };
    let mut p = stage.loaded();
    next(&mut p);
    next(&mut p);
    create(&mut p, stage, 7_000, "driver code", None);
    next(&mut p);
    create(&mut p, stage, 7_000, "driver code", None);
    next(&mut p);
    create(&mut p, stage, 7_001, "missing", Some("new eth"));
    create(&mut p, stage, PLACEHOLDER, "driver code", None);
    create(&mut p, stage, PLACEHOLDER, "driver code", Some("new eth"));
    create(&mut p, stage, DRIVER, "driver code", None);
    create(&mut p, stage, 0, "driver code", None);
    create(&mut p, stage, 7_002, "placeholder code", None);
    create(&mut p, stage, u64::MAX, "driver code", None);
    create(&mut p, stage, 7_003, "oversized", None);
    create(&mut p, stage, 7_004, "sha256", Some("protocol 5"));
    create(&mut p, stage, 7_005, "driver code", Some("f2"));
    let all = p.finish();

    // A placeholder becomes an actor when its own address is given.
    let mut taken = stage.loaded();
    let own = eth(3).to_bytes();
    taken.data(BUF, &own);
    let (code, _) = stage.fixtures.get("other code");
    taken.call(
        "actor",
        "create_actor",
        &[
            Arg::Imm(PLACEHOLDER),
            code.into(),
            BUF.into(),
            (own.len() as u32).into(),
        ],
    );
    let mut hello = stage.program();
    hello
        .call("self", "current_balance", &[OUT.into()])
        .log(OUT, 16);
    nest(
        &mut taken,
        stage,
        "placeholder",
        hello.clone().finish(),
        [5, ALL_GAS, 0],
    );
    let taken = taken.finish();

    // Made, then the maker traps; made by init in a child of the driver, then used by it.
    let mut undone = stage.loaded();
    create(&mut undone, stage, 7_010, "driver code", None);
    undone.trap(0);
    let mut made = stage.loaded();
    create(&mut made, stage, 999_999, "driver code", None);
    let mut parent = stage.loaded();
    nest(
        &mut parent,
        stage,
        "init",
        undone.clone().finish(),
        [0, ALL_GAS, 0],
    );
    nest(&mut parent, stage, "init", made.finish(), [0, ALL_GAS, 0]);
    nest(
        &mut parent,
        stage,
        "no actor",
        hello.clone().finish(),
        [5, ALL_GAS, 0],
    );
    next(&mut parent);

    let mut sender = Sender::alice();
    let steps = [
        sender.call(1, all.clone()),
        sender.call(DRIVER, all),
        sender.call(1, undone.finish()),
        sender.call(1, taken),
        sender.call(DRIVER, parent.finish()),
        sender.call(999_999, hello.finish()),
    ];
    let exits = stage.exits(&steps);
    assert_eq!(exits[3..], [Some(0); 3]);
    // Actors without code, each for itself: calling one may be fatal.
    for id in [7_001, CODELESS] {
        let mut p = stage.loaded();
        create(&mut p, stage, 7_001, "missing", None);
        let mut sender = Sender::alice();
        let mut call = stage.program();
        call.size();
        let call = call.finish();
        let steps = [sender.call(1, p.finish()), sender.call(id, call)];
        stage.run(&steps);
    }
    let mut p = stage.loaded();
    let mut child = stage.program();
    child.size();
    nest(&mut p, stage, "codeless", child.finish(), [1, ALL_GAS, 0]);
    stage.run(&[Sender::alice().call(DRIVER, p.finish())]);
}

fn automatic_creation(stage: &Stage) {
    let mut sender = Sender::alice();
    let mut steps = Vec::new();
    let bls = world::bls_key;
    // Straight from the message.
    for to in [
        key(40),
        key(40),
        bls(40),
        bls_zero(),
        eth(40),
        eth(40),
        f4(77, b"x"),
        f4(10, b""),
        f4(10, &[1; 54]),
    ] {
        steps.push(sender.transfer(to, 5));
    }
    for to in [
        key(41),
        bls(41),
        eth(41),
        bls_zero(),
        Address::new_actor(b"?"),
    ] {
        let message = sender.message(to, 2, b"not a program".to_vec());
        steps.push(Step::explicit(message));
    }
    // Sent by the eth account that a placeholder becomes; from the new accounts, by key and by ID.
    for from in [
        eth(3),
        key(40),
        bls(40),
        eth(40),
        Address::new_id(PLACEHOLDER),
    ] {
        let mut from = Sender {
            from,
            nonce: 0,
            gas: 5_000_000,
        };
        let mut transfer = from.transfer(alice_key(), 1);
        transfer.message.gas_fee_cap = TokenAmount::from_atto(0);
        transfer.message.gas_premium = TokenAmount::from_atto(0);
        steps.push(transfer.clone());
        transfer.message.sequence = 1;
        steps.push(transfer);
    }
    // From an actor, with and without enough funds, in a call that fails afterwards.
    for trap in [10, 0] {
        let mut p = stage.loaded();
        for name in ["new f1", "new f3", "new eth", "zero f3", "foreign f4", "f2"] {
            p.send(OUT, stage.fixtures.get(name), 0, Arg::Imm(0), 11);
            p.log(OUT, 20);
            p.send(OUT, stage.fixtures.get(name), 4, Arg::Imm(0), u64::MAX);
            p.log(OUT, 20);
        }
        p.trap(trap);
        let child = p.finish();
        steps.push(sender.call(DRIVER, nested(stage, child.clone(), [0, ALL_GAS, 0])));
        steps.push(sender.call(DRIVER, child.clone()));
        steps.push(sender.call(POOR, child));
    }
    stage.run(&steps);
}
