//! `actor::upgrade_actor`, on networks that have it: succeeding, failing and refused upgrades, what they cost, and what
//! calls inside and around them may do.

use filigree_differential::compare::on_large_stack;
use filigree_differential::driver;
use filigree_differential::fixtures::{BUF, OUT};
use filigree_differential::program::{Arg, Program};
use filigree_differential::stage::Stage;
use filigree_differential::world::{self, DRIVER, OTHER, Sender};
use fvm_shared::version::NetworkVersion;

const NONE: Arg = Arg::Imm(0);
const SLOT: u32 = 0x60;
const ALL_GAS: u64 = u64::MAX;

/// The shared world, in which the two drivers can upgrade themselves.
fn stage(version: NetworkVersion) -> Stage {
    let mut setup = world::setup(version).expect("the shared world");
    setup.upgrades = true;
    setup.tracing = true;
    for (index, tag) in ["driver", "other"].into_iter().enumerate() {
        setup.codes[index] = driver::upgradable(version, tag).expect("an upgradable driver");
    }
    Stage::of(setup)
}

/// Upgrades to the code `to` with `then` as the program of the new code, and logs the result if that comes back.
fn upgrade(p: &mut Program, stage: &Stage, to: &str, then: &[u8]) {
    let (code, _) = stage.fixtures.get(to);
    p.block(0x55, then, 0x20000, SLOT);
    p.upgrade(OUT, code, Arg::Word(SLOT));
    p.log(OUT, 20);
    p.fill(BUF, 0, 256);
    let block = Arg::Word(OUT + 4);
    p.call(
        "ipld",
        "block_read",
        &[OUT.into(), block, NONE, BUF.into(), Arg::Imm(256)],
    );
    p.sum(BUF, 256);
    // Which code runs now, as the state has it.
    let own = [OUT.into(), Arg::Imm(DRIVER), BUF.into(), Arg::Imm(100)];
    p.call("actor", "get_actor_code_cid", &own).log(BUF, 40);
}

fn upgrading(stage: &Stage, to: &str, then: Program) -> Vec<u8> {
    let mut p = stage.loaded();
    upgrade(&mut p, stage, to, &then.finish());
    p.finish()
}

/// Sends `child` from `p` to the actor at the fixture address `to`, and logs what came of it.
fn nest(p: &mut Program, stage: &Stage, to: &str, child: &[u8], gas: u64, flags: u64) {
    p.block(0x55, child, 0x20000, SLOT);
    let to = stage.fixtures.get(to);
    p.send_with(OUT, to, 2, Arg::Word(SLOT), [0, gas, flags]);
    p.log(OUT, 20);
}

fn hello(stage: &Stage) -> Program {
    let mut p = stage.program();
    p.call("vm", "message_context", &[OUT.into()]).log(OUT, 88);
    p.call("self", "current_balance", &[OUT.into()])
        .log(OUT, 16);
    p
}

fn exiting(stage: &Stage, code: u64, with_data: bool) -> Program {
    let mut p = stage.program();
    p.block(0x55, b"exit data", 0x80, SLOT);
    let block = if with_data { Arg::Word(SLOT) } else { NONE };
    p.call(
        "vm",
        "exit",
        &[Arg::Imm(code), block, 0x80u32.into(), 9u32.into()],
    );
    p
}

fn trapping(stage: &Stage) -> Program {
    let mut p = stage.program();
    p.trap(0);
    p
}

/// What a new code may do when its `upgrade` runs.
fn endings(stage: &Stage) -> Vec<Program> {
    let mut bad_return = stage.program();
    bad_return.ret(Arg::Imm(77));
    let mut bad_exit = stage.program();
    bad_exit.call("vm", "exit", &[Arg::Imm(40), Arg::Imm(77), NONE, NONE]);
    let mut nothing = stage.program();
    nothing.ret(NONE);
    let mut state = stage.loaded();
    state.call(
        "self",
        "set_root",
        &[stage.fixtures.get("empty array").0.into()],
    );
    let mut destroyed = stage.program();
    destroyed.call("self", "self_destruct", &[Arg::Imm(1)]);
    vec![
        hello(stage),
        nothing,
        exiting(stage, 0, true),
        exiting(stage, 33, false),
        exiting(stage, 33, true),
        trapping(stage),
        bad_return,
        bad_exit,
        state,
        destroyed,
    ]
}

fn at_each_version(test: fn(&Stage)) {
    for version in [
        NetworkVersion::V21,
        NetworkVersion::V24,
        NetworkVersion::V25,
        NetworkVersion::V28,
    ] {
        on_large_stack(|| test(&stage(version)));
    }
}

#[test]
fn upgrades_end_in_every_way() {
    at_each_version(|stage| {
        let mut succeeded = 0;
        for then in endings(stage) {
            let program = upgrading(stage, "other code", then);
            // On its own; then the actor as the upgrade left it; then from a parent that goes on.
            let mut alice = Sender::alice();
            let direct = [
                alice.call(DRIVER, program.clone()),
                alice.call(DRIVER, hello(stage).finish()),
            ];
            stage.run(&direct);
            let mut parent = stage.loaded();
            nest(&mut parent, stage, "self", &program, ALL_GAS, 0);
            nest(&mut parent, stage, "other", &program, ALL_GAS, 0);
            nest(
                &mut parent,
                stage,
                "other",
                &hello(stage).finish(),
                ALL_GAS,
                0,
            );
            let outcomes = stage.run(&[Sender::alice().call(DRIVER, parent.finish())]);
            succeeded += usize::from(outcomes[0].exit_code() == Some(0));
        }
        assert!(succeeded > 5, "only {succeeded} parents ended well");
    });
}

