//! Many sectors in one message, and messages of which some parts are wrong.

use filigree_actor_miner::params::{
    DataActivationNotification, ProveCommitSectors3Params, SectorActivationManifest,
    VerifiedAllocationKey,
};
use filigree_actor_miner::types::{CompactCommD, SectorPreCommitInfo};
use filigree_builtin::{BatchReturn, POLICY, ids};
use filigree_sdk::prelude::*;
use fvm_shared::sector::{RegisteredAggregateProof, RegisteredSealProof};

use super::{piece, with_piece};
use crate::onboard::{DAY, LIFE, Provider, SEAL, SECTOR_SIZE, empty, pass, piece_cid, proof};
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "miner/aggregates",
        run: aggregates,
    },
    Scenario {
        name: "miner/some-of-a-batch",
        run: some_of_a_batch,
    },
    Scenario {
        name: "miner/pre-commits-that-are-refused",
        run: refused_pre_commits,
    },
    Scenario {
        name: "miner/commitments-that-are-refused",
        run: refused_commitments,
    },
    Scenario {
        name: "miner/pieces-of-odd-sizes",
        run: odd_pieces,
    },
    Scenario {
        name: "miner/notifications",
        run: notifications,
    },
    Scenario {
        name: "miner/sectors-without-funds",
        run: without_funds,
    },
];

const ILLEGAL: ExitCode = ExitCode::USR_ILLEGAL_ARGUMENT;

/// All sectors by one proof.
fn aggregate(
    miner: &Provider,
    numbers: impl IntoIterator<Item = u64>,
) -> ProveCommitSectors3Params {
    ProveCommitSectors3Params {
        sector_proofs: Vec::new(),
        aggregate_proof: proof(),
        aggregate_proof_type: Some(RegisteredAggregateProof::SnarkPackV2),
        ..miner.commitment(numbers.into_iter().map(empty).collect())
    }
}

fn aggregates(stage: &mut Stage) {
    let miner = Provider::new(stage);
    let sectors: Vec<_> = (10..110).map(empty).collect();
    miner.announce(stage, &sectors);
    miner.await_challenge(stage);
    let mut bad = Vec::new();
    let mut spoil = |change: &dyn Fn(&mut ProveCommitSectors3Params)| {
        let mut params = aggregate(&miner, 10..50);
        change(&mut params);
        bad.push(params);
    };
    spoil(&|params| params.sector_activations.truncate(3));
    spoil(&|params| params.sector_activations.clear());
    spoil(&|params| params.aggregate_proof = RawBytes::new(b"no proof".to_vec()));
    spoil(&|params| params.aggregate_proof = RawBytes::new(vec![0; 81_961]));
    spoil(&|params| params.aggregate_proof_type = None);
    spoil(&|params| params.aggregate_proof_type = Some(RegisteredAggregateProof::SnarkPackV1));
    spoil(&|params| {
        params.aggregate_proof_type = Some(RegisteredAggregateProof::Invalid(7));
    });
    spoil(&|params| params.aggregate_proof = RawBytes::default());
    spoil(&|params| params.sector_proofs = vec![proof(); 40]);
    for params in bad {
        miner.prove_commit(stage, params).expect_exit(ILLEGAL, "");
    }
    // A sector twice, and one that is unknown.
    let twice = aggregate(&miner, [10, 11, 12, 13, 12]);
    assert!(!miner.prove_commit(stage, twice).is_ok());
    let unknown = aggregate(&miner, [10, 11, 12, 1_000]);
    miner
        .prove_commit(stage, unknown)
        .expect_exit(ExitCode::USR_NOT_FOUND, "");

    let first = miner.prove_commit(stage, aggregate(&miner, 10..14)).ok();
    assert_eq!(first, BatchReturn::ok(4));
    let rest = miner.prove_commit(stage, aggregate(&miner, 14..110)).ok();
    assert_eq!(rest, BatchReturn::ok(96));
    miner.prove(stage, 10);
    assert_eq!(miner.power(stage).0, 100 * SECTOR_SIZE);
    let until = stage.epoch() + DAY;
    miner.keep_proving(stage, until);
    stage.check_invariants();
}

