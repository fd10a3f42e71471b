//! Vouchers: lanes, merges, conditions, and those that are worth nothing.

use filigree_actor_paych::{Merge, ModVerifyParams, Paych, SignedVoucher};
use filigree_sdk::prelude::*;
use fvm_shared::METHOD_SEND;
use fvm_shared::crypto::signature::{Signature, SignatureType};
use multihash_codetable::{Code, MultihashDigest};

use super::{Channel, ILLEGAL, fil, signed};
use crate::dice::Dice;
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of this topic.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "paych/lanes",
        run: lanes,
    },
    Scenario {
        name: "paych/out-of-order-and-replayed",
        run: out_of_order_and_replayed,
    },
    Scenario {
        name: "paych/wrongly-signed",
        run: wrongly_signed,
    },
    Scenario {
        name: "paych/merges",
        run: merges,
    },
    Scenario {
        name: "paych/more-than-there-is",
        run: more_than_there_is,
    },
    Scenario {
        name: "paych/secrets",
        run: secrets,
    },
    Scenario {
        name: "paych/time-locks",
        run: time_locks,
    },
    Scenario {
        name: "paych/calls-that-vouchers-demand",
        run: calls_that_vouchers_demand,
    },
    Scenario {
        name: "paych/vouchers-of-the-payee",
        run: vouchers_of_the_payee,
    },
    Scenario {
        name: "paych/vouchers-of-other-channels",
        run: vouchers_of_other_channels,
    },
    Scenario {
        name: "paych/vouchers-in-no-order",
        run: vouchers_in_no_order,
    },
];

fn to_send(stage: &Stage, channel: &Channel) -> TokenAmount {
    stage.state::<Paych>(channel.client.address).to_send
}

fn lanes(stage: &mut Stage) {
    let channel = Channel::open(stage);
    for (lane, nonce, amount, in_all) in [
        (0, 1, 1, 1),
        (0, 2, 3, 3),
        (1, 1, 10, 13),
        (7, 0, 1, 14),
        // The highest lane, the highest number.
        (i64::MAX as u64, u64::MAX, 2, 16),
        // What was not paid out can be taken back.
        (1, 2, 4, 10),
        (0, 3, 0, 7),
        // The same again.
        (7, 1, 1, 7),
    ] {
        channel.redeem(stage, channel.voucher(lane, nonce, amount));
        assert_eq!(to_send(stage, &channel), fil(in_all), "{lane} {nonce}");
    }
    let past = channel.voucher(1 << 63, 1, 1);
    channel.refused(stage, past, ILLEGAL);
    let past = channel.voucher(u64::MAX, 1, 1);
    channel.refused(stage, past, ILLEGAL);
    // Many lanes make a deep array.
    for lane in 0..70 {
        channel.redeem(stage, channel.voucher(lane * 1_000, 9, 1));
    }
    stage.check_invariants();
}

fn out_of_order_and_replayed(stage: &mut Stage) {
    let channel = Channel::open(stage);
    let vouchers: Vec<SignedVoucher> = (1..6).map(|n| channel.voucher(3, n, n * 2)).collect();
    channel.redeem(stage, vouchers[2].clone());
    // Replayed, and older ones.
    for old in [&vouchers[2], &vouchers[1], &vouchers[0]] {
        channel.refused(stage, old.clone(), ILLEGAL);
    }
    channel.redeem(stage, vouchers[4].clone());
    channel.refused(stage, vouchers[3].clone(), ILLEGAL);
    assert_eq!(to_send(stage, &channel), fil(10));
    // The same number in another lane is another voucher.
    channel.redeem(stage, channel.voucher(4, 3, 1));
    // The same number with more in it is not.
    channel.refused(stage, channel.voucher(4, 3, 9), ILLEGAL);
    stage.check_invariants();
}

fn wrongly_signed(stage: &mut Stage) {
    let channel = Channel::open(stage);
    let stranger = stage.account(10);
    let good = signed(channel.voucher(0, 1, 5), channel.payer);
    let with = |signature| SignedVoucher {
        signature,
        ..good.clone()
    };
    let right = good.signature.clone().expect("it is signed");
    let cut = |len: usize| Signature {
        sig_type: SignatureType::Secp256k1,
        bytes: right.bytes[..len].to_vec(),
    };
    let mut flipped = right.clone();
    flipped.bytes[10] ^= 1;
    let mut beyond = right.clone();
    beyond.bytes[64] = 9;
    for bad in [
        with(None),
        with(Some(cut(0))),
        with(Some(cut(64))),
        with(Some(flipped)),
        with(Some(beyond)),
        signed(channel.voucher(0, 1, 5), channel.payee),
        signed(channel.voucher(0, 1, 5), stranger),
        // What is said is not what was signed.
        SignedVoucher {
            amount: fil(6),
            ..good.clone()
        },
        SignedVoucher {
            nonce: 2,
            ..good.clone()
        },
    ] {
        let update = channel.client.update_channel_state(bad, Bytes::default());
        stage.call(channel.payee, update).expect_exit(ILLEGAL, "");
    }
    // The payer cannot bring vouchers of its own, nor a stranger any.
    let update = channel
        .client
        .update_channel_state(good.clone(), Bytes::default());
    stage
        .call(channel.payer, update.clone())
        .expect_exit(ILLEGAL, "");
    stage
        .call(stranger, update.clone())
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    // The bytes count, not the type that stands before them.
    let other_type = with(Some(Signature {
        sig_type: SignatureType::BLS,
        bytes: right.bytes.clone(),
    }));
    let other_type = channel
        .client
        .update_channel_state(other_type, Bytes::default());
    stage.call(channel.payee, other_type).ok();
    stage.call(channel.payee, update).expect_exit(ILLEGAL, "");
    stage.check_invariants();
}

