//! Windowed proofs that are refused.

use filigree_actor_miner::params::SubmitWindowedPoStParams;
use filigree_sdk::prelude::*;
use fvm_shared::randomness::Randomness;
use fvm_shared::sector::RegisteredPoStProof;

use super::declare;
use super::fault::{faulty, with_sectors};
use crate::onboard::{pass, set, whole};
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "miner/proofs-refused",
        run: refused,
    },
    Scenario {
        name: "miner/proofs-of-nothing",
        run: of_nothing,
    },
];

fn refused(stage: &mut Stage) {
    let miner = with_sectors(stage, 3);
    let (deadline, partition) = miner.location(stage, 0);
    // Before it is open.
    let mut early = miner.post(stage, vec![whole(partition)]);
    early.deadline = deadline;
    miner
        .submit(stage, early)
        .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    let now = miner.go_to_deadline(stage, deadline);
    let to = stage.epoch() + 10;
    pass(stage, to);
    let good = miner.post(stage, vec![whole(partition)]);
    let mut bad = Vec::new();
    let mut spoil = |change: &dyn Fn(&mut SubmitWindowedPoStParams)| {
        let mut params = good.clone();
        change(&mut params);
        bad.push(params);
    };
    spoil(&|params| params.deadline = 48);
    spoil(&|params| params.deadline = u64::MAX);
    spoil(&|params| params.deadline = (params.deadline + 1) % 48);
    spoil(&|params| params.partitions.clear());
    spoil(&|params| params.partitions = vec![whole(7)]);
    spoil(&|params| params.partitions = vec![whole(u64::MAX)]);
    spoil(&|params| params.partitions = vec![whole(0), whole(0)]);
    spoil(&|params| params.partitions = (0..4).map(whole).collect());
    spoil(&|params| params.partitions[0].skipped = set([0, 1, 2]));
    spoil(&|params| params.partitions[0].skipped = set([99]));
    spoil(&|params| params.proofs.clear());
    spoil(&|params| params.proofs.push(params.proofs[0].clone()));
    for post_proof in [
        RegisteredPoStProof::StackedDRGWindow64GiBV1P1,
        RegisteredPoStProof::StackedDRGWindow32GiBV1P1,
        RegisteredPoStProof::StackedDRGWindow2KiBV1P1,
        RegisteredPoStProof::StackedDRGWinning32GiBV1,
        RegisteredPoStProof::Invalid(99),
        RegisteredPoStProof::Invalid((1 << 32) + 13),
    ] {
        spoil(&|params| {
            params.proofs[0].post_proof = post_proof;
            params.proofs[0].proof_bytes = vec![0; 193];
        });
    }
    let epoch = stage.epoch();
    for commit_epoch in [epoch, epoch + 1, now.challenge - 1, -1, i64::MIN, i64::MAX] {
        spoil(&|params| params.chain_commit_epoch = commit_epoch);
    }
    spoil(&|params| params.chain_commit_epoch -= 1);
    spoil(&|params| params.chain_commit_rand = Randomness(vec![0; 32]));
    spoil(&|params| params.chain_commit_rand = Randomness(Vec::new()));
    spoil(&|params| params.chain_commit_rand = Randomness(vec![0; 33]));
    let before = miner.state(stage);
    for params in bad {
        let outcome = miner.submit(stage, params);
        assert!(!outcome.is_ok(), "{outcome:?}");
    }
    let stranger = stage.account(1);
    let call = miner.client.submit_windowed_post(good.clone());
    stage
        .call(stranger, call)
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    assert_eq!(miner.state(stage), before);
    // The last epoch will do, once.
    pass(stage, now.close - 1);
    let mut last = good;
    // From the time of the challenge.
    last.chain_commit_epoch = now.challenge;
    last.chain_commit_rand = miner.chain_commit_rand(stage, now.challenge);
    miner.submit(stage, last.clone()).ok();
    miner
        .submit(stage, last)
        .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    pass(stage, now.close);
    stage.check_invariants();
}

fn of_nothing(stage: &mut Stage) {
    // Everything is faulty.
    let miner = with_sectors(stage, 2);
    let all = declare(stage, &miner, [0, 1]);
    faulty(stage, &miner, vec![all.clone()]).ok();
    let now = miner.go_to_deadline(stage, all.deadline);
    let post = miner.post(stage, vec![whole(all.partition)]);
    miner
        .submit(stage, post.clone())
        .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    // A deadline without sectors.
    pass(stage, now.close);
    let empty = miner.post(stage, vec![whole(0)]);
    assert!(!miner.submit(stage, empty).is_ok());
    let none = miner.post(stage, Vec::new());
    miner
        .submit(stage, none)
        .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    stage.check_invariants();
}
