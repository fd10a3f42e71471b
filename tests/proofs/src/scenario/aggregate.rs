//! Proofs of replication of four sectors as one (FIP-0013).

use filigree_builtin::BatchReturn;

use super::{REFUSED, challenged};
use crate::spoilt::{Spoilt, spoilt};
use crate::stage::Stage;

/// Bytes of the aggregate that have a bit flipped, beside those that every proof has.
const SPREAD: usize = 16;

/// Sectors are proven by the aggregate of their proofs, in its order.
pub fn aggregate(stage: &mut Stage) {
    let (miner, announced) = challenged(stage);
    let aggregate = miner.aggregate(stage, &announced);
    let single = miner.seal_proofs(stage, &announced[..1]).remove(0);
    let before = miner.state(stage);
    let spread = (0..aggregate.len()).step_by(aggregate.len() / SPREAD);
    let spread = spread.map(|at| {
        let mut bytes = aggregate.clone();
        bytes[at] ^= 4;
        let what = format!("bit 2 of byte {at} flipped");
        Spoilt { what, bytes }
    });
    for spoilt in spoilt(&aggregate, &single).into_iter().chain(spread) {
        for required in [true, false] {
            let mut bad = miner.by_aggregate(&announced, &spoilt.bytes);
            bad.require_activation_success = required;
            let outcome = miner.prove_commit(stage, bad);
            assert_eq!(outcome.exit_code(), REFUSED, "{}", spoilt.what);
        }
    }
    let mut reversed = miner.by_aggregate(&announced, &aggregate);
    reversed.sector_activations.reverse();
    miner.prove_commit(stage, reversed).expect_exit(REFUSED, "");
    assert_eq!(miner.state(stage), before);

    let good = miner.by_aggregate(&announced, &aggregate);
    assert_eq!(miner.prove_commit(stage, good).ok(), BatchReturn::ok(4));
    assert_eq!(miner.sector(stage, 3).sector_number, 3);
}
