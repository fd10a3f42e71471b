//! Sectors that are proven without a pre-commit.

use filigree_actor_miner::params::{ProveCommitSectorsNIParams, SectorNIActivationInfo};
use filigree_builtin::{BatchReturn, POLICY};
use filigree_sandbox::Outcome;
use filigree_sdk::prelude::*;
use fvm_shared::sector::{RegisteredAggregateProof, RegisteredSealProof};

use crate::onboard::{DAY, LIFE, Provider, SECTOR_SIZE, piece_cid, proof, sealed_cid};
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "miner/without-pre-commit",
        run: without_pre_commit,
    },
    Scenario {
        name: "miner/without-pre-commit-refused",
        run: refused,
    },
];

const ILLEGAL: ExitCode = ExitCode::USR_ILLEGAL_ARGUMENT;

fn sector(stage: &Stage, miner: &Provider, number: u64) -> SectorNIActivationInfo {
    SectorNIActivationInfo {
        sealing_number: number,
        sealer_id: miner.id,
        sealed_cid: sealed_cid(number),
        sector_number: number,
        seal_rand_epoch: stage.epoch() - 1,
        expiration: stage.epoch() + LIFE,
    }
}

/// A deadline that is not open soon.
fn far(stage: &Stage, miner: &Provider, by: u64) -> u64 {
    (miner.now(stage).index + by) % POLICY.wpost_period_deadlines
}

pub(super) fn params(
    stage: &Stage,
    miner: &Provider,
    numbers: impl IntoIterator<Item = u64>,
) -> ProveCommitSectorsNIParams {
    let sectors = numbers
        .into_iter()
        .map(|number| sector(stage, miner, number));
    ProveCommitSectorsNIParams {
        sectors: sectors.collect(),
        aggregate_proof: proof(),
        seal_proof_type: RegisteredSealProof::StackedDRG32GiBV1P2_Feat_NiPoRep,
        aggregate_proof_type: RegisteredAggregateProof::SnarkPackV2,
        proving_deadline: far(stage, miner, 5),
        require_activation_success: true,
    }
}

pub(super) fn commit(
    stage: &mut Stage,
    miner: &Provider,
    params: ProveCommitSectorsNIParams,
) -> Outcome<BatchReturn> {
    stage.call(miner.worker, miner.client.prove_commit_sectors_ni(params))
}

fn without_pre_commit(stage: &mut Stage) {
    let miner = Provider::new(stage);
    let one = params(stage, &miner, [9]);
    let deadline = one.proving_deadline;
    assert_eq!(commit(stage, &miner, one).ok(), BatchReturn::ok(1));
    assert_eq!(miner.location(stage, 9).0, deadline);
    assert!(miner.state(stage).deadline_cron_active);
    // As many as there may be, elsewhere.
    let mut many = params(stage, &miner, 100..165);
    many.proving_deadline = far(stage, &miner, 9);
    assert_eq!(commit(stage, &miner, many).ok(), BatchReturn::ok(65));
    // Some are good.
    let mut some = params(stage, &miner, 200..207);
    some.require_activation_success = false;
    some.sectors[1].sealer_id += 1;
    some.sectors[2].sealing_number = 300;
    some.sectors[3].sealed_cid = piece_cid(1);
    some.sectors[4].expiration = stage.epoch() + 180 * DAY - 1;
    some.sectors[6].sealed_cid = Cid::default();
    let mut all = some.clone();
    all.require_activation_success = true;
    commit(stage, &miner, all).expect_exit(ILLEGAL, "");
    let codes = [0, 1, 1, 1, 1, 0, 1].map(|bad| if bad == 1 { ILLEGAL } else { ExitCode::OK });
    assert_eq!(
        commit(stage, &miner, some.clone()).ok(),
        BatchReturn::of(&codes)
    );
    // Numbers of those that failed are used up as well, except for those of other miners.
    let again = params(stage, &miner, [203]);
    commit(stage, &miner, again).expect_exit(ILLEGAL, "");
    stage.check_invariants();

    let until = stage.epoch() + DAY;
    miner.keep_proving(stage, until);
    assert_eq!(miner.power(stage).0, 68 * SECTOR_SIZE);
    stage.check_invariants();
}

