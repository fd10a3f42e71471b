//! Locked funds, from the start of a lock to its end.

use filigree_actor_multisig::{
    ConstructorParams, LockBalanceParams, Multisig, MultisigClient, ProposeParams,
};
use filigree_sdk::call::Call;
use filigree_sdk::prelude::*;
use fvm_shared::METHOD_SEND;

use super::{any, fil, of, payment, proposal, three, wallet, wallet_of};
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of this topic.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "multisig/lock-opens-epoch-by-epoch",
        run: lock_opens_epoch_by_epoch,
    },
    Scenario {
        name: "multisig/lock-set-later",
        run: lock_set_later,
    },
    Scenario {
        name: "multisig/locks-that-are-refused",
        run: locks_that_are_refused,
    },
    Scenario {
        name: "multisig/lock-and-what-comes-in",
        run: lock_and_what_comes_in,
    },
];

const LOCKED: ExitCode = ExitCode::USR_INSUFFICIENT_FUNDS;

/// Locks some FIL.
pub(super) fn lock(
    wallet: &MultisigClient,
    start_epoch: ChainEpoch,
    unlock_duration: ChainEpoch,
    amount: u64,
) -> Call<()> {
    wallet.lock_balance(LockBalanceParams {
        start_epoch,
        unlock_duration,
        amount: fil(amount),
    })
}

fn lock_opens_epoch_by_epoch(stage: &mut Stage) {
    let signers @ [alice, bob, _] = three(stage);
    let start = stage.epoch() + 10;
    let params = ConstructorParams {
        unlock_duration: 1_000,
        start_epoch: start,
        ..of(&signers, 1)
    };
    let wallet = wallet_of(stage, alice, params, 100);
    let payee = stage.account(0);
    let pay = |stage: &mut Stage, amount: TokenAmount| {
        let payment = ProposeParams {
            value: amount,
            ..payment(payee, 0)
        };
        stage.call(alice, wallet.propose(payment))
    };
    let atto = TokenAmount::from_atto(1);
    // Nothing can always be sent, and before the start nothing else.
    pay(stage, fil(0)).ok();
    pay(stage, atto.clone()).expect_exit(LOCKED, "");
    stage.advance(10);
    pay(stage, atto.clone()).expect_exit(LOCKED, "");
    // A tenth of a FIL comes free each epoch.
    let tenth = TokenAmount::from_nano(100_000_000);
    stage.advance(1);
    pay(stage, &tenth + &atto).expect_exit(LOCKED, "");
    pay(stage, tenth.clone()).ok();
    pay(stage, atto.clone()).expect_exit(LOCKED, "");
    // Half of it, of which some is spent.
    stage.leap(start + 500);
    pay(stage, fil(50)).expect_exit(LOCKED, "");
    pay(stage, fil(50) - &tenth).ok();
    stage.leap(start + 999);
    pay(stage, fil(50)).expect_exit(LOCKED, "");
    stage.advance(1);
    pay(stage, fil(50) + &atto).expect_exit(LOCKED, "");
    pay(stage, fil(50)).ok();
    assert_eq!(stage.balance(payee), fil(100));
    // The lock is over, and no other can be set.
    let again = proposal(lock(&wallet, start, 10, 1));
    let sent = stage.call(bob, wallet.propose(again)).ok();
    assert_eq!(sent.code, ExitCode::USR_FORBIDDEN);
    stage.check_invariants();
}

