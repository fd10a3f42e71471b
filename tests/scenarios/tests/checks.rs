//! What is broken is found, and what differs is told: states changed by hand.

use std::panic::{AssertUnwindSafe, catch_unwind};

use filigree_actor_datacap::Datacap;
use filigree_actor_market::Market;
use filigree_actor_miner::Miner;
use filigree_actor_power::Power;
use filigree_actor_verifreg::VerifiedRegistry;
use filigree_builtin::ids;
use filigree_scenarios::Stage;
use filigree_scenarios::compare::compare;
use filigree_scenarios::fuzz::town;
use filigree_scenarios::play::Played;
use filigree_sdk::call::Call;
use filigree_sdk::collections::OpenMap;
use fvm_shared::METHOD_SEND;
use fvm_shared::address::Address;
use fvm_shared::bigint::bigint_ser::BigIntDe;
use fvm_shared::econ::TokenAmount;

/// The first miner of the town.
const MINER: u64 = 104;
/// Sectors of its.
const WITH_DEALS: u64 = 4;
const EMPTY: u64 = 0;

#[test]
fn broken_invariants_are_found_by_name() {
    let mut stage = Stage::new(None);
    town::build(&mut stage);
    stage.check_invariants();
    let good = stage.checkpoint();
    let mut check = |expected: &str, spoil: &dyn Fn(&mut Stage)| {
        stage.revert(&good);
        spoil(&mut stage);
        let result = catch_unwind(AssertUnwindSafe(|| stage.check_invariants()));
        let said = result.expect_err(expected);
        let said = said.downcast_ref::<String>().expect("a text");
        assert!(said.contains(expected), "{expected}: {said}");
    };
    check("network/claimed-power", &|stage| {
        let mut power: Power = stage.state(ids::POWER);
        let store = stage.store();
        let mut claims = power.claims.open_in(&store).unwrap();
        let miner = Address::new_id(MINER);
        let mut claim = claims.get(&miner).unwrap().expect("the miner has a claim");
        claim.raw_byte_power = BigIntDe(claim.raw_byte_power.0 + 1);
        claims.set(&miner, &claim).unwrap();
        power.claims = claims.close().unwrap();
        stage.sandbox().set_state(ids::POWER, &power);
    });
    check("network/cron", &|stage| {
        let mut power: Power = stage.state(ids::POWER);
        power.cron_event_queue = OpenMap::empty(stage.store()).close().unwrap();
        stage.sandbox().set_state(ids::POWER, &power);
    });
    check("network/allocated-datacap", &|stage| {
        let mut datacap: Datacap = stage.state(ids::DATACAP);
        let (registry, some) = (ids::VERIFIED_REGISTRY, TokenAmount::from_whole(1));
        datacap.token.mint(stage.store(), registry, &some).unwrap();
        stage.sandbox().set_state(ids::DATACAP, &datacap);
    });
    check("network/pledge", &|stage| {
        let mut power: Power = stage.state(ids::POWER);
        power.total_pledge_collateral += TokenAmount::from_atto(1);
        stage.sandbox().set_state(ids::POWER, &power);
    });
    check("network/total-balance", &|stage| {
        let balance = stage.balance(ids::BURNT_FUNDS) + TokenAmount::from_atto(1);
        stage.sandbox().set_balance(ids::BURNT_FUNDS, balance);
    });
    // The market believes that its deals are in another sector, which is empty.
    check("network/deals-in-sectors", &|stage| {
        let mut market: Market = stage.state(ids::MARKET);
        let store = stage.store();
        let mut providers = market.provider_sectors.open_in(&store).unwrap();
        let sectors = providers.get(&MINER).unwrap().expect("it has deals");
        let mut sectors = sectors.open_in(&store).unwrap();
        let deals = sectors.remove(&WITH_DEALS).unwrap().expect("it has deals");
        sectors.set(&EMPTY, &deals).unwrap();
        providers.set(&MINER, &sectors.close().unwrap()).unwrap();
        market.provider_sectors = providers.close().unwrap();
        let mut states = market.states.open_in(&store).unwrap();
        for id in deals {
            let mut state = states.get(id).unwrap().expect("it is active");
            state.sector_number = EMPTY;
            states.set(id, &state).unwrap();
        }
        market.states = states.close().unwrap();
        stage.sandbox().set_state(ids::MARKET, &market);
    });
    check("network/verified-data-is-claimed", &|stage| {
        let mut registry: VerifiedRegistry = stage.state(ids::VERIFIED_REGISTRY);
        registry.claims = OpenMap::empty(stage.store()).close().unwrap();
        stage.sandbox().set_state(ids::VERIFIED_REGISTRY, &registry);
    });
    check("miner/", &|stage| {
        let mut miner: Miner = stage.state(MINER);
        miner.locked_funds += TokenAmount::from_atto(1);
        stage.sandbox().set_state(MINER, &miner);
    });
}

#[test]
fn what_differs_is_told_field_by_field() {
    let play = |spoil: bool| {
        let mut stage = Stage::new(None);
        let [alice, bob] = [stage.account(10), stage.account(0)];
        let send = |fil| {
            Call::<()>::new(bob.address, METHOD_SEND, None).value(TokenAmount::from_whole(fil))
        };
        stage.call(alice, send(1)).ok();
        stage.call(alice, send(if spoil { 3 } else { 2 })).ok();
        if spoil {
            let mut power: Power = stage.state(ids::POWER);
            power.miner_count = 7;
            stage.sandbox().set_state(ids::POWER, &power);
        }
        stage.advance(1);
        Played {
            stage: Some(stage),
            failure: None,
        }
    };
    assert_eq!(compare(&play(false), &play(false)), []);
    let differences = compare(&play(false), &play(true));
    let steps: Vec<usize> = differences
        .iter()
        .map(|difference| difference.step)
        .collect();
    assert_eq!(steps, [2, 3]);
    assert_eq!(
        differences[0].found,
        [
            "at epoch 1000",
            "f0101.Send value: official 2000000000000000000, ours 3000000000000000000",
            "f0100 balance: official 7000000000000000000, ours 6000000000000000000",
            "f0101 balance: official 3000000000000000000, ours 4000000000000000000",
        ]
    );
    assert_eq!(
        differences[1].found,
        ["f04 state.miner_count: official 0, ours 7"]
    );
}
