//! Deals that clients spend datacap on.

use filigree_actor_market::deal::DealProposal;
use filigree_builtin::POLICY;
use filigree_sandbox::Account;
use filigree_sdk::prelude::*;
use fvm_shared::piece::PaddedPieceSize;

use super::publish::places;
use super::{ILLEGAL, OK};
use crate::deals::{
    activate, add_balance, customer, proposal, publish, sector_deals, signed, storer,
};
use crate::scenario::Scenario;
use crate::stage::Stage;
use crate::verified::{MIB, client as verified_client, datacap_of, registry_state};

/// All of this topic.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "market/verified-deals",
        run: verified_deals,
    },
    Scenario {
        name: "market/verified-deals-activated",
        run: verified_deals_activated,
    },
];

fn verified_deals(stage: &mut Stage) {
    let alice = verified_client(stage, 100 * MIB);
    let bob = verified_client(stage, 3 * MIB);
    let carol = customer(stage, 100);
    let provider = storer(stage);
    for client in [alice, bob] {
        add_balance(stage, client, client, 100);
    }
    let deal = |stage: &Stage, by: Account, number, size| DealProposal {
        verified_deal: true,
        piece_size: PaddedPieceSize(size),
        ..proposal(stage, by, &provider, number)
    };
    let most = POLICY.maximum_verified_allocation_expiration;
    let late = |stage: &Stage, number, start_epoch| {
        let deal = deal(stage, alice, number, MIB);
        DealProposal {
            start_epoch,
            end_epoch: deal.end_epoch - deal.start_epoch + start_epoch,
            ..deal
        }
    };
    let far = stage.epoch() + most + 1;
    let batch = vec![
        signed(deal(stage, alice, 1, 16 * MIB), alice),
        signed(deal(stage, bob, 2, 2 * MIB), bob),
        // More than he has left, and what fits.
        signed(deal(stage, bob, 3, 2 * MIB), bob),
        signed(deal(stage, bob, 4, MIB), bob),
        // No datacap.
        signed(deal(stage, carol, 5, MIB), carol),
        // Not verified, from the same client.
        signed(proposal(stage, alice, &provider, 7), alice),
        // The same deal twice.
        signed(deal(stage, alice, 1, 16 * MIB), alice),
    ];
    let done = publish(stage, &provider, batch).ok();
    assert_eq!(places(&done.valid_deals), [0, 1, 3, 5]);
    assert!(datacap_of(stage, bob.id).is_zero());
    // Too small for an allocation; one that is claimed later than it may be.
    let good = |stage: &Stage| signed(deal(stage, alice, 10, MIB), alice);
    let small = deal(stage, alice, 8, MIB / 2);
    let refused = ExitCode::USR_ILLEGAL_STATE;
    for (bad, in_batch, alone) in [
        // The registry refuses all that it is asked for together.
        (small, refused, refused),
        (late(stage, 9, far), OK, ILLEGAL),
    ] {
        let batch = vec![good(stage), signed(bad.clone(), alice)];
        let outcome = publish(stage, &provider, batch);
        assert_eq!(outcome.exit_code(), in_batch);
        let outcome = publish(stage, &provider, vec![signed(bad, alice)]);
        assert_eq!(outcome.exit_code(), alone);
    }
    let batch = vec![
        signed(deal(stage, alice, 20, 2 * MIB), alice),
        signed(deal(stage, alice, 21, 4 * MIB), alice),
    ];
    let done = publish(stage, &provider, batch).ok();
    assert_eq!(places(&done.valid_deals), [0, 1]);
    let next = registry_state(stage).next_allocation_id;
    assert!(next >= 3);
    // All that is left, and one byte more than that.
    let left = datacap_of(stage, alice.id);
    assert!(left < TokenAmount::from_whole(100 * MIB));
    let batch = vec![
        signed(deal(stage, alice, 30, 128 * MIB), alice),
        signed(deal(stage, alice, 31, 32 * MIB), alice),
        signed(deal(stage, alice, 32, 64 * MIB), alice),
    ];
    let done = publish(stage, &provider, batch).ok();
    assert!(!places(&done.valid_deals).contains(&0));
    // A client who spent datacap otherwise: the market may spend it for nobody else.
    let batch = vec![signed(deal(stage, bob, 40, MIB), bob)];
    publish(stage, &provider, batch).expect_exit(ILLEGAL, "");
    stage.check_invariants();
}

fn verified_deals_activated(stage: &mut Stage) {
    let alice = verified_client(stage, 100 * MIB);
    let provider = storer(stage);
    add_balance(stage, alice, alice, 100);
    let deals = (0..4).map(|number| {
        let mut deal = proposal(stage, alice, &provider, number);
        deal.verified_deal = number != 2;
        deal.piece_size = PaddedPieceSize(MIB << number);
        signed(deal, alice)
    });
    let deals = deals.collect();
    let ids = publish(stage, &provider, deals).ok().ids;
    let sectors = vec![
        sector_deals(stage, &provider, 1, &ids[..3]),
        sector_deals(stage, &provider, 2, &ids[3..]),
    ];
    let done = activate(stage, &provider, sectors).ok();
    let allocations: Vec<u64> = (done.activations.iter())
        .flat_map(|sector| &sector.activated)
        .map(|deal| deal.allocation_id)
        .collect();
    assert_eq!(allocations, [1, 2, 0, 3]);
    stage.check_invariants();
}
