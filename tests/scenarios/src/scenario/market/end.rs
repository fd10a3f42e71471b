//! Deals are paid for, and end: in time, early, or before they began.

use filigree_actor_market::SettleDealPaymentsReturn;
use filigree_builtin::calls::market::OnMinerSectorsTerminateParams;
use filigree_builtin::ids;
use filigree_sandbox::Outcome;
use filigree_sdk::prelude::*;
use fvm_shared::piece::PaddedPieceSize;

use super::{EXPIRED, OK};
use crate::deals::{
    AHEAD, DURATION, active, add_balance, balance_of, customer, market, market_state, proposal,
    publish, published, signed, storer,
};
use crate::malformed::refuse_malformed;
use crate::onboard::{DAY, Provider, fil, set};
use crate::scenario::Scenario;
use crate::stage::Stage;
use crate::verified::{MIB, client as verified_client};

/// All of this topic.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "market/deals-settled",
        run: deals_settled,
    },
    Scenario {
        name: "market/deals-kept-to-their-end",
        run: deals_kept_to_their_end,
    },
    Scenario {
        name: "market/deals-never-activated",
        run: deals_never_activated,
    },
    Scenario {
        name: "market/cron-removes-what-never-began",
        run: cron_removes_what_never_began,
    },
    Scenario {
        name: "market/sectors-terminated",
        run: sectors_terminated,
    },
    Scenario {
        name: "market/terminated-before-and-after",
        run: terminated_before_and_after,
    },
    Scenario {
        name: "market/settled-before-cron",
        run: settled_before_cron,
    },
];

/// What a client pays for each epoch.
fn price() -> TokenAmount {
    TokenAmount::from_nano(100)
}

fn settle(stage: &mut Stage, deals: &[u64]) -> SettleDealPaymentsReturn {
    try_settle(stage, deals).ok()
}

fn try_settle(stage: &mut Stage, deals: &[u64]) -> Outcome<SettleDealPaymentsReturn> {
    let call = market().settle_deal_payments(set(deals.iter().copied()));
    stage.call(crate::verified::ROOT, call)
}

fn terminate(
    stage: &mut Stage,
    provider: &Provider,
    sectors: &[u64],
    epoch: ChainEpoch,
) -> Outcome<()> {
    let call = market().on_miner_sectors_terminate(OnMinerSectorsTerminateParams {
        epoch,
        sectors: set(sectors.iter().copied()),
    });
    stage.implicit(provider.id, call)
}

fn deals_settled(stage: &mut Stage) {
    let alice = customer(stage, 100);
    let provider = storer(stage);
    let ids = active(stage, alice, &provider, 1, 3);
    let start = stage.epoch() + AHEAD;
    let paid = |done: &SettleDealPaymentsReturn| {
        let payments = done.settlements.iter().map(|one| one.payment.clone());
        payments.collect::<Vec<_>>()
    };
    // Before the start, at the start, and one epoch later.
    let done = settle(stage, &ids);
    assert_eq!(paid(&done), [fil(0), fil(0), fil(0)]);
    stage.sandbox().set_epoch(start);
    assert_eq!(paid(&settle(stage, &ids[..1])), [fil(0)]);
    stage.sandbox().set_epoch(start + 1);
    assert_eq!(paid(&settle(stage, &ids[..1])), [price()]);
    // Twice in an epoch.
    assert_eq!(paid(&settle(stage, &ids[..1])), [fil(0)]);
    stage.sandbox().set_epoch(start + 1_001);
    let before = balance_of(stage, provider.id);
    let done = settle(stage, &ids);
    assert_eq!(
        paid(&done),
        [price() * 1_000, price() * 1_001, price() * 1_001]
    );
    let after = balance_of(stage, provider.id);
    assert_eq!(after.balance - before.balance, price() * 3_002);
    assert_eq!(after.locked, before.locked);
    // Unknown ones among them, and none.
    let done = settle(stage, &[ids[0], 99, u64::MAX - 1]);
    assert_eq!(done.results.codes()[0], OK);
    assert_eq!(done.settlements.len(), 1);
    assert!(settle(stage, &[]).settlements.is_empty());
    let call = market().settle_deal_payments(set([0]));
    refuse_malformed(stage, alice, &call);
    stage.check_invariants();
}

