//! Empty sectors that get data without being sealed anew.

use filigree_actor_miner::notifications::ERR_NOTIFICATION_REJECTED;
use filigree_actor_miner::params::{
    DataActivationNotification, ProveReplicaUpdates3Params, SectorUpdateManifest,
    VerifiedAllocationKey,
};
use filigree_builtin::{BatchReturn, ids};
use filigree_sandbox::Outcome;
use filigree_sdk::prelude::*;
use fvm_shared::sector::{RegisteredAggregateProof, RegisteredUpdateProof};

use super::{declare, piece, with_piece};
use crate::onboard::{DAY, Provider, SECTOR_SIZE, piece_cid, proof, sealed_cid};
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "miner/replica-updates",
        run: updates,
    },
    Scenario {
        name: "miner/replica-updates-refused",
        run: refused,
    },
];

const OK: ExitCode = ExitCode::OK;
const ILLEGAL: ExitCode = ExitCode::USR_ILLEGAL_ARGUMENT;
const LOST: ExitCode = ExitCode::USR_NOT_FOUND;
const STATE: ExitCode = ExitCode::USR_ILLEGAL_STATE;
const REJECTED: ExitCode = ERR_NOTIFICATION_REJECTED;

/// A sector gets a piece.
fn update(stage: &Stage, miner: &Provider, sector: u64) -> SectorUpdateManifest {
    let (deadline, partition) = miner.location(stage, sector);
    SectorUpdateManifest {
        sector,
        deadline,
        partition,
        new_sealed_cid: sealed_cid(1_000 + sector),
        pieces: vec![piece(sector, 1 << 34)],
    }
}

pub(in crate::scenario) fn params(
    stage: &Stage,
    miner: &Provider,
    sectors: impl IntoIterator<Item = u64>,
) -> ProveReplicaUpdates3Params {
    let updates = sectors
        .into_iter()
        .map(|sector| update(stage, miner, sector));
    let sector_updates: Vec<_> = updates.collect();
    ProveReplicaUpdates3Params {
        sector_proofs: vec![proof(); sector_updates.len()],
        sector_updates,
        aggregate_proof: RawBytes::default(),
        update_proofs_type: RegisteredUpdateProof::StackedDRG32GiBV1,
        aggregate_proof_type: None,
        require_activation_success: true,
        require_notification_success: true,
    }
}

pub(in crate::scenario) fn prove(
    stage: &mut Stage,
    miner: &Provider,
    params: ProveReplicaUpdates3Params,
) -> Outcome<BatchReturn> {
    stage.call(miner.worker, miner.client.prove_replica_updates3(params))
}

/// A miner with sectors 0 to 7 that were proven, and time until they are proven again.
pub(in crate::scenario) fn with_sectors(stage: &mut Stage) -> Provider {
    let miner = Provider::new(stage);
    miner.commit_empty(stage, 0..8);
    miner.prove(stage, 0);
    let until = stage.epoch() + DAY / 2;
    miner.keep_proving(stage, until);
    assert_eq!(miner.power(stage).0, 8 * SECTOR_SIZE);
    miner
}

fn updates(stage: &mut Stage) {
    let miner = with_sectors(stage);
    let one = params(stage, &miner, [3]);
    assert_eq!(prove(stage, &miner, one).ok(), BatchReturn::ok(1));
    let sector = miner.sector(stage, 3).expect("it lives");
    assert_eq!(sector.sector_key_cid, Some(sealed_cid(3)));
    assert!(sector.deal_weight > 0);
    assert_eq!(sector.power_base_epoch, stage.epoch());

    // Some of several: one has data, of one the proof is wrong, one is unknown to its partition.
    let mut some = params(stage, &miner, [3, 4, 5, 6]);
    some.sector_proofs[2] = RawBytes::new(b"no proof".to_vec());
    prove(stage, &miner, some.clone()).expect_exit(ILLEGAL, "");
    some.require_activation_success = false;
    let codes = [ILLEGAL, ExitCode::OK, ILLEGAL, ExitCode::OK];
    assert_eq!(
        prove(stage, &miner, some.clone()).ok(),
        BatchReturn::of(&codes)
    );
    // Without pieces it changes its seal, and can be updated still.
    let mut zeros = params(stage, &miner, [5]);
    zeros.sector_updates[0].pieces.clear();
    prove(stage, &miner, zeros).ok();
    let mut again = params(stage, &miner, [5]);
    again.sector_updates[0].new_sealed_cid = sealed_cid(5_000);
    prove(stage, &miner, again).ok();
    let sector = miner.sector(stage, 5).expect("it lives");
    assert_eq!(sector.sector_key_cid, Some(sealed_cid(5)));
    stage.check_invariants();

    let until = stage.epoch() + DAY;
    miner.keep_proving(stage, until);
    assert_eq!(miner.power(stage).0, 8 * SECTOR_SIZE);
    stage.check_invariants();
}

