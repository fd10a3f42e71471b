//! Sectors that cannot be proven: declared, found out, recovered, and given up.

use filigree_actor_miner::params::{
    DeclareFaultsParams, DeclareFaultsRecoveredParams, SectorDeclaration,
};
use filigree_builtin::POLICY;
use filigree_sandbox::Outcome;
use filigree_sdk::prelude::*;

use super::{declare, with_piece};
use crate::onboard::{DAY, Provider, SECTOR_SIZE, empty, pass, set, skip_days};
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "miner/faults-declared-and-recovered",
        run: declared,
    },
    Scenario {
        name: "miner/faults-detected",
        run: detected,
    },
    Scenario {
        name: "miner/faults-skipped-in-a-proof",
        run: skipped,
    },
    Scenario {
        name: "miner/faults-for-too-long",
        run: too_long,
    },
    Scenario {
        name: "miner/faulty-when-it-expires",
        run: until_the_end,
    },
    Scenario {
        name: "miner/declarations-refused",
        run: refused,
    },
];

const ILLEGAL: ExitCode = ExitCode::USR_ILLEGAL_ARGUMENT;

/// A miner with sectors from 0 on that were proven, a while ago.
pub(super) fn with_sectors(stage: &mut Stage, count: u64) -> Provider {
    let miner = Provider::new(stage);
    miner.commit_empty(stage, 0..count);
    miner.prove(stage, 0);
    let until = stage.epoch() + DAY / 2;
    miner.keep_proving(stage, until);
    assert_eq!(miner.power(stage).0, count * SECTOR_SIZE);
    miner
}

pub(super) fn faulty(
    stage: &mut Stage,
    miner: &Provider,
    faults: Vec<SectorDeclaration>,
) -> Outcome<()> {
    let params = DeclareFaultsParams { faults };
    stage.call(miner.worker, miner.client.declare_faults(params))
}

pub(super) fn recovered(
    stage: &mut Stage,
    miner: &Provider,
    recoveries: Vec<SectorDeclaration>,
) -> Outcome<()> {
    let params = DeclareFaultsRecoveredParams { recoveries };
    stage.call(miner.worker, miner.client.declare_faults_recovered(params))
}

fn declared(stage: &mut Stage) {
    let miner = with_sectors(stage, 5);
    let named = declare(stage, &miner, [1, 3]);
    faulty(stage, &miner, vec![named.clone()]).ok();
    assert_eq!(miner.power(stage).0, 3 * SECTOR_SIZE);
    // Again: nothing changes.
    faulty(stage, &miner, vec![named.clone()]).ok();
    assert_eq!(miner.power(stage).0, 3 * SECTOR_SIZE);
    let money = stage.balance(miner.id);
    let until = stage.epoch() + DAY;
    miner.keep_proving(stage, until);
    assert!(stage.balance(miner.id) < money);
    stage.check_invariants();

    let one = declare(stage, &miner, [3]);
    recovered(stage, &miner, vec![one]).ok();
    assert_eq!(miner.power(stage).0, 3 * SECTOR_SIZE);
    // A proof that brings sectors back is verified at once.
    let (deadline, _) = miner.location(stage, 3);
    miner.go_to_deadline(stage, deadline);
    let mut bad = miner.post(stage, vec![crate::onboard::whole(0)]);
    bad.proofs[0].proof_bytes = b"no proof".to_vec();
    miner.submit(stage, bad).expect_exit(ILLEGAL, "");
    miner.prove(stage, 3);
    assert_eq!(miner.power(stage).0, 4 * SECTOR_SIZE);
    stage.check_invariants();

    // Declared recovered, and not proven: faulty again.
    let until = stage.epoch() + DAY / 2;
    miner.keep_proving(stage, until);
    // That of those named some are not faulty is nothing wrong.
    recovered(stage, &miner, vec![named.clone()]).ok();
    let one = declare(stage, &miner, [1]);
    recovered(stage, &miner, vec![one.clone()]).ok();
    // Declared faulty again: no longer recovering.
    faulty(stage, &miner, vec![one.clone()]).ok();
    assert!(miner.partition(stage, 1).recoveries.is_empty());
    recovered(stage, &miner, vec![one]).ok();
    let to = stage.epoch() + DAY;
    pass(stage, to);
    assert_eq!(miner.power(stage).0, 0);
    assert!(miner.partition(stage, 1).recoveries.is_empty());
    stage.check_invariants();
}