fn merges(stage: &mut Stage) {
    let channel = Channel::open(stage);
    let merging = |lane, nonce, amount, merges: &[(u64, u64)]| SignedVoucher {
        merges: merges
            .iter()
            .map(|&(lane, nonce)| Merge { lane, nonce })
            .collect(),
        ..channel.voucher(lane, nonce, amount)
    };
    for (lane, amount) in [(0, 10), (1, 20), (2, 30)] {
        channel.redeem(stage, channel.voucher(lane, 5, amount));
    }
    // Into itself, a lane that is none, an old number, one beyond all lanes.
    for bad in [(0, 9), (3, 9), (1, 5), (1, 0), (1 << 63, 9)] {
        channel.refused(stage, merging(0, 6, 70, &[bad]), ILLEGAL);
        // A good one beside it does not help.
        channel.refused(stage, merging(0, 6, 70, &[(2, 6), bad]), ILLEGAL);
    }
    // 70 in all, of which 10 + 20 + 30 were redeemed.
    channel.redeem(stage, merging(0, 6, 70, &[(1, 6), (2, 7)]));
    assert_eq!(to_send(stage, &channel), fil(70));
    // Vouchers of merged lanes are out of date.
    channel.refused(stage, channel.voucher(1, 6, 25), ILLEGAL);
    channel.refused(stage, channel.voucher(2, 7, 25), ILLEGAL);
    // Into a new lane; twice the same lane, with rising numbers and with the same.
    channel.redeem(stage, merging(9, 1, 75, &[(0, 7)]));
    channel.refused(stage, merging(9, 2, 80, &[(0, 8), (0, 8)]), ILLEGAL);
    channel.redeem(stage, merging(9, 2, 80, &[(2, 8), (2, 9)]));
    // Less than was redeemed before.
    channel.refused(stage, merging(9, 3, 0, &[(0, 9), (1, 7), (2, 10)]), ILLEGAL);
    stage.check_invariants();
}

fn more_than_there_is(stage: &mut Stage) {
    let channel = Channel::open(stage);
    channel.refused(stage, channel.voucher(0, 1, 101), ILLEGAL);
    channel.redeem(stage, channel.voucher(0, 1, 60));
    channel.refused(stage, channel.voucher(1, 1, 41), ILLEGAL);
    for negative in [-1, i64::MIN] {
        let voucher = SignedVoucher {
            amount: TokenAmount::from_atto(negative),
            ..channel.voucher(2, 1, 0)
        };
        channel.refused(stage, voucher, ILLEGAL);
    }
    let huge = SignedVoucher {
        amount: TokenAmount::from_atto(u128::MAX) * u64::MAX,
        ..channel.voucher(2, 1, 0)
    };
    channel.refused(stage, huge, ILLEGAL);
    // The payer adds to the channel.
    let (payer, address) = (channel.payer, channel.client.address);
    stage.raw(payer, address, METHOD_SEND, fil(1), None).ok();
    channel.redeem(stage, channel.voucher(1, 1, 41));
    assert_eq!(to_send(stage, &channel), fil(101));
    stage.check_invariants();
}

fn secrets(stage: &mut Stage) {
    let channel = Channel::open(stage);
    let locked = |nonce, pre_image: &[u8]| SignedVoucher {
        secret_pre_image: Bytes(pre_image.to_vec()),
        ..channel.voucher(0, nonce, nonce)
    };
    let hash = |secret: &[u8]| Code::Blake2b256.digest(secret).digest().to_vec();
    let long = [7; 256];
    for (nonce, secret) in [(1, &b"open"[..]), (2, &long), (3, &[])] {
        let voucher = locked(nonce, &hash(secret));
        for wrong in [&b"shut"[..], &hash(secret)] {
            let update = channel.update(voucher.clone(), wrong);
            stage.call(channel.payee, update).expect_exit(ILLEGAL, "");
        }
        let update = channel.update(voucher, secret);
        stage.call(channel.payee, update).ok();
    }
    // A hash of another length, and a secret that is too long with or without need.
    let update = channel.update(locked(4, &hash(b"open")[..31]), b"open");
    stage.call(channel.payee, update).expect_exit(ILLEGAL, "");
    let too_long = [7; 257];
    for pre_image in [hash(&too_long), Vec::new()] {
        let update = channel.update(locked(4, &pre_image), &too_long);
        stage.call(channel.payee, update).expect_exit(ILLEGAL, "");
    }
    // A secret that nobody asked for.
    let update = channel.update(locked(4, &[]), b"anything");
    stage.call(channel.payee, update).ok();
    stage.check_invariants();
}

