//! Partitions without what has ended, and numbers that are given up.

use filigree_actor_miner::params::{CompactPartitionsParams, CompactSectorNumbersParams};
use filigree_builtin::POLICY;
use filigree_sandbox::Outcome;
use filigree_sdk::prelude::*;

use super::fault::{faulty, with_sectors};
use super::{declare, terminate};
use crate::onboard::{DAY, Provider, SECTOR_SIZE, set};
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "miner/partitions-compacted",
        run: partitions,
    },
    Scenario {
        name: "miner/sector-numbers-compacted",
        run: numbers,
    },
];

const ILLEGAL: ExitCode = ExitCode::USR_ILLEGAL_ARGUMENT;

fn compact(
    stage: &mut Stage,
    miner: &Provider,
    deadline: u64,
    partitions: BitField,
) -> Outcome<()> {
    let params = CompactPartitionsParams {
        deadline,
        partitions,
    };
    stage.call(miner.worker, miner.client.compact_partitions(params))
}

fn partitions(stage: &mut Stage) {
    let miner = with_sectors(stage, 6);
    let (deadline, _) = miner.location(stage, 0);
    let ended = declare(stage, &miner, [1, 4]);
    terminate::terminate(stage, &miner, vec![ended]).ok();
    assert!(miner.sector(stage, 1).is_some());
    // At the deadline, while its proofs may be disputed, and when it may be proven soon.
    let now = miner.go_to_deadline(stage, deadline);
    compact(stage, &miner, deadline, set([0])).expect_exit(ExitCode::USR_FORBIDDEN, "");
    miner.keep_proving(stage, now.close + POLICY.wpost_dispute_window - 1);
    compact(stage, &miner, deadline, set([0])).expect_exit(ExitCode::USR_FORBIDDEN, "");
    let to = now.close + POLICY.wpost_dispute_window;
    miner.keep_proving(stage, to);
    for (deadline, partitions) in [
        (48, set([0])),
        (u64::MAX, set([0])),
        (deadline, set([1])),
        (deadline, set([0, 1])),
        (deadline, set([u64::MAX - 1])),
        (deadline, set(0..11)),
        (deadline, set(0..3_001)),
    ] {
        let outcome = compact(stage, &miner, deadline, partitions);
        assert!(!outcome.is_ok(), "{outcome:?}");
    }
    compact(stage, &miner, deadline, set([])).ok();
    let stranger = stage.account(1);
    let params = CompactPartitionsParams {
        deadline,
        partitions: set([0]),
    };
    stage
        .call(stranger, miner.client.compact_partitions(params))
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    compact(stage, &miner, deadline, set([0])).ok();
    assert!(miner.sector(stage, 1).is_none());
    assert_eq!(miner.location(stage, 5), (deadline, 0));
    assert_eq!(miner.power(stage).0, 4 * SECTOR_SIZE);
    stage.check_invariants();
    let until = stage.epoch() + DAY;
    miner.keep_proving(stage, until);

    // Neither with faulty sectors nor with unproven ones.
    let point = stage.checkpoint();
    let named = declare(stage, &miner, [0]);
    let now = miner.go_to_deadline(stage, deadline);
    miner.keep_proving(stage, now.close + POLICY.wpost_dispute_window);
    faulty(stage, &miner, vec![named]).ok();
    compact(stage, &miner, deadline, set([0])).expect_exit(ILLEGAL, "");
    stage.revert(&point);
    let now = miner.go_to_deadline(stage, deadline);
    miner.keep_proving(stage, now.close + POLICY.wpost_dispute_window - 200);
    miner.commit_empty(stage, [20]);
    let to = now.close + POLICY.wpost_dispute_window;
    miner.keep_proving(stage, to);
    compact(stage, &miner, deadline, set([0])).expect_exit(ILLEGAL, "");
    // All of a partition.
    let until = stage.epoch() + DAY;
    miner.keep_proving(stage, until);
    let all = declare(stage, &miner, [0, 2, 3, 5, 20]);
    terminate::terminate(stage, &miner, vec![all]).ok();
    let (now, to) = (miner.now(stage).close, stage.epoch() + 2 * DAY);
    crate::onboard::pass(stage, now.max(to));
    compact(stage, &miner, deadline, set([0])).ok();
    assert!(miner.sector(stage, 0).is_none());
    stage.check_invariants();
    miner.commit_empty(stage, [30]);
    miner.prove(stage, 30);
    assert_eq!(miner.power(stage).0, SECTOR_SIZE);
    stage.check_invariants();
}

fn numbers(stage: &mut Stage) {
    let miner = with_sectors(stage, 2);
    let give_up = |stage: &mut Stage, numbers: BitField| {
        let params = CompactSectorNumbersParams {
            mask_sector_numbers: numbers,
        };
        stage.call(miner.worker, miner.client.compact_sector_numbers(params))
    };
    give_up(stage, set([])).expect_exit(ILLEGAL, "");
    give_up(stage, set([1 << 63])).expect_exit(ILLEGAL, "");
    let stranger = stage.account(1);
    let params = CompactSectorNumbersParams {
        mask_sector_numbers: set([5]),
    };
    stage
        .call(stranger, miner.client.compact_sector_numbers(params))
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    // Over those in use, and far away.
    give_up(stage, set(0..1_000)).ok();
    give_up(stage, set([i64::MAX as u64])).ok();
    for number in [0, 999, i64::MAX as u64] {
        let info = miner.announcement(stage, number);
        miner.pre_commit(stage, vec![info]).expect_exit(ILLEGAL, "");
    }
    miner.commit_empty(stage, [1_000]);
    miner.prove(stage, 1_000);
    assert_eq!(miner.power(stage).0, 3 * SECTOR_SIZE);
    // Many runs of numbers.
    for runs in [100, 3_000, 20_000] {
        let scattered = set((0..runs).map(|i| 10_000 + 2 * i));
        give_up(stage, scattered).ok();
    }
    stage.check_invariants();
}
