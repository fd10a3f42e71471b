//! A channel from its creation to its end.

use filigree_actor_multisig::{MultisigClient, ProposeParams};
use filigree_actor_paych::{Paych, PaychClient, SignedVoucher};
use filigree_sdk::call::Call;
use filigree_sdk::prelude::*;
use fvm_shared::METHOD_SEND;

use super::{Channel, ILLEGAL, fil, parties, signed};
use crate::exec::create;
use crate::malformed::refuse_malformed;
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of this topic.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "paych/settle-and-collect",
        run: settle_and_collect,
    },
    Scenario {
        name: "paych/closed-without-a-voucher",
        run: closed_without_a_voucher,
    },
    Scenario {
        name: "paych/settling-is-put-off",
        run: settling_is_put_off,
    },
    Scenario {
        name: "paych/strangers",
        run: strangers,
    },
    Scenario {
        name: "paych/parties-of-all-kinds",
        run: parties_of_all_kinds,
    },
    Scenario {
        name: "paych/malformed",
        run: malformed,
    },
];

/// Vouchers come too late.
const SETTLED: ExitCode = ExitCode::new(32);

fn settle_and_collect(stage: &mut Stage) {
    let channel = Channel::open(stage);
    let Channel {
        payer,
        payee,
        client,
    } = channel;
    channel.redeem(stage, channel.voucher(0, 1, 10));
    stage
        .call(payee, client.collect())
        .expect_exit(ExitCode::USR_FORBIDDEN, "");

    stage.call(payer, client.settle()).ok();
    let settling_at = stage.state::<Paych>(client.address).settling_at;
    assert_eq!(settling_at, stage.epoch() + 1_440);
    for again in [payer, payee] {
        stage
            .call(again, client.settle())
            .expect_exit(ExitCode::USR_ILLEGAL_STATE, "");
    }
    // There is time for the last vouchers.
    stage.leap(settling_at - 1);
    channel.redeem(stage, channel.voucher(1, 1, 30));
    stage
        .call(payee, client.collect())
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    stage.advance(1);
    channel.refused(stage, channel.voucher(1, 2, 40), SETTLED);

    let before = [payer, payee].map(|party| stage.balance(party));
    stage.call(payee, client.collect()).ok();
    let after = [payer, payee].map(|party| stage.balance(party));
    assert_eq!(&after[0] - &before[0], fil(60));
    assert_eq!(&after[1] - &before[1], fil(40));
    // Nothing is left of it.
    assert!(stage.actor(client.address).is_none());
    for call in [client.collect(), client.settle()] {
        stage
            .call(payee, call)
            .expect_exit(ExitCode::SYS_INVALID_RECEIVER, "");
    }
    stage.check_invariants();
}

fn closed_without_a_voucher(stage: &mut Stage) {
    let Channel {
        payer,
        payee,
        client,
    } = Channel::open(stage);
    stage.call(payee, client.settle()).ok();
    stage.leap(stage.epoch() + 10_000);
    let before = stage.balance(payer);
    stage.call(payer, client.collect()).ok();
    assert_eq!(stage.balance(payer), before + fil(100));
    assert!(stage.actor(client.address).is_none());

    // With nothing in it, and all of it paid.
    let construction = PaychClient::construct(parties(payer, payee));
    let created = create(stage, payer, "paymentchannel", construction, fil(0)).ok();
    let empty = PaychClient::at(created.id_address);
    let full = Channel::open(stage);
    full.redeem(stage, full.voucher(0, 1, 100));
    stage.call(payee, empty.settle()).ok();
    stage.call(full.payee, full.client.settle()).ok();
    stage.leap(stage.epoch() + 1_440);
    stage.call(payee, empty.collect()).ok();
    let before = stage.balance(full.payee);
    stage.call(full.payer, full.client.collect()).ok();
    assert_eq!(stage.balance(full.payee), before + fil(100));
    stage.check_invariants();
}

fn settling_is_put_off(stage: &mut Stage) {
    let channel = Channel::open(stage);
    let now = stage.epoch();
    let until = |nonce, height| SignedVoucher {
        min_settle_height: height,
        ..channel.voucher(0, nonce, nonce)
    };
    let heights = |stage: &Stage| {
        let state: Paych = stage.state(channel.client.address);
        (state.settling_at, state.min_settle_height)
    };
    channel.redeem(stage, until(1, now + 2_000));
    channel.redeem(stage, until(2, now + 100));
    channel.redeem(stage, until(3, -7));
    assert_eq!(heights(stage), (0, now + 2_000));
    stage.call(channel.payer, channel.client.settle()).ok();
    assert_eq!(heights(stage), (now + 2_000, now + 2_000));
    // And again, while it settles.
    stage.leap(now + 1_999);
    channel.redeem(stage, until(4, now + 1_000));
    channel.redeem(stage, until(5, now + 3_000));
    assert_eq!(heights(stage), (now + 3_000, now + 3_000));
    stage.leap(now + 2_000);
    stage
        .call(channel.payee, channel.client.collect())
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    stage.leap(now + 3_000);
    channel.refused(stage, until(6, now + 9_000), SETTLED);
    stage.call(channel.payee, channel.client.collect()).ok();

    // Past the end of time.
    let other = Channel::open(stage);
    let never = SignedVoucher {
        min_settle_height: i64::MAX,
        ..other.voucher(0, 1, 1)
    };
    other.redeem(stage, never);
    stage.call(other.payer, other.client.settle()).ok();
    assert_eq!(
        stage.state::<Paych>(other.client.address).settling_at,
        i64::MAX
    );
    stage.check_invariants();
}