fn detected(stage: &mut Stage) {
    let miner = with_sectors(stage, 4);
    let money = stage.balance(miner.id);
    let to = stage.epoch() + DAY;
    pass(stage, to);
    assert_eq!(miner.power(stage), (0, 0));
    let first = &money - stage.balance(miner.id);
    // The next day costs more.
    let to = stage.epoch() + DAY;
    pass(stage, to);
    let second = money - stage.balance(miner.id) - &first;
    assert!(second > first);
    stage.check_invariants();
    let all = declare(stage, &miner, 0..4);
    recovered(stage, &miner, vec![all]).ok();
    let until = stage.epoch() + DAY;
    miner.keep_proving(stage, until);
    assert_eq!(miner.power(stage).0, 4 * SECTOR_SIZE);
    stage.check_invariants();

    // Sectors that were never proven become faulty too, some days after others in the same partition.
    miner.commit(stage, vec![empty(10), with_piece(11)]);
    let to = stage.epoch() + 3 * DAY;
    pass(stage, to);
    assert_eq!(miner.power(stage).0, 0);
    assert!(miner.partition(stage, 10).faults.get(10));
    let (new, old) = (declare(stage, &miner, [10]), declare(stage, &miner, [0, 1]));
    recovered(stage, &miner, vec![new, old]).ok();
    let until = stage.epoch() + DAY;
    miner.keep_proving(stage, until);
    assert_eq!(miner.power(stage).0, 3 * SECTOR_SIZE);
    stage.check_invariants();
}

fn skipped(stage: &mut Stage) {
    let miner = with_sectors(stage, 6);
    miner.commit_empty(stage, [20, 21]);
    let (deadline, partition) = miner.location(stage, 0);
    assert_eq!(miner.location(stage, 20), (deadline, partition));
    let now = miner.go_to_deadline(stage, deadline);
    // One that was proven, and one that was not; and one that is in no partition.
    let mut post = miner.post(stage, vec![crate::onboard::whole(partition)]);
    post.partitions[0].skipped = set([2, 20, 999]);
    miner.submit(stage, post.clone()).expect_exit(ILLEGAL, "");
    post.partitions[0].skipped = set(0..22);
    miner.submit(stage, post.clone()).expect_exit(ILLEGAL, "");
    post.partitions[0].skipped = set([2, 20]);
    miner.submit(stage, post).ok();
    assert_eq!(miner.power(stage).0, 6 * SECTOR_SIZE);
    pass(stage, now.close);
    assert_eq!(miner.power(stage).0, 6 * SECTOR_SIZE);
    let both = declare(stage, &miner, [2, 20]);
    recovered(stage, &miner, vec![both]).ok();
    // Only one of them is, in the end.
    let now = miner.go_to_deadline(stage, deadline);
    let mut post = miner.post(stage, vec![crate::onboard::whole(partition)]);
    post.partitions[0].skipped = set([20]);
    miner.submit(stage, post).ok();
    pass(stage, now.close);
    assert_eq!(miner.power(stage).0, 7 * SECTOR_SIZE);
    stage.check_invariants();
}

fn too_long(stage: &mut Stage) {
    let miner = with_sectors(stage, 4);
    miner.commit(stage, vec![with_piece(10)]);
    miner.prove(stage, 10);
    let until = stage.epoch() + DAY / 2;
    miner.keep_proving(stage, until);
    let pledge = miner.state(stage).initial_pledge;
    let some = declare(stage, &miner, [1, 10]);
    faulty(stage, &miner, vec![some]).ok();
    skip_days(stage, &[&miner], 41);
    let until = stage.epoch() + 3 * DAY;
    miner.keep_proving(stage, until);
    assert_eq!(miner.power(stage).0, 3 * SECTOR_SIZE);
    let state = miner.state(stage);
    assert!(state.initial_pledge < pledge && state.early_terminations.is_empty());
    assert!(miner.partition(stage, 1).terminated.get(1));
    stage.check_invariants();

    // All of them: the miner has nothing left.
    let to = stage.epoch() + DAY;
    pass(stage, to);
    skip_days(stage, &[&miner], 41);
    let to = stage.epoch() + 3 * DAY;
    pass(stage, to);
    let state = miner.state(stage);
    assert!(state.initial_pledge.is_zero());
    stage.check_invariants();
}