fn refused(stage: &mut Stage) {
    let miner = Provider::new(stage);
    let before = miner.state(stage);
    let good = params(stage, &miner, [1, 2]);
    let mut bad = Vec::new();
    let mut spoil = |change: &dyn Fn(&mut ProveCommitSectorsNIParams)| {
        let mut params = good.clone();
        change(&mut params);
        bad.push(params);
    };
    spoil(&|params| params.sectors.clear());
    spoil(&|params| params.sectors[1] = params.sectors[0].clone());
    spoil(&|params| params.aggregate_proof = RawBytes::new(b"no proof".to_vec()));
    spoil(&|params| params.aggregate_proof = RawBytes::default());
    spoil(&|params| params.aggregate_proof = RawBytes::new(vec![0; 81_961]));
    spoil(&|params| params.seal_proof_type = RegisteredSealProof::StackedDRG32GiBV1P1);
    spoil(&|params| params.seal_proof_type = RegisteredSealProof::StackedDRG2KiBV1P2_Feat_NiPoRep);
    spoil(&|params| params.seal_proof_type = RegisteredSealProof::Invalid(77));
    spoil(&|params| params.seal_proof_type = RegisteredSealProof::Invalid((1 << 32) + 18));
    spoil(&|params| params.aggregate_proof_type = RegisteredAggregateProof::SnarkPackV1);
    spoil(&|params| params.aggregate_proof_type = RegisteredAggregateProof::Invalid(9));
    spoil(&|params| params.proving_deadline = 48);
    spoil(&|params| params.proving_deadline = u64::MAX);
    let epoch = stage.epoch();
    for rand_epoch in [epoch, epoch + 1, i64::MAX, -1, i64::MIN] {
        spoil(&|params| params.sectors[0].seal_rand_epoch = rand_epoch);
    }
    for number in [1 << 63, u64::MAX - 1] {
        spoil(&|params| {
            params.sectors[0].sector_number = number;
            params.sectors[0].sealing_number = number;
        });
    }
    spoil(&|params| params.sectors[0].expiration = epoch + 1_278 * DAY + 1);
    spoil(&|params| params.sectors[0].expiration = 0);
    for params in bad {
        let outcome = commit(stage, &miner, params);
        assert!(!outcome.is_ok(), "{outcome:?}");
    }
    let too_many = params(stage, &miner, 0..66);
    commit(stage, &miner, too_many).expect_exit(ILLEGAL, "");
    // None that is valid.
    let mut none = good.clone();
    none.require_activation_success = false;
    none.sectors
        .iter_mut()
        .for_each(|sector| sector.sealer_id = 0);
    commit(stage, &miner, none).expect_exit(ILLEGAL, "");
    // The deadline that is open, and the next.
    for by in [0, 1] {
        let mut soon = good.clone();
        soon.proving_deadline = far(stage, &miner, by);
        commit(stage, &miner, soon).expect_exit(ExitCode::USR_FORBIDDEN, "");
    }
    // Seals of another type than the miner's proofs are not refused for it.
    let mut larger = good.clone();
    larger.seal_proof_type = RegisteredSealProof::StackedDRG64GiBV1P2_Feat_NiPoRep;
    larger.sectors.truncate(1);
    larger.sectors[0].sector_number = 64;
    larger.sectors[0].sealing_number = 64;
    assert_eq!(miner.state(stage), before);
    commit(stage, &miner, larger).ok();
    // A stranger, and a miner without money.
    let stranger = stage.account(1);
    let call = miner.client.prove_commit_sectors_ni(good.clone());
    stage
        .call(stranger, call)
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    stage.check_invariants();

    let poor = Provider::create(stage, crate::onboard::SEAL, 200);
    poor.withdraw_all(stage);
    let many = params(stage, &poor, 0..65);
    commit(stage, &poor, many).expect_exit(ExitCode::USR_INSUFFICIENT_FUNDS, "");
    stage.check_invariants();
}
