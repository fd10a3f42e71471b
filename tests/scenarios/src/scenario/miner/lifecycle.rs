//! Sectors from pre-commit to expiry.

use filigree_builtin::POLICY;
use filigree_sdk::prelude::*;

use crate::onboard::{DAY, Provider, SEAL, SECTOR_SIZE, empty, pass, skip_days};
use crate::scenario::Scenario;
use crate::stage::Stage;

use super::with_piece;

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "miner/onboarding-to-expiry",
        run: onboarding_to_expiry,
    },
    Scenario {
        name: "miner/onboarding-with-data",
        run: with_data,
    },
    Scenario {
        name: "miner/pre-commit-that-is-never-proven",
        run: never_proven,
    },
    Scenario {
        name: "miner/too-early-and-twice",
        run: too_early_and_twice,
    },
    Scenario {
        name: "miner/sectors-of-64-gib",
        run: larger_sectors,
    },
];

fn onboarding_to_expiry(stage: &mut Stage) {
    let miner = Provider::new(stage);
    miner.announce(stage, &[empty(100), empty(101)]);
    assert!(miner.state(stage).pre_commit_deposits.is_positive());
    miner.await_challenge(stage);
    let commitment = miner.commitment(vec![empty(100), empty(101)]);
    miner.prove_commit(stage, commitment).ok();
    let state = miner.state(stage);
    assert!(state.pre_commit_deposits.is_zero() && state.initial_pledge.is_positive());
    assert_eq!(miner.power(stage), (0, 0));
    stage.check_invariants();

    miner.prove(stage, 100);
    assert_eq!(miner.power(stage), (2 * SECTOR_SIZE, 2 * SECTOR_SIZE));
    let until = stage.epoch() + 2 * DAY;
    miner.keep_proving(stage, until);
    assert_eq!(miner.power(stage), (2 * SECTOR_SIZE, 2 * SECTOR_SIZE));
    stage.check_invariants();

    let expiration = miner.sector(stage, 100).expect("it lives").expiration;
    let days = (expiration - stage.epoch()) / DAY - 1;
    skip_days(stage, &[&miner], days);
    miner.keep_proving(stage, expiration - 1);
    assert_eq!(miner.power(stage), (2 * SECTOR_SIZE, 2 * SECTOR_SIZE));
    miner.keep_proving(stage, expiration + DAY + POLICY.wpost_challenge_window);
    assert_eq!(miner.power(stage), (0, 0));
    let state = miner.state(stage);
    assert!(state.initial_pledge.is_zero() && !state.deadline_cron_active);
    stage.check_invariants();

    let all = miner.withdraw_all(stage);
    assert!(stage.balance(miner.id).is_zero());
    let owner = miner.owner;
    stage
        .sandbox()
        .transfer(owner, miner.client.address, all)
        .ok();
    // Nothing is left to do, and a new sector wakes the miner.
    pass(stage, expiration + 2 * DAY);
    miner.commit_empty(stage, [102]);
    assert!(miner.state(stage).deadline_cron_active);
    miner.prove(stage, 102);
    assert_eq!(miner.power(stage), (SECTOR_SIZE, SECTOR_SIZE));
    stage.check_invariants();
}

fn with_data(stage: &mut Stage) {
    let miner = Provider::new(stage);
    miner.commit(stage, vec![with_piece(1), empty(2), with_piece(3)]);
    let sector = miner.sector(stage, 1).expect("it lives");
    let life = i128::from(sector.expiration - sector.activation);
    assert_eq!(sector.deal_weight, life << 30);
    miner.prove(stage, 1);
    // Data that is not verified counts as much as none.
    assert_eq!(miner.power(stage), (3 * SECTOR_SIZE, 3 * SECTOR_SIZE));
    let until = stage.epoch() + DAY;
    miner.keep_proving(stage, until);
    stage.check_invariants();
}

fn never_proven(stage: &mut Stage) {
    let miner = Provider::new(stage);
    miner.announce(stage, &[empty(1), empty(2)]);
    let deposits = miner.state(stage).pre_commit_deposits;
    let to = stage.epoch() + DAY;
    pass(stage, to);
    miner.announce(stage, &[empty(3)]);
    skip_days(stage, &[&miner], 29);
    let to = stage.epoch() + POLICY.pre_commit_challenge_delay + 1;
    pass(stage, to);
    // It is too late for the first two.
    let late = miner.commitment(vec![empty(1), empty(3)]);
    miner
        .prove_commit(stage, late.clone())
        .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    let some = filigree_actor_miner::params::ProveCommitSectors3Params {
        require_activation_success: false,
        ..late
    };
    let proven = miner.prove_commit(stage, some).ok();
    assert_eq!(proven.success_count, 1);
    assert_eq!(miner.state(stage).pre_commit_deposits, deposits);
    let balance = stage.balance(miner.id);
    let until = stage.epoch() + DAY;
    miner.keep_proving(stage, until);
    let state = miner.state(stage);
    assert!(state.pre_commit_deposits.is_zero());
    assert!(stage.balance(miner.id) <= balance - deposits);
    // Their numbers are used up.
    let again = miner.announcement(stage, 1);
    miner
        .pre_commit(stage, vec![again])
        .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    stage.check_invariants();
}

fn too_early_and_twice(stage: &mut Stage) {
    let miner = Provider::new(stage);
    let commitment = miner.commitment(vec![empty(7)]);
    miner
        .prove_commit(stage, commitment.clone())
        .expect_exit(ExitCode::USR_NOT_FOUND, "");
    miner.announce(stage, &[empty(7)]);
    let to = stage.epoch() + POLICY.pre_commit_challenge_delay;
    pass(stage, to);
    miner
        .prove_commit(stage, commitment.clone())
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    pass(stage, to + 1);
    miner.prove_commit(stage, commitment.clone()).ok();
    miner
        .prove_commit(stage, commitment)
        .expect_exit(ExitCode::USR_NOT_FOUND, "");
    let again = miner.announcement(stage, 7);
    miner
        .pre_commit(stage, vec![again])
        .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    stage.check_invariants();
}

fn larger_sectors(stage: &mut Stage) {
    use fvm_shared::sector::RegisteredSealProof as Seal;
    let synthetic = Seal::StackedDRG64GiBV1P1_Feat_SyntheticPoRep;
    let miner = Provider::create(stage, synthetic, 1_000_000);
    // 32 GiB are for others.
    let mut wrong = miner.announcement(stage, 1);
    wrong.seal_proof = SEAL;
    miner
        .pre_commit(stage, vec![wrong])
        .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    miner.commit(stage, vec![empty(1), with_piece(2)]);
    // Both kinds of seals are proven alike, but not in one message.
    let mut interactive = miner.announcement(stage, 3);
    interactive.seal_proof = Seal::StackedDRG64GiBV1P1;
    let other = miner.announcement(stage, 4);
    miner.pre_commit(stage, vec![interactive, other]).ok();
    miner.await_challenge(stage);
    let both = miner.commitment(vec![empty(3), empty(4)]);
    miner
        .prove_commit(stage, both)
        .expect_exit(ExitCode::USR_ILLEGAL_STATE, "");
    for number in [3, 4] {
        let one = miner.commitment(vec![empty(number)]);
        miner.prove_commit(stage, one).ok();
    }
    miner.prove(stage, 1);
    miner.prove_rest(stage, &[3, 4]);
    let power = 4 * 2 * SECTOR_SIZE;
    assert_eq!(miner.power(stage), (power, power));
    stage.check_invariants();
}