fn until_the_end(stage: &mut Stage) {
    let miner = with_sectors(stage, 4);
    let expiration = miner.sector(stage, 0).expect("it lives").expiration;
    let days = (expiration - stage.epoch()) / DAY - 20;
    skip_days(stage, &[&miner], days);
    let until = stage.epoch() + DAY;
    miner.keep_proving(stage, until);
    // Faulty in its last days: it expires as it would have; one is back in time.
    let some = declare(stage, &miner, [1, 2]);
    faulty(stage, &miner, vec![some]).ok();
    skip_days(stage, &[&miner], 16);
    let until = stage.epoch() + DAY;
    miner.keep_proving(stage, until);
    let one = declare(stage, &miner, [2]);
    recovered(stage, &miner, vec![one]).ok();
    let burnt = stage.balance(filigree_builtin::ids::BURNT_FUNDS);
    miner.keep_proving(stage, expiration + 2 * DAY);
    assert!(stage.balance(filigree_builtin::ids::BURNT_FUNDS) > burnt);
    assert_eq!(miner.power(stage), (0, 0));
    assert!(miner.state(stage).initial_pledge.is_zero());
    stage.check_invariants();
}

fn refused(stage: &mut Stage) {
    let miner = with_sectors(stage, 4);
    let good = declare(stage, &miner, [1]);
    let of = |deadline, partition, sectors: BitField| SectorDeclaration {
        deadline,
        partition,
        sectors,
    };
    let bad = [
        of(48, 0, set([1])),
        of(u64::MAX, 0, set([1])),
        of(good.deadline, 1, set([1])),
        of(good.deadline, u64::MAX, set([1])),
        of(good.deadline, good.partition, set([77])),
        of(good.deadline, good.partition, set(0..25_001)),
        of((good.deadline + 20) % 48, 0, set([1])),
    ];
    for bad in bad {
        let faults = faulty(stage, &miner, vec![bad.clone()]);
        assert!(!faults.is_ok(), "{faults:?}");
        let recoveries = recovered(stage, &miner, vec![good.clone(), bad]);
        assert!(!recoveries.is_ok(), "{recoveries:?}");
    }
    // Nothing at all, and something that is faulty already.
    let none = of(good.deadline, good.partition, set([]));
    faulty(stage, &miner, vec![none.clone()]).ok();
    recovered(stage, &miner, vec![none]).ok();
    faulty(stage, &miner, Vec::new()).ok();
    recovered(stage, &miner, Vec::new()).ok();
    // A sector that is not faulty.
    recovered(stage, &miner, vec![good.clone()]).ok();
    assert!(miner.partition(stage, 1).recoveries.is_empty());
    let many = vec![good.clone(); 3_001];
    faulty(stage, &miner, many).ok();
    stage.check_invariants();

    // Too late, from seventy epochs before the deadline until it is over.
    let next = miner.next_time(stage, good.deadline);
    for epoch in [
        next.open - POLICY.fault_declaration_cutoff,
        next.open,
        next.close - 1,
    ] {
        pass(stage, epoch);
        faulty(stage, &miner, vec![good.clone()]).expect_exit(ILLEGAL, "");
        recovered(stage, &miner, vec![good.clone()]).expect_exit(ILLEGAL, "");
    }
    pass(stage, next.close);
    recovered(stage, &miner, vec![good.clone()]).ok();
    let stranger = stage.account(1);
    let params = DeclareFaultsParams {
        faults: vec![good.clone()],
    };
    stage
        .call(stranger, miner.client.declare_faults(params))
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    let params = DeclareFaultsRecoveredParams {
        recoveries: vec![good],
    };
    stage
        .call(stranger, miner.client.declare_faults_recovered(params))
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    stage.check_invariants();
}
