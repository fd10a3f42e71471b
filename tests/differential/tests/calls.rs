//! The call stack: traps, exits, recursion, gas limits, memory, creation, destruction, read-only calls, reachability.

// tidy: long because each test of the call stack is a table of cases, read beside the others.

use filigree_differential::fixtures::{BUF, OUT};
use filigree_differential::for_each_version;
use filigree_differential::oracle::Step;
use filigree_differential::outcome::Outcome;
use filigree_differential::program::{Arg, PARAMS_SLOT, Program};
use filigree_differential::stage::Stage;
use filigree_differential::world::{
    self, CODELESS, DRIVER, OTHER, PLACEHOLDER, POOR, Sender, alice_key, bls_zero, eth, f4, key,
};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::version::NetworkVersion;

for_each_version!(
    traps,
    exits,
    returned_handles,
    recursion,
    recursion_with_gas_limits,
    recursion_fills_memory,
    out_of_gas_everywhere,
    nested_gas_limits,
    memory_limits,
    total_memory_limit,
    stack_height,
    events,
    self_destruct,
    creation,
    automatic_creation,
    read_only,
    transfers,
    reachability,
    access_charges,
    big_blocks,
    floats,
);

const ALL_GAS: u64 = u64::MAX;

fn early(stage: &Stage) -> bool {
    stage.version() < NetworkVersion::V21
}

