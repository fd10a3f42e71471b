//! What Wasm itself can do: memory and its limits, the height of the stack, floats.

use filigree_differential::fixtures::OUT;
use filigree_differential::for_each_version;
use filigree_differential::program::Arg;
use filigree_differential::stage::Stage;
use filigree_differential::world::{DRIVER, Sender};

use crate::{ALL_GAS, alone_and_nested, nest, recursive};

for_each_version!(traced: recursion_fills_memory, memory_limits, total_memory_limit, stack_height, floats);

fn recursion_fills_memory(stage: &Stage) {
    let program = recursive(stage, Arg::Imm(ALL_GAS), |p| {
        p.grow(60).size();
    });
    stage.run(&[Sender::alice().call(DRIVER, program)]);
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

fn floats(stage: &Stage) {
    let mut p = stage.program();
    for x in [0, 1, -1, 7, -1_000_000, i32::MAX, i32::MIN] {
        p.floats(x);
    }
    stage.run(&[Sender::alice().call(DRIVER, p.finish())]);
}
