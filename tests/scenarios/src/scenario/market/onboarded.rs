//! Deals whose pieces are in a miner's sectors, from pre-commit to the sectors' end.

use filigree_actor_miner::params::{
    PieceActivationManifest, SectorActivationManifest, TerminateSectorsParams,
    VerifiedAllocationKey,
};
use filigree_builtin::ids;
use fvm_shared::piece::PaddedPieceSize;

use super::{EXPIRED, OK};
use crate::deals::{
    add_balance, balance_of, customer, deal_piece, market, proposal, publish, published, signed,
    storer,
};
use crate::onboard::{DAY, Provider, SECTOR_SIZE, declare, fil, set};
use crate::scenario::Scenario;
use crate::stage::Stage;
use crate::verified::{client as verified_client, datacap_of, registry_state};

/// All of this topic.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "market/onboarded",
        run: onboarded,
    },
    Scenario {
        name: "market/onboarded-with-datacap",
        run: onboarded_with_datacap,
    },
    Scenario {
        name: "market/notified-of-what-is-no-deal",
        run: notified_of_what_is_no_deal,
    },
];

fn sector(sector_number: u64, pieces: Vec<PieceActivationManifest>) -> SectorActivationManifest {
    SectorActivationManifest {
        sector_number,
        pieces,
    }
}

fn end_sector(stage: &mut Stage, provider: &Provider, number: u64) {
    let params = TerminateSectorsParams {
        terminations: vec![declare(stage, provider, [number])],
    };
    let ended = provider.client.terminate_sectors(params);
    assert!(stage.call(provider.worker, ended).ok().done);
}

fn onboarded(stage: &mut Stage) {
    let alice = customer(stage, 100);
    let provider = storer(stage);
    let ids = published(stage, alice, &provider, 1..=3);
    let gib = 1 << 30;
    provider.commit(
        stage,
        vec![
            sector(
                10,
                vec![deal_piece(1, gib, ids[0]), deal_piece(2, gib, ids[1])],
            ),
            sector(11, vec![deal_piece(3, gib, ids[2])]),
        ],
    );
    let asked = stage.call(alice, market().get_deal_sector(ids[2])).ok();
    assert_eq!(asked, 11);
    provider.keep_proving(stage, stage.epoch() + DAY);
    let settle = |stage: &mut Stage| {
        let call = market().settle_deal_payments(set(ids.iter().copied()));
        stage.call(alice, call).ok()
    };
    let done = settle(stage);
    assert_eq!(done.results.codes(), [OK; 3]);
    provider.keep_proving(stage, stage.epoch() + 3_000);
    let done = settle(stage);
    assert!(done.settlements.iter().all(|one| one.payment.is_positive()));

    // A sector ends early: the miner tells the market.
    let burnt = stage.balance(ids::BURNT_FUNDS);
    end_sector(stage, &provider, 10);
    assert!(stage.balance(ids::BURNT_FUNDS) - burnt > fil(4));
    let done = settle(stage);
    assert_eq!(done.results.codes(), [EXPIRED, EXPIRED, OK]);
    assert_eq!(balance_of(stage, provider.id).locked, fil(2));
    stage.check_invariants();
}

fn onboarded_with_datacap(stage: &mut Stage) {
    let alice = verified_client(stage, 64 << 30);
    add_balance(stage, alice, alice, 100);
    let provider = storer(stage);
    let deals = [(1, SECTOR_SIZE / 2), (2, SECTOR_SIZE / 4)].map(|(number, size)| {
        let mut deal = proposal(stage, alice, &provider, number);
        deal.piece_size = PaddedPieceSize(size);
        deal.verified_deal = true;
        deal.provider_collateral = fil(5);
        signed(deal, alice)
    });
    let ids = publish(stage, &provider, deals.to_vec()).ok().ids;
    assert_eq!(ids.len(), 2);
    let key = |id| {
        Some(VerifiedAllocationKey {
            client: alice.id,
            id,
        })
    };
    let pieces = vec![
        PieceActivationManifest {
            verified_allocation_key: key(1),
            ..deal_piece(1, SECTOR_SIZE / 2, ids[0])
        },
        PieceActivationManifest {
            verified_allocation_key: key(2),
            ..deal_piece(2, SECTOR_SIZE / 4, ids[1])
        },
    ];
    provider.commit(stage, vec![sector(1, pieces)]);
    // The registry's tokens are burnt; the sector counts tenfold for most of it.
    assert!(datacap_of(stage, ids::VERIFIED_REGISTRY).is_zero());
    let claims = registry_state(stage).claims;
    let open = claims
        .open_in(stage.store())
        .expect("the claims can be read");
    assert!(!open.is_empty());
    provider.prove(stage, 1);
    let deadline = provider.now(stage).close;
    provider.keep_proving(stage, deadline + 1);
    let (raw, quality) = provider.power(stage);
    assert_eq!(raw, SECTOR_SIZE);
    assert!(quality > 5 * raw, "{quality}");
    end_sector(stage, &provider, 1);
    assert_eq!(balance_of(stage, provider.id).locked, fil(0));
    stage.check_invariants();
}

fn notified_of_what_is_no_deal(stage: &mut Stage) {
    let alice = customer(stage, 100);
    let provider = storer(stage);
    let ids = published(stage, alice, &provider, 1..=2);
    let gib = 1 << 30;
    let sectors = vec![
        sector(1, vec![deal_piece(1, gib, ids[0])]),
        // Another deal's piece, an unknown deal, a deal that has begun.
        sector(2, vec![deal_piece(3, gib, ids[1])]),
        sector(3, vec![deal_piece(4, gib, 99), deal_piece(1, gib, ids[0])]),
    ];
    provider.announce(stage, &sectors);
    provider.await_challenge(stage);
    let mut params = provider.commitment(sectors);
    // With all notifications needed, nothing is proven.
    let refused = provider.prove_commit(stage, params.clone());
    assert!(!refused.is_ok());
    params.require_notification_success = false;
    let proven = provider.prove_commit(stage, params).ok();
    assert!(proven.all_ok());
    let asked = stage.call(alice, market().get_deal_sector(ids[0])).ok();
    assert_eq!(asked, 1);
    stage.check_invariants();
}