/// Sends `child` to the fixture address `to` from `program`, with everything given; logs the 20-byte result, and up to
/// 256 bytes of what came back.
fn nest(program: &mut Program, stage: &Stage, to: &str, child: Vec<u8>, rest: [u64; 3]) {
    let (at, length) = stage.fixtures.get(to);
    let [value, gas, flags] = rest;
    program.block(0x55, &child, 0x20000, 0x60);
    program.call(
        "send",
        "send",
        &[
            OUT.into(),
            at.into(),
            length.into(),
            Arg::Imm(2),
            Arg::Word(0x60),
            Arg::Imm(0),
            Arg::Imm(value),
            Arg::Imm(gas),
            Arg::Imm(flags),
        ],
    );
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

fn traps(stage: &Stage) {
    let programs: Vec<_> = (0..=10)
        .map(|kind| {
            let mut p = stage.program();
            p.call("gas", "available", &[OUT.into()]).trap(kind);
            p.finish()
        })
        .collect();
    let exits = stage.exits(&alone_and_nested(stage, &programs));
    // Illegal instruction alone, success of the parent when nested; the last kind is no trap.
    for (kind, pair) in exits.chunks(2).enumerate() {
        let alone = if kind == 10 { 0 } else { 4 };
        assert_eq!(pair, [Some(alone), Some(0)], "trap {kind}");
    }
}

fn exits(stage: &Stage) {
    let codes = [
        0u64,
        1,
        2,
        3,
        7,
        15,
        16,
        17,
        31,
        32,
        33,
        0x7fff_ffff,
        0xffff_ffff,
    ];
    let mut programs = Vec::new();
    for code in codes {
        for block in [Arg::Imm(0), Arg::Word(0x60)] {
            let mut p = stage.loaded();
            p.block(0x55, b"exit data", 0x80, 0x60);
            p.call(
                "vm",
                "exit",
                &[Arg::Imm(code), block, 0x80u32.into(), 9u32.into()],
            );
            programs.push(p.finish());
        }
    }
    for (at, length) in [
        (Arg::End(0), Arg::Imm(1)),
        (Arg::Imm(0x100), Arg::Imm(0x3000)),
    ] {
        let mut p = stage.loaded();
        p.call("vm", "exit", &[Arg::Imm(44), Arg::Imm(0), at, length]);
        programs.push(p.finish());
    }
    stage.run(&alone_and_nested(stage, &programs));
    // A block that does not exist: each on its own machine, since it may be fatal.
    for code in [0u64, 5, 50] {
        let mut p = stage.program();
        p.call(
            "vm",
            "exit",
            &[Arg::Imm(code), Arg::Imm(77), Arg::Imm(0), Arg::Imm(0)],
        );
        stage.run(&alone_and_nested(stage, &[p.finish()]));
    }
}

fn returned_handles(stage: &Stage) {
    let mut programs = Vec::new();
    for handle in [
        Arg::Imm(0),
        Arg::Imm(2),
        Arg::Imm(0xffff_ffff),
        Arg::Word(PARAMS_SLOT),
    ] {
        let mut p = stage.program();
        p.ret(handle);
        programs.push(p.finish());
    }
    for codec in [0x55u64, 0x51, 0x71] {
        let mut p = stage.program();
        p.block(codec, &[0x82, 1, 2], 0x80, 0x60)
            .ret(Arg::Word(0x60));
        programs.push(p.finish());
    }
    stage.run(&alone_and_nested(stage, &programs));
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

fn recursion(stage: &Stage) {
    let program = recursive(stage, Arg::Imm(ALL_GAS), |_| {});
    let mut sender = Sender::alice();
    let mut steps = vec![sender.call(DRIVER, program.clone())];
    // Not enough gas for the full depth: it ends somewhere on the way down, or up.
    for gas in [50_000_000, 400_000_000, 900_000_000] {
        sender.gas = gas;
        steps.push(sender.call(DRIVER, program.clone()));
    }
    let exits = stage.exits(&steps);
    assert_eq!(exits[0], Some(0), "the full depth");
    assert_eq!(exits[1], Some(7), "out of gas on the way");
}

fn recursion_with_gas_limits(stage: &Stage) {
    // Every call hands down a limit; at the deepest point the send is refused with the limit already set.
    let mut sender = Sender::alice();
    let steps: Vec<_> = [ALL_GAS - 1, 15_000_000_000, 3_000_000_000, 40_000_000]
        .into_iter()
        .map(|gas| sender.call(DRIVER, recursive(stage, Arg::Imm(gas), |_| {})))
        .collect();
    stage.run(&steps);
}

fn recursion_fills_memory(stage: &Stage) {
    let program = recursive(stage, Arg::Imm(ALL_GAS), |p| {
        p.grow(60).size();
    });
    stage.run(&[Sender::alice().call(DRIVER, program)]);
}

/// A call tree with several levels, a caught trap, a creation, and an event.
fn tree(stage: &Stage) -> Vec<u8> {
    let mut leaf = stage.program();
    leaf.spin(200).trap(0);
    let mut middle = stage.loaded();
    middle.grow(1).spin(500);
    nest(&mut middle, stage, "init", leaf.finish(), [0, ALL_GAS, 0]);
    let (new, length) = stage.fixtures.get("new eth");
    middle.send(OUT, (new, length), 0, Arg::Imm(0), 5);
    middle.call("self", "root", &[OUT.into(), BUF.into(), 100u32.into()]);
    middle.call("self", "set_root", &[BUF.into()]);
    let mut top = stage.loaded();
    nest(&mut top, stage, "other", middle.finish(), [9, ALL_GAS, 0]);
    top.call("actor", "balance_of", &[OUT.into(), Arg::Imm(99)]);
    top.finish()
}

fn out_of_gas_everywhere(stage: &Stage) {
    let program = tree(stage);
    let full = stage.run(&[Sender::alice().call(DRIVER, program.clone())]);
    assert_eq!(full[0].exit_code(), Some(0), "{}", full[0].failure);
    let used = full[0].gas_used();
    let mut limits: Vec<u64> = (1..=90).map(|n| used * n / 90).collect();
    limits.extend((0..12).map(|n| used - n));
    limits.extend([used + 1, 1, 2, 100_000]);
    let mut steps = Vec::new();
    for gas in limits {
        // Each from the same nonce, in its own machine: the state must be the same for all.
        let mut sender = Sender::alice();
        sender.gas = gas;
        steps.push(sender.call(DRIVER, program.clone()));
    }
    let mut out_of_gas = 0;
    for step in steps {
        let outcome = &stage.run(std::slice::from_ref(&step))[0];
        out_of_gas += usize::from(outcome.exit_code() == Some(7));
    }
    assert!(out_of_gas > 90, "only {out_of_gas} ran out of gas");
}

fn nested_gas_limits(stage: &Stage) {
    let mut child = stage.loaded();
    child.spin(1_000).grow(2);
    child.call("actor", "balance_of", &[OUT.into(), Arg::Imm(999_999)]);
    let child = child.finish();
    let mut sender = Sender::alice();
    let gas = |n: u64| [0, n * 150_000, 0];
    let mut steps: Vec<_> = (0..40)
        .map(|n| sender.call(DRIVER, nested(stage, child.clone(), gas(n))))
        .collect();
    steps.extend((0..10).map(|n| sender.call(DRIVER, nested(stage, child.clone(), [0, n, 0]))));
    let exits = stage.exits(&steps);
    assert!(exits.iter().all(|e| *e == Some(0)), "{exits:?}");
}

fn memory_limits(stage: &Stage) {
    let mut program = stage.program();
    // 4 pages at first, 8192 at most.
    program
        .size()
        .grow(0)
        .grow(1)
        .size()
        .grow(8188)
        .grow(8187)
        .size()
        .grow(1);
    program.call(
        "crypto",
        "hash",
        &[
            OUT.into(),
            Arg::Imm(0xb220),
            Arg::End(-64),
            64u32.into(),
            Arg::End(-32),
            32u32.into(),
        ],
    );
    program.data(0x1fff_fff0, &[7; 16]).sum(0x1fff_ff00, 256);
    let mut beyond = stage.program();
    beyond.data(0x40000, &[1]);
    let mut grown = stage.program();
    grown
        .grow(1)
        .data(0x4fffc, &[1, 2, 3, 4])
        .log(0x4fffc, 4)
        .log(0x4fffd, 4);
    // Paid for before it is refused.
    let mut huge = stage.program();
    huge.grow(0xffff_ffff).size();
    let programs = [
        program.finish(),
        beyond.finish(),
        grown.finish(),
        huge.finish(),
    ];
    let mut steps = alone_and_nested(stage, &programs);
    steps.iter_mut().for_each(|s| s.message.gas_limit *= 100);
    let exits = stage.exits(&steps);
    assert_eq!(exits[0], Some(0));
    assert_eq!(exits[2], Some(4), "a store beyond memory");
    assert_eq!(exits[6], Some(7), "the price of growing");
}

fn total_memory_limit(stage: &Stage) {
    for limit in [
        0u64,
        100_000,
        262_143,
        262_144,
        262_175,
        262_176,
        400_000,
        1 << 20,
    ] {
        let mut setup = stage.setup.clone();
        setup.max_memory_bytes = limit;
        let small = Stage::of(setup);
        let mut child = small.program();
        child.grow(1).size();
        let mut parent = small.loaded();
        parent.grow(3).size();
        nest(
            &mut parent,
            &small,
            "other",
            child.finish(),
            [0, ALL_GAS, 0],
        );
        parent.grow(2).size();
        small.run(&[Sender::alice().call(DRIVER, parent.finish())]);
    }
}

fn stack_height(stage: &Stage) {
    let dive = |depth: u32| {
        let mut p = stage.program();
        p.dive(depth);
        Sender::alice().call(DRIVER, p.finish())
    };
    // The deepest dive that fits, by bisection in both hosts.
    let (mut fits, mut fails) = (1u32, 3_000u32);
    while fails - fits > 1 {
        let middle = (fits + fails) / 2;
        match stage.exits(&[dive(middle)])[0] {
            Some(0) => fits = middle,
            _ => fails = middle,
        }
    }
    assert!(fits > 50 && fails < 3_000, "limit at {fits}");
    for depth in fits.saturating_sub(4)..fits + 6 {
        stage.run(&[dive(depth)]);
    }
}

fn events(stage: &Stage) {
    let mut steps = Vec::new();
    let mut sender = Sender::alice();
    let mut emit = |cases: &[(usize, usize, usize)]| {
        let mut p = stage.program();
        for &(entries, key, value) in cases {
            event(&mut p, early(stage), entries, key, value);
        }
        steps.push(sender.call(DRIVER, p.finish()));
    };
    // Entries, bytes of each key, bytes of each value.
    emit(&[(0, 0, 0), (1, 0, 0), (1, 1, 1), (2, 3, 4)]);
    emit(&[
        (1, 31, 1),
        (1, 32, 1),
        (1, 33, 1),
        (255, 1, 1),
        (256, 1, 1),
        (257, 1, 1),
    ]);
    emit(&[
        (1, 1, 8191),
        (1, 1, 8192),
        (1, 1, 8193),
        (2, 1, 4096),
        (2, 1, 4097),
        (3, 0, 2731),
    ]);
    emit(&[(255, 31, 32), (256, 32, 32)]);
    // Many small ones: more than one node of the events tree.
    emit(&[(1, 2, 3); 70]);
    // Emitted, then undone by an exit or a trap; emitted by a child that fails, then by the parent.
    let mut child = stage.program();
    event(&mut child, early(stage), 1, 2, 3);
    let kept = child.clone().finish();
    child.trap(0);
    let undone = child.finish();
    for first in [&undone, &kept] {
        let mut parent = stage.loaded();
        event(&mut parent, early(stage), 1, 1, 1);
        nest(&mut parent, stage, "other", first.clone(), [0, ALL_GAS, 0]);
        nest(&mut parent, stage, "other", kept.clone(), [0, ALL_GAS, 1]);
        nest(&mut parent, stage, "init", kept.clone(), [0, ALL_GAS, 0]);
        event(&mut parent, early(stage), 2, 2, 2);
        steps.push(sender.call(DRIVER, parent.finish()));
    }
    steps.push(sender.call(DRIVER, undone));
    let outcomes = stage.run(&steps);
    let roots = outcomes.iter().filter(|o| has_events(o)).count();
    assert_eq!(roots, outcomes.len() - 1, "all but the last leave events");
}

fn has_events(outcome: &Outcome) -> bool {
    outcome
        .applied
        .as_ref()
        .is_ok_and(|a| a.events_root.is_some())
}

/// Emits an event of equal entries, in the encoding of the era.
fn event(p: &mut Program, early: bool, entries: usize, key: usize, value: usize) {
    const AT: u32 = 0x20000;
    let name = "k".repeat(key);
    if early {
        let value = fvm_ipld_encoding::RawBytes::new(vec![9; value]);
        let all: Vec<_> = (0..entries)
            .map(|_| (1u64, name.clone(), 0x55u64, value.clone()))
            .collect();
        let bytes = fvm_ipld_encoding::to_vec(&all).expect("events encode");
        p.data(AT, &bytes);
        p.call(
            "event",
            "emit_event",
            &[AT.into(), (bytes.len() as u32).into()],
        );
        return;
    }
    let mut headers = Vec::new();
    for _ in 0..entries {
        headers.extend(2u64.to_le_bytes());
        headers.extend(0x55u64.to_le_bytes());
        headers.extend((key as u32).to_le_bytes());
        headers.extend((value as u32).to_le_bytes());
    }
    let (keys, values) = (name.repeat(entries), vec![9; value * entries]);
    let at_keys = AT + headers.len() as u32;
    let at_values = at_keys + keys.len() as u32;
    p.data(AT, &headers)
        .data(at_keys, keys.as_bytes())
        .data(at_values, &values);
    p.call(
        "event",
        "emit_event",
        &[
            AT.into(),
            (entries as u32).into(),
            at_keys.into(),
            (keys.len() as u32).into(),
            at_values.into(),
            (values.len() as u32).into(),
        ],
    );
}

fn destroy(p: &mut Program, stage: &Stage, to: &str, flag: u32) {
    if early(stage) {
        let (at, length) = stage.fixtures.get(to);
        p.call("self", "self_destruct", &[at.into(), length.into()]);
    } else {
        p.call("self", "self_destruct", &[flag.into()]);
    }
}

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
        event(&mut p, early(stage), 1, 1, 1);
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

fn create(p: &mut Program, stage: &Stage, id: u64, code: &str, f4: Option<&str>) {
    let (code, _) = stage.fixtures.get(code);
    let (at, length) = f4.map_or((0, 0), |name| stage.fixtures.get(name));
    p.call(
        "actor",
        "create_actor",
        &[Arg::Imm(id), code.into(), at.into(), length.into()],
    );
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

fn read_only(stage: &Stage) {
    let mut child = stage.loaded();
    child
        .call("vm", "message_context", &[OUT.into()])
        .log(OUT, 88);
    child.call("self", "root", &[OUT.into(), BUF.into(), 100u32.into()]);
    child.call("self", "set_root", &[BUF.into()]);
    event(&mut child, early(stage), 1, 1, 1);
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

fn reachability(stage: &Stage) {
    let opened = |p: &mut Program, name: &str| {
        let (at, _) = stage.fixtures.get(name);
        p.call("ipld", "block_open", &[OUT.into(), at.into()])
            .log(OUT, 16);
    };
    // Nothing is reachable at first but what the state links.
    for name in [
        "empty array",
        "sha256",
        "identity",
        "identity link",
        "commitment",
        "64-byte digest",
    ] {
        let mut p = stage.loaded();
        opened(&mut p, name);
        stage.run(&[Sender::alice().call(DRIVER, p.finish())]);
    }
    let link = |p: &mut Program, slot: u32, at: u32| {
        p.call(
            "ipld",
            "block_link",
            &[
                OUT.into(),
                Arg::Word(slot),
                Arg::Imm(0xb220),
                Arg::Imm(32),
                at.into(),
                Arg::Imm(100),
            ],
        );
        p.log(at, 38);
    };
    let mut p = stage.loaded();
    // Make a leaf, link it, make a parent that links the leaf, make it the state, open both again.
    p.block(0x71, &[0x82, 0x18, 0x2a, 0xf6], 0x80, 0x60);
    link(&mut p, 0x60, BUF);
    p.call("ipld", "block_open", &[OUT.into(), BUF.into()]);
    p.data(0x2800, &[0x81, 0xd8, 0x2a, 0x58, 39, 0])
        .copy(0x2806, BUF, 38);
    let parent = |p: &mut Program, slot: u32| {
        p.call(
            "ipld",
            "block_create",
            &[slot.into(), Arg::Imm(0x71), 0x2800u32.into(), 44u32.into()],
        );
    };
    parent(&mut p, 0x64);
    link(&mut p, 0x64, BUF + 0x80);
    p.call("self", "set_root", &[(BUF + 0x80).into()]);
    p.call(
        "self",
        "root",
        &[OUT.into(), (BUF + 0x100).into(), 100u32.into()],
    );
    p.call("ipld", "block_open", &[OUT.into(), (BUF + 0x100).into()]);
    // States that are not reachable.
    for name in [
        "sha256",
        "identity",
        "commitment",
        "empty array",
        "odd codec",
    ] {
        let (at, _) = stage.fixtures.get(name);
        p.call("self", "set_root", &[at.into()]);
        p.call(
            "self",
            "root",
            &[OUT.into(), (BUF + 0x100).into(), 100u32.into()],
        );
    }
    let made = p.finish();
    // Later: the state is known; its leaf only once the state was opened.
    let mut later = stage.loaded();
    later.data(0x80, &[0x82, 0x18, 0x2a, 0xf6]);
    later.call(
        "crypto",
        "hash",
        &[
            OUT.into(),
            Arg::Imm(0xb220),
            0x80u32.into(),
            4u32.into(),
            (BUF + 6).into(),
            32u32.into(),
        ],
    );
    later.data(BUF, &[1, 0x71, 0xa0, 0xe4, 2, 32]);
    if !early(stage) {
        // Unknown blocks are fatal before nv21; that is tried elsewhere.
        later.call("ipld", "block_open", &[OUT.into(), BUF.into()]);
    }
    later.call(
        "self",
        "root",
        &[OUT.into(), (BUF + 0x100).into(), 100u32.into()],
    );
    later.call("ipld", "block_open", &[OUT.into(), (BUF + 0x100).into()]);
    let later = later.finish();
    // A child returns a block that links something: the parent may open what it links.
    let mut giver = stage.loaded();
    giver.call(
        "self",
        "root",
        &[OUT.into(), (0x2806u32).into(), 100u32.into()],
    );
    giver.data(0x2800, &[0x81, 0xd8, 0x2a, 0x58, 39, 0]);
    parent(&mut giver, 0x64);
    giver.ret(Arg::Word(0x64));
    let giver = giver.finish();
    let mut taker = stage.loaded();
    nest(&mut taker, stage, "other", giver.clone(), [0, ALL_GAS, 0]);
    opened(&mut taker, "empty array");
    let mut sender = Sender::alice();
    let steps = [
        sender.call(DRIVER, made),
        sender.call(DRIVER, later),
        sender.call(OTHER, giver),
        sender.call(DRIVER, taker.finish()),
    ];
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

fn big_blocks(stage: &Stage) {
    let mut programs = Vec::new();
    for (size, codec) in [
        (1u32 << 20, 0x55u64),
        ((1 << 20) + 1, 0x55),
        (1 << 20, 0x71),
        (600_000, 0x55),
    ] {
        let mut p = stage.program();
        p.grow(40).fill(0x40000, 0, size);
        if codec == 0x71 {
            // An array of 2^20 - 5 zeros.
            p.data(0x40000, &[0x9a, 0x00, 0x0f, 0xff, 0xfb]);
        }
        p.call(
            "ipld",
            "block_create",
            &[
                0x60u32.into(),
                Arg::Imm(codec),
                0x40000u32.into(),
                size.into(),
            ],
        );
        p.call(
            "ipld",
            "block_link",
            &[
                OUT.into(),
                Arg::Word(0x60),
                Arg::Imm(0xb220),
                Arg::Imm(32),
                BUF.into(),
                Arg::Imm(100),
            ],
        );
        p.call("ipld", "block_stat", &[OUT.into(), Arg::Word(0x60)])
            .log(OUT, 12);
        p.ret(Arg::Word(0x60));
        programs.push(p.finish());
    }
    // Many links in one block, and deep nesting.
    let link = [
        &[0xd8, 0x2a, 0x58, 39, 0][..],
        &stage.genesis.codes[0].to_bytes(),
    ]
    .concat();
    for count in [1usize, 100, 5_000] {
        let mut bytes = vec![0x9a];
        bytes.extend((count as u32).to_be_bytes());
        (0..count).for_each(|_| bytes.extend_from_slice(&link));
        for codec in [0x71, 0x51, 0x55] {
            let mut p = stage.program();
            p.grow(8).block(codec, &bytes, 0x50000, 0x60);
            programs.push(p.finish());
        }
    }
    for depth in [10usize, 1_000, 100_000] {
        let mut bytes = vec![0x81; depth];
        bytes.push(0);
        let mut p = stage.program();
        p.grow(8).block(0x71, &bytes, 0x50000, 0x60);
        programs.push(p.finish());
    }
    stage.run(&alone_and_nested(stage, &programs));
}

fn floats(stage: &Stage) {
    let mut p = stage.program();
    for x in [0, 1, -1, 7, -1_000_000, i32::MAX, i32::MIN] {
        p.floats(x);
    }
    stage.run(&[Sender::alice().call(DRIVER, p.finish())]);
}
