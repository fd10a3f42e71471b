//! What the protocol alone does: the system and cron actors, and whoever else tries.

use filigree_actor_cron::{ConstructorParams, Cron, CronClient, Entry};
use filigree_builtin::ids;
use filigree_sdk::prelude::*;
use fvm_shared::METHOD_CONSTRUCTOR;

use super::account::send;
use crate::scenario::Scenario;
use crate::stage::Stage;
use crate::stranger::stranger;

/// All of this topic.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "system/methods",
        run: system,
    },
    Scenario {
        name: "cron/ticks",
        run: ticks,
    },
    Scenario {
        name: "cron/ticks-of-others",
        run: foreign_ticks,
    },
    Scenario {
        name: "cron/entries-that-fail",
        run: failing_entries,
    },
];

fn tick() -> Call<()> {
    CronClient::at(ids::address(ids::CRON)).epoch_tick()
}

/// It has a constructor, which ran long ago, and takes money.
fn system(stage: &mut Stage) {
    let alice = stage.account(100);
    let nothing = TokenAmount::default;
    for params in [None, Some(RawBytes::new(vec![0x80]))] {
        stage
            .raw(
                alice,
                ids::SYSTEM,
                METHOD_CONSTRUCTOR,
                nothing(),
                params.clone(),
            )
            .expect_exit(
                match params {
                    None => ExitCode::USR_FORBIDDEN,
                    Some(_) => ExitCode::USR_ILLEGAL_ARGUMENT,
                },
                "",
            );
        let again = stage.raw_implicit(
            ids::SYSTEM,
            ids::SYSTEM,
            METHOD_CONSTRUCTOR,
            nothing(),
            params,
        );
        assert!(!again.is_ok());
    }
    for method in [2, 3, 1 << 24, u64::MAX] {
        stage
            .raw(alice, ids::SYSTEM, method, nothing(), None)
            .expect_exit(ExitCode::USR_UNHANDLED_MESSAGE, "");
    }
    stage.call(alice, send(ids::SYSTEM, 1)).ok();
}

/// One for each epoch; twice in an epoch; after null rounds.
fn ticks(stage: &mut Stage) {
    stage.advance(1);
    stage.advance(300);
    stage.check_invariants();
    stage.leap(stage.epoch() + 1);
    stage.leap(stage.epoch() + 2_880);
    stage.check_invariants();
    // Which no chain does: the reward actor is an epoch ahead from then on.
    stage.implicit(ids::SYSTEM, tick()).ok();
    stage.implicit(ids::SYSTEM, tick()).ok();
    stage.advance(2);
}

/// Nobody else makes time pass.
fn foreign_ticks(stage: &mut Stage) {
    let alice = stage.account(100);
    let stranger = stranger(stage);
    stage
        .call(alice, tick())
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    for id in [
        ids::INIT,
        ids::REWARD,
        ids::CRON,
        ids::POWER,
        ids::MARKET,
        stranger,
    ] {
        stage
            .implicit(id, tick())
            .expect_exit(ExitCode::USR_FORBIDDEN, "");
    }
    let nothing = TokenAmount::default;
    let params = Some(RawBytes::new(vec![0x80]));
    stage
        .raw(alice, ids::CRON, 2, nothing(), params.clone())
        .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    stage
        .raw_implicit(ids::SYSTEM, ids::CRON, 2, nothing(), params)
        .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    for method in [3, 1 << 24] {
        stage
            .raw(alice, ids::CRON, method, nothing(), None)
            .expect_exit(ExitCode::USR_UNHANDLED_MESSAGE, "");
    }
    let again = ConstructorParams {
        entries: Vec::new(),
    };
    let again = Some(RawBytes::serialize(again).expect("the parameters encode"));
    stage
        .raw(
            alice,
            ids::CRON,
            METHOD_CONSTRUCTOR,
            nothing(),
            again.clone(),
        )
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    let outcome = stage.raw_implicit(ids::SYSTEM, ids::CRON, METHOD_CONSTRUCTOR, nothing(), again);
    assert!(!outcome.is_ok());
    stage.call(alice, send(ids::CRON, 1)).ok();
    stage.check_invariants();
}

/// They keep nobody else from being called.
fn failing_entries(stage: &mut Stage) {
    let alice = stage.account(100);
    let mut cron: Cron = stage.state(ids::CRON);
    let entry = |receiver, method_num| Entry {
        receiver,
        method_num,
    };
    let bad = [
        entry(Address::new_id(123_456), 2),
        entry(Address::new_actor(b"nobody"), 2),
        entry(alice.address, 3),
        entry(ids::address(ids::CRON), 2),
        entry(ids::address(ids::POWER), 99),
    ];
    cron.entries = bad.into_iter().chain(cron.entries).collect();
    cron.entries.push(entry(alice.address, u64::MAX));
    stage.sandbox().set_state(ids::CRON, &cron);
    stage.advance(3);
    cron.entries.clear();
    stage.sandbox().set_state(ids::CRON, &cron);
    stage.advance(1);
}
