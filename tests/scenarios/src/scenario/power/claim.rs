//! Claims, their thresholds, and the queue of cron.

use filigree_actor_miner::params::{
    DeclareFaultsParams, DeclareFaultsRecoveredParams, ProveCommitSectors3Params, SectorDeclaration,
};
use filigree_actor_power::EnrollCronEventParams;
use filigree_sdk::prelude::*;
use fvm_shared::bigint::BigInt;
use fvm_shared::sector::{RegisteredAggregateProof, RegisteredSealProof};

use super::{claim, state};
use crate::onboard::{
    DAY, Provider, SEAL, SECTOR_SIZE, bls_account, empty, fil, keep_proving, pass, power, proof,
    set,
};
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "power/thresholds",
        run: thresholds,
    },
    Scenario {
        name: "power/lonely-miner-loses-its-claim",
        run: lonely,
    },
    Scenario {
        name: "power/claims-told-by-miners",
        run: claims,
    },
    Scenario {
        name: "power/cron-queue",
        run: queue,
    },
];

const ILLEGAL: ExitCode = ExitCode::USR_ILLEGAL_ARGUMENT;

/// A miner that has committed as many sectors of 64 GiB as make some power, in GiB, and has not proven them yet.
fn with_committed(stage: &mut Stage, gib: u64) -> Provider {
    let seal = RegisteredSealProof::StackedDRG64GiBV1P1;
    let miner = Provider::create(stage, seal, 2_000_000);
    let sectors: Vec<_> = (0..gib / 64).map(empty).collect();
    miner.announce(stage, &sectors);
    miner.await_challenge(stage);
    let params = ProveCommitSectors3Params {
        sector_proofs: Vec::new(),
        aggregate_proof: proof(),
        aggregate_proof_type: Some(RegisteredAggregateProof::SnarkPackV2),
        ..miner.commitment(sectors)
    };
    miner.prove_commit(stage, params).ok();
    miner
}

fn thresholds(stage: &mut Stage) {
    // 10 TiB are the minimum; it counts as soon as four miners have it.
    let minimum = 10 << 10;
    let small = with_committed(stage, minimum - 64);
    let large = [0; 4].map(|_| with_committed(stage, minimum));
    let all = [&small, &large[0], &large[1], &large[2], &large[3]];
    let asks = stage.account(10);
    let end = stage.epoch() + DAY;
    while stage.epoch() < end {
        let next = stage.epoch() + 60;
        keep_proving(stage, &all, next);
        let above = stage.call(asks, power().miner_consensus_count()).ok();
        stage.call(asks, power().miner_raw_power(large[0].id)).ok();
        let told = stage.call(asks, power().miner_raw_power(small.id)).ok();
        if above >= 4 {
            assert!(!told.meets_consensus_minimum);
        }
    }
    assert_eq!(stage.call(asks, power().miner_consensus_count()).ok(), 4);
    let told = stage.call(asks, power().network_raw_power()).ok();
    assert_eq!(told.0, BigInt::from((4 * minimum) << 30));
    for miner in all {
        stage.call(asks, power().miner_power(miner.id)).ok();
    }
    stage.call(asks, power().current_total_power()).ok();
    stage.check_invariants();

    // One more sector lifts the small one.
    small.commit_empty(stage, [1_000]);
    let until = stage.epoch() + DAY;
    keep_proving(stage, &all, until);
    assert_eq!(stage.call(asks, power().miner_consensus_count()).ok(), 5);
    stage.check_invariants();
    // Two fall below the minimum, one far below; the first comes back.
    let first = large[0];
    let (deadline, partition) = first.location(stage, 7);
    let next = first.next_time(stage, deadline);
    keep_proving(stage, &all, next.close);
    let named = SectorDeclaration {
        deadline,
        partition,
        sectors: set([7]),
    };
    let faults = DeclareFaultsParams {
        faults: vec![named.clone()],
    };
    let call = first.client.declare_faults(faults);
    stage.call(first.worker, call).ok();
    assert_eq!(stage.call(asks, power().miner_consensus_count()).ok(), 4);
    let all_but = [&small, &large[0], &large[2], &large[3]];
    let until = stage.epoch() + DAY + 1;
    keep_proving(stage, &all_but, until);
    assert_eq!(stage.call(asks, power().miner_consensus_count()).ok(), 3);
    stage.call(asks, power().miner_raw_power(first.id)).ok();
    let recoveries = DeclareFaultsRecoveredParams {
        recoveries: vec![named],
    };
    let call = first.client.declare_faults_recovered(recoveries);
    stage.call(first.worker, call).ok();
    let until = stage.epoch() + DAY;
    keep_proving(stage, &all_but, until);
    assert_eq!(stage.call(asks, power().miner_consensus_count()).ok(), 4);
    stage.check_invariants();
    // Whom nobody knows.
    for unknown in [999_999, 4, u64::MAX] {
        assert!(!stage.call(asks, power().miner_raw_power(unknown)).is_ok());
        assert!(!stage.call(asks, power().miner_power(unknown)).is_ok());
    }
}

