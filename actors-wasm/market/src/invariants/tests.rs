//! A good state, and one change for each invariant that breaks it.

use super::*;
use crate::deal::DealId;
use crate::testing::{CLIENT, FEE, Fixture, PROVIDER, atto, deal};

fn verified() -> DealProposal {
    DealProposal {
        verified_deal: true,
        ..deal()
    }
}

/// A deal that is published and one that is activated.
fn fixture() -> Fixture {
    let mut fixture = Fixture::new(3 * FEE, 10_000);
    fixture.publish(&verified());
    let other = DealProposal {
        start_epoch: 1_001,
        ..deal()
    };
    let active = fixture.publish(&other);
    fixture.activate(active, 7, 900);
    fixture
}

const BALANCE: i64 = 3 * FEE + 10_000;

#[test]
fn a_good_state_breaks_none() {
    assert!(Fixture::new(0, 0).broken(0, 0).is_empty());
    assert_eq!(fixture().broken(950, BALANCE), [""; 0]);
}

#[track_caller]
fn breaks(name: &str, change: impl FnOnce(&mut Fixture)) {
    let mut fixture = fixture();
    change(&mut fixture);
    let broken = fixture.broken(950, BALANCE);
    assert!(broken.contains(&name), "{name}: {broken:?}");
}

#[track_caller]
fn state_breaks(name: &str, id: DealId, change: impl FnOnce(&mut DealState)) {
    breaks(name, |fixture| {
        fixture.change(|market| {
            let mut state = market.states().unwrap().get(1).unwrap().unwrap();
            change(&mut state);
            market.states().unwrap().set(id, &state).unwrap();
        });
    });
}

#[test]
fn deals_and_states_belong_together() {
    breaks("market/next-id", |fixture| fixture.market.next_id = 1);
    breaks("market/parties-are-ids", |fixture| {
        let deal = DealProposal {
            client: Address::new_actor(&[1]),
            ..deal()
        };
        fixture.change(|market| market.proposals().unwrap().set(0, &deal).unwrap());
    });
    state_breaks("market/state-has-proposal", 5, |_| ());
    state_breaks("market/sector-start", 1, |state| {
        state.sector_start_epoch = -1
    });
    state_breaks("market/state-epochs", 1, |state| {
        state.last_updated_epoch = 951
    });
    state_breaks("market/state-epochs", 1, |state| {
        state.last_updated_epoch = 899
    });
    state_breaks("market/state-epochs", 1, |state| state.slash_epoch = 951);
    for id in [1, 5] {
        breaks("market/allocation-of-pending-deal", |fixture| {
            fixture.change(|market| market.allocations().unwrap().set(&id, &9).unwrap());
        });
    }
}

#[test]
fn pending_proposals_queue_and_sectors_name_the_deals() {
    breaks("market/pending-has-proposal", |fixture| {
        fixture.change(|market| market.pending().unwrap().set(&Cid::default(), &()).unwrap());
    });
    breaks("market/inactive-is-pending", |fixture| {
        let deal = verified();
        fixture.change(|market| assert!(market.remove_pending(&deal).unwrap()));
    });
    breaks("market/deal-op", |fixture| {
        fixture.market.deal_ops_by_epoch = Fixture::new(0, 0).market.deal_ops_by_epoch;
    });
    breaks("market/deal-op-in-time", |fixture| {
        fixture.market.last_cron = 1_000
    });
    breaks("market/active-deal-in-sector", |fixture| {
        fixture.market.provider_sectors = Fixture::new(0, 0).market.provider_sectors;
    });
    let name = "market/sector-has-active-deal";
    state_breaks(name, 1, |state| state.sector_number = 8);
    state_breaks(name, 1, |state| state.slash_epoch = 940);
    breaks(name, |fixture| {
        fixture.change(|market| market.remove_active(1).unwrap())
    });
}

#[test]
fn money_is_where_it_belongs() {
    assert_eq!(
        fixture().broken(950, BALANCE - 1),
        ["market/escrow-is-there"]
    );
    breaks("market/locked-is-in-escrow", |fixture| {
        fixture.change(|market| {
            let escrow = market.escrow().unwrap();
            escrow.subtract(PROVIDER, &atto(8_000)).unwrap();
        });
    });
    let name = "market/locked-for-deals";
    for actor in [CLIENT, PROVIDER, 5] {
        breaks(name, |fixture| {
            fixture.change(|market| market.locked().unwrap().add(actor, &atto(1)).unwrap());
        });
    }
    breaks(name, |fixture| {
        fixture.market.total_client_storage_fee += atto(1)
    });
    breaks(name, |fixture| {
        fixture.market.total_client_locked_collateral += atto(1)
    });
    breaks(name, |fixture| {
        fixture.market.total_provider_locked_collateral += atto(1)
    });
    breaks("market/not-negative", |fixture| {
        fixture.change(|market| market.escrow().unwrap().add(7, &atto(-1)).unwrap());
    });
}

#[test]
fn what_cannot_be_read_is_told() {
    let mut fixture = fixture();
    fixture.store = Default::default();
    let broken = fixture.broken(950, BALANCE);
    let unreadable = broken.iter().filter(|name| **name == "market/readable");
    assert_eq!(unreadable.count(), 7, "{broken:?}");
}
