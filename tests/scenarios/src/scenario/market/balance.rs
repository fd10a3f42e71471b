//! Money in the market: added by anyone, withdrawn by whose it is.

use filigree_actor_miner::params::ChangeWorkerAddressParams;
use filigree_builtin::ids;
use filigree_sandbox::{Account, Outcome, Who};
use filigree_sdk::prelude::*;

use super::{FORBIDDEN, ILLEGAL};
use crate::deals::{add_balance, balance_of, customer, market, published, storer};
use crate::malformed::refuse_malformed;
use crate::onboard::{Provider, fil};
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of this topic.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "market/money-in",
        run: money_in,
    },
    Scenario {
        name: "market/money-out",
        run: money_out,
    },
    Scenario {
        name: "market/money-of-miners",
        run: money_of_miners,
    },
    Scenario {
        name: "market/malformed-balances",
        run: malformed,
    },
];

fn withdraw(
    stage: &mut Stage,
    by: impl Who,
    holder: impl Who,
    amount: TokenAmount,
) -> Outcome<TokenAmount> {
    let call = market().withdraw_balance(holder.address(), amount);
    stage.call(by, call)
}

fn money_in(stage: &mut Stage) {
    let (alice, bob) = (stage.account(1_000), stage.account(1_000));
    let has = |stage: &mut Stage, who: Address| {
        let call = market().get_balance(who);
        stage.call(bob, call).ok().balance
    };
    add_balance(stage, alice, alice, 5);
    add_balance(stage, bob, Address::new_id(alice.id), 7);
    assert_eq!(has(stage, alice.address), fil(12));
    assert_eq!(has(stage, Address::new_id(alice.id)), fil(12));
    assert!(has(stage, bob.address).is_zero());
    // Nothing comes along.
    let nothing = market().add_balance(alice.address);
    stage.call(alice, nothing).expect_exit(ILLEGAL, "");
    // Nobody there: not even keys get an account.
    for nobody in [
        Address::new_id(999_999),
        Address::new_actor(b"nobody"),
        Address::new_bls(&[5; 48]).expect("a key of 48 bytes"),
    ] {
        let add = market().add_balance(nobody).value(fil(1));
        stage.call(alice, add).expect_exit(ILLEGAL, "");
        let asked = stage.call(alice, market().get_balance(nobody));
        assert!(!asked.is_ok() || nobody.id().is_ok());
    }
    // Any actor has a balance, the market too. By the name of the method.
    for actor in [ids::MARKET, ids::SYSTEM, ids::BURNT_FUNDS] {
        add_balance(stage, alice, actor, 1);
    }
    let params = RawBytes::serialize(bob.address).expect("an address encodes");
    let number = method_number!("AddBalance");
    stage
        .raw(alice, ids::MARKET, number, fil(3), Some(params))
        .ok();
    assert_eq!(has(stage, bob.address), fil(3));
    // More than the account has.
    let too_much = market().add_balance(alice.address).value(fil(10_000));
    stage
        .call(alice, too_much)
        .expect_exit(ExitCode::SYS_INSUFFICIENT_FUNDS, "");
    stage.check_invariants();
}

fn money_out(stage: &mut Stage) {
    let (alice, bob) = (customer(stage, 10), stage.account(10));
    for amount in [0, 1, 10] {
        withdraw(stage, bob, alice, fil(amount)).expect_exit(FORBIDDEN, "");
    }
    withdraw(stage, alice, alice, TokenAmount::from_atto(-1)).expect_exit(ILLEGAL, "");
    withdraw(stage, bob, alice, TokenAmount::from_atto(-1)).expect_exit(ILLEGAL, "");
    for nobody in [
        Address::new_id(999_999),
        Address::new_actor(b"nobody"),
        Address::new_bls(&[5; 48]).expect("a key of 48 bytes"),
    ] {
        withdraw(stage, alice, nobody, fil(0)).expect_exit(ILLEGAL, "");
    }
    let before = stage.balance(alice);
    let out = |stage: &mut Stage, amount| withdraw(stage, alice, alice, amount).ok();
    assert!(out(stage, fil(0)).is_zero());
    assert_eq!(out(stage, fil(4)), fil(4));
    // As much as there is.
    assert_eq!(out(stage, fil(1_000_000)), fil(6));
    assert!(out(stage, fil(1)).is_zero());
    assert_eq!(stage.balance(alice), before + fil(10));
    // Who never had anything.
    assert!(withdraw(stage, bob, bob, fil(1)).ok().is_zero());
    stage.check_invariants();

    // What deals lock stays.
    let client = customer(stage, 10);
    let provider = storer(stage);
    published(stage, client, &provider, [1, 2]);
    let locked = balance_of(stage, client.id).locked;
    let free = fil(10) - &locked;
    assert!(locked > fil(2));
    assert_eq!(withdraw(stage, client, client, fil(10)).ok(), free);
    assert_eq!(balance_of(stage, client.id).balance, locked);
    stage.check_invariants();
}

fn money_of_miners(stage: &mut Stage) {
    let provider = Provider::new(stage);
    let miner = provider.client.address;
    let stranger = stage.account(100);
    add_balance(stage, stranger, miner, 50);
    let owner_has = |stage: &Stage, owner: Account| stage.balance(owner);
    let before = owner_has(stage, provider.owner);
    withdraw(stage, stranger, miner, fil(1)).expect_exit(FORBIDDEN, "");
    // The owner and the worker may; the owner gets it.
    withdraw(stage, provider.owner, miner, fil(10)).ok();
    withdraw(stage, provider.worker, miner, fil(10)).ok();
    assert_eq!(owner_has(stage, provider.owner), &before + fil(20));
    // The miner itself may not, nor does it have another balance.
    let by_itself = market().withdraw_balance(miner, fil(1));
    stage
        .implicit(provider.id, by_itself)
        .expect_exit(FORBIDDEN, "");
    assert!(balance_of(stage, provider.owner.id).balance.is_zero());
    // Control addresses may not.
    let control = stage.account(10);
    let change = ChangeWorkerAddressParams {
        new_worker: provider.worker,
        new_control_addresses: vec![control.address],
    };
    stage
        .call(
            provider.owner,
            provider.client.change_worker_address(change),
        )
        .ok();
    withdraw(stage, control, miner, fil(1)).expect_exit(FORBIDDEN, "");
    assert_eq!(
        withdraw(stage, provider.worker, miner, fil(99)).ok(),
        fil(30)
    );
    stage.check_invariants();
}

fn malformed(stage: &mut Stage) {
    let alice = customer(stage, 10);
    refuse_malformed(
        stage,
        alice,
        &market().add_balance(alice.address).value(fil(1)),
    );
    refuse_malformed(
        stage,
        alice,
        &market().withdraw_balance(alice.address, fil(1)),
    );
    refuse_malformed(stage, alice, &market().get_balance(alice.address));
    for method in [8, 10, 99, 1 << 24, u64::MAX] {
        let outcome = stage.raw(alice, ids::MARKET, method, fil(0), None);
        outcome.expect_exit(ExitCode::USR_UNHANDLED_MESSAGE, "");
    }
    let outcome = stage.raw(alice, ids::MARKET, 1, fil(0), None);
    outcome.expect_exit(FORBIDDEN, "");
    let outcome = stage.raw(alice, ids::MARKET, 9, fil(0), None);
    outcome.expect_exit(FORBIDDEN, "");
    // A payment without a method.
    stage.raw(alice, ids::MARKET, 0, fil(1), None).ok();
}
