//! Propose, approve, cancel; what can go wrong with each.

use filigree_actor_multisig::{Multisig, ProposeParams};
use filigree_sdk::call::Call;
use filigree_sdk::prelude::*;
use fvm_ipld_encoding::RawBytes;
use fvm_shared::METHOD_SEND;

use super::change::{add, threshold};
use super::{any, fil, hashed, of, payment, proposal, three, wallet};
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of this topic.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "multisig/two-of-three-send",
        run: two_of_three_send,
    },
    Scenario {
        name: "multisig/one-signer-sends-at-once",
        run: one_signer_sends_at_once,
    },
    Scenario {
        name: "multisig/approvals-that-do-not-count",
        run: approvals_that_do_not_count,
    },
    Scenario {
        name: "multisig/cancel",
        run: cancel,
    },
    Scenario {
        name: "multisig/many-pending",
        run: many_pending,
    },
    Scenario {
        name: "multisig/sends-that-fail",
        run: sends_that_fail,
    },
    Scenario {
        name: "multisig/wallet-of-wallets",
        run: wallet_of_wallets,
    },
    Scenario {
        name: "multisig/a-wallet-that-calls-itself",
        run: a_wallet_that_calls_itself,
    },
];

fn two_of_three_send(stage: &mut Stage) {
    let signers @ [alice, bob, carol] = three(stage);
    let wallet = wallet(stage, &signers, 2, 10);
    let payee = stage.account(0);

    let proposed = payment(payee, 3);
    let pending = stage.call(alice, wallet.propose(proposed.clone())).ok();
    assert_eq!((pending.txn_id, pending.applied), (0, false));
    assert!(stage.balance(payee).is_zero());
    let sent = stage
        .call(bob, wallet.approve(hashed(0, &proposed, &[alice])))
        .ok();
    assert_eq!((sent.applied, sent.code), (true, ExitCode::OK));
    assert_eq!(stage.balance(payee), fil(3));

    // All of it, to a key without an account.
    let new = Address::new_bls(&[7; 48]).expect("a key of 48 bytes");
    let proposed = ProposeParams {
        to: new,
        ..payment(payee, 7)
    };
    stage.call(carol, wallet.propose(proposed)).ok();
    stage.call(alice, wallet.approve(any(1))).ok();
    assert_eq!(stage.balance(new), fil(7));
    assert!(stage.balance(wallet.address).is_zero());
    assert_eq!(stage.state::<Multisig>(wallet.address).next_tx_id, 2);
    stage.check_invariants();
}

fn one_signer_sends_at_once(stage: &mut Stage) {
    let signers @ [alice, bob, _] = three(stage);
    let wallet = wallet(stage, &signers, 1, 10);
    for (signer, id) in [(alice, 0), (bob, 1)] {
        let sent = stage.call(signer, wallet.propose(payment(bob, 1))).ok();
        assert_eq!((sent.txn_id, sent.applied), (id, true));
    }
    // There was nothing to approve.
    stage
        .call(bob, wallet.approve(any(0)))
        .expect_exit(ExitCode::USR_NOT_FOUND, "");
    // What a call returns is passed on.
    let ask: Call<Address> = Call::new(alice.address, 2, None);
    let asked = stage.call(alice, wallet.propose(proposal(ask))).ok();
    assert_eq!(
        asked.ret,
        RawBytes::serialize(alice.address).expect("an address encodes")
    );
    stage.check_invariants();
}

