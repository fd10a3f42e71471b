//! Who earns what a miner earns: its owner, or a beneficiary, for a quota and a time (FIP-0029).

use filigree_actor_miner::params::{ChangeBeneficiaryParams, WithdrawBalanceParams};
use filigree_sandbox::{Outcome, Who};
use filigree_sdk::prelude::*;

use crate::onboard::{Provider, fil, pass};
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "miner/beneficiary",
        run: beneficiary,
    },
    Scenario {
        name: "miner/beneficiary-and-owner",
        run: beneficiary_and_owner,
    },
];

const FORBIDDEN: ExitCode = ExitCode::USR_FORBIDDEN;
const ILLEGAL: ExitCode = ExitCode::USR_ILLEGAL_ARGUMENT;

fn proposal(who: impl Who, fil: u64, until: ChainEpoch) -> ChangeBeneficiaryParams {
    ChangeBeneficiaryParams {
        new_beneficiary: who.address(),
        new_quota: TokenAmount::from_whole(fil),
        new_expiration: until,
    }
}

fn change(
    stage: &mut Stage,
    by: impl Who,
    miner: &Provider,
    params: &ChangeBeneficiaryParams,
) -> Outcome<()> {
    stage.call(by, miner.client.change_beneficiary(params.clone()))
}

fn withdraw(
    stage: &mut Stage,
    by: impl Who,
    miner: &Provider,
    amount: u64,
) -> Outcome<TokenAmount> {
    let params = WithdrawBalanceParams {
        amount_requested: fil(amount),
    };
    stage.call(by, miner.client.withdraw_balance(params))
}

fn beneficiary(stage: &mut Stage) {
    let miner = Provider::new(stage);
    let [alice, bob, carol] = [0; 3].map(|_| stage.account(1));
    let end = stage.epoch() + 500;
    let first = proposal(alice, 100, end);

    change(stage, alice, &miner, &first).expect_exit(FORBIDDEN, "");
    change(stage, miner.owner, &miner, &first).ok();
    // Not what was proposed.
    for bad in [
        proposal(alice, 99, end),
        proposal(alice, 100, end + 1),
        proposal(bob, 100, end),
    ] {
        change(stage, alice, &miner, &bad).expect_exit(ILLEGAL, "");
    }
    change(stage, bob, &miner, &first).expect_exit(FORBIDDEN, "");
    change(stage, alice, &miner, &first).ok();
    let told = stage.call(bob, miner.client.get_beneficiary()).ok();
    assert_eq!(told.active.beneficiary, Address::new_id(alice.id));
    assert_eq!(told.proposed, None);

    // Both may withdraw; it goes to her.
    assert_eq!(withdraw(stage, miner.owner, &miner, 30).ok(), fil(30));
    assert_eq!(withdraw(stage, alice, &miner, 30).ok(), fil(30));
    withdraw(stage, bob, &miner, 1).expect_exit(FORBIDDEN, "");
    assert_eq!(stage.balance(alice), fil(61));
    // More than is left of the quota; then nothing is.
    assert_eq!(withdraw(stage, alice, &miner, 50).ok(), fil(40));
    withdraw(stage, alice, &miner, 1).expect_exit(FORBIDDEN, "");
    withdraw(stage, miner.owner, &miner, 0).expect_exit(FORBIDDEN, "");

    // With her quota used up, she has nothing to say about the next.
    change(stage, miner.owner, &miner, &proposal(bob, 10, end + 500)).ok();
    change(stage, bob, &miner, &proposal(bob, 10, end + 500)).ok();
    let told = stage.call(bob, miner.client.get_beneficiary()).ok();
    assert_eq!(told.active.beneficiary, Address::new_id(bob.id));

    // He has, while his term lasts: he and the nominee, in any order.
    let next = proposal(carol, 5, end + 700);
    change(stage, miner.owner, &miner, &next).ok();
    change(stage, carol, &miner, &next).ok();
    let told = stage.call(bob, miner.client.get_beneficiary()).ok();
    assert_eq!(told.active.beneficiary, Address::new_id(bob.id));
    assert!(
        told.proposed
            .is_some_and(|proposed| proposed.approved_by_nominee)
    );
    change(stage, bob, &miner, &next).ok();
    let told = stage.call(bob, miner.client.get_beneficiary()).ok();
    assert_eq!(told.active.beneficiary, Address::new_id(carol.id));
    // A larger quota of the same one; she approves as both.
    let more = proposal(carol, 20, end + 700);
    change(stage, miner.owner, &miner, &more).ok();
    change(stage, carol, &miner, &more).ok();
    assert_eq!(withdraw(stage, carol, &miner, 7).ok(), fil(7));
    let less = proposal(carol, 3, end + 700);
    change(stage, miner.owner, &miner, &less).ok();
    change(stage, carol, &miner, &less).ok();
    withdraw(stage, carol, &miner, 1).expect_exit(FORBIDDEN, "");

    // Back to the owner: no terms.
    let back = proposal(miner.owner, 0, 0);
    for bad in [proposal(miner.owner, 1, 0), proposal(miner.owner, 0, 1)] {
        change(stage, miner.owner, &miner, &bad).expect_exit(ILLEGAL, "");
    }
    change(stage, miner.owner, &miner, &back).ok();
    let told = stage.call(bob, miner.client.get_beneficiary()).ok();
    assert_eq!(told.active.beneficiary, Address::new_id(miner.owner.id));
    assert_eq!(withdraw(stage, miner.owner, &miner, 1).ok(), fil(1));

    // Terms that are none.
    let now = stage.epoch();
    let mut negative = proposal(alice, 0, now + 10);
    negative.new_quota = TokenAmount::from_atto(-1);
    for bad in [
        proposal(alice, 0, now + 10),
        proposal(alice, 0, 0),
        negative,
    ] {
        change(stage, miner.owner, &miner, &bad).expect_exit(ILLEGAL, "");
    }
    // A term that is over before it begins is one.
    for past in [now, 0, -1, i64::MIN] {
        let params = proposal(alice, 1, past);
        change(stage, miner.owner, &miner, &params).ok();
        change(stage, alice, &miner, &params).ok();
        withdraw(stage, alice, &miner, 1).expect_exit(FORBIDDEN, "");
    }
    let nobody = proposal(Address::new_actor(b"nobody"), 1, now + 10);
    change(stage, miner.owner, &miner, &nobody).expect_exit(ILLEGAL, "");
    let unknown = proposal(999_999u64, 1, now + 10);
    change(stage, miner.owner, &miner, &unknown).ok();
    stage.check_invariants();
}

