//! Data in sectors that had none, with datacap or with a deal, and what becomes of both when the sector ends.

use filigree_actor_miner::params::{TerminateSectorsParams, VerifiedAllocationKey};
use filigree_actor_verifreg::{AllocationRequest, GetClaimsParams};
use filigree_builtin::{BatchReturn, ids};
use filigree_sdk::prelude::*;
use fvm_shared::piece::PaddedPieceSize;

use super::{EXPIRED, OK};
use crate::deals::{add_balance, balance_of, customer, deal_piece, market, published};
use crate::onboard::{DAY, Provider, SECTOR_SIZE, declare, fil, set};
use crate::scenario::Scenario;
use crate::scenario::miner::snap::{params, prove, with_sectors};
use crate::stage::Stage;
use crate::verified::{allocate, claimed_piece, client, datacap_of, registry, request};

/// All of this topic.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "market/snapped",
        run: snapped,
    },
    Scenario {
        name: "market/snapped-with-datacap",
        run: snapped_with_datacap,
    },
];

const GIB: u64 = 1 << 30;

fn end(stage: &mut Stage, miner: &Provider, sector: u64) {
    let params = TerminateSectorsParams {
        terminations: vec![declare(stage, miner, [sector])],
    };
    let ended = miner.client.terminate_sectors(params);
    assert!(stage.call(miner.worker, ended).ok().done);
}

fn snapped(stage: &mut Stage) {
    let miner = with_sectors(stage);
    add_balance(stage, miner.owner, miner.client.address, 100);
    let alice = customer(stage, 100);
    let deals = published(stage, alice, &miner, 1..=2);
    let mut update = params(stage, &miner, [3]);
    update.sector_updates[0].pieces =
        vec![deal_piece(1, GIB, deals[0]), deal_piece(2, GIB, deals[1])];
    assert_eq!(prove(stage, &miner, update).ok(), BatchReturn::ok(1));
    let sector = miner.sector(stage, 3).expect("it lives");
    let left = i128::from(sector.expiration - stage.epoch());
    assert_eq!(sector.deal_weight, i128::from(2 * GIB) * left);
    assert_eq!(miner.power(stage), (8 * SECTOR_SIZE, 8 * SECTOR_SIZE));
    let asked = stage.call(alice, market().get_deal_sector(deals[1])).ok();
    assert_eq!(asked, 3);
    // A deal is in one sector.
    let mut other = params(stage, &miner, [4]);
    other.sector_updates[0].pieces = vec![deal_piece(1, GIB, deals[0])];
    assert!(!prove(stage, &miner, other).is_ok());
    stage.check_invariants();

    let settle = |stage: &mut Stage| {
        let call = market().settle_deal_payments(set(deals.iter().copied()));
        stage.call(alice, call).ok()
    };
    let until = stage.epoch() + 2 * DAY;
    miner.keep_proving(stage, until);
    let before = balance_of(stage, miner.id).balance;
    let done = settle(stage);
    assert_eq!(done.results.codes(), [OK; 2]);
    assert!(done.settlements.iter().all(|one| one.payment.is_positive()));
    let paid: TokenAmount = done.settlements.iter().map(|one| &one.payment).sum();
    assert_eq!(balance_of(stage, miner.id).balance, before + paid);

    // The sector ends early: the collateral of both deals is burnt.
    let burnt = stage.balance(ids::BURNT_FUNDS);
    end(stage, &miner, 3);
    assert!(stage.balance(ids::BURNT_FUNDS) - burnt > fil(4));
    assert_eq!(settle(stage).results.codes(), [EXPIRED; 2]);
    assert_eq!(balance_of(stage, miner.id).locked, fil(0));
    assert_eq!(balance_of(stage, alice.id).locked, fil(0));
    assert_eq!(miner.power(stage), (7 * SECTOR_SIZE, 7 * SECTOR_SIZE));
    stage.check_invariants();
}

fn snapped_with_datacap(stage: &mut Stage) {
    let miner = with_sectors(stage);
    let alice = client(stage, 64 * GIB);
    let wanted = AllocationRequest {
        size: PaddedPieceSize(16 * GIB),
        ..request(stage, miner.id, 1)
    };
    let ids = allocate(stage, alice, vec![wanted.clone()]);
    let mut update = params(stage, &miner, [2]);
    update.sector_updates[0].pieces = vec![claimed_piece(alice, ids[0], &wanted)];
    // Somebody else's allocation, and a piece that it is not for.
    for spoil in [
        |key: &mut VerifiedAllocationKey| key.client += 1,
        |key: &mut VerifiedAllocationKey| key.id += 1,
    ] {
        let mut bad = update.clone();
        let piece = &mut bad.sector_updates[0].pieces[0];
        spoil(
            piece
                .verified_allocation_key
                .as_mut()
                .expect("it has a key"),
        );
        assert!(!prove(stage, &miner, bad).is_ok());
    }
    assert_eq!(
        prove(stage, &miner, update.clone()).ok(),
        BatchReturn::ok(1)
    );
    let sector = miner.sector(stage, 2).expect("it lives");
    let left = i128::from(sector.expiration - stage.epoch());
    assert_eq!(sector.verified_deal_weight, i128::from(16 * GIB) * left);
    let raw = 8 * SECTOR_SIZE;
    assert_eq!(miner.power(stage), (raw, raw + 9 * 16 * GIB));
    // The datacap is burnt, and what was allocated is claimed once.
    assert!(datacap_of(stage, ids::VERIFIED_REGISTRY).is_zero());
    let (deadline, partition) = miner.location(stage, 5);
    let again = &mut update.sector_updates[0];
    (again.sector, again.deadline, again.partition) = (5, deadline, partition);
    assert!(!prove(stage, &miner, update).is_ok());
    stage.check_invariants();

    let until = stage.epoch() + DAY;
    miner.keep_proving(stage, until);
    assert_eq!(miner.power(stage), (raw, raw + 9 * 16 * GIB));
    end(stage, &miner, 2);
    let raw = 7 * SECTOR_SIZE;
    assert_eq!(miner.power(stage), (raw, raw));
    // The claim stays until its term is over.
    let ask = GetClaimsParams {
        provider: miner.id,
        claim_ids: ids,
    };
    let told = stage.call(alice, registry().get_claims(ask)).ok();
    assert_eq!(told.claims[0].sector, 2);
    stage.check_invariants();
}
