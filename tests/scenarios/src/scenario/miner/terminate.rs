//! Sectors that end before their time, and what that costs.

use filigree_actor_miner::params::{
    MaxTerminationFeeParams, SectorDeclaration, TerminateSectorsParams, TerminateSectorsReturn,
};
use filigree_builtin::ids;
use filigree_sandbox::Outcome;
use filigree_sdk::prelude::*;
use fvm_shared::bigint::bigint_ser::BigIntDe;

use super::fault::{faulty, with_sectors};
use super::{declare, with_piece};
use crate::onboard::{DAY, Provider, SECTOR_SIZE, empty, fil, pass, set, skip_days};
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "miner/terminated",
        run: terminated,
    },
    Scenario {
        name: "miner/terminated-at-all-ages",
        run: at_all_ages,
    },
    Scenario {
        name: "miner/terminated-without-funds",
        run: without_funds,
    },
    Scenario {
        name: "miner/terminations-refused",
        run: refused,
    },
];

pub(super) fn terminate(
    stage: &mut Stage,
    miner: &Provider,
    terminations: Vec<SectorDeclaration>,
) -> Outcome<TerminateSectorsReturn> {
    let params = TerminateSectorsParams { terminations };
    stage.call(miner.worker, miner.client.terminate_sectors(params))
}

fn terminated(stage: &mut Stage) {
    let miner = with_sectors(stage, 6);
    miner.commit(stage, vec![with_piece(10), empty(11)]);
    let burnt = stage.balance(ids::BURNT_FUNDS);
    // One of several, by the owner.
    let one = TerminateSectorsParams {
        terminations: vec![declare(stage, &miner, [2])],
    };
    let call = miner.client.terminate_sectors(one.clone());
    assert!(stage.call(miner.owner, call).ok().done);
    assert_eq!(miner.power(stage).0, 5 * SECTOR_SIZE);
    assert!(stage.balance(ids::BURNT_FUNDS) > burnt);
    stage.check_invariants();
    // Again.
    terminate(stage, &miner, one.terminations).expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    // Never proven ones, one with data among them.
    let unproven = declare(stage, &miner, [10, 11]);
    terminate(stage, &miner, vec![unproven]).ok();
    assert_eq!(miner.power(stage).0, 5 * SECTOR_SIZE);
    stage.check_invariants();
    // A faulty and a good one together; the same named twice.
    let until = stage.epoch() + DAY / 2;
    miner.keep_proving(stage, until);
    let one = declare(stage, &miner, [3]);
    faulty(stage, &miner, vec![one.clone()]).ok();
    let other = declare(stage, &miner, [4, 3]);
    terminate(stage, &miner, vec![one, other]).ok();
    assert_eq!(miner.power(stage).0, 3 * SECTOR_SIZE);
    let until = stage.epoch() + DAY;
    miner.keep_proving(stage, until);
    stage.check_invariants();
    // All that are left.
    let until = stage.epoch() + DAY / 2;
    miner.keep_proving(stage, until);
    let rest = declare(stage, &miner, [0, 1, 5]);
    terminate(stage, &miner, vec![rest]).ok();
    assert_eq!(miner.power(stage), (0, 0));
    let state = miner.state(stage);
    assert!(state.initial_pledge.is_zero() && state.early_terminations.is_empty());
    let to = stage.epoch() + DAY;
    pass(stage, to);
    miner.withdraw_all(stage);
    stage.check_invariants();
}

fn at_all_ages(stage: &mut Stage) {
    let miner = with_sectors(stage, 8);
    let mut fees = Vec::new();
    for (sector, days) in [(0, 0), (1, 1), (2, 7), (3, 30), (4, 60), (5, 45), (6, 10)] {
        skip_days(stage, &[&miner], days);
        // Cron goes on.
        let until = stage.epoch() + DAY;
        miner.keep_proving(stage, until);
        let pledge = miner
            .sector(stage, sector)
            .expect("it lives")
            .initial_pledge;
        let params = MaxTerminationFeeParams {
            power: BigIntDe(SECTOR_SIZE.into()),
            initial_pledge: pledge,
        };
        let call = miner.client.max_termination_fee(params);
        let most = stage.call(miner.owner, call).ok();
        let burnt = stage.balance(ids::BURNT_FUNDS);
        let one = declare(stage, &miner, [sector]);
        terminate(stage, &miner, vec![one]).ok();
        let fee = stage.balance(ids::BURNT_FUNDS) - burnt;
        assert!(fee.is_positive() && fee <= most, "{fee} {most}");
        fees.push(fee);
    }
    stage.check_invariants();
    assert_eq!(miner.power(stage).0, SECTOR_SIZE);
}

fn without_funds(stage: &mut Stage) {
    let miner = with_sectors(stage, 3);
    miner.withdraw_all(stage);
    let all = declare(stage, &miner, 0..3);
    terminate(stage, &miner, vec![all]).ok();
    stage.check_invariants();
    miner.award(stage, 1, fil(0));
    let to = stage.epoch() + 2 * DAY;
    pass(stage, to);
    miner.withdraw_all(stage);
    // Rewards are taken back by a penalty, then sectors end in debt.
    let other = with_sectors(stage, 2);
    other.withdraw_all(stage);
    other.award(stage, 1, fil(1_000_000));
    assert!(other.state(stage).fee_debt.is_positive());
    let one = declare(stage, &other, [0]);
    terminate(stage, &other, vec![one]).ok();
    assert!(other.state(stage).fee_debt.is_positive());
    stage.check_invariants();
}

fn refused(stage: &mut Stage) {
    let miner = with_sectors(stage, 3);
    let good = declare(stage, &miner, [1]);
    let of = |deadline, partition, sectors| SectorDeclaration {
        deadline,
        partition,
        sectors,
    };
    let bad = [
        of(48, 0, set([1])),
        of(u64::MAX, 0, set([1])),
        of((good.deadline + 20) % 48, 0, set([1])),
        of(good.deadline, 1, set([1])),
        of(good.deadline, u64::MAX, set([1])),
        of(good.deadline, 0, set([77])),
        of(good.deadline, 0, set([1, 77])),
        of(good.deadline, 0, set(0..25_001)),
    ];
    for bad in bad {
        let outcome = terminate(stage, &miner, vec![bad]);
        assert!(!outcome.is_ok(), "{outcome:?}");
    }
    terminate(stage, &miner, vec![of(good.deadline, 0, set([]))]).ok();
    terminate(stage, &miner, vec![good.clone(); 3_001]).ok();
    let nothing = terminate(stage, &miner, Vec::new()).is_ok();
    assert!(nothing);
    let stranger = stage.account(1);
    let params = TerminateSectorsParams {
        terminations: vec![good.clone()],
    };
    stage
        .call(stranger, miner.client.terminate_sectors(params))
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    // Not while the deadline is open, nor in the window before.
    if miner.partition(stage, 1).terminated.get(1) {
        return;
    }
    let next = miner.next_time(stage, good.deadline);
    for epoch in [next.open - 60, next.open - 1, next.close - 1] {
        miner.keep_proving(stage, epoch);
        terminate(stage, &miner, vec![good.clone()])
            .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    }
    stage.check_invariants();
}
