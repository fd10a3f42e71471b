//! Wallets as they are created, and parameters that no wallet takes.

use filigree_actor_multisig::{ConstructorParams, Multisig, MultisigClient};
use filigree_sdk::prelude::*;
use fvm_shared::METHOD_SEND;

use super::{any, fil, of, payment, three, wallet};
use crate::exec::create;
use crate::malformed::refuse_malformed;
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of this topic.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "multisig/wallets-that-are-refused",
        run: wallets_that_are_refused,
    },
    Scenario {
        name: "multisig/malformed",
        run: malformed,
    },
];

fn wallets_that_are_refused(stage: &mut Stage) {
    let signers @ [alice, bob, _] = three(stage);
    let good = of(&signers, 2);
    let mut cases = Vec::new();
    let mut spoil = |change: &dyn Fn(&mut ConstructorParams)| {
        let mut bad = good.clone();
        change(&mut bad);
        cases.push(bad);
    };
    spoil(&|bad| bad.signers.clear());
    spoil(&|bad| bad.signers.push(bob.address));
    // The same account by its id.
    spoil(&|bad| bad.signers.push(Address::new_id(bob.id)));
    spoil(&|bad| bad.num_approvals_threshold = 0);
    spoil(&|bad| bad.num_approvals_threshold = 4);
    spoil(&|bad| bad.num_approvals_threshold = u64::MAX);
    spoil(&|bad| bad.unlock_duration = -1);
    spoil(&|bad| bad.unlock_duration = i64::MIN);
    spoil(&|bad| bad.signers = vec![alice.address; 257]);
    for bad in cases {
        let construction = MultisigClient::construct(bad);
        create(stage, alice, "multisig", construction, fil(1))
            .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    }
    // Nobody there.
    for missing in [Address::new_id(999_999), Address::new_actor(b"nobody")] {
        let mut bad = good.clone();
        bad.signers.push(missing);
        let construction = MultisigClient::construct(bad);
        let outcome = create(stage, alice, "multisig", construction, fil(1));
        assert!(!outcome.is_ok());
    }
    // A key becomes an account.
    let mut new = good;
    new.signers
        .push(Address::new_secp256k1(&[4; 65]).expect("a key of 65 bytes"));
    let construction = MultisigClient::construct(new);
    create(stage, alice, "multisig", construction, fil(0)).ok();
    // The most signers there can be.
    let mut full = of(&[], 256);
    for number in 0..256u32 {
        let mut key = [9; 48];
        key[..4].copy_from_slice(&number.to_be_bytes());
        full.signers
            .push(Address::new_bls(&key).expect("a key of 48 bytes"));
    }
    full.signers[0] = alice.address;
    let wallet = super::wallet_of(stage, alice, full, 1);
    assert_eq!(stage.state::<Multisig>(wallet.address).signers.len(), 256);
    stage.check_invariants();
}

fn malformed(stage: &mut Stage) {
    let signers @ [alice, bob, _] = three(stage);
    let wallet = wallet(stage, &signers, 1, 10);
    let before: Multisig = stage.state(wallet.address);
    refuse_malformed(stage, alice, &wallet.propose(payment(bob, 1)));
    refuse_malformed(stage, alice, &wallet.approve(any(0)));
    refuse_malformed(stage, alice, &wallet.cancel(any(0)));
    refuse_malformed(stage, alice, &super::change::add(&wallet, bob, true));
    refuse_malformed(stage, alice, &super::change::remove(&wallet, bob, true));
    refuse_malformed(stage, alice, &super::change::swap(&wallet, bob, alice));
    refuse_malformed(stage, alice, &super::change::threshold(&wallet, 1));
    refuse_malformed(stage, alice, &super::lock::lock(&wallet, 1, 1, 1));
    // The constructor is for the init actor.
    let again = MultisigClient::construct(of(&signers, 1)).params;
    let again = again.map(|params| RawBytes::new(params.data));
    stage
        .raw(alice, wallet.address, 1, fil(0), again)
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    // Methods that are none, and those that all wallets accept.
    for method in [10, 99, (1 << 24) - 1] {
        stage
            .raw(alice, wallet.address, method, fil(0), None)
            .expect_exit(ExitCode::USR_UNHANDLED_MESSAGE, "");
    }
    for method in [1 << 24, u64::MAX] {
        let outcome = stage.raw(
            alice,
            wallet.address,
            method,
            fil(0),
            Some(RawBytes::new(vec![0xff])),
        );
        assert!(outcome.is_ok());
    }
    // A payment needs no method.
    stage
        .raw(alice, wallet.address, METHOD_SEND, fil(1), None)
        .ok();
    assert_eq!(stage.state::<Multisig>(wallet.address), before);
    stage.check_invariants();
}