#[test]
fn success_ends_the_old_code_and_failure_does_not() {
    at_each_version(|stage| {
        let run = |then| {
            let program = upgrading(stage, "other code", then);
            stage
                .run(&[Sender::alice().call(DRIVER, program)])
                .remove(0)
        };
        // The new code's info and message context; the old code's log never came.
        let success = run(hello(stage));
        assert_eq!(success.exit_code(), Some(0), "{}", success.failure);
        assert_eq!(success.return_data().len(), 104 + 12 + 88 + 12 + 16);
        let failure = run(exiting(stage, 33, false));
        assert_eq!(failure.exit_code(), Some(0), "{}", failure.failure);
        // After the log of the block's making come this call's: error number, gas, and the result's exit code.
        assert_eq!(failure.return_data()[12..16], [0; 4]);
        assert_eq!(failure.return_data()[24..28], 33u32.to_le_bytes());
    });
}

#[test]
fn codes_that_cannot_be_upgraded_to() {
    at_each_version(|stage| {
        let codes = [
            "driver code",
            "account code",
            "placeholder code",
            "missing",
            "sha256",
            "identity",
            "empty array",
            "oversized",
            "self",
        ];
        for code in codes {
            let program = upgrading(stage, code, hello(stage));
            let mut alice = Sender::alice();
            let steps = [
                alice.call(DRIVER, program.clone()),
                alice.call(DRIVER, hello(stage).finish()),
            ];
            stage.run(&steps);
            let mut parent = stage.loaded();
            nest(&mut parent, stage, "other", &program, ALL_GAS, 0);
            parent.size();
            stage.run(&[Sender::alice().call(DRIVER, parent.finish())]);
        }
        let (code, _) = stage.fixtures.get("other code");
        let pointers = [(OUT, code), (0xffff_fff0, code), (OUT, 0xffff_ffff)];
        for (out, code) in pointers {
            for params in [NONE, Arg::Imm(77), Arg::Imm(1)] {
                let mut p = stage.loaded();
                p.upgrade(out, code, params).log(OUT, 20);
                stage.run(&[Sender::alice().call(DRIVER, p.finish())]);
            }
        }
    });
}

#[test]
fn upgrades_within_calls_and_upgrades() {
    at_each_version(|stage| {
        let again = upgrading(stage, "driver code", hello(stage));
        let failing = upgrading(stage, "driver code", trapping(stage));
        let mut programs = Vec::new();
        // An upgrade inside an upgrade, and one more.
        for inner in [&again, &failing] {
            let mut p = stage.loaded();
            upgrade(&mut p, stage, "other code", inner);
            let once = p.finish();
            let mut p = stage.loaded();
            upgrade(&mut p, stage, "driver code", &once);
            programs.extend([once, p.finish()]);
        }
        // Called back by itself, or by another actor, and upgrading there.
        let mut by_other = stage.loaded();
        nest(&mut by_other, stage, "self", &again, ALL_GAS, 0);
        for (to, child) in [("self", again.clone()), ("other", by_other.finish())] {
            let mut p = stage.loaded();
            nest(&mut p, stage, to, &child, ALL_GAS, 0);
            let outer = p.finish();
            // In a call, and in an upgrade.
            let mut p = stage.loaded();
            upgrade(&mut p, stage, "other code", &outer);
            programs.extend([outer, p.finish()]);
        }
        // Read-only, with too little gas, and after the actor is gone.
        let mut p = stage.loaded();
        nest(&mut p, stage, "other", &again, ALL_GAS, 1);
        for gas in [0, 100_000, 500_000, 1_000_000, 2_000_000, 4_000_000] {
            nest(&mut p, stage, "other", &again, gas, 0);
        }
        programs.push(p.finish());
        let mut p = stage.loaded();
        p.call("self", "self_destruct", &[Arg::Imm(1)]);
        upgrade(&mut p, stage, "other code", &hello(stage).finish());
        programs.push(p.finish());
        for program in programs {
            let mut alice = Sender::alice();
            let steps = [
                alice.call(DRIVER, program.clone()),
                alice.call(OTHER, program),
                alice.call(DRIVER, hello(stage).finish()),
            ];
            stage.run(&steps);
        }
    });
}

#[test]
fn out_of_gas_anywhere_in_an_upgrade() {
    at_each_version(|stage| {
        let program = upgrading(stage, "other code", hello(stage));
        let full = stage.run(&[Sender::alice().call(DRIVER, program.clone())]);
        let used = full[0].gas_used();
        for part in 1..=40 {
            let mut alice = Sender::alice();
            alice.gas = used * part / 40;
            stage.run(&[alice.call(DRIVER, program.clone())]);
        }
    });
}

#[test]
fn mainnet_links_no_upgrades() {
    at_each_version(|stage| {
        let mut setup = stage.setup.clone();
        setup.upgrades = false;
        // A module that does not link is fatal before or after its memory is paid for, which only a trace tells.
        setup.tracing = false;
        let mainnet = Stage::of(setup);
        let step = Sender::alice().call(DRIVER, hello(&mainnet).finish());
        assert_ne!(mainnet.exits(&[step]), [Some(0)]);
    });
}