fn time_locks(stage: &mut Stage) {
    let channel = Channel::open(stage);
    let now = stage.epoch();
    let between = |nonce, first, last| SignedVoucher {
        time_lock_min: first,
        time_lock_max: last,
        ..channel.voucher(0, nonce, nonce)
    };
    for (first, last) in [
        (now + 1, 0),
        (now + 1, now + 9),
        (0, now - 1),
        (0, -1),
        (i64::MAX, 0),
    ] {
        channel.refused(stage, between(1, first, last), ILLEGAL);
    }
    channel.redeem(stage, between(1, now, now));
    channel.redeem(stage, between(2, i64::MIN, i64::MAX));
    let window = between(3, now + 5, now + 10);
    channel.refused(stage, window.clone(), ILLEGAL);
    stage.advance(5);
    channel.redeem(stage, window);
    let window = between(4, now + 5, now + 10);
    stage.advance(6);
    channel.refused(stage, window, ILLEGAL);
    stage.check_invariants();
}

fn calls_that_vouchers_demand(stage: &mut Stage) {
    let channel = Channel::open(stage);
    let demand = |nonce, actor, method, data: &[u8]| SignedVoucher {
        extra: Some(ModVerifyParams {
            actor,
            method,
            data: RawBytes::new(data.to_vec()),
        }),
        ..channel.voucher(0, nonce, nonce)
    };
    let account = channel.payer.address;
    // Accounts accept all methods numbered by name.
    channel.redeem(stage, demand(1, account, 1 << 24, &[0xf6]));
    channel.redeem(stage, demand(2, account, u64::MAX, &[]));
    // What fails, fails the voucher: no such method, no such actor, a method for others, itself.
    let itself = channel.client.address;
    for (actor, method, data) in [
        (account, 3, &[][..]),
        (account, 2, &[]),
        (account, METHOD_SEND, &[0x80]),
        (Address::new_id(999_999), 1 << 24, &[]),
        (Address::new_actor(b"nobody"), METHOD_SEND, &[]),
        (Address::new_id(3), 2, &[]),
        (itself, 3, &[]),
        (itself, 2, &[0xff]),
        (itself, 1 << 24, &[]),
    ] {
        let update = channel.update(demand(4, actor, method, data), &[]);
        let outcome = stage.call(channel.payee, update);
        if actor != account || method != METHOD_SEND {
            assert!(!outcome.is_ok(), "{actor} {method}");
        }
    }
    stage.check_invariants();
}

fn vouchers_of_the_payee(stage: &mut Stage) {
    let channel = Channel::open(stage);
    channel.redeem(stage, channel.voucher(0, 1, 50));
    // The payee gives some of it back; the payer brings what it signed.
    let back = signed(channel.voucher(0, 2, 30), channel.payee);
    let update = channel.client.update_channel_state(back, Bytes::default());
    stage
        .call(channel.payee, update.clone())
        .expect_exit(ILLEGAL, "");
    stage.call(channel.payer, update.clone()).ok();
    assert_eq!(to_send(stage, &channel), fil(30));
    stage.call(channel.payer, update).expect_exit(ILLEGAL, "");
    stage.check_invariants();
}

fn vouchers_of_other_channels(stage: &mut Stage) {
    let channel = Channel::open(stage);
    let other = Channel::open(stage);
    let on = |address| SignedVoucher {
        channel_addr: address,
        ..channel.voucher(0, 1, 5)
    };
    for address in [
        other.client.address,
        channel.payer.address,
        Address::new_actor(b"nobody"),
        Address::new_bls(&[5; 48]).expect("a key of 48 bytes"),
        Address::new_id(999_999),
    ] {
        channel.refused(stage, on(address), ILLEGAL);
    }
    // By its id, too.
    let id = stage.id(channel.client.address);
    channel.redeem(stage, on(Address::new_id(id)));
    channel.redeem(stage, channel.voucher(0, 2, 6));
    stage.check_invariants();
}

fn vouchers_in_no_order(stage: &mut Stage) {
    let channel = Channel::open(stage);
    let mut dice = Dice::new(1);
    let mut redeemed = 0;
    for _ in 0..120 {
        let merges = (0..dice.below(3)).map(|_| Merge {
            lane: dice.below(6),
            nonce: dice.below(40),
        });
        let merges = merges.collect();
        let voucher = SignedVoucher {
            merges,
            min_settle_height: dice.below(9_000) as ChainEpoch,
            ..channel.voucher(dice.below(6), dice.below(40), dice.below(60))
        };
        let (signer, bringer) = match dice.once_in(4) {
            true => (channel.payee, channel.payer),
            false => (channel.payer, channel.payee),
        };
        let voucher = signed(voucher, signer);
        let update = channel
            .client
            .update_channel_state(voucher, Bytes::default());
        redeemed += usize::from(stage.call(bringer, update).is_ok());
    }
    assert!(
        (5..115).contains(&redeemed),
        "{redeemed} vouchers were good"
    );
    stage.check_invariants();
}
