//! Deals begin: sector by sector, or piece by piece.

use filigree_builtin::calls::market::{
    BatchActivateDealsParams, OnMinerSectorsTerminateParams, SectorDeals,
    VerifyDealsForActivationParams,
};
use filigree_builtin::calls::miner::{PieceChange, SectorChanges, SectorContentChangedParams};
use filigree_builtin::ids;
use filigree_sdk::prelude::*;
use fvm_shared::piece::PaddedPieceSize;
use fvm_shared::sector::RegisteredSealProof;

use super::{EXPIRED, FORBIDDEN, ILLEGAL, LOST, OK};
use crate::deals::{
    AHEAD, DURATION, activate, active, customer, market, proposal, publish, published,
    sector_deals, signed, storer,
};
use crate::malformed::spoiled;
use crate::onboard::{piece_cid, set};
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of this topic.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "market/deals-activated",
        run: deals_activated,
    },
    Scenario {
        name: "market/activations-that-fail",
        run: activations_that_fail,
    },
    Scenario {
        name: "market/pieces-in-sectors",
        run: pieces_in_sectors,
    },
    Scenario {
        name: "market/deals-that-could-begin",
        run: deals_that_could_begin,
    },
    Scenario {
        name: "market/activation-is-for-miners",
        run: activation_is_for_miners,
    },
];

fn deals_activated(stage: &mut Stage) {
    let alice = customer(stage, 100);
    let provider = storer(stage);
    let ids = published(stage, alice, &provider, 0..6);
    let sectors = vec![
        sector_deals(stage, &provider, 1, &ids[..2]),
        sector_deals(stage, &provider, 2, &[]),
        sector_deals(stage, &provider, 3, &ids[3..4]),
        // More deals of a sector that has some.
        sector_deals(stage, &provider, 1, &ids[2..3]),
    ];
    let done = activate(stage, &provider, sectors).ok();
    assert_eq!(done.activation_results.codes(), [OK; 4]);
    let known: Vec<bool> = done
        .activations
        .iter()
        .map(|sector| sector.unsealed_cid.is_some())
        .collect();
    assert_eq!(known, [true, false, true, true]);
    // Without commitments; at the last epoch.
    stage.leap(stage.epoch() + AHEAD);
    let last = BatchActivateDealsParams {
        sectors: vec![SectorDeals {
            sector_expiry: stage.epoch() + DURATION,
            ..sector_deals(stage, &provider, 9, &ids[4..])
        }],
        compute_cid: false,
    };
    let done = stage
        .implicit(provider.id, market().batch_activate_deals(last))
        .ok();
    // Cron has looked at them already, for it comes before the next epoch's messages only.
    assert_eq!(done.activation_results.size(), 1);
    stage.check_invariants();
}

fn activations_that_fail(stage: &mut Stage) {
    let alice = customer(stage, 100);
    let (provider, other) = (storer(stage), storer(stage));
    let ids = published(stage, alice, &provider, 0..8);
    let others = published(stage, alice, &other, 100..101);
    let of = |stage: &Stage, sector, deals: &[u64]| sector_deals(stage, &provider, sector, deals);
    let early = SectorDeals {
        sector_expiry: stage.epoch() + AHEAD + DURATION - 1,
        ..of(stage, 1, &ids[..1])
    };
    let sectors = vec![
        early,
        of(stage, 2, &[ids[0], ids[0]]),
        of(stage, 3, &[ids[0], 99]),
        of(stage, 4, &[u64::MAX - 1]),
        of(stage, 5, &[ids[0], others[0]]),
        of(stage, 6, &ids[..2]),
        of(stage, 7, &ids[1..3]),
        of(stage, 8, &ids[2..3]),
    ];
    let done = activate(stage, &provider, sectors).ok();
    let codes = [ILLEGAL, ILLEGAL, LOST, LOST, FORBIDDEN, OK, ILLEGAL, OK];
    assert_eq!(done.activation_results.codes(), codes);
    assert_eq!(done.activations.len(), 2);
    // A number that no array has.
    let past = vec![of(stage, 4, &[u64::MAX])];
    activate(stage, &provider, past).expect_exit(ExitCode::USR_ILLEGAL_STATE, "");
    let again = vec![of(stage, 6, &ids[..1])];
    let done = activate(stage, &provider, again).ok();
    assert_eq!(done.activation_results.codes(), [ILLEGAL]);
    // An unknown proof matters only where the commitment is wanted.
    let odd = SectorDeals {
        sector_type: RegisteredSealProof::Invalid(77),
        ..of(stage, 9, &ids[3..4])
    };
    let outcome = activate(stage, &provider, vec![odd.clone()]);
    assert!(!outcome.is_ok());
    let params = BatchActivateDealsParams {
        sectors: vec![odd],
        compute_cid: false,
    };
    stage
        .implicit(provider.id, market().batch_activate_deals(params))
        .ok();
    // Too late, while nobody has looked at them.
    stage.sandbox().set_epoch(1_000 + AHEAD + 1);
    let late = vec![of(stage, 10, &ids[4..5])];
    let done = activate(stage, &provider, late).ok();
    assert_eq!(done.activation_results.codes(), [EXPIRED]);
    // Nothing to do at all.
    activate(stage, &provider, Vec::new()).ok();
    stage.check_invariants();
}