fn some_of_a_batch(stage: &mut Stage) {
    let miner = Provider::new(stage);
    let sectors: Vec<_> = (0..6).map(with_piece).collect();
    miner.announce(stage, &sectors);
    miner.await_challenge(stage);
    let mut params = miner.commitment(sectors.clone());
    params.sector_proofs[1] = RawBytes::new(b"no proof".to_vec());
    params.sector_proofs[4] = RawBytes::new(vec![0]);
    miner
        .prove_commit(stage, params.clone())
        .expect_exit(ILLEGAL, "");
    params.require_activation_success = false;
    let proven = miner.prove_commit(stage, params.clone()).ok();
    let codes = [0, 1, 0, 0, 1, 0].map(|bad| if bad == 1 { ILLEGAL } else { ExitCode::OK });
    assert_eq!(proven, BatchReturn::of(&codes));
    // None of a batch is as none at all.
    params.sector_activations = vec![with_piece(1), with_piece(4)];
    params.sector_proofs = vec![RawBytes::new(vec![9]); 2];
    miner
        .prove_commit(stage, params.clone())
        .expect_exit(ILLEGAL, "");
    params.sector_proofs = vec![proof(); 2];
    assert_eq!(miner.prove_commit(stage, params).ok(), BatchReturn::ok(2));
    miner.prove(stage, 0);
    assert_eq!(miner.power(stage).0, 6 * SECTOR_SIZE);
    stage.check_invariants();
}

fn refused_pre_commits(stage: &mut Stage) {
    let miner = Provider::new(stage);
    // Old enough that there is a time too long ago.
    pass(stage, 5_000);
    let before = miner.state(stage);
    let good = miner.announcement(stage, 5);
    let epoch = stage.epoch();
    let mut bad = Vec::new();
    let mut spoil = |change: &dyn Fn(&mut SectorPreCommitInfo)| {
        let mut info = good.clone();
        change(&mut info);
        bad.push(info);
    };
    for seal in [
        0,
        3,
        5,
        7,
        9,
        10,
        14,
        18,
        19,
        99,
        -1,
        (1 << 32) + 8,
        (1 << 32) + 4,
    ] {
        spoil(&|info| info.seal_proof = RegisteredSealProof::from(seal));
    }
    spoil(&|info| info.sealed_cid = piece_cid(1));
    spoil(&|info| info.sealed_cid = Cid::default());
    spoil(&|info| info.unsealed_cid = CompactCommD::of(Cid::default()));
    spoil(&|info| info.unsealed_cid = CompactCommD::of(info.sealed_cid));
    for seal_rand_epoch in [
        epoch,
        epoch + 1,
        i64::MAX,
        -1,
        i64::MIN,
        epoch - POLICY.max_pre_commit_randomness_lookback - 1,
    ] {
        spoil(&|info| info.seal_rand_epoch = seal_rand_epoch);
    }
    let soonest = epoch + 210 * DAY + POLICY.pre_commit_challenge_delay;
    for expiration in [
        0,
        -1,
        epoch,
        epoch + 180 * DAY,
        soonest - 1,
        epoch + POLICY.max_sector_expiration_extension + 1,
        i64::MAX,
        i64::MIN,
    ] {
        spoil(&|info| info.expiration = expiration);
    }
    spoil(&|info| info.sector_number = 1 << 63);
    spoil(&|info| info.sector_number = u64::MAX - 1);
    spoil(&|info| info.deal_ids = (0..257).collect());
    for info in bad {
        let outcome = miner.pre_commit(stage, vec![info]);
        assert!(!outcome.is_ok(), "{outcome:?}");
    }
    // Deals that are not there; too many sectors of one number; none.
    let mut with_deals = good.clone();
    with_deals.deal_ids = vec![1, 2];
    assert!(!miner.pre_commit(stage, vec![with_deals]).is_ok());
    miner
        .pre_commit(stage, vec![good.clone(), good.clone()])
        .expect_exit(ILLEGAL, "");
    miner.pre_commit(stage, Vec::new()).expect_exit(ILLEGAL, "");
    assert_eq!(miner.state(stage), before);

    // The limits themselves.
    let mut soon = good.clone();
    soon.expiration = soonest;
    let mut late = miner.announcement(stage, i64::MAX as u64 - 1);
    late.expiration = epoch + POLICY.max_sector_expiration_extension;
    assert!(late.expiration > epoch + LIFE);
    miner.pre_commit(stage, vec![soon, late]).ok();
    miner.pre_commit(stage, vec![good]).expect_exit(ILLEGAL, "");
    stage.check_invariants();
}

