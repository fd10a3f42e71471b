//! Deals in time. Amounts are by hand: fee 10 attoFIL an epoch, collateral of 500 (client) and 2,000 (provider).

use super::*;
use crate::rule::bounds::MIN_DURATION;
use crate::testing::{CLIENT, FEE, Fixture, PROVIDER, atto, deal, in_atto};

const START: ChainEpoch = 1_000;
const END: ChainEpoch = START + MIN_DURATION;

/// A market with one deal, for which client and provider have exactly enough.
fn published() -> (Fixture, DealId) {
    let mut fixture = Fixture::new(FEE + 500, 2_000);
    let id = fixture.publish(&deal());
    (fixture, id)
}

/// Settles the deal and stores when; gives what became of it and the payment.
fn settle(fixture: &mut Fixture, id: DealId, now: ChainEpoch) -> Result<(Settled, i64)> {
    fixture.change(|market| {
        let mut state = market.states()?.get(id)?.unwrap();
        let (settled, payment) = market.settle(&deal(), &state, now)?;
        match settled {
            Settled::Continues => {
                state.last_updated_epoch = now;
                market.states()?.set(id, &state)?;
            }
            _ => market.remove_active(id)?,
        }
        Ok((settled, in_atto(&payment)))
    })
}

#[test]
fn publishing_locks_fee_and_collaterals() {
    let (mut fixture, _) = published();
    assert_eq!(fixture.balances(), [(FEE + 500, FEE + 500), (2_000, 2_000)]);
    assert_eq!(in_atto(&fixture.market.total_client_storage_fee), FEE);
    assert_eq!(in_atto(&fixture.market.total_client_locked_collateral), 500);
    assert_eq!(
        in_atto(&fixture.market.total_provider_locked_collateral),
        2_000
    );
    fixture.change(|market| {
        assert!(market.covers(CLIENT, &atto(0)).unwrap());
        assert!(!market.covers(CLIENT, &atto(1)).unwrap());
        assert_eq!(market.withdraw(CLIENT, &atto(5)), Ok(atto(0)));
    });
}

#[test]
fn what_is_not_locked_can_be_withdrawn() {
    let mut fixture = Fixture::new(FEE + 600, 2_000);
    fixture.publish(&deal());
    fixture.change(|market| {
        assert_eq!(market.withdraw(CLIENT, &atto(30)), Ok(atto(30)));
        assert_eq!(market.withdraw(CLIENT, &atto(1_000)), Ok(atto(70)));
        assert_eq!(market.withdraw(CLIENT, &atto(1)), Ok(atto(0)));
        assert_eq!(market.withdraw(7, &atto(1)), Ok(atto(0)));
    });
    assert_eq!(fixture.balances()[0], (FEE + 500, FEE + 500));
}

#[test]
fn a_deal_that_is_not_activated_in_time_costs_the_provider_its_collateral() {
    let (mut fixture, id) = published();
    fixture.change(|market| {
        let early = market.progress(id, &deal(), START - 1);
        assert_eq!(early, Ok(Progress::NotStarted));
    });
    let late = fixture.change(|market| market.progress(id, &deal(), START));
    assert_eq!(late, Ok(Progress::TimedOut(atto(2_000))));
    assert_eq!(fixture.balances(), [(FEE + 500, 0), (0, 0)]);
    assert_eq!(fixture.broken(START, FEE + 500), [""; 0]);
    fixture.change(|market| {
        assert!(market.pending().unwrap().is_empty());
        assert_eq!(market.proposals().unwrap().count(), 0);
        let code = market.proposal(id).unwrap_err().code;
        assert_eq!(code, crate::DEAL_EXPIRED);
        let code = market.proposal(id + 1).unwrap_err().code;
        assert_eq!(code, ExitCode::USR_NOT_FOUND);
    });
}

#[test]
fn unlocking_nothing_of_the_provider_is_stored() {
    let (mut fixture, id) = published();
    fixture.change(|market| market.progress(id, &deal(), START).unwrap());
    let locked = fixture
        .market
        .locked_table
        .open_in(&*fixture.store)
        .unwrap();
    assert_eq!(locked.get(&Address::new_id(PROVIDER)), Ok(Some(atto(0))));
    assert_eq!(locked.get(&Address::new_id(CLIENT)), Ok(None));
}

#[test]
fn an_allocation_goes_with_its_deal() {
    let mut fixture = Fixture::new(FEE + 500, 2_000);
    let verified = DealProposal {
        verified_deal: true,
        ..deal()
    };
    let id = fixture.publish(&verified);
    fixture.change(|market| {
        market.progress(id, &verified, START).unwrap();
        assert!(market.allocations().unwrap().is_empty());
    });
}