fn change(stage: &Stage, sector: u64, added: Vec<PieceChange>) -> SectorChanges {
    SectorChanges {
        sector,
        minimum_commitment_epoch: stage.epoch() + AHEAD + DURATION,
        added,
    }
}

/// The piece of the deal with a number, under its id.
fn piece(number: u64, id: u64) -> PieceChange {
    PieceChange {
        data: piece_cid(number),
        size: PaddedPieceSize(1 << 30),
        payload: RawBytes::serialize(id).expect("a number encodes"),
    }
}

fn pieces_in_sectors(stage: &mut Stage) {
    let alice = customer(stage, 100);
    let (provider, other) = (storer(stage), storer(stage));
    let ids = published(stage, alice, &provider, 0..10);
    assert_eq!(ids[0], 0);
    published(stage, alice, &other, 50..51);
    let payload = |bytes: &[u8]| PieceChange {
        payload: RawBytes::new(bytes.to_vec()),
        ..piece(5, 5)
    };
    let half = PieceChange {
        size: PaddedPieceSize(1 << 29),
        ..piece(5, 5)
    };
    let mut short = change(stage, 4, vec![piece(5, 5)]);
    short.minimum_commitment_epoch -= 1;
    let sectors = vec![
        change(stage, 1, vec![piece(0, 0), piece(1, 1)]),
        change(stage, 2, Vec::new()),
        change(
            stage,
            3,
            vec![
                // What no deal is of: other data, another size, no number, an unknown one, another's.
                piece(6, 5),
                half,
                payload(&[]),
                payload(&[0xff]),
                payload(&[0x20]),
                payload(&[0x42, 0, 5]),
                payload(&[5, 5]),
                payload(&[0x18, 5]),
                payload(&[0x81, 5]),
                piece(5, 99),
                piece(5, u64::MAX - 1),
                piece(50, 10),
                // Once more what has begun, then one that begins, twice.
                piece(0, 0),
                piece(2, 2),
                piece(2, 2),
            ],
        ),
        short,
        change(stage, 5, vec![piece(3, 3)]),
        change(stage, 5, vec![piece(4, 4), piece(3, 3)]),
    ];
    let params = SectorContentChangedParams { sectors };
    let call = market().sector_content_changed(params);
    let done = stage.implicit(provider.id, call.clone()).ok();
    let accepted: Vec<Vec<bool>> = done
        .sectors
        .iter()
        .map(|sector| sector.added.iter().map(|piece| piece.accepted).collect())
        .collect();
    assert_eq!(accepted[0], [true, true]);
    // A number may be written longer than need be.
    let begun: Vec<usize> = (0..accepted[2].len())
        .filter(|at| accepted[2][*at])
        .collect();
    assert_eq!(begun, [7, 13]);
    assert_eq!(accepted[3..], [vec![false], vec![true], vec![true, false]]);
    // Again, all at once: nothing is new.
    let again = stage.implicit(provider.id, call).ok();
    assert!(again.sectors[0].added.iter().all(|piece| !piece.accepted));
    let past = SectorContentChangedParams {
        sectors: vec![change(stage, 6, vec![piece(5, u64::MAX)])],
    };
    let past = stage.implicit(provider.id, market().sector_content_changed(past));
    past.expect_exit(ExitCode::USR_ILLEGAL_STATE, "");
    let none = SectorContentChangedParams {
        sectors: Vec::new(),
    };
    stage
        .implicit(provider.id, market().sector_content_changed(none))
        .ok();
    stage.check_invariants();
}

