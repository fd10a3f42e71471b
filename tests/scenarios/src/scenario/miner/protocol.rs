//! What the protocol alone may bring about: consensus faults, cron events, and sectors that a network begins with.

use filigree_actor_miner::params::{
    InternalSectorSetupForPresealParams, ReportConsensusFaultParams,
};
use filigree_builtin::calls::miner::DeferredCronEventParams;
use filigree_builtin::ids;
use filigree_builtin::smooth::FilterEstimate;
use filigree_sandbox::mock_fault;
use filigree_sdk::prelude::*;
use fvm_shared::bigint::bigint_ser::BigIntDe;

use super::declare;
use super::fault::with_sectors;
use super::hostile::estimate;
use crate::onboard::{Provider, empty, fil};
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "miner/consensus-fault",
        run: consensus_fault,
    },
    Scenario {
        name: "miner/consensus-fault-reported",
        run: consensus_fault_reported,
    },
    Scenario {
        name: "miner/cron-events-that-are-none",
        run: cron_events,
    },
    Scenario {
        name: "miner/preseal",
        run: preseal,
    },
];

fn consensus_fault(stage: &mut Stage) {
    let miner = with_sectors(stage, 1);
    let before = miner.state(stage);
    let reporter = stage.account(1);
    for (first, second, third) in [
        (vec![1], vec![2], vec![]),
        (vec![], vec![], vec![]),
        (vec![1], vec![1], vec![1]),
        (vec![0; 20_000], vec![1; 20_000], vec![2; 20_000]),
    ] {
        let params = ReportConsensusFaultParams {
            header1: Bytes(first),
            header2: Bytes(second),
            header_extra: Bytes(third),
        };
        stage
            .call(reporter, miner.client.report_consensus_fault(params))
            .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    }
    assert_eq!(miner.state(stage), before);
    // As if it had been reported: the miner waits.
    let mut state = before;
    let store = &stage.store();
    let mut info = miner.info(stage);
    let until = stage.epoch() + 900;
    info.consensus_fault_elapsed = until;
    state.save_info(store, &info).expect("it is saved");
    stage.sandbox().set_state(miner.id, &state);
    let announced = miner.announcement(stage, 50);
    miner
        .pre_commit(stage, vec![announced])
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    let named = declare(stage, &miner, [0]);
    super::fault::recovered(stage, &miner, vec![named]).expect_exit(ExitCode::USR_FORBIDDEN, "");
    miner.keep_proving(stage, until);
    let announced = miner.announcement(stage, 50);
    miner
        .pre_commit(stage, vec![announced])
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    miner.keep_proving(stage, until + 1);
    miner.commit_empty(stage, [50]);
    stage.check_invariants();
}

fn consensus_fault_reported(stage: &mut Stage) {
    let (miner, other) = (with_sectors(stage, 1), with_sectors(stage, 1));
    let reporter = stage.account(1);
    let report = |stage: &mut Stage, of: &Provider, epoch: ChainEpoch| {
        let params = ReportConsensusFaultParams {
            header1: Bytes(mock_fault(of.id, epoch)),
            header2: Bytes(vec![2]),
            header_extra: Bytes::default(),
        };
        stage.call(reporter, miner.client.report_consensus_fault(params))
    };
    let now = stage.epoch();
    report(stage, &other, now - 1).expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    report(stage, &miner, now).expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    let before = stage.balance(reporter);
    report(stage, &miner, now - 1).ok();
    assert!(stage.balance(reporter) > before);
    // Only the first report counts.
    report(stage, &miner, now - 1).expect_exit(ExitCode::USR_FORBIDDEN, "");
    let until = miner.info(stage).consensus_fault_elapsed;
    assert!(until > now);
    let announced = miner.announcement(stage, 50);
    miner
        .pre_commit(stage, vec![announced])
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    stage.check_invariants();
}

fn cron_events(stage: &mut Stage) {
    let miner = with_sectors(stage, 2);
    for (payload, is_event) in [
        (vec![], false),
        (vec![0x80], false),
        (vec![0x81, 0x00], true),
        (vec![0x81, 0x03], true),
        (vec![0x81, 0x20], true),
        (vec![0x82, 0x01, 0x01], false),
        (vec![0x81, 0x02], true),
        (vec![0xff], false),
    ] {
        let params = DeferredCronEventParams {
            event_payload: Bytes(payload),
            reward_smoothed: estimate(),
            quality_adj_power_smoothed: estimate(),
        };
        let call = miner.client.on_deferred_cron_event(params);
        let outcome = stage.implicit(ids::POWER, call.clone());
        assert_eq!(outcome.is_ok(), is_event, "{outcome:?}");
        stage
            .call(miner.owner, call)
            .expect_exit(ExitCode::USR_FORBIDDEN, "");
    }
    stage.check_invariants();
}

fn preseal(stage: &mut Stage) {
    let miner = Provider::new(stage);
    miner.announce(stage, &[empty(1), super::with_piece(2), empty(3)]);
    let setup = |sectors: Vec<u64>| {
        miner
            .client
            .internal_sector_setup_for_preseal(InternalSectorSetupForPresealParams {
                sectors,
                reward_smoothed: FilterEstimate::new(fil(100).atto().clone() << 128, 0.into()),
                reward_baseline_power: BigIntDe((1u64 << 60).into()),
                quality_adj_power_smoothed: FilterEstimate::new((1u64 << 60).into(), 0.into()),
            })
    };
    let call = setup(vec![1]);
    stage
        .call(miner.owner, call)
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    // Of those named, one at least is announced and is empty.
    for (sectors, known) in [
        (vec![], false),
        (vec![77], false),
        (vec![1 << 63], false),
        (vec![1, 77], true),
        (vec![1], false),
        (vec![2, 3], true),
    ] {
        let outcome = stage.implicit(ids::SYSTEM, setup(sectors));
        assert_eq!(outcome.is_ok(), known, "{outcome:?}");
    }
    let until = stage.epoch() + crate::onboard::DAY;
    miner.keep_proving(stage, until);
    stage
        .implicit(ids::SYSTEM, setup(vec![3]))
        .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    stage.check_invariants();
}
