//! How an actor ends: traps, exits, and handles that it returns.

use filigree_differential::fixtures::OUT;
use filigree_differential::for_each_version;
use filigree_differential::program::{Arg, PARAMS_SLOT};
use filigree_differential::stage::Stage;

use crate::alone_and_nested;

for_each_version!(traced: traps, exits, returned_handles);

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
