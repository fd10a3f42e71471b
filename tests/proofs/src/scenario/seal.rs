//! Proofs of replication, one for each sector.

use filigree_actor_miner::params::ProveCommitSectors3Params;
use filigree_builtin::BatchReturn;
use filigree_sdk::prelude::*;

use super::{PIECE, REFUSED, challenged};
use crate::spoilt::spoilt;
use crate::stage::Stage;

/// Sectors are proven by their proofs, and not by anything else.
pub fn seal(stage: &mut Stage) {
    let (miner, announced) = challenged(stage);
    let proofs = miner.seal_proofs(stage, &announced);
    let good = miner.by_own_proofs(&announced, &proofs);
    let before = miner.state(stage);
    for (at, other) in [(0, 1), (3, 0)] {
        for spoilt in spoilt(&proofs[at], &proofs[other]) {
            let mut bad = good.clone();
            bad.sector_proofs[at] = RawBytes::new(spoilt.bytes);
            let all = miner.prove_commit(stage, bad.clone());
            assert_eq!(all.exit_code(), REFUSED, "{}", spoilt.what);
            assert_eq!(miner.state(stage), before, "{}", spoilt.what);

            // Where some may fail, the others succeed.
            bad.require_activation_success = false;
            let mut codes = [ExitCode::OK; 4];
            codes[at] = REFUSED;
            let here = stage.checkpoint();
            let some = miner.prove_commit(stage, bad).ok();
            assert_eq!(some, BatchReturn::of(&codes), "{}", spoilt.what);
            stage.revert(&here);
        }
    }
    // None is right: each has another's proof.
    let mut none = good.clone();
    none.sector_proofs.rotate_left(1);
    none.require_activation_success = false;
    miner.prove_commit(stage, none).expect_exit(REFUSED, "");
    // The proof is right, and the piece is another.
    let mut other_data = good.clone();
    other_data.sector_activations[3].pieces.clear();
    miner
        .prove_commit(stage, other_data)
        .expect_exit(REFUSED, "");
    assert_eq!(miner.state(stage), before);

    let proven = miner.prove_commit(stage, good.clone()).ok();
    assert_eq!(proven, BatchReturn::ok(4));
    let sector = miner.sector(stage, 4);
    let life = i128::from(sector.expiration - sector.activation);
    assert_eq!(sector.deal_weight, life * i128::from(PIECE.piece_bytes));
    assert_eq!(miner.sector(stage, 1).deal_weight, 0);
    // There is nothing left to prove.
    let again = ProveCommitSectors3Params {
        require_activation_success: false,
        ..good
    };
    miner
        .prove_commit(stage, again)
        .expect_exit(ExitCode::USR_NOT_FOUND, "");
}
