//! Blocks: which of them an actor reaches, and how large they may be.

use filigree_differential::fixtures::{BUF, OUT};
use filigree_differential::for_each_version;
use filigree_differential::program::{Arg, Program};
use filigree_differential::stage::Stage;
use filigree_differential::world::{DRIVER, OTHER, Sender};

use crate::{ALL_GAS, alone_and_nested, early, nest};

for_each_version!(traced: reachability, big_blocks);

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
