//! Messages that nobody should send to the power actor.

use filigree_actor_power::EnrollCronEventParams;
use filigree_builtin::ids;
use filigree_sdk::prelude::*;

use super::{claim, state};
use crate::malformed::{refuse_malformed, refuse_parameters};
use crate::onboard::{Provider, SEAL, fil, power};
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "power/foreign-callers",
        run: foreign,
    },
    Scenario {
        name: "power/malformed",
        run: malformed,
    },
];

fn foreign(stage: &mut Stage) {
    let miner = Provider::new(stage);
    let enroll = power().enroll_cron_event(EnrollCronEventParams {
        event_epoch: stage.epoch() + 5,
        payload: RawBytes::default(),
    });
    let before = state(stage);
    for by in [miner.owner.address, miner.worker] {
        let forbidden = ExitCode::USR_FORBIDDEN;
        stage
            .call(by, power().update_claimed_power(claim(1, 1)))
            .expect_exit(forbidden, "");
        stage
            .call(by, power().update_pledge_total(fil(1)))
            .expect_exit(forbidden, "");
        stage.call(by, enroll.clone()).expect_exit(forbidden, "");
        stage
            .call(by, power().on_epoch_tick_end())
            .expect_exit(forbidden, "");
        stage.call(by, power().current_total_power()).ok();
        for method in [1, 7, 8, 10, 99, 1 << 24] {
            assert!(!stage.raw(by, ids::POWER, method, fil(0), None).is_ok());
        }
    }
    for by in [ids::SYSTEM, ids::INIT, ids::CRON, ids::MARKET, ids::REWARD] {
        let call = power().update_claimed_power(claim(1, 1));
        stage
            .implicit(by, call)
            .expect_exit(ExitCode::USR_FORBIDDEN, "");
        stage
            .implicit(by, enroll.clone())
            .expect_exit(ExitCode::USR_FORBIDDEN, "");
    }
    assert_eq!(state(stage), before);
    stage.check_invariants();
}

fn malformed(stage: &mut Stage) {
    let miner = Provider::new(stage);
    let params = Provider::params(miner.owner, miner.worker, SEAL);
    let create = power().create_miner(params).value(fil(1_000));
    refuse_malformed(stage, miner.owner, &create);
    let by_name = Call::<()>::new(create.to, method_number!("CreateMiner"), create.params);
    refuse_malformed(stage, miner.owner, &by_name.value(fil(1_000)));
    refuse_malformed(stage, miner.owner, &power().miner_raw_power(miner.id));
    refuse_malformed(stage, miner.owner, &power().miner_power(miner.id));
    refuse_malformed(
        stage,
        miner.owner,
        &power().update_claimed_power(claim(1, 1)),
    );
    refuse_malformed(stage, miner.owner, &power().update_pledge_total(fil(1)));
    refuse_parameters(stage, miner.owner, &power().current_total_power());
    refuse_parameters(stage, miner.owner, &power().network_raw_power());
    refuse_parameters(stage, miner.owner, &power().miner_count());
    refuse_parameters(stage, miner.owner, &power().miner_consensus_count());
    // By a miner. A zero may have the sign of negative numbers; no other bytes are taken for an amount.
    for (method, params, is_right) in [
        (3, vec![0x80], false),
        (3, vec![0x82, 0x40, 0x40, 0x00], false),
        (3, vec![0x82, 0x41, 0x00, 0x41, 0x02], false),
        (3, vec![0x82, 0x42, 0x02, 0x01, 0x40], false),
        (4, vec![0x82, 0x0a], false),
        (4, vec![0x82, 0x60, 0x40], false),
        (6, vec![0x41, 0x07], false),
        (6, vec![0x42, 0x01, 0x00], true),
        (6, vec![0xf6], false),
    ] {
        let params = Some(RawBytes::new(params));
        let point = stage.checkpoint();
        let outcome = stage.raw_implicit(miner.id, ids::POWER, method, fil(0), params);
        let expected = match is_right {
            true => ExitCode::OK,
            false => ExitCode::USR_SERIALIZATION,
        };
        assert_eq!(outcome.exit_code(), expected, "{outcome:?}");
        stage.revert(&point);
    }
    stage.check_invariants();
}