fn approvals_that_do_not_count(stage: &mut Stage) {
    let signers @ [alice, bob, carol] = three(stage);
    let stranger = stage.account(10);
    let wallet = wallet(stage, &signers, 3, 10);
    stage
        .call(stranger, wallet.propose(payment(stranger, 1)))
        .expect_exit(ExitCode::USR_FORBIDDEN, "");

    let proposed = payment(bob, 4);
    stage.call(alice, wallet.propose(proposed.clone())).ok();
    stage
        .call(stranger, wallet.approve(any(0)))
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    stage
        .call(alice, wallet.approve(any(0)))
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    for id in [1, -1, i64::MAX, i64::MIN] {
        stage
            .call(bob, wallet.approve(any(id)))
            .expect_exit(ExitCode::USR_NOT_FOUND, "");
    }
    // Of another transaction, of one that another signer proposed, and no hash at all.
    let mut short = hashed(0, &proposed, &[alice]);
    short.proposal_hash.0.pop();
    for wrong in [
        hashed(0, &payment(bob, 5), &[alice]),
        hashed(0, &proposed, &[bob]),
        hashed(0, &proposed, &[]),
        short,
    ] {
        stage
            .call(bob, wallet.approve(wrong))
            .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    }
    // The hash stays what it was when others have approved.
    let right = hashed(0, &proposed, &[alice, bob]);
    assert!(!stage.call(bob, wallet.approve(right.clone())).ok().applied);
    assert!(
        stage
            .call(carol, wallet.approve(right.clone()))
            .ok()
            .applied
    );
    stage
        .call(carol, wallet.approve(right))
        .expect_exit(ExitCode::USR_NOT_FOUND, "");
    stage.check_invariants();
}

fn cancel(stage: &mut Stage) {
    let signers @ [alice, bob, carol] = three(stage);
    let stranger = stage.account(10);
    let wallet = wallet(stage, &signers, 3, 10);
    let proposed = payment(bob, 4);
    stage.call(alice, wallet.propose(proposed.clone())).ok();
    stage.call(bob, wallet.approve(any(0))).ok();

    for (who, named, code) in [
        (stranger, any(0), ExitCode::USR_FORBIDDEN),
        (bob, any(0), ExitCode::USR_FORBIDDEN),
        (carol, any(0), ExitCode::USR_FORBIDDEN),
        (alice, any(7), ExitCode::USR_NOT_FOUND),
        (
            alice,
            hashed(0, &proposed, &[bob]),
            ExitCode::USR_ILLEGAL_STATE,
        ),
    ] {
        stage.call(who, wallet.cancel(named)).expect_exit(code, "");
    }
    stage
        .call(alice, wallet.cancel(hashed(0, &proposed, &[alice])))
        .ok();
    stage
        .call(carol, wallet.approve(any(0)))
        .expect_exit(ExitCode::USR_NOT_FOUND, "");
    stage
        .call(alice, wallet.cancel(any(0)))
        .expect_exit(ExitCode::USR_NOT_FOUND, "");
    assert_eq!(stage.balance(wallet.address), fil(10));
    stage.check_invariants();
}

fn many_pending(stage: &mut Stage) {
    let signers @ [alice, bob, carol] = three(stage);
    let wallet = wallet(stage, &signers, 2, 100);
    let payee = stage.account(0);
    for id in 0..40 {
        let who = signers[id as usize % 3];
        let pending = stage.call(who, wallet.propose(payment(payee, 1))).ok();
        assert_eq!(pending.txn_id, id);
    }
    // Last first; every fifth is cancelled.
    for id in (0..40).rev() {
        let proposer = signers[id as usize % 3];
        let other = signers[(id as usize + 1) % 3];
        match id % 5 {
            0 => stage.call(proposer, wallet.cancel(any(id))).ok(),
            _ => assert!(stage.call(other, wallet.approve(any(id))).ok().applied),
        }
    }
    assert_eq!(stage.balance(payee), fil(32));
    // Alice goes with what she alone approved; Bob approved one of hers.
    for who in [alice, bob, carol] {
        stage.call(who, wallet.propose(payment(payee, 1))).ok();
    }
    stage.check_invariants();
}