#[test]
fn a_deal_is_paid_for_as_time_goes_by() {
    let (mut fixture, id) = published();
    fixture.activate(id, 7, 900);
    // Too early for a payment; from now on the deal may be published again.
    assert_eq!(settle(&mut fixture, id, 950), Ok((Settled::Continues, 0)));
    fixture.change(|market| assert!(market.pending().unwrap().is_empty()));
    for (now, payment) in [
        (START, 0),
        (START + 3, 30),
        (START + 3, 0),
        (START + 103, 1_000),
    ] {
        let settled = settle(&mut fixture, id, now);
        assert_eq!(settled, Ok((Settled::Continues, payment)), "{now}");
        assert_eq!(fixture.broken(now, FEE + 2_500), [""; 0]);
    }
    assert_eq!(
        fixture.balances(),
        [(FEE + 500 - 1_030, FEE + 500 - 1_030), (3_030, 2_000)]
    );
    let code = settle(&mut fixture, id, START + 102).unwrap_err().code;
    assert_eq!(code, ExitCode::USR_ILLEGAL_STATE);
}

#[test]
fn a_deal_that_was_kept_gives_both_their_collateral_back() {
    for end in [END, END + 1, END + 10_000] {
        let (mut fixture, id) = published();
        fixture.activate(id, 7, 900);
        let settled = settle(&mut fixture, id, START + 3);
        assert_eq!(settled, Ok((Settled::Continues, 30)));
        let settled = settle(&mut fixture, id, end);
        assert_eq!(settled, Ok((Settled::Completed, FEE - 30)));
        assert_eq!(fixture.balances(), [(500, 0), (FEE + 2_000, 0)]);
        assert!(fixture.market.total_client_storage_fee.is_zero());
    }
}

/// Ends the activated deal at an epoch; gives what is burnt.
fn terminate(fixture: &mut Fixture, mut state: DealState, at: ChainEpoch) -> Result<i64> {
    state.slash_epoch = at;
    fixture.change(|market| {
        market
            .terminate(&deal(), &state)
            .map(|burnt| in_atto(&burnt))
    })
}

#[test]
fn a_deal_that_ends_early_is_paid_up_to_then() {
    for (at, paid) in [(900, 0), (START, 0), (START + 7, 70), (END - 1, FEE - 10)] {
        let (mut fixture, id) = published();
        let state = fixture.activate(id, 7, 900);
        assert_eq!(terminate(&mut fixture, state, at), Ok(2_000), "{at}");
        assert_eq!(
            fixture.balances(),
            [(FEE + 500 - paid, 0), (paid, 0)],
            "{at}"
        );
        assert!(fixture.market.total_provider_locked_collateral.is_zero());
    }
    let (mut fixture, id) = published();
    let mut state = fixture.activate(id, 7, 900);
    settle(&mut fixture, id, START + 5).unwrap();
    state.last_updated_epoch = START + 5;
    assert_eq!(terminate(&mut fixture, state, START + 7), Ok(2_000));
    assert_eq!(fixture.balances(), [(FEE + 500 - 70, 0), (70, 0)]);
}

#[test]
fn a_deal_marked_to_end_is_ended_when_it_is_settled() {
    let marked = |slash_epoch, now| {
        let (mut fixture, id) = published();
        let mut state = fixture.activate(id, 7, 900);
        state.slash_epoch = slash_epoch;
        let settled = fixture.change(|market| market.settle(&deal(), &state, now));
        (settled.map(|(settled, _)| settled), fixture.balances())
    };
    let (settled, balances) = marked(START + 7, START + 100);
    assert_eq!(settled, Ok(Settled::Terminated(atto(2_000))));
    assert_eq!(balances, [(FEE + 500 - 70, 0), (70, 0)]);
    for (slash_epoch, now) in [(START + 7, START + 6), (END + 1, END + 2)] {
        let code = marked(slash_epoch, now).0.unwrap_err().code;
        assert_eq!(code, ExitCode::USR_ILLEGAL_STATE);
    }
}

#[test]
fn deals_are_apart_from_each_other() {
    let mut fixture = Fixture::new(3 * FEE, 10_000);
    let first = fixture.publish(&deal());
    let other = DealProposal {
        start_epoch: START + 1,
        storage_price_per_epoch: atto(1),
        ..deal()
    };
    let second = fixture.publish(&other);
    fixture.activate(first, 7, 900);
    fixture.activate(second, 7, 900);
    fixture.change(|market| {
        let state = market.states().unwrap().get(second).unwrap().unwrap();
        let (settled, payment) = market.settle(&other, &state, START + 11).unwrap();
        assert_eq!((settled, in_atto(&payment)), (Settled::Continues, 10));
        let code = market.remove_active(9).unwrap_err().code;
        assert_eq!(code, ExitCode::USR_ILLEGAL_STATE);
    });
    let client_locked = FEE + 500 + (MIN_DURATION - 1) + 500 - 10;
    assert_eq!(
        fixture.balances(),
        [(3 * FEE - 10, client_locked), (10_010, 4_000)]
    );
}
