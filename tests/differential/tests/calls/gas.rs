//! Gas: the deepest call stack, limits of calls, and running out of gas anywhere.

use filigree_differential::fixtures::{BUF, OUT};
use filigree_differential::for_each_version;
use filigree_differential::program::Arg;
use filigree_differential::stage::Stage;
use filigree_differential::world::{DRIVER, Sender};

use crate::{ALL_GAS, nest, nested, recursive};

for_each_version!(traced: recursion, recursion_with_gas_limits, out_of_gas_everywhere, nested_gas_limits);

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