fn sends_that_fail(stage: &mut Stage) {
    let signers @ [alice, bob, _] = three(stage);
    let wallet = wallet(stage, &signers[..1], 1, 10);
    let other = super::wallet(stage, &signers[1..], 1, 0);

    // More than there is: neither proposed nor sent.
    stage
        .call(alice, wallet.propose(payment(bob, 11)))
        .expect_exit(ExitCode::USR_INSUFFICIENT_FUNDS, "");
    for negative in [-1, i64::MIN] {
        let proposed = ProposeParams {
            value: TokenAmount::from_atto(negative),
            ..payment(bob, 0)
        };
        stage
            .call(alice, wallet.propose(proposed))
            .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    }

    let call = |to: Address, method, params: &[u8]| ProposeParams {
        to,
        value: fil(1),
        method,
        params: RawBytes::new(params.to_vec()),
    };
    for proposed in [
        // Nobody there.
        call(Address::new_id(999_999), METHOD_SEND, &[]),
        call(Address::new_actor(b"nobody"), METHOD_SEND, &[]),
        call(Address::new_actor(b"nobody"), 3, &[0x80]),
        // No such method, no parameters, wrong ones, and some with a payment.
        call(other.address, 99, &[]),
        call(other.address, 2, &[]),
        call(other.address, 2, &[0xff]),
        call(bob.address, METHOD_SEND, &[0x80]),
        // Methods of others.
        call(Address::new_id(1), 1, &[0x80]),
        call(Address::new_id(3), 2, &[]),
        call(other.address, 5, &[0x82, 0x42, 0, 101, 0xf5]),
    ] {
        let sent = stage.call(alice, wallet.propose(proposed)).ok();
        assert!(sent.applied);
    }
    stage.check_invariants();
}

fn wallet_of_wallets(stage: &mut Stage) {
    let [alice, bob, carol] = three(stage);
    let first = wallet(stage, &[alice, bob], 2, 1);
    let second = wallet(stage, &[carol], 1, 1);
    let mut params = of(&[], 2);
    params.signers = vec![first.address, second.address];
    let outer = super::wallet_of(stage, alice, params, 50);

    // Carol's wallet proposes, Alice's and Bob's approves.
    let propose = proposal(outer.propose(payment(bob, 20)));
    let before = stage.balance(bob);
    assert!(stage.call(carol, second.propose(propose)).ok().applied);
    let approve = proposal(outer.approve(any(0)));
    assert!(!stage.call(alice, first.propose(approve)).ok().applied);
    assert_eq!(stage.balance(bob), before);
    assert!(stage.call(bob, first.approve(any(0))).ok().applied);
    assert_eq!(stage.balance(bob), before + fil(20));

    // Those behind the wallets are no signers themselves.
    stage
        .call(alice, outer.propose(payment(alice, 1)))
        .expect_exit(ExitCode::USR_FORBIDDEN, "");

    // A wallet behind a wallet changes the outer one's threshold.
    let change = threshold(&outer, 1);
    let propose = proposal(outer.propose(proposal(change)));
    assert!(stage.call(carol, second.propose(propose)).ok().applied);
    let approve = proposal(outer.approve(any(1)));
    stage.call(bob, first.propose(approve)).ok();
    stage.call(alice, first.approve(any(1))).ok();
    let state: Multisig = stage.state(outer.address);
    assert_eq!(state.num_approvals_threshold, 1);
    stage.check_invariants();
}

fn a_wallet_that_calls_itself(stage: &mut Stage) {
    let [alice, bob, _] = three(stage);
    let wallet = wallet(stage, &[alice, bob], 1, 10);
    // It is no signer.
    let inner = proposal(wallet.propose(payment(bob, 1)));
    let sent = stage.call(alice, wallet.propose(inner.clone())).ok();
    assert_eq!(sent.code, ExitCode::USR_FORBIDDEN);
    // Now it is: it proposes to itself, and its state has changed meanwhile.
    let add = add(&wallet, wallet.address, false);
    let sent = stage.call(alice, wallet.propose(proposal(add))).ok();
    assert_eq!(sent.code, ExitCode::OK);
    let sent = stage.call(alice, wallet.propose(inner)).ok();
    assert_eq!((sent.txn_id, sent.code), (2, ExitCode::OK));
    let state: Multisig = stage.state(wallet.address);
    assert_eq!((state.next_tx_id, state.signers.len()), (4, 3));
    // It cannot pay itself more than it has, but can pay itself.
    let itself = payment(wallet.address, 9);
    assert_eq!(
        stage.call(bob, wallet.propose(itself)).ok().code,
        ExitCode::OK
    );
    assert_eq!(stage.balance(wallet.address), fil(9));
    stage.check_invariants();
}
