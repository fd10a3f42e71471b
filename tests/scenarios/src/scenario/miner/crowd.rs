//! Cron with many sectors, over several days.

use filigree_actor_miner::params::{
    CompactPartitionsParams, ProveCommitSectors3Params, SectorDeclaration, WithdrawBalanceParams,
};
use filigree_builtin::{BatchReturn, POLICY};
use filigree_sdk::prelude::*;
use fvm_shared::sector::RegisteredAggregateProof;

use super::fault::{faulty, recovered};
use super::{declare, ni, terminate};
use crate::onboard::{DAY, Provider, SEAL, SECTOR_SIZE, empty, fil, pass, proof, set, skip_days};
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "miner/thousands-of-sectors",
        run: thousands,
    },
    Scenario {
        name: "miner/full-partitions",
        run: full_partitions,
    },
    Scenario {
        name: "miner/more-terminations-than-cron-takes",
        run: many_terminations,
    },
    Scenario {
        name: "miner/several-miners",
        run: several,
    },
];

/// Commits sectors by aggregates of at most `by`.
fn commit(stage: &mut Stage, miner: &Provider, numbers: std::ops::Range<u64>, by: usize) {
    let sectors: Vec<_> = numbers.map(empty).collect();
    for some in sectors.chunks(by) {
        miner.announce(stage, some);
    }
    miner.await_challenge(stage);
    for some in sectors.chunks(by) {
        let params = ProveCommitSectors3Params {
            sector_proofs: Vec::new(),
            aggregate_proof: proof(),
            aggregate_proof_type: Some(RegisteredAggregateProof::SnarkPackV2),
            ..miner.commitment(some.to_vec())
        };
        let proven = miner.prove_commit(stage, params).ok();
        assert_eq!(proven, BatchReturn::ok(some.len() as u32));
    }
}

fn thousands(stage: &mut Stage) {
    let miner = Provider::create(stage, SEAL, 20_000_000);
    commit(stage, &miner, 0..3_000, 500);
    let until = stage.epoch() + DAY + 1;
    miner.keep_proving(stage, until);
    assert_eq!(miner.power(stage).0, 3_000 * SECTOR_SIZE);
    stage.check_invariants();
    let named: Vec<u64> = (0..3_000)
        .filter(|sector| miner.location(stage, *sector) == miner.location(stage, 0))
        .collect();
    let until = stage.epoch() + DAY / 2;
    miner.keep_proving(stage, until);
    // Every third is faulty, every fifth ends, of the partition of the first.
    let thirds: Vec<u64> = named.iter().copied().filter(|n| n % 3 == 0).collect();
    let fifths: Vec<u64> = named.iter().copied().filter(|n| n % 5 == 0).collect();
    let thirds = declare(stage, &miner, thirds);
    faulty(stage, &miner, vec![thirds]).ok();
    let fifths = declare(stage, &miner, fifths);
    terminate::terminate(stage, &miner, vec![fifths]).ok();
    let until = stage.epoch() + DAY;
    miner.keep_proving(stage, until);
    let rest = declare(
        stage,
        &miner,
        named.into_iter().filter(|n| n % 3 == 0 && n % 5 != 0),
    );
    recovered(stage, &miner, vec![rest]).ok();
    let until = stage.epoch() + DAY;
    miner.keep_proving(stage, until);
    stage.check_invariants();
    // The rest expires all at once.
    let expiration = miner.sector(stage, 1).expect("it lives").expiration;
    let days = (expiration - stage.epoch()) / DAY - 1;
    skip_days(stage, &[&miner], days);
    miner.keep_proving(stage, expiration + 2 * DAY);
    assert_eq!(miner.power(stage), (0, 0));
    stage.check_invariants();
}

fn several(stage: &mut Stage) {
    let miners: Vec<Provider> = (0..4).map(|_| Provider::new(stage)).collect();
    for (i, miner) in miners.iter().enumerate() {
        let first = 100 * i as u64;
        let announced: Vec<_> = (first..first + 10 + first / 10).map(empty).collect();
        miner.announce(stage, &announced);
    }
    miners[0].await_challenge(stage);
    for (i, miner) in miners.iter().enumerate() {
        let first = 100 * i as u64;
        let all = (first..first + 10 + first / 10).map(empty).collect();
        let params = miner.commitment(all);
        miner.prove_commit(stage, params).ok();
    }
    // The first proves every day, the others each their first day alone.
    let now = stage.epoch();
    for (day, miner) in (1..).zip(&miners) {
        miner.keep_proving(stage, now + day * DAY);
    }
    miners[0].keep_proving(stage, now + 6 * DAY);
    for miner in &miners {
        miner.award(stage, 1, TokenAmount::default());
    }
    stage.check_invariants();
}