fn beneficiary_and_owner(stage: &mut Stage) {
    let miner = Provider::new(stage);
    let [alice, bob] = [0; 2].map(|_| stage.account(1));
    let end = stage.epoch() + 100;
    // The term ends by time.
    let term = proposal(alice, 100, end);
    change(stage, miner.owner, &miner, &term).ok();
    change(stage, alice, &miner, &term).ok();
    pass(stage, end - 1);
    assert_eq!(withdraw(stage, alice, &miner, 1).ok(), fil(1));
    pass(stage, end);
    withdraw(stage, alice, &miner, 1).expect_exit(FORBIDDEN, "");
    // Back to the owner without her approval.
    change(stage, miner.owner, &miner, &proposal(miner.owner, 0, 0)).ok();
    assert_eq!(withdraw(stage, miner.owner, &miner, 1).ok(), fil(1));

    // The miner is sold while a beneficiary is proposed.
    let term = proposal(alice, 100, end + 1_000);
    change(stage, miner.owner, &miner, &term).ok();
    let to_bob = miner.client.change_owner_address(Address::new_id(bob.id));
    stage.call(miner.owner, to_bob.clone()).ok();
    stage.call(bob, to_bob).ok();
    change(stage, alice, &miner, &term).expect_exit(FORBIDDEN, "");
    let told = stage.call(bob, miner.client.get_beneficiary()).ok();
    assert_eq!(told.active.beneficiary, Address::new_id(bob.id));
    // And while one earns: it goes on to earn.
    change(stage, bob, &miner, &term).ok();
    change(stage, alice, &miner, &term).ok();
    let back = miner
        .client
        .change_owner_address(Address::new_id(miner.owner.id));
    stage.call(bob, back.clone()).ok();
    stage.call(miner.owner, back).ok();
    let told = stage.call(bob, miner.client.get_beneficiary()).ok();
    assert_eq!(told.active.beneficiary, Address::new_id(alice.id));
    assert_eq!(withdraw(stage, miner.owner, &miner, 1).ok(), fil(1));
    stage.check_invariants();
}
