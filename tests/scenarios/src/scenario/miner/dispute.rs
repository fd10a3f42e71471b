//! Proofs that were believed, and are disputed.

use filigree_actor_miner::params::{
    DisputeWindowedPoStParams, ExpirationExtension2, ExtendSectorExpiration2Params,
};
use filigree_builtin::POLICY;
use filigree_sandbox::{Account, Outcome};
use filigree_sdk::prelude::*;

use super::declare;
use super::fault::{recovered, with_sectors};
use crate::onboard::{DAY, Provider, SECTOR_SIZE, fil, pass, set, whole};
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "miner/disputed-proof",
        run: disputed,
    },
    Scenario {
        name: "miner/disputes-refused",
        run: refused,
    },
    Scenario {
        name: "miner/disputed-after-update-and-extension",
        run: after_update,
    },
    Scenario {
        name: "miner/disputed-after-termination",
        run: after_termination,
    },
];

const ILLEGAL: ExitCode = ExitCode::USR_ILLEGAL_ARGUMENT;

fn dispute(
    stage: &mut Stage,
    by: Account,
    miner: &Provider,
    deadline: u64,
    post_index: u64,
) -> Outcome<()> {
    let params = DisputeWindowedPoStParams {
        deadline,
        post_index,
    };
    stage.call(by, miner.client.dispute_windowed_post(params))
}

/// Submits a proof that is believed and invalid, without some sectors. Gives when its deadline is over.
fn cheat(
    stage: &mut Stage,
    miner: &Provider,
    sector: u64,
    skipped: impl IntoIterator<Item = u64>,
) -> ChainEpoch {
    let (deadline, partition) = miner.location(stage, sector);
    let now = miner.go_to_deadline(stage, deadline);
    let mut post = miner.post(stage, vec![whole(partition)]);
    post.proofs[0].proof_bytes = b"no proof".to_vec();
    post.partitions[0].skipped = set(skipped);
    miner.submit(stage, post).ok();
    now.close
}

fn disputed(stage: &mut Stage) {
    let miner = with_sectors(stage, 4);
    let watcher = stage.account(0);
    let (deadline, _) = miner.location(stage, 0);
    let close = cheat(stage, &miner, 0, [3]);
    dispute(stage, watcher, &miner, deadline, 0).expect_exit(ExitCode::USR_FORBIDDEN, "");
    pass(stage, close);
    assert_eq!(miner.power(stage).0, 3 * SECTOR_SIZE);
    dispute(stage, watcher, &miner, deadline, 1).expect_exit(ILLEGAL, "");
    dispute(stage, watcher, &miner, deadline, 0).ok();
    assert_eq!(stage.balance(watcher), fil(4));
    assert_eq!(miner.power(stage).0, 0);
    // Only once.
    dispute(stage, watcher, &miner, deadline, 0).expect_exit(ILLEGAL, "");
    stage.check_invariants();

    let all = declare(stage, &miner, 0..4);
    recovered(stage, &miner, vec![all]).ok();
    let until = stage.epoch() + DAY;
    miner.keep_proving(stage, until);
    assert_eq!(miner.power(stage).0, 4 * SECTOR_SIZE);
    // A valid proof that brought sectors back is not kept.
    dispute(stage, watcher, &miner, deadline, 0).expect_exit(ILLEGAL, "");
    stage.check_invariants();
}

fn refused(stage: &mut Stage) {
    let miner = with_sectors(stage, 2);
    let watcher = stage.account(0);
    let (deadline, _) = miner.location(stage, 0);
    miner.prove(stage, 0);
    let close = miner.now(stage).close;
    pass(stage, close);
    // It is valid.
    dispute(stage, watcher, &miner, deadline, 0).expect_exit(ILLEGAL, "");
    for wrong in [48, u64::MAX] {
        dispute(stage, watcher, &miner, wrong, 0).expect_exit(ILLEGAL, "");
    }
    for index in [1, u64::MAX] {
        assert!(!dispute(stage, watcher, &miner, deadline, index).is_ok());
    }
    let empty = (deadline + 47) % 48;
    assert!(!dispute(stage, watcher, &miner, empty, 0).is_ok());
    // An invalid one, until it is too late.
    let until = stage.epoch() + DAY / 2;
    miner.keep_proving(stage, until);
    let close = cheat(stage, &miner, 0, []);
    pass(stage, close + POLICY.wpost_dispute_window);
    dispute(stage, watcher, &miner, deadline, 0).expect_exit(ExitCode::USR_FORBIDDEN, "");
    // The next proof is valid: it is that which could be disputed then.
    miner.prove(stage, 0);
    let close = miner.now(stage).close;
    pass(stage, close);
    dispute(stage, watcher, &miner, deadline, 0).expect_exit(ILLEGAL, "");
    assert!(stage.balance(watcher).is_zero());
    stage.check_invariants();
}

fn after_termination(stage: &mut Stage) {
    let miner = with_sectors(stage, 4);
    let (deadline, _) = miner.location(stage, 0);
    let close = cheat(stage, &miner, 0, []);
    pass(stage, close);
    // Some of its sectors have ended since; and the miner itself disputes.
    let ended = declare(stage, &miner, [1]);
    super::terminate::terminate(stage, &miner, vec![ended]).ok();
    let faulty = declare(stage, &miner, [2]);
    super::fault::faulty(stage, &miner, vec![faulty]).ok();
    dispute(stage, miner.owner, &miner, deadline, 0).ok();
    assert_eq!(miner.power(stage).0, 0);
    stage.check_invariants();
    let until = stage.epoch() + DAY;
    miner.keep_proving(stage, until);
    stage.check_invariants();
}

/// The proof is of the sectors as they were.
fn after_update(stage: &mut Stage) {
    let miner = with_sectors(stage, 3);
    let (deadline, partition) = miner.location(stage, 0);
    let close = cheat(stage, &miner, 0, []);
    pass(stage, close);
    let update = super::snap::params(stage, &miner, [0]);
    super::snap::prove(stage, &miner, update).ok();
    let new_expiration = miner.sector(stage, 1).expect("it lives").expiration + 50 * DAY;
    let extension = ExpirationExtension2 {
        deadline,
        partition,
        sectors: set([1]),
        sectors_with_claims: Vec::new(),
        new_expiration,
    };
    let params = ExtendSectorExpiration2Params {
        extensions: vec![extension],
    };
    let call = miner.client.extend_sector_expiration2(params);
    stage.call(miner.worker, call).ok();
    miner.commit_empty(stage, [9]);
    let watcher = stage.account(0);
    dispute(stage, watcher, &miner, deadline, 0).ok();
    assert_eq!(miner.power(stage).0, 0);
    let until = stage.epoch() + DAY;
    miner.keep_proving(stage, until);
    stage.check_invariants();
}