fn deals_kept_to_their_end(stage: &mut Stage) {
    let alice = customer(stage, 100);
    let provider = storer(stage);
    let ids = active(stage, alice, &provider, 1, 3);
    let more = active(stage, alice, &provider, 2, 1);
    let end = stage.epoch() + AHEAD + DURATION;
    stage.sandbox().set_epoch(end - 1);
    let done = settle(stage, &ids[..1]);
    assert!(!done.settlements[0].completed);
    stage.sandbox().set_epoch(end);
    let done = settle(stage, &ids[..2]);
    assert!(done.settlements.iter().all(|one| one.completed));
    assert_eq!(done.settlements[0].payment, price());
    assert_eq!(done.settlements[1].payment, price() * DURATION);
    // They are gone.
    let done = settle(stage, &ids[..2]);
    assert_eq!(done.results.codes(), [EXPIRED; 2]);
    // Long after the end no more is paid.
    stage.sandbox().set_epoch(end + 100 * DAY);
    let done = settle(stage, &[ids[2], more[0]]);
    assert_eq!(done.settlements[0].payment, price() * DURATION);
    assert!(balance_of(stage, alice.id).locked.is_zero());
    assert!(balance_of(stage, provider.id).locked.is_zero());
    assert_eq!(
        balance_of(stage, provider.id).balance,
        fil(100) + price() * (4 * DURATION)
    );
    // The sector has no deals that could end.
    terminate(stage, &provider, &[1, 2], end).ok();
    stage.check_invariants();
}

fn deals_never_activated(stage: &mut Stage) {
    let alice = customer(stage, 100);
    let provider = storer(stage);
    let ids = published(stage, alice, &provider, 0..4);
    let start = stage.epoch() + AHEAD;
    stage.sandbox().set_epoch(start - 1);
    let done = settle(stage, &ids[..1]);
    assert_eq!(done.results.codes(), [OK]);
    stage.sandbox().set_epoch(start);
    let burnt = stage.balance(ids::BURNT_FUNDS);
    let done = settle(stage, &ids[..2]);
    assert_eq!(done.results.codes(), [EXPIRED; 2]);
    assert_eq!(stage.balance(ids::BURNT_FUNDS) - burnt, fil(4));
    assert_eq!(balance_of(stage, provider.id).balance, fil(96));
    // Once more, with others.
    let done = settle(stage, &ids);
    assert_eq!(done.results.codes(), [EXPIRED; 4]);
    assert!(balance_of(stage, alice.id).locked.is_zero());
    assert_eq!(balance_of(stage, alice.id).balance, fil(100));
    // Cron finds nothing to do.
    stage.leap(start + 5_000);
    stage.check_invariants();
}

fn cron_removes_what_never_began(stage: &mut Stage) {
    let (alice, bob) = (customer(stage, 100), verified_client(stage, 100 * MIB));
    add_balance(stage, bob, bob, 100);
    let (provider, other) = (storer(stage), storer(stage));
    let now = stage.epoch();
    // Deals that begin at different times.
    for (number, ahead) in [(0, 0), (1, 5), (2, 50), (3, 50), (4, 700), (5, 4_000)] {
        for (who, by) in [(&provider, alice), (&other, bob)] {
            let mut deal = proposal(stage, by, who, number);
            deal.start_epoch = now + ahead;
            deal.verified_deal = by == bob && number % 2 == 0;
            deal.piece_size = PaddedPieceSize(MIB);
            publish(stage, who, vec![signed(deal, by)]).ok();
        }
    }
    let left = |stage: &Stage| {
        let proposals = market_state(stage).proposals;
        let open = proposals
            .open_in(stage.store())
            .expect("the deals can be read");
        let mut left = 0;
        open.for_each(|_, _| {
            left += 1;
            Ok(())
        })
        .expect("the deals can be read");
        left
    };
    assert_eq!(left(stage), 12);
    // Some time after a deal's start, up to 30 days: its id tells.
    stage.advance(60);
    stage.leap(now + 2_000);
    stage.check_invariants();
    stage.leap(now + 10_000);
    stage.check_invariants();
    for step in 1..=4 {
        stage.leap(now + 10_000 + step * 25_000);
    }
    assert_eq!(left(stage), 0);
    for who in [alice.id, bob.id, provider.id, other.id] {
        assert!(balance_of(stage, who).locked.is_zero());
    }
    stage.check_invariants();
}

