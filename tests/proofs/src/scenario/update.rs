//! A sector that was sealed empty gets data (FIP-0019, FIP-0076).

use filigree_builtin::BatchReturn;
use filigree_sdk::prelude::ExitCode;
use fvm_shared::commcid::replica_commitment_v1_to_cid;

use super::{PIECE, Partition, REFUSED, proven};
use crate::provider::Provider;
use crate::question::Stored;
use crate::spoilt::spoilt;
use crate::stage::Stage;

/// An update is proven, and from then on it is the new replica that must be stored.
pub fn update(stage: &mut Stage) {
    let (miner, partition, window_proof) = proven(stage);
    miner.await_mutable(stage, partition.deadline);
    let sector = partition.stored[0].sector;
    let (updated, proof) = miner.encode(stage, sector, PIECE);
    let before = miner.state(stage);
    for spoilt in spoilt(&proof, &window_proof) {
        for required in [true, false] {
            let mut bad = miner.update(stage, sector.number, &updated, &spoilt.bytes);
            bad.require_activation_success = required;
            let outcome = miner.prove_update(stage, bad);
            assert_eq!(outcome.exit_code(), REFUSED, "{}", spoilt.what);
        }
    }
    // Of another sector, to another replica, of other data.
    let neighbour = partition.stored[1].sector.number;
    let of_another = miner.update(stage, neighbour, &updated, &proof);
    let good = miner.update(stage, sector.number, &updated, &proof);
    let old = miner.sector(stage, sector.number);
    let (mut to_another, mut of_zeros) = (good.clone(), good.clone());
    to_another.sector_updates[0].new_sealed_cid = old.sealed_cid;
    of_zeros.sector_updates[0].pieces.clear();
    for bad in [of_another, to_another, of_zeros] {
        miner.prove_update(stage, bad).expect_exit(REFUSED, "");
    }
    assert_eq!(miner.state(stage), before);

    assert_eq!(miner.prove_update(stage, good).ok(), BatchReturn::ok(1));
    let new = miner.sector(stage, sector.number);
    let sealed_cid = replica_commitment_v1_to_cid(&updated.comm_r);
    assert_eq!(new.sealed_cid, sealed_cid.expect("a commitment"));
    assert_eq!(new.sector_key_cid, Some(old.sealed_cid));
    let left = i128::from(new.expiration - stage.epoch());
    assert_eq!(new.deal_weight, left * i128::from(PIECE.piece_bytes));
    store_the_new_one(stage, &miner, &partition);
}

/// The next day's proof is of the replica with data: one of the first replica does not stand.
fn store_the_new_one(stage: &mut Stage, miner: &Provider, partition: &Partition) {
    let mut now: Vec<Stored> = partition.stored.clone();
    now[0].update = Some(PIECE);
    let close = miner.go_to_deadline(stage, partition.deadline).close;
    let open = stage.checkpoint();
    let mut disputed = |stored: &[Stored]| {
        stage.revert(&open);
        let proof = miner.window_proof(stage, stored);
        miner.submit(stage, partition.index, &proof).ok();
        stage.go_to(close);
        let disputed = miner.dispute(stage, miner.worker, partition.deadline);
        (disputed.exit_code(), miner.power(stage))
    };
    assert_eq!(disputed(&partition.stored), (ExitCode::OK, (0, 0)));
    assert_eq!(disputed(&now), (REFUSED, partition.power()));
}