fn strangers(stage: &mut Stage) {
    let channel = Channel::open(stage);
    let stranger = stage.account(10);
    let calls = [
        channel.update(channel.voucher(0, 1, 1), &[]),
        channel.client.settle(),
        channel.client.collect(),
    ];
    for call in calls {
        stage
            .call(stranger, call)
            .expect_exit(ExitCode::USR_FORBIDDEN, "");
    }
    // Anyone may add to it.
    let address = channel.client.address;
    stage.raw(stranger, address, METHOD_SEND, fil(1), None).ok();
    let again = PaychClient::construct(parties(stranger, stranger)).params;
    let again = again.map(|params| RawBytes::new(params.data));
    stage
        .raw(stranger, address, 1, fil(0), again)
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    stage.check_invariants();
}

fn parties_of_all_kinds(stage: &mut Stage) {
    let (alice, bob) = (stage.account(1_000), stage.account(1_000));
    let open = |stage: &mut Stage, from, to| {
        let construction = PaychClient::construct(parties(from, to));
        create(stage, alice, "paymentchannel", construction, fil(10))
    };
    // Nobody there.
    for missing in [Address::new_id(999_999), Address::new_actor(b"nobody")] {
        assert!(!open(stage, missing, bob.address).is_ok());
        assert!(!open(stage, alice.address, missing).is_ok());
    }
    // Keys that become accounts.
    let keys = [1, 2].map(|byte| Address::new_bls(&[byte; 48]).expect("a key of 48 bytes"));
    let created = open(stage, keys[0], keys[1]).ok();
    let client = PaychClient::at(created.robust_address);
    stage.call(keys[1], client.settle()).ok();

    // With oneself.
    let created = open(stage, alice.address, alice.address).ok();
    let itself = PaychClient::at(created.robust_address);
    let voucher = SignedVoucher {
        channel_addr: itself.address,
        ..Channel {
            payer: alice,
            payee: alice,
            client: itself,
        }
        .voucher(0, 1, 4)
    };
    let update = itself.update_channel_state(signed(voucher, alice), Bytes::default());
    stage.call(alice, update).ok();

    // A wallet pays: it cannot sign, but it can settle and be paid back.
    let wallet = MultisigClient::construct(filigree_actor_multisig::ConstructorParams {
        signers: vec![alice.address],
        num_approvals_threshold: 1,
        unlock_duration: 0,
        start_epoch: 0,
    });
    let wallet = create(stage, alice, "multisig", wallet, fil(5)).ok();
    let wallet = MultisigClient::at(wallet.robust_address);
    let created = open(stage, wallet.address, bob.address).ok();
    let client = PaychClient::at(created.robust_address);
    let voucher = Channel {
        payer: alice,
        payee: bob,
        client,
    }
    .voucher(0, 1, 4);
    let update = client.update_channel_state(signed(voucher.clone(), alice), Bytes::default());
    assert!(!stage.call(bob, update).is_ok());
    let by_wallet = |stage: &mut Stage, call: Call<()>| {
        let propose = wallet.propose(ProposeParams {
            to: call.to,
            value: call.value,
            method: call.method,
            params: call
                .params
                .map_or_else(RawBytes::default, |params| RawBytes::new(params.data)),
        });
        stage.call(alice, propose).ok().code
    };
    // What Bob signed, the wallet brings.
    let update = client.update_channel_state(signed(voucher, bob), Bytes::default());
    assert_eq!(by_wallet(stage, update), ExitCode::OK);
    assert_eq!(by_wallet(stage, client.settle()), ExitCode::OK);
    stage.leap(stage.epoch() + 1_440);
    assert_eq!(by_wallet(stage, client.collect()), ExitCode::OK);
    assert_eq!(stage.balance(wallet.address), fil(5 + 6));
    stage.check_invariants();
}

fn malformed(stage: &mut Stage) {
    let channel = Channel::open(stage);
    let before: Paych = stage.state(channel.client.address);
    let update = channel.update(channel.voucher(0, 1, 1), b"secret");
    refuse_malformed(stage, channel.payee, &update);
    // Bytes that are others, up to the secret, which nobody asked for.
    let good = update.params.expect("it has parameters").data;
    for at in (0..good.len() - 6).step_by(3) {
        let mut bad = good.clone();
        bad[at] ^= 0xe0;
        let bad = Some(RawBytes::new(bad));
        let outcome = stage.raw(channel.payee, channel.client.address, 2, fil(0), bad);
        assert!(!outcome.is_ok(), "byte {at}");
    }
    for method in [5, 99, 1 << 24, u64::MAX] {
        stage
            .raw(channel.payee, channel.client.address, method, fil(0), None)
            .expect_exit(ExitCode::USR_UNHANDLED_MESSAGE, "");
    }
    // The others take none.
    let (payee, address) = (channel.payee, channel.client.address);
    for method in [3, 4] {
        for some in [&[0xff][..], &[0x80], &[0xf6]] {
            let some = Some(RawBytes::new(some.to_vec()));
            stage
                .raw(payee, address, method, fil(0), some)
                .expect_exit(ILLEGAL, "");
        }
    }
    assert_eq!(stage.state::<Paych>(address), before);
    let refused = create(
        stage,
        payee,
        "paymentchannel",
        filigree_sdk::call::Construction { params: None },
        fil(0),
    );
    assert!(!refused.is_ok());
    channel.refused(
        stage,
        SignedVoucher {
            channel_addr: Address::new_id(0),
            ..channel.voucher(0, 1, 1)
        },
        ILLEGAL,
    );
    stage.check_invariants();
}