fn sectors_terminated(stage: &mut Stage) {
    let alice = customer(stage, 100);
    let (provider, other) = (storer(stage), storer(stage));
    let first = active(stage, alice, &provider, 1, 2);
    let second = active(stage, alice, &provider, 2, 1);
    let third = active(stage, alice, &provider, 3, 1);
    let theirs = active(stage, alice, &other, 1, 1);
    let start = stage.epoch() + AHEAD;
    stage.sandbox().set_epoch(start + 100);
    settle(stage, &first[..1]);
    let burnt = stage.balance(ids::BURNT_FUNDS);
    // Sectors without deals are not known here; numbers of others are other sectors.
    terminate(stage, &provider, &[1, 2, 77], start + 100).ok();
    assert_eq!(stage.balance(ids::BURNT_FUNDS) - burnt, fil(6));
    assert_eq!(balance_of(stage, provider.id).locked, fil(2));
    let done = settle(stage, &[first[0], first[1], second[0], third[0], theirs[0]]);
    assert_eq!(done.results.codes(), [EXPIRED, EXPIRED, EXPIRED, OK, OK]);
    // Paid up to then; the rest is free again.
    let paid = price() * 100 * 4;
    assert_eq!(
        balance_of(stage, alice.id).balance,
        fil(100) - &paid - price() * 100
    );
    // Nothing is left to end.
    terminate(stage, &provider, &[1, 2], start + 101).ok();
    terminate(stage, &provider, &[], start + 101).ok();
    terminate(stage, &other, &[2, 3], start + 101).ok();
    // The same deal may be made once more.
    let again = published(stage, alice, &provider, [1_000]);
    assert_eq!(again.len(), 1);
    stage.check_invariants();
}

fn terminated_before_and_after(stage: &mut Stage) {
    let alice = customer(stage, 100);
    let provider = storer(stage);
    let now = stage.epoch();
    let (start, end) = (now + AHEAD, now + AHEAD + DURATION);
    for sector in 1..=5 {
        active(stage, alice, &provider, sector, 1);
    }
    // Before the start: nothing is paid.
    terminate(stage, &provider, &[1], now).ok();
    stage.sandbox().set_epoch(start - 1);
    terminate(stage, &provider, &[2], start - 1).ok();
    assert_eq!(balance_of(stage, alice.id).balance, fil(100));
    // An epoch before the end, and at the end: then it is kept, and can be settled.
    stage.sandbox().set_epoch(end - 1);
    terminate(stage, &provider, &[3], end - 1).ok();
    stage.sandbox().set_epoch(end);
    let deals = market_state(stage);
    terminate(stage, &provider, &[4], end).ok();
    assert_ne!(market_state(stage).provider_sectors, deals.provider_sectors);
    let done = settle(stage, &[3, 4]);
    assert_eq!(done.results.codes(), [OK, OK]);
    assert!(balance_of(stage, provider.id).locked.is_zero());
    // What is published only is in no sector.
    let id = published(stage, alice, &provider, [9_000])[0];
    terminate(stage, &provider, &[9], end + 1).ok();
    let done = settle(stage, &[id]);
    assert_eq!(done.results.codes(), [OK]);
    stage.check_invariants();
    // Epochs that cannot be.
    active(stage, alice, &provider, 6, 2);
    let panicked = ExitCode::USR_ASSERTION_FAILED;
    for (epoch, code) in [(i64::MIN, panicked), (-1, OK), (0, OK), (i64::MAX, OK)] {
        let checkpoint = stage.checkpoint();
        let outcome = terminate(stage, &provider, &[6], epoch);
        assert_eq!(outcome.exit_code(), code, "{epoch}");
        stage.revert(&checkpoint);
    }
    stage.check_invariants();
}

fn settled_before_cron(stage: &mut Stage) {
    let alice = customer(stage, 100);
    let provider = storer(stage);
    let ids = active(stage, alice, &provider, 1, 5);
    let now = stage.epoch();
    let start = now + AHEAD;
    // Some are settled before cron looks at them for the first time; cron then goes on to settle those.
    settle(stage, &ids[..1]);
    stage.sandbox().set_epoch(start + 1);
    settle(stage, &ids[1..2]);
    stage.advance(1);
    for step in 1..=4 {
        stage.leap(start + step * 30_000);
        stage.check_invariants();
    }
    let state = market_state(stage);
    let states = state
        .states
        .open_in(stage.store())
        .expect("the deals can be read");
    for id in &ids {
        assert!(states.get(*id).expect("a deal can be read").is_some());
    }
    let done = settle(stage, &ids);
    assert_eq!(done.results.codes(), [OK; 5]);
    terminate(stage, &provider, &[1], stage.epoch()).ok();
    stage.leap(stage.epoch() + 30_000);
    let done = settle(stage, &[ids[0], 99]);
    assert_eq!(done.results.codes(), [EXPIRED; 2]);
    stage.check_invariants();
}