/// Commits sectors from 0 on to one deadline, which is not open soon; gives which.
fn to_one_deadline(stage: &mut Stage, miner: &Provider, count: u64) -> u64 {
    let deadline = (miner.now(stage).index + 10) % 48;
    let numbers: Vec<u64> = (0..count).collect();
    for some in numbers.chunks(65) {
        let mut params = ni::params(stage, miner, some.iter().copied());
        params.proving_deadline = deadline;
        ni::commit(stage, miner, params).ok();
    }
    deadline
}

fn full_partitions(stage: &mut Stage) {
    let miner = Provider::create(stage, SEAL, 1_000_000);
    let deadline = to_one_deadline(stage, &miner, 5_000);
    let until = stage.epoch() + DAY;
    miner.keep_proving(stage, until);
    assert_eq!(miner.power(stage).0, 5_000 * SECTOR_SIZE);
    assert_eq!(miner.location(stage, 4_999), (deadline, 2));
    stage.check_invariants();
    // A part of each of the three ends; compacted, there are two.
    let of = |partition, sectors: BitField| SectorDeclaration {
        deadline,
        partition,
        sectors,
    };
    let ended = vec![
        of(0, set((0..2_349).filter(|n| n % 7 == 0))),
        of(1, set((2_349..4_698).filter(|n| n % 11 == 0))),
        of(2, set(4_700..4_800)),
    ];
    terminate::terminate(stage, &miner, ended).ok();
    let next = miner.go_to_deadline(stage, deadline);
    let to = next.close + POLICY.wpost_dispute_window;
    miner.keep_proving(stage, to);
    let power = miner.power(stage);
    let params = CompactPartitionsParams {
        deadline,
        partitions: set([0, 2]),
    };
    let call = miner.client.compact_partitions(params);
    stage.call(miner.worker, call).ok();
    stage.check_invariants();
    let params = CompactPartitionsParams {
        deadline,
        partitions: set([0, 1]),
    };
    let call = miner.client.compact_partitions(params);
    stage.call(miner.worker, call).ok();
    assert_eq!(miner.power(stage), power);
    stage.check_invariants();
    let until = stage.epoch() + DAY;
    miner.keep_proving(stage, until);
    assert_eq!(miner.power(stage), power);
    stage.check_invariants();
}

fn many_terminations(stage: &mut Stage) {
    let miner = Provider::create(stage, SEAL, 1_000_000);
    let deadline = to_one_deadline(stage, &miner, 26_000);
    let until = stage.epoch() + DAY;
    miner.keep_proving(stage, until);
    assert_eq!(miner.power(stage).0, 26_000 * SECTOR_SIZE);
    // All are faulty for too long, and end together: more than are paid for at once.
    let to = stage.epoch() + DAY;
    pass(stage, to);
    assert_eq!(miner.power(stage), (0, 0));
    skip_days(stage, &[&miner], 40);
    let next = miner.next_time(stage, deadline);
    let mut end = next.close;
    pass(stage, end);
    while miner.state(stage).early_terminations.is_empty() {
        assert!(end < next.close + 5 * DAY, "they never end");
        end += DAY;
        pass(stage, end);
    }
    let point = stage.checkpoint();
    let params = WithdrawBalanceParams {
        amount_requested: fil(1),
    };
    stage
        .call(miner.owner, miner.client.withdraw_balance(params))
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    let more = terminate::terminate(stage, &miner, Vec::new()).ok();
    assert!(more.done && miner.state(stage).early_terminations.is_empty());
    pass(stage, end + 2);
    stage.check_invariants();
    // Or by cron.
    stage.revert(&point);
    pass(stage, end + 1);
    assert!(miner.state(stage).early_terminations.is_empty());
    stage.check_invariants();
    miner.withdraw_all(stage);
    stage.check_invariants();
}
