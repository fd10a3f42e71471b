//! Signers and the threshold, which a wallet changes itself.

use filigree_actor_multisig::{
    AddSignerParams, ChangeNumApprovalsThresholdParams, Multisig, MultisigClient,
    RemoveSignerParams, SwapSignerParams,
};
use filigree_sandbox::{Account, Who};
use filigree_sdk::call::Call;
use filigree_sdk::prelude::*;

use super::{any, by_two, payment, proposal, three, wallet};
use crate::dice::Dice;
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of this topic.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "multisig/signers-come",
        run: signers_come,
    },
    Scenario {
        name: "multisig/signers-go",
        run: signers_go,
    },
    Scenario {
        name: "multisig/signers-are-swapped",
        run: signers_are_swapped,
    },
    Scenario {
        name: "multisig/threshold",
        run: threshold_changes,
    },
    Scenario {
        name: "multisig/approvals-go-with-signers",
        run: approvals_go_with_signers,
    },
    Scenario {
        name: "multisig/only-the-wallet-changes-itself",
        run: only_the_wallet_changes_itself,
    },
    Scenario {
        name: "multisig/signers-in-no-order",
        run: signers_in_no_order,
    },
];

const OK: ExitCode = ExitCode::OK;
const FORBIDDEN: ExitCode = ExitCode::USR_FORBIDDEN;
const ILLEGAL: ExitCode = ExitCode::USR_ILLEGAL_ARGUMENT;

pub(super) fn add(wallet: &MultisigClient, who: impl Who, increase: bool) -> Call<()> {
    wallet.add_signer(AddSignerParams {
        signer: who.address(),
        increase,
    })
}

pub(super) fn remove(wallet: &MultisigClient, who: impl Who, decrease: bool) -> Call<()> {
    wallet.remove_signer(RemoveSignerParams {
        signer: who.address(),
        decrease,
    })
}

pub(super) fn swap(wallet: &MultisigClient, from: impl Who, to: impl Who) -> Call<()> {
    wallet.swap_signer(SwapSignerParams {
        from: from.address(),
        to: to.address(),
    })
}

pub(super) fn threshold(wallet: &MultisigClient, new_threshold: u64) -> Call<()> {
    wallet.change_num_approvals_threshold(ChangeNumApprovalsThresholdParams { new_threshold })
}

/// Signers by their ids, and how many must approve.
fn signers_of(stage: &Stage, wallet: &MultisigClient) -> (Vec<ActorID>, u64) {
    let state: Multisig = stage.state(wallet.address);
    let ids = state
        .signers
        .iter()
        .map(|signer| signer.id().expect("an id"));
    (ids.collect(), state.num_approvals_threshold)
}

fn signers_come(stage: &mut Stage) {
    let [alice, bob, carol] = three(stage);
    let wallet = wallet(stage, &[alice, bob], 2, 10);
    let two = [alice, bob];
    assert_eq!(by_two(stage, &wallet, two, add(&wallet, carol, false)), OK);
    assert_eq!(
        signers_of(stage, &wallet),
        (vec![alice.id, bob.id, carol.id], 2)
    );
    for again in [carol.address, Address::new_id(carol.id)] {
        let code = by_two(stage, &wallet, two, add(&wallet, again, true));
        assert_eq!(code, FORBIDDEN);
    }
    // A key becomes an account, even where no signer comes of it.
    let key = Address::new_bls(&[3; 48]).expect("a key of 48 bytes");
    assert_eq!(
        by_two(stage, &wallet, [bob, carol], add(&wallet, key, true)),
        OK
    );
    assert_eq!(signers_of(stage, &wallet).1, 3);
    // Now three are needed.
    let nobody = add(&wallet, Address::new_id(999_999), false);
    stage.call(alice, wallet.propose(proposal(nobody))).ok();
    assert!(!stage.call(bob, wallet.approve(any(4))).ok().applied);
    let sent = stage.call(carol, wallet.approve(any(4))).ok();
    assert_ne!(sent.code, OK);
    stage.check_invariants();
}