fn deals_that_could_begin(stage: &mut Stage) {
    let alice = customer(stage, 100);
    let (provider, other) = (storer(stage), storer(stage));
    let ids = published(stage, alice, &provider, 0..4);
    let huge = (0..2).map(|number| {
        let mut deal = proposal(stage, alice, &provider, 70 + number);
        deal.piece_size = PaddedPieceSize(32 << 30);
        deal.provider_collateral = fil_enough();
        signed(deal, alice)
    });
    let huge = huge.collect();
    let huge = publish(stage, &provider, huge).ok().ids;
    let of = |stage: &Stage, deals: &[u64]| sector_deals(stage, &provider, 1, deals);
    let verify =
        |sectors| market().verify_deals_for_activation(VerifyDealsForActivationParams { sectors });
    let sectors = vec![
        of(stage, &ids[..2]),
        of(stage, &[]),
        of(stage, &ids[2..]),
        of(stage, &huge[..1]),
        of(stage, &ids[..1]),
    ];
    let done = stage.implicit(provider.id, verify(sectors)).ok();
    let known: Vec<bool> = done.unsealed_cids.iter().map(Option::is_some).collect();
    assert_eq!(known, [true, false, true, true, true]);
    stage.implicit(provider.id, verify(Vec::new())).ok();
    let early = SectorDeals {
        sector_expiry: stage.epoch() + AHEAD + DURATION - 1,
        ..of(stage, &ids[..1])
    };
    let odd = SectorDeals {
        sector_type: RegisteredSealProof::Invalid(77),
        ..of(stage, &ids[..1])
    };
    let nothing_odd = SectorDeals {
        deal_ids: Vec::new(),
        ..odd.clone()
    };
    for (bad, code) in [
        (of(stage, &[ids[0], ids[0]]), ILLEGAL),
        (of(stage, &[99]), LOST),
        (of(stage, &[huge[0], ids[0]]), ILLEGAL),
        (of(stage, &huge), ILLEGAL),
        (early, ILLEGAL),
        (odd, ILLEGAL),
        (nothing_odd, ILLEGAL),
    ] {
        let sectors = vec![of(stage, &ids[1..2]), bad];
        let outcome = stage.implicit(provider.id, verify(sectors));
        outcome.expect_exit(code, "");
    }
    let sectors = vec![of(stage, &ids[..1])];
    stage
        .implicit(other.id, verify(sectors))
        .expect_exit(FORBIDDEN, "");
    // Those that have begun could begin, for all that is asked here.
    active(stage, alice, &provider, 9, 1);
    let sectors = vec![of(stage, &[6])];
    stage.implicit(provider.id, verify(sectors)).ok();
    stage.sandbox().set_epoch(1_000 + AHEAD + 1);
    let late = vec![SectorDeals {
        sector_expiry: 10_000_000,
        ..of(stage, &ids[..1])
    }];
    stage
        .implicit(provider.id, verify(late))
        .expect_exit(EXPIRED, "");
}

/// More than the collateral for 32 GiB.
fn fil_enough() -> TokenAmount {
    TokenAmount::from_whole(5)
}

fn activation_is_for_miners(stage: &mut Stage) {
    let alice = customer(stage, 100);
    let provider = storer(stage);
    let ids = published(stage, alice, &provider, 0..1);
    let sectors = vec![sector_deals(stage, &provider, 1, &ids)];
    let batch = market().batch_activate_deals(BatchActivateDealsParams {
        sectors: sectors.clone(),
        compute_cid: false,
    });
    let verify = market().verify_deals_for_activation(VerifyDealsForActivationParams { sectors });
    let changed = market().sector_content_changed(SectorContentChangedParams {
        sectors: vec![change(stage, 1, vec![piece(0, 0)])],
    });
    let ended = market().on_miner_sectors_terminate(OnMinerSectorsTerminateParams {
        epoch: 0,
        sectors: set([1]),
    });
    for who in [
        alice.id,
        provider.owner.id,
        ids::POWER,
        ids::VERIFIED_REGISTRY,
        ids::MARKET,
    ] {
        stage
            .implicit(who, batch.clone())
            .expect_exit(FORBIDDEN, "");
        stage
            .implicit(who, verify.clone())
            .expect_exit(FORBIDDEN, "");
        stage
            .implicit(who, changed.clone())
            .expect_exit(FORBIDDEN, "");
        stage
            .implicit(who, ended.clone())
            .expect_exit(FORBIDDEN, "");
    }
    let calls = [
        (batch.method, batch.params),
        (verify.method, verify.params),
        (changed.method, changed.params),
        (ended.method, ended.params),
    ];
    for (method, params) in calls {
        let params = params.expect("it has parameters").data;
        for (_, bad) in spoiled(&params) {
            let (bad, address) = (bad.map(RawBytes::new), market().address);
            let outcome =
                stage.raw_implicit(provider.id, address, method, TokenAmount::default(), bad);
            assert!(!outcome.is_ok(), "method {method}");
        }
    }
    stage.check_invariants();
}
