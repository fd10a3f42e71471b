//! Tokens that others than their owner spend.

use filigree_actor_datacap::{RevokeAllowanceParams, TransferFromParams};
use filigree_builtin::ids;
use filigree_sandbox::Account;
use filigree_sdk::call::Call;
use filigree_sdk::prelude::*;

use super::{FORBIDDEN, ILLEGAL, REGISTRY, TOO_LITTLE, huge, no_amounts, nobody, sent_from, whole};
use crate::onboard::Provider;
use crate::scenario::Scenario;
use crate::stage::Stage;
use crate::verified::{asked, client, datacap_of, request, token};

/// All of this topic.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "datacap/allowances",
        run: allowances,
    },
    Scenario {
        name: "datacap/spent-by-others",
        run: spent_by_others,
    },
];

fn allowances(stage: &mut Stage) {
    let alice = client(stage, 8 << 20);
    let bob = stage.account(10);
    let mut change = |by: Account, call: Call<TokenAmount>| stage.call(by, call);
    let more = |operator: Address, amount| token().increase_allowance(operator, amount);
    let less = |operator: Address, amount| token().decrease_allowance(operator, amount);
    let none = |operator| token().revoke_allowance(RevokeAllowanceParams { operator });
    let atto = TokenAmount::from_atto;
    // Allowances need not be whole.
    for (call, left) in [
        (more(bob.address, atto(5)), atto(5)),
        (more(bob.address, atto(0)), atto(5)),
        (less(bob.address, atto(2)), atto(3)),
        (less(bob.address, atto(9)), atto(0)),
        (less(bob.address, atto(9)), atto(0)),
        (more(Address::new_id(bob.id), huge()), huge()),
        (none(bob.address), huge()),
        (none(bob.address), atto(0)),
        (more(alice.address, whole(1)), whole(1)),
        (none(alice.address), whole(1)),
    ] {
        assert_eq!(change(alice, call).ok(), left);
    }
    for call in [more(bob.address, atto(-1)), less(bob.address, atto(-1))] {
        change(alice, call).expect_exit(ILLEGAL, "");
    }
    for address in nobody() {
        assert!(!change(alice, more(address, whole(1))).is_ok());
        assert!(!change(alice, less(address, whole(1))).is_ok());
        assert!(change(alice, none(address)).ok().is_zero());
    }
    // Of nothing, too; the one that was given with the tokens goes.
    change(bob, more(alice.address, whole(3))).ok();
    change(alice, more(Address::new_id(999_999), whole(3))).ok();
    assert!(
        !change(alice, none(ids::address(ids::MARKET)))
            .ok()
            .is_zero()
    );
    // One's own, for what one may do anyway.
    change(alice, more(alice.address, whole(2))).ok();
    stage.check_invariants();
}

fn spent_by_others(stage: &mut Stage) {
    let alice = client(stage, 8 << 20);
    let (bob, carol) = (stage.account(10), stage.account(10));
    let provider = Provider::new(stage);
    let allow = token().increase_allowance(bob.address, whole(3 << 20));
    stage.call(alice, allow).ok();

    let from_alice = TransferFromParams {
        operator_data: asked(vec![request(stage, provider.id, 1)], Vec::new()),
        ..sent_from(alice, REGISTRY, whole(1 << 20))
    };
    let mut spend = |by: Account, params| stage.call(by, token().transfer_from(params));
    // Not those whom nobody lets, not the owner itself, not to others than the registry.
    spend(carol, from_alice.clone()).expect_exit(TOO_LITTLE, "");
    spend(alice, from_alice.clone()).expect_exit(ILLEGAL, "");
    spend(bob, sent_from(alice, bob, whole(1))).expect_exit(FORBIDDEN, "");
    spend(bob, sent_from(carol, REGISTRY, whole(1))).expect_exit(TOO_LITTLE, "");
    for address in nobody() {
        assert!(!spend(bob, sent_from(address, REGISTRY, whole(1))).is_ok());
        assert!(!spend(bob, sent_from(alice, address, whole(1))).is_ok());
        assert!(!spend(bob, sent_from(address, REGISTRY, whole(0))).is_ok());
    }
    for amount in no_amounts() {
        spend(bob, sent_from(alice, REGISTRY, amount)).expect_exit(ILLEGAL, "");
    }
    assert!(!spend(bob, sent_from(alice, REGISTRY, whole(1 << 20))).is_ok());
    let spent = spend(bob, from_alice.clone()).ok();
    assert_eq!(spent.allowance, whole(2 << 20));
    assert_eq!(spent.from_balance, whole(7 << 20));
    spend(bob, sent_from(alice, REGISTRY, whole((2 << 20) + 1))).expect_exit(TOO_LITTLE, "");

    let mut burn =
        |by: Account, owner: Address, amount| stage.call(by, token().burn_from(owner, amount));
    burn(carol, alice.address, whole(1)).expect_exit(TOO_LITTLE, "");
    burn(alice, alice.address, whole(1)).expect_exit(ILLEGAL, "");
    burn(bob, alice.address, whole((2 << 20) + 1)).expect_exit(TOO_LITTLE, "");
    for amount in no_amounts() {
        burn(bob, alice.address, amount).expect_exit(ILLEGAL, "");
    }
    for address in nobody() {
        for amount in [0, 1] {
            let outcome = burn(bob, address, whole(amount));
            assert!(amount == 0 || !outcome.is_ok());
        }
    }
    let burnt = burn(bob, alice.address, whole(1 << 20)).ok();
    assert_eq!(burnt.allowance, whole(1 << 20));
    assert_eq!(burnt.balance, whole(6 << 20));
    burn(bob, alice.address, whole(1 << 20)).ok();
    // Whose allowance is used up may not burn nothing either.
    for amount in [0, 1] {
        burn(bob, alice.address, whole(amount)).expect_exit(TOO_LITTLE, "");
    }
    // The market may spend all that the owner has, and no more.
    let by_market = token().burn_from(alice.address, whole(6 << 20));
    stage
        .implicit(ids::MARKET, by_market)
        .expect_exit(TOO_LITTLE, "");
    let by_market = token().burn_from(alice.address, whole(5 << 20));
    stage.implicit(ids::MARKET, by_market).ok();
    assert!(datacap_of(stage, alice.id).is_zero());
    stage.check_invariants();
}