fn refused_commitments(stage: &mut Stage) {
    let miner = Provider::new(stage);
    let full = |seed| SectorActivationManifest {
        sector_number: seed,
        pieces: vec![
            piece(seed, SECTOR_SIZE / 2),
            piece(seed + 1, SECTOR_SIZE / 2),
        ],
    };
    miner.announce(stage, &[full(1), empty(2)]);
    miner.await_challenge(stage);
    let good = miner.commitment(vec![full(1), empty(2)]);
    let mut bad = Vec::new();
    let mut spoil = |change: &dyn Fn(&mut ProveCommitSectors3Params)| {
        let mut params = good.clone();
        change(&mut params);
        bad.push(params);
    };
    // Not the pieces that were announced.
    spoil(&|params| params.sector_activations[0].pieces.swap(0, 1));
    spoil(&|params| params.sector_activations[0].pieces.truncate(1));
    spoil(&|params| params.sector_activations[0].pieces.clear());
    spoil(&|params| params.sector_activations[1].pieces = vec![piece(9, 1 << 20)]);
    // Not as many proofs as sectors, or too long ones.
    spoil(&|params| params.sector_proofs.truncate(1));
    spoil(&|params| params.sector_proofs.push(proof()));
    spoil(&|params| params.sector_proofs.clear());
    spoil(&|params| params.sector_proofs[1] = RawBytes::new(vec![0; 1_921]));
    spoil(&|params| params.aggregate_proof = proof());
    spoil(&|params| {
        params.aggregate_proof_type = Some(RegisteredAggregateProof::SnarkPackV2);
    });
    for params in bad {
        for require_activation_success in [true, false] {
            let params = ProveCommitSectors3Params {
                require_activation_success,
                ..params.clone()
            };
            miner.prove_commit(stage, params).expect_exit(ILLEGAL, "");
        }
    }
    // An allocation that nobody made.
    let mut claiming = good.clone();
    claiming.sector_activations[0].pieces[0].verified_allocation_key =
        Some(VerifiedAllocationKey { client: 999, id: 1 });
    let outcome = miner.prove_commit(stage, claiming.clone());
    assert!(!outcome.is_ok());
    claiming.require_activation_success = false;
    let proven = miner.prove_commit(stage, claiming).ok();
    assert_eq!(proven.success_count, 1);
    assert_eq!(proven.fail_codes[0].idx, 0);
    // The other is there; the first may come without a claim.
    let first = miner.commitment(vec![full(1)]);
    miner.prove_commit(stage, first).ok();
    assert_eq!(miner.seal, SEAL);
    stage.check_invariants();
}