fn signers_go(stage: &mut Stage) {
    let [alice, bob, carol] = three(stage);
    let dave = stage.account(10);
    let all = [alice, bob, carol, dave];
    let wallet = wallet(stage, &all, 2, 10);
    let two = [alice, bob];
    let stranger = stage.account(1);
    let go = |stage: &mut Stage, who: Account, decrease| {
        by_two(stage, &wallet, two, remove(&wallet, who, decrease))
    };
    assert_eq!(go(stage, stranger, false), FORBIDDEN);
    assert_eq!(go(stage, dave, false), OK);
    assert_eq!(go(stage, dave, false), FORBIDDEN);
    assert_eq!(
        signers_of(stage, &wallet),
        (vec![alice.id, bob.id, carol.id], 2)
    );
    assert_eq!(go(stage, carol, false), OK);
    // Two signers, two approvals: one cannot go alone.
    assert_eq!(go(stage, bob, false), ILLEGAL);
    assert_eq!(go(stage, bob, true), OK);
    assert_eq!(signers_of(stage, &wallet), (vec![alice.id], 1));
    // The last one stays.
    for decrease in [false, true] {
        let last = proposal(remove(&wallet, alice, decrease));
        assert_eq!(stage.call(alice, wallet.propose(last)).ok().code, FORBIDDEN);
    }
    stage
        .call(bob, wallet.propose(payment(bob, 1)))
        .expect_exit(FORBIDDEN, "");
    // With one approval needed, no fewer can be.
    let sent = stage
        .call(alice, wallet.propose(proposal(add(&wallet, bob, false))))
        .ok();
    assert_eq!(sent.code, OK);
    let fewer = proposal(remove(&wallet, bob, true));
    assert_eq!(stage.call(bob, wallet.propose(fewer)).ok().code, ILLEGAL);
    stage.check_invariants();
}

fn signers_are_swapped(stage: &mut Stage) {
    let [alice, bob, carol] = three(stage);
    let dave = stage.account(10);
    let wallet = wallet(stage, &[alice, bob, carol], 2, 10);
    let two = [alice, carol];
    let change = |stage: &mut Stage, from: Address, to: Address| {
        by_two(stage, &wallet, two, swap(&wallet, from, to))
    };
    assert_eq!(change(stage, dave.address, bob.address), FORBIDDEN);
    assert_eq!(change(stage, bob.address, bob.address), ILLEGAL);
    assert_eq!(change(stage, bob.address, carol.address), ILLEGAL);
    assert_ne!(
        change(stage, bob.address, Address::new_actor(b"nobody")),
        OK
    );
    // Who comes stands last.
    assert_eq!(change(stage, bob.address, dave.address), OK);
    assert_eq!(
        signers_of(stage, &wallet),
        (vec![alice.id, carol.id, dave.id], 2)
    );
    stage
        .call(bob, wallet.propose(payment(bob, 1)))
        .expect_exit(FORBIDDEN, "");
    stage.call(dave, wallet.propose(payment(dave, 1))).ok();
    stage.check_invariants();
}

fn threshold_changes(stage: &mut Stage) {
    let signers @ [alice, bob, carol] = three(stage);
    let wallet = wallet(stage, &signers, 2, 10);
    let two = [alice, bob];
    for bad in [0, 4, u64::MAX] {
        assert_eq!(
            by_two(stage, &wallet, two, threshold(&wallet, bad)),
            ILLEGAL
        );
    }
    assert_eq!(by_two(stage, &wallet, two, threshold(&wallet, 3)), OK);

    // Two have approved this; then two are enough.
    let payee = stage.account(0);
    let waiting = stage
        .call(alice, wallet.propose(payment(payee, 2)))
        .ok()
        .txn_id;
    assert!(!stage.call(bob, wallet.approve(any(waiting))).ok().applied);
    let lower = proposal(threshold(&wallet, 2));
    let id = stage.call(alice, wallet.propose(lower)).ok().txn_id;
    stage.call(bob, wallet.approve(any(id))).ok();
    assert!(stage.call(carol, wallet.approve(any(id))).ok().applied);
    assert!(stage.balance(payee).is_zero());
    // Who approved already may do so again to have it sent.
    assert!(stage.call(bob, wallet.approve(any(waiting))).ok().applied);
    assert_eq!(stage.balance(payee), TokenAmount::from_whole(2));
    stage.check_invariants();
}