/// The deposit of the only miner of a network is taken off pledges that there are none of.
fn lonely(stage: &mut Stage) {
    let owner = stage.account(100_000);
    let worker = bls_account(stage, owner, 1, 1_000);
    let call = power().create_miner(Provider::params(owner, worker, SEAL));
    let created = stage.call(owner, call.value(fil(10_000))).ok();
    let id = created.id_address.id().expect("an id");
    let miner = Provider {
        owner,
        worker,
        id,
        client: filigree_actor_miner::MinerClient::at(created.id_address),
        seal: SEAL,
    };
    miner.commit_empty(stage, [1]);
    let to = stage.epoch() + 5 * DAY;
    pass(stage, to);
    assert!(!stage.call(owner, power().miner_power(id)).is_ok());
}

fn claims(stage: &mut Stage) {
    let miner = Provider::new(stage);
    let tib: i128 = 1 << 40;
    let update = |raw, quality| power().update_claimed_power(claim(raw, quality));
    stage.implicit(miner.id, update(tib, 10 * tib)).ok();
    assert_eq!(miner.power(stage), (1 << 40, 10 << 40));
    // Below the minimum, at it, above it, and back.
    for (raw, quality) in [
        (0, 0),
        (9 * tib, 0),
        (-1, 1),
        (1, -1),
        (5 * tib, 50 * tib),
        (-15 * tib, -60 * tib),
    ] {
        stage.implicit(miner.id, update(raw, quality)).ok();
        let next = stage.epoch() + 1;
        pass(stage, next);
    }
    assert_eq!(miner.power(stage), (0, 0));
    // Less than nothing, and more than there could be.
    for (raw, quality, fits) in [
        (-1, 0, false),
        (0, -1, false),
        (-tib, -tib, false),
        (1 << 100, 1 << 101, true),
        (tib, 0, true),
    ] {
        let point = stage.checkpoint();
        let outcome = stage.implicit(miner.id, update(raw, quality));
        assert_eq!(outcome.is_ok(), fits, "{outcome:?}");
        stage.revert(&point);
    }
    for pledge in [fil(1_000), fil(0), TokenAmount::from_atto(-1)] {
        let call = power().update_pledge_total(pledge);
        stage.implicit(miner.id, call).ok();
    }
    let pledged = state(stage).total_pledge_collateral;
    let more = -(&pledged + TokenAmount::from_atto(1));
    let call = power().update_pledge_total(more);
    assert!(!stage.implicit(miner.id, call).is_ok());
}

fn queue(stage: &mut Stage) {
    let good = Provider::new(stage);
    let bad = Provider::new(stage);
    bad.commit_empty(stage, [1]);
    bad.prove(stage, 1);
    assert_eq!(bad.power(stage).0, SECTOR_SIZE);
    let enroll = |event_epoch, payload: &[u8]| {
        power().enroll_cron_event(EnrollCronEventParams {
            event_epoch,
            payload: RawBytes::new(payload.to_vec()),
        })
    };
    let now = stage.epoch();
    for negative in [-1, i64::MIN] {
        stage
            .implicit(good.id, enroll(negative, &[0x81, 0]))
            .expect_exit(ILLEGAL, "");
    }
    // Events of the past, of now and later, several at a time; none of them are anything to the miner.
    for (epoch, payload) in [
        (now + 3, &[0x81, 0][..]),
        (now + 3, &[0x81, 9]),
        (now, &[0x81, 2]),
        (now - 10, &[0x81, 0]),
        (now + 3, &[0x81, 2]),
        (i64::MAX, &[0x81, 0]),
    ] {
        stage.implicit(good.id, enroll(epoch, payload)).ok();
    }
    stage.advance(2);
    // An event that its miner cannot make sense of: it loses its claim.
    stage.implicit(bad.id, enroll(now + 4, b"nonsense")).ok();
    stage.implicit(bad.id, enroll(now + 4, &[0x81, 2])).ok();
    let before = state(stage);
    stage.advance(5);
    let after = state(stage);
    assert!(after.total_bytes_committed.0 < before.total_bytes_committed.0);
    assert_eq!(after.miner_count, before.miner_count - 1);
    let told = stage.call(good.owner, power().miner_power(bad.id));
    assert!(!told.is_ok());
    // Without a claim it can still announce sectors.
    let info = bad.announcement(stage, 9);
    bad.pre_commit(stage, vec![info]).ok();
    let close = bad.now(stage).close;
    pass(stage, close + 1);
    good.commit_empty(stage, [5]);
    good.prove(stage, 5);
    assert_eq!(good.power(stage).0, SECTOR_SIZE);
}