/// The mock verifier takes pieces of any size, so the miner has to make something of them.
fn odd_pieces(stage: &mut Stage) {
    let miner = Provider::new(stage);
    let sizes: &[&[u64]] = &[
        &[0],
        &[1, 127],
        &[SECTOR_SIZE, SECTOR_SIZE],
        &[u64::MAX],
        &[u64::MAX, u64::MAX],
        &[1 << 63; 4],
        &[128; 300],
    ];
    for (number, sizes) in (1..).zip(sizes) {
        let pieces = (1..).zip(*sizes).map(|(seed, size)| piece(seed, *size));
        let sector = SectorActivationManifest {
            sector_number: number,
            pieces: pieces.collect(),
        };
        miner.announce(stage, std::slice::from_ref(&sector));
        miner.await_challenge(stage);
        let params = miner.commitment(vec![sector.clone(), sector.clone()]);
        for require_activation_success in [true, false] {
            let twice = ProveCommitSectors3Params {
                require_activation_success,
                ..params.clone()
            };
            miner
                .prove_commit(stage, twice)
                .expect_exit(ExitCode::USR_ILLEGAL_STATE, "");
        }
        let once = miner.commitment(vec![sector]);
        let outcome = miner.prove_commit(stage, once);
        // More pieces than the sector has room for.
        let fits = sizes.len() < 300;
        assert_eq!(outcome.is_ok(), fits, "{outcome:?}");
    }
    let until = stage.epoch() + DAY;
    miner.keep_proving(stage, until);
    for number in 1..8 {
        if miner.sector(stage, number).is_some() {
            let named = super::declare(stage, &miner, [number]);
            super::terminate::terminate(stage, &miner, vec![named]).ok();
        }
    }
    let until = stage.epoch() + DAY;
    miner.keep_proving(stage, until);
}

fn notifications(stage: &mut Stage) {
    let miner = Provider::new(stage);
    let nobody = stage.account(1);
    let told = |sector_number: u64, whom: Address, payload: Vec<u8>| {
        let mut sector = with_piece(sector_number);
        sector.pieces[0].notify = vec![DataActivationNotification {
            address: whom,
            payload: RawBytes::new(payload),
        }];
        sector
    };
    let market = ids::address(ids::MARKET);
    let sectors = [
        // No such deal, no deal at all, and whom miners do not tell.
        told(1, market, vec![0x18, 0x2a]),
        told(2, market, vec![0xff]),
        told(3, market, Vec::new()),
        told(4, ids::address(ids::VERIFIED_REGISTRY), vec![0x01]),
        told(5, nobody.address, vec![0x01]),
        told(6, miner.client.address, vec![0x01]),
        told(7, Address::new_id(999_999), vec![0x01]),
    ];
    miner.announce(stage, &sectors);
    miner.await_challenge(stage);
    for sector in sectors {
        let mut params = miner.commitment(vec![sector.clone()]);
        let required = miner.prove_commit(stage, params.clone());
        if required.is_ok() {
            continue;
        }
        params.require_notification_success = false;
        let proven = miner.prove_commit(stage, params);
        assert!(
            proven.is_ok(),
            "sector {}: {proven:?}",
            sector.sector_number
        );
    }
    miner.prove(stage, 1);
    assert_eq!(miner.power(stage).0, 7 * SECTOR_SIZE);
    stage.check_invariants();
}

fn without_funds(stage: &mut Stage) {
    let miner = Provider::create(stage, SEAL, 2_000);
    let mut first = 0;
    // Deposits until there is no more.
    let last = loop {
        let info = miner.announcement(stage, first);
        let outcome = miner.pre_commit(stage, vec![info]);
        if !outcome.is_ok() {
            break outcome;
        }
        first += 1;
        assert!(first < 1_000, "money has no end");
    };
    last.expect_exit(ExitCode::USR_INSUFFICIENT_FUNDS, "");
    assert!(first > 0);
    let infos = vec![
        miner.announcement(stage, first),
        miner.announcement(stage, first + 1),
    ];
    miner
        .pre_commit(stage, infos)
        .expect_exit(ExitCode::USR_INSUFFICIENT_FUNDS, "");
    // The deposit pays for the pledge.
    miner.await_challenge(stage);
    let all = miner.commitment((0..first).map(empty).collect());
    miner.prove_commit(stage, all).ok();
    miner.prove(stage, 0);
    assert_eq!(miner.power(stage).0, first * SECTOR_SIZE);
    stage.check_invariants();
}