fn approvals_go_with_signers(stage: &mut Stage) {
    let [alice, bob, carol] = three(stage);
    let dave = stage.account(10);
    let all = [alice, bob, carol, dave];
    let wallet = wallet(stage, &all, 3, 100);
    // 0: Bob alone; 1: Bob and Alice; 2: Alice and Bob; 3: Carol alone.
    for (by, also) in [
        (bob, None),
        (bob, Some(alice)),
        (alice, Some(bob)),
        (carol, None),
    ] {
        let id = stage.call(by, wallet.propose(payment(dave, 1))).ok().txn_id;
        if let Some(also) = also {
            assert!(!stage.call(also, wallet.approve(any(id))).ok().applied);
        }
    }
    let go = proposal(remove(&wallet, bob, false));
    stage.call(alice, wallet.propose(go)).ok();
    stage.call(carol, wallet.approve(any(4))).ok();
    assert_eq!(stage.call(dave, wallet.approve(any(4))).ok().code, OK);
    // What Bob alone approved is gone; Alice is the first to have approved what he proposed, so that she may cancel it.
    stage
        .call(alice, wallet.approve(any(0)))
        .expect_exit(ExitCode::USR_NOT_FOUND, "");
    stage.call(alice, wallet.cancel(any(1))).ok();
    stage
        .call(alice, wallet.approve(any(2)))
        .expect_exit(FORBIDDEN, "");
    assert!(!stage.call(carol, wallet.approve(any(2))).ok().applied);
    assert!(stage.call(dave, wallet.approve(any(2))).ok().applied);
    // So it is when a signer is swapped.
    let new = stage.account(1);
    let change = proposal(swap(&wallet, carol, new));
    stage.call(alice, wallet.propose(change)).ok();
    stage.call(dave, wallet.approve(any(5))).ok();
    assert_eq!(stage.call(carol, wallet.approve(any(5))).ok().code, OK);
    stage
        .call(new, wallet.approve(any(3)))
        .expect_exit(ExitCode::USR_NOT_FOUND, "");
    stage.check_invariants();
}

fn only_the_wallet_changes_itself(stage: &mut Stage) {
    let [alice, bob, carol] = three(stage);
    let wallet = wallet(stage, &[alice, bob], 1, 10);
    let other = super::wallet(stage, &[alice], 1, 10);
    let calls = [
        add(&wallet, carol, true),
        remove(&wallet, bob, false),
        swap(&wallet, bob, carol),
        threshold(&wallet, 2),
        super::lock::lock(&wallet, 1, 10, 1),
    ];
    for call in calls {
        for who in [alice, carol] {
            stage.call(who, call.clone()).expect_exit(FORBIDDEN, "");
        }
        let sent = stage.call(alice, other.propose(proposal(call))).ok();
        assert_eq!(sent.code, FORBIDDEN);
    }
    assert_eq!(signers_of(stage, &wallet), (vec![alice.id, bob.id], 1));
    stage.check_invariants();
}

fn signers_in_no_order(stage: &mut Stage) {
    let people = [0; 5].map(|_| stage.account(100));
    let wallet = wallet(stage, &people[..3], 2, 50);
    let mut dice = Dice::new(1);
    let mut sent = 0;
    for turn in 1..=200 {
        let (who, other) = (dice.one_of(&people), dice.one_of(&people));
        let next = next_of(stage, &wallet);
        let named = any(next - 1 - dice.below(8) as i64);
        let call = match dice.below(6) {
            0 => add(&wallet, other, dice.once_in(2)),
            1 => remove(&wallet, other, dice.once_in(2)),
            2 => swap(&wallet, other, dice.one_of(&people)),
            3 => threshold(&wallet, 1 + dice.below(3)),
            _ => {
                let code = match dice.once_in(5) {
                    true => stage.call(who, wallet.cancel(named)).exit_code(),
                    false => stage.call(who, wallet.approve(named)).exit_code(),
                };
                sent += u32::from(code.is_success());
                continue;
            }
        };
        let code = stage.call(who, wallet.propose(proposal(call))).exit_code();
        assert!(code.is_success() || code == FORBIDDEN);
        if turn % 50 == 0 {
            stage.check_invariants();
        }
    }
    assert!(sent > 10, "{sent} approvals counted");
    stage.check_invariants();
}

/// The number of the next transaction.
fn next_of(stage: &Stage, wallet: &MultisigClient) -> i64 {
    stage.state::<Multisig>(wallet.address).next_tx_id
}
