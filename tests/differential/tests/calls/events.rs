//! Events: how large they may be, and which of them are kept.

use filigree_differential::for_each_version;
use filigree_differential::outcome::Outcome;
use filigree_differential::stage::Stage;
use filigree_differential::world::{DRIVER, Sender};

use crate::{ALL_GAS, nest};

for_each_version!(traced: events);

fn events(stage: &Stage) {
    let mut steps = Vec::new();
    let mut sender = Sender::alice();
    let mut emit = |cases: &[(usize, usize, usize)]| {
        let mut p = stage.program();
        for &(entries, key, value) in cases {
            p.event(entries, key, value);
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
    child.event(1, 2, 3);
    let kept = child.clone().finish();
    child.trap(0);
    let undone = child.finish();
    for first in [&undone, &kept] {
        let mut parent = stage.loaded();
        parent.event(1, 1, 1);
        nest(&mut parent, stage, "other", first.clone(), [0, ALL_GAS, 0]);
        nest(&mut parent, stage, "other", kept.clone(), [0, ALL_GAS, 1]);
        nest(&mut parent, stage, "init", kept.clone(), [0, ALL_GAS, 0]);
        parent.event(2, 2, 2);
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
