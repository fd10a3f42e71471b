//! The power actor: miners that are created, claims and their thresholds, and the queue of cron.

use filigree_actor_miner::params::{
    DeclareFaultsParams, DeclareFaultsRecoveredParams, ProveCommitSectors3Params, SectorDeclaration,
};
use filigree_actor_power::{
    CreateMinerParams, EnrollCronEventParams, Power, UpdateClaimedPowerParams,
};
use filigree_builtin::ids;
use filigree_sdk::prelude::*;
use fvm_shared::bigint::BigInt;
use fvm_shared::bigint::bigint_ser::BigIntDe;
use fvm_shared::sector::{RegisteredAggregateProof, RegisteredPoStProof, RegisteredSealProof};

use crate::malformed::{refuse_malformed, refuse_parameters};
use crate::onboard::{
    DAY, Provider, SEAL, SECTOR_SIZE, bls_account, empty, fil, id_of, keep_proving, pass, power,
    proof, set,
};
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "power/miners-created",
        run: created,
    },
    Scenario {
        name: "power/miners-refused",
        run: refused,
    },
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
    Scenario {
        name: "power/foreign-callers",
        run: foreign,
    },
    Scenario {
        name: "power/malformed",
        run: malformed,
    },
];

const ILLEGAL: ExitCode = ExitCode::USR_ILLEGAL_ARGUMENT;

fn state(stage: &Stage) -> Power {
    stage.state(ids::POWER)
}

fn created(stage: &mut Stage) {
    let first = Provider::new(stage);
    let second = Provider::create(stage, RegisteredSealProof::StackedDRG64GiBV1P1, 1_000);
    assert_eq!(stage.call(first.owner, power().miner_count()).ok(), 2);
    assert_ne!(first.id, second.id);
    // By the number of its name, for others as owner and worker, named by ids.
    let maker = stage.account(10_000);
    let worker = id_of(stage, first.worker);
    let params = CreateMinerParams {
        worker,
        owner: id_of(stage, first.owner),
        ..Provider::params(first.owner, first.worker, SEAL)
    };
    let mut call = power().create_miner(params).value(fil(500));
    call.method = method_number!("CreateMiner");
    let third = stage.call(maker, call).ok();
    let told = stage.call(
        maker,
        filigree_actor_miner::MinerClient::at(third.robust_address).get_owner(),
    );
    assert_eq!(told.ok().owner, Address::new_id(first.owner.id));
    // What the deposit leaves over is there to withdraw.
    let miner: filigree_actor_miner::Miner = stage.state(third.id_address);
    assert!(miner.locked_funds.is_positive());
    // An owner without an account yet.
    let new_key = Address::new_secp256k1(&[9; 65]).expect("a key of 65 bytes");
    let params = CreateMinerParams {
        owner: new_key,
        ..Provider::params(maker, first.worker, SEAL)
    };
    let call = power().create_miner(params).value(fil(500));
    let _ = stage.call(maker, call).is_ok();
    // After some days on the chain the deposit is another.
    let to = stage.epoch() + 10 * DAY;
    pass(stage, to);
    Provider::create(stage, SEAL, 1_000);
    stage.check_invariants();
}

fn refused(stage: &mut Stage) {
    let owner = stage.account(100_000);
    let worker = bls_account(stage, owner, 1, 1);
    let good = Provider::params(owner, worker, SEAL);
    let mut bad = Vec::new();
    let mut spoil = |change: &dyn Fn(&mut CreateMinerParams)| {
        let mut params = good.clone();
        change(&mut params);
        bad.push(params);
    };
    let high = 1 << 32;
    for proof in [
        0,
        3,
        4,
        5,
        8,
        9,
        10,
        12,
        14,
        15,
        99,
        -1,
        i64::MIN,
        i64::MAX,
        high + 13,
        high + 12,
    ] {
        let proof = RegisteredPoStProof::from(proof);
        spoil(&|params| params.window_post_proof_type = proof);
    }
    spoil(&|params| params.worker = owner.address);
    spoil(&|params| params.worker = Address::new_id(999_999));
    spoil(&|params| params.worker = Address::new_id(4));
    spoil(&|params| params.worker = Address::new_actor(b"nobody"));
    spoil(&|params| params.owner = Address::new_id(999_999));
    spoil(&|params| params.owner = Address::new_actor(b"nobody"));
    spoil(&|params| params.peer = Bytes(vec![0; 129]));
    spoil(&|params| params.multiaddrs = vec![Bytes(vec![0; 1_025])]);
    spoil(&|params| params.multiaddrs = vec![Bytes::default()]);
    for params in bad {
        let call = power().create_miner(params).value(fil(1_000));
        let _ = stage.call(owner, call).is_ok();
    }
    // Too little money; exactly enough.
    for money in [TokenAmount::default(), TokenAmount::from_atto(1), fil(1)] {
        let call = power().create_miner(good.clone()).value(money);
        assert!(!stage.call(owner, call).is_ok());
    }
    let miner = Provider::create(stage, SEAL, 1_000);
    let deposit = miner.state(stage).locked_funds;
    let less = &deposit - TokenAmount::from_atto(1);
    let call = power().create_miner(good.clone()).value(less);
    assert!(!stage.call(owner, call).is_ok());
    let call = power().create_miner(good).value(deposit);
    stage.call(owner, call).ok();
    stage.check_invariants();
}

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

fn claim(raw: i128, quality: i128) -> UpdateClaimedPowerParams {
    UpdateClaimedPowerParams {
        raw_byte_delta: BigIntDe(raw.into()),
        quality_adjusted_delta: BigIntDe(quality.into()),
    }
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
    for (raw, quality) in [
        (-1, 0),
        (0, -1),
        (-tib, -tib),
        (1 << 100, 1 << 101),
        (tib, 0),
    ] {
        let point = stage.checkpoint();
        let _ = stage.implicit(miner.id, update(raw, quality)).is_ok();
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
    // Without a claim it can do nothing any more.
    let info = bad.announcement(stage, 9);
    let _ = bad.pre_commit(stage, vec![info]).is_ok();
    let close = bad.now(stage).close;
    pass(stage, close + 1);
    good.commit_empty(stage, [5]);
    good.prove(stage, 5);
    assert_eq!(good.power(stage).0, SECTOR_SIZE);
}

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
    // By a miner.
    for (method, params) in [
        (3, vec![0x80]),
        (3, vec![0x82, 0x40, 0x40, 0x00]),
        (3, vec![0x82, 0x41, 0x00, 0x41, 0x02]),
        (3, vec![0x82, 0x42, 0x02, 0x01, 0x40]),
        (4, vec![0x82, 0x0a]),
        (4, vec![0x82, 0x60, 0x40]),
        (6, vec![0x41, 0x07]),
        (6, vec![0x42, 0x01, 0x00]),
        (6, vec![0xf6]),
    ] {
        let params = Some(RawBytes::new(params));
        let point = stage.checkpoint();
        let _ = stage
            .raw_implicit(miner.id, ids::POWER, method, fil(0), params)
            .is_ok();
        stage.revert(&point);
    }
    stage.check_invariants();
}