fn refused(stage: &mut Stage) {
    let miner = with_sectors(stage);
    miner.commit(stage, vec![with_piece(20), with_piece(21)]);
    let unproven = params(stage, &miner, [20]);
    prove(stage, &miner, unproven).expect_exit(ILLEGAL, "");
    // A faulty one.
    let faults = filigree_actor_miner::params::DeclareFaultsParams {
        faults: vec![declare(stage, &miner, [7])],
    };
    let until = stage.epoch() + DAY / 2;
    miner.keep_proving(stage, until);
    stage
        .call(miner.worker, miner.client.declare_faults(faults))
        .ok();
    let faulty = params(stage, &miner, [7]);
    prove(stage, &miner, faulty).expect_exit(ILLEGAL, "");

    let good = params(stage, &miner, [1, 2]);
    let mut bad = Vec::new();
    // The exit codes when both sectors must be updated, and when one may fail.
    let mut spoil = |codes: [ExitCode; 2], change: &dyn Fn(&mut ProveReplicaUpdates3Params)| {
        let mut params = good.clone();
        change(&mut params);
        bad.push((params, codes));
    };
    spoil([ILLEGAL, ILLEGAL], &|params| params.sector_updates.clear());
    spoil([ILLEGAL, ILLEGAL], &|params| params.sector_proofs.clear());
    spoil([ILLEGAL, ILLEGAL], &|params| {
        params.sector_proofs.truncate(1)
    });
    spoil([ILLEGAL, ILLEGAL], &|params| {
        params.sector_proofs.push(proof())
    });
    spoil([ILLEGAL, OK], &|params| {
        params.sector_proofs[0] = RawBytes::new(vec![0; 4_097])
    });
    spoil([ILLEGAL, ILLEGAL], &|params| {
        params.aggregate_proof = proof()
    });
    spoil([ILLEGAL, ILLEGAL], &|params| {
        params.aggregate_proof_type = Some(RegisteredAggregateProof::SnarkPackV2);
    });
    spoil([ILLEGAL, ILLEGAL], &|params| {
        params.sector_proofs.clear();
        params.aggregate_proof = proof();
        params.aggregate_proof_type = Some(RegisteredAggregateProof::SnarkPackV2);
    });
    spoil([ILLEGAL, ILLEGAL], &|params| {
        params.update_proofs_type = RegisteredUpdateProof::StackedDRG64GiBV1
    });
    spoil([ILLEGAL, ILLEGAL], &|params| {
        params.update_proofs_type = RegisteredUpdateProof::Invalid(9)
    });
    spoil([ILLEGAL, ILLEGAL], &|params| {
        params.update_proofs_type = RegisteredUpdateProof::Invalid((1 << 32) + 3)
    });
    spoil([ILLEGAL, OK], &|params| {
        params.sector_updates[1] = params.sector_updates[0].clone()
    });
    spoil([LOST, LOST], &|params| {
        params.sector_updates[0].sector = 1_000
    });
    spoil([STATE, STATE], &|params| {
        params.sector_updates[0].sector = u64::MAX
    });
    spoil([ILLEGAL, OK], &|params| {
        params.sector_updates[0].deadline = 48
    });
    spoil([ILLEGAL, OK], &|params| {
        params.sector_updates[0].deadline = u64::MAX
    });
    spoil([LOST, OK], &|params| {
        let update = &mut params.sector_updates[0];
        update.deadline = (update.deadline + 20) % 48;
    });
    spoil([LOST, OK], &|params| params.sector_updates[0].partition = 1);
    spoil([STATE, OK], &|params| {
        params.sector_updates[0].partition = u64::MAX
    });
    spoil([ILLEGAL, OK], &|params| {
        params.sector_updates[0].new_sealed_cid = piece_cid(1)
    });
    spoil([ILLEGAL, OK], &|params| {
        params.sector_updates[0].new_sealed_cid = Cid::default()
    });
    spoil([OK, OK], &|params| {
        params.sector_updates[0].pieces[0].cid = sealed_cid(1)
    });
    spoil([OK, OK], &|params| {
        params.sector_updates[0].pieces[0].size.0 = 1_000
    });
    spoil([ILLEGAL, OK], &|params| {
        params.sector_updates[0].pieces[0].verified_allocation_key =
            Some(VerifiedAllocationKey { client: 999, id: 1 });
    });
    spoil([REJECTED, REJECTED], &|params| {
        params.sector_updates[0].pieces[0].notify = vec![DataActivationNotification {
            address: ids::address(ids::MARKET),
            payload: RawBytes::new(vec![0x18, 0x2a]),
        }];
    });
    // With mock proofs some of these are nothing wrong.
    let point = stage.checkpoint();
    for (params, codes) in bad {
        for (require_activation_success, code) in [true, false].into_iter().zip(codes) {
            let params = ProveReplicaUpdates3Params {
                require_activation_success,
                ..params.clone()
            };
            let outcome = prove(stage, &miner, params);
            assert_eq!(outcome.exit_code(), code, "{outcome:?}");
            stage.revert(&point);
        }
    }
    // Shortly before it is proven, and while it is.
    let (deadline, _) = miner.location(stage, 1);
    let open = miner.next_time(stage, deadline).open;
    for epoch in [open - 60, open - 1, open + 5] {
        miner.keep_proving(stage, epoch);
        prove(stage, &miner, good.clone()).expect_exit(ILLEGAL, "");
    }
    let stranger = stage.account(1);
    let call = miner.client.prove_replica_updates3(good);
    stage
        .call(stranger, call)
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    stage.check_invariants();
}