fn lock_set_later(stage: &mut Stage) {
    let signers @ [alice, bob, _] = three(stage);
    let wallet = wallet(stage, &signers, 2, 10);
    // Seven FIL, half of which were free before.
    let (now, duration) = (stage.epoch(), 3_333);
    let set = proposal(lock(&wallet, now - 1_111, duration, 7));
    stage.call(alice, wallet.propose(set)).ok();
    // Approved before the lock, too much after it.
    stage.call(alice, wallet.propose(payment(bob, 9))).ok();
    assert_eq!(
        stage.call(bob, wallet.approve(any(0))).ok().code,
        ExitCode::OK
    );
    stage
        .call(bob, wallet.approve(any(1)))
        .expect_exit(LOCKED, "");
    // It waits until it can be sent. Amounts that cannot be divided stay locked.
    stage.leap(now + 1_234);
    stage
        .call(bob, wallet.approve(any(1)))
        .expect_exit(LOCKED, "");
    let state: Multisig = stage.state(wallet.address);
    assert_eq!(state.initial_balance, fil(7));
    stage.leap(now - 1_111 + duration);
    assert!(stage.call(bob, wallet.approve(any(1))).ok().applied);
    stage.check_invariants();
}

fn locks_that_are_refused(stage: &mut Stage) {
    let signers @ [alice, bob, _] = three(stage);
    let wallet = wallet(stage, &signers, 1, 10);
    let negative = wallet.lock_balance(LockBalanceParams {
        start_epoch: 0,
        unlock_duration: 10,
        amount: TokenAmount::from_atto(-1),
    });
    for bad in [
        lock(&wallet, 0, 0, 1),
        lock(&wallet, 0, -1, 1),
        lock(&wallet, 0, i64::MIN, 1),
        negative,
    ] {
        let sent = stage.call(alice, wallet.propose(proposal(bad))).ok();
        assert_eq!(sent.code, ExitCode::USR_ILLEGAL_ARGUMENT);
    }
    // As far away as epochs can be told: everything is locked for good.
    let far = proposal(lock(&wallet, i64::MAX, i64::MAX, 4));
    assert_eq!(
        stage.call(alice, wallet.propose(far)).ok().code,
        ExitCode::OK
    );
    stage
        .call(bob, wallet.propose(payment(bob, 7)))
        .expect_exit(LOCKED, "");
    stage.call(bob, wallet.propose(payment(bob, 6))).ok();

    // As long ago as epochs can be told.
    let other = super::wallet(stage, &signers, 1, 10);
    let past = proposal(lock(&other, i64::MIN, i64::MAX, 4));
    stage.call(alice, other.propose(past)).ok();
    assert!(!stage.call(bob, other.propose(payment(bob, 7))).is_ok());

    // One that lasts from then until now, and one that begins with the wallet's creation at epoch 0.
    let start = -5;
    let params = ConstructorParams {
        start_epoch: start,
        unlock_duration: stage.epoch() - start + 1,
        ..of(&signers, 1)
    };
    let third = wallet_of(stage, alice, params, 10);
    stage
        .call(bob, third.propose(payment(bob, 10)))
        .expect_exit(LOCKED, "");
    stage.call(bob, third.propose(payment(bob, 9))).ok();
    stage.advance(1);
    stage.call(bob, third.propose(payment(bob, 1))).ok();
    stage.check_invariants();
}

fn lock_and_what_comes_in(stage: &mut Stage) {
    let signers @ [alice, bob, carol] = three(stage);
    let params = ConstructorParams {
        unlock_duration: 100,
        start_epoch: stage.epoch(),
        ..of(&signers, 2)
    };
    // A lock without funds locks nothing.
    let wallet = wallet_of(stage, alice, params, 0);
    stage
        .raw(carol, wallet.address, METHOD_SEND, fil(5), None)
        .ok();
    stage.call(alice, wallet.propose(payment(bob, 5))).ok();
    assert!(stage.call(bob, wallet.approve(any(0))).ok().applied);
    // Too much is seen when it is approved, not when it is proposed.
    stage.call(alice, wallet.propose(payment(bob, 1))).ok();
    stage
        .call(bob, wallet.approve(any(1)))
        .expect_exit(LOCKED, "");
    stage
        .raw(carol, wallet.address, METHOD_SEND, fil(1), None)
        .ok();
    assert!(stage.call(bob, wallet.approve(any(1))).ok().applied);
    stage.check_invariants();
}
