//! Each rule, broken once.

use std::sync::Arc;

use filigree_consensus::config::{ChainConfig, Upgrade};
use filigree_consensus::messages::syntax::TOTAL_FIL;
use filigree_consensus::{MessageFault, SenderKind};
use filigree_keys::eth::{Form, Transaction};
use filigree_keys::{Key, KeyType, SignatureError, SignedTransaction};
use filigree_mempool::limits::{SENDER_MESSAGES, UNTRUSTED_SENDER_MESSAGES, replacement_premium};
use filigree_mempool::{Limits, Refusal, Source};
use fvm_ipld_encoding::RawBytes;
use fvm_shared::address::Address;
use fvm_shared::bigint::BigInt;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;
use fvm_shared::version::NetworkVersion;

use crate::support::{CAP, GAS, World, atto, id_of, key};

#[test]
fn good_messages_of_every_kind_of_sender_are_taken() {
    let world = World::new();
    for (number, key_type) in (1..).zip(KeyType::ALL) {
        let key = world.sender(key_type, number);
        let signed = world.signed(&key, 0);
        let pushed = world.push(&signed).unwrap();
        assert_eq!(pushed.cid, signed.cid());
        assert!(
            !pushed.publish,
            "what comes from the network is passed on by the network"
        );
        assert!(world.pool.is_known_good(&signed));
        assert_eq!(world.next_nonce(&key), 1);
        let found = world.pool.get(&pushed.cid).unwrap();
        assert_eq!(found.signed, signed);
        let unsigned = filigree_blocks::message_cid(&signed.message);
        assert_eq!(world.pool.get(&unsigned).unwrap().cid, pushed.cid);
        let here = world.push_here(&world.signed(&key, 1)).unwrap();
        assert!(here.publish);
        let served = world.signed(&key, 2);
        assert!(world.pool.push(served, Source::Untrusted).unwrap().publish);
    }
    assert_eq!(world.pool.len(), 9);
    assert_eq!(world.pool.pending().len(), 9);
}

/// Pushes a message after a change, from the network.
fn refused(change: impl FnOnce(&mut Message)) -> Refusal {
    let world = World::new();
    let key = world.sender(KeyType::Secp256k1, 1);
    let mut message = world.message(&key, 0);
    change(&mut message);
    let refusal = world.push(&world.sign(&key, message)).unwrap_err();
    assert!(world.pool.is_empty());
    refusal
}

macro_rules! assert_refused {
    ($refused:expr, $($reason:tt)+) => {{
        let refused = $refused;
        assert!(matches!(&refused, $($reason)+), "{refused:?}");
        refused
    }};
}

#[test]
fn a_message_that_no_block_could_take_is_refused_for_good() {
    use MessageFault::{
        FeeCap, GasLimit, Inclusion, Premium, PremiumAboveCap, ToZeroAddress, Value, Version,
    };
    let zero = {
        let mut key = [0; 48];
        key[0] = 0xc0;
        Address::new_bls(&key).unwrap()
    };
    let negative = || TokenAmount::from_atto(-1);
    for refusal in [
        assert_refused!(refused(|m| m.version = 1), Refusal::Invalid(Version(1))),
        assert_refused!(refused(|m| m.to = zero), Refusal::Invalid(ToZeroAddress)),
        assert_refused!(
            refused(|m| m.value = negative()),
            Refusal::Invalid(Value(_))
        ),
        assert_refused!(
            refused(|m| m.gas_fee_cap = negative()),
            Refusal::Invalid(FeeCap(_))
        ),
        assert_refused!(
            refused(|m| m.gas_premium = negative()),
            Refusal::Invalid(Premium(_))
        ),
        assert_refused!(
            refused(|m| m.gas_premium = atto(CAP + 1)),
            Refusal::Invalid(PremiumAboveCap { .. })
        ),
        assert_refused!(refused(|m| m.gas_limit = 0), Refusal::Invalid(GasLimit(0))),
        assert_refused!(
            refused(|m| m.gas_limit = 10_000_000_001),
            Refusal::Invalid(GasLimit(10_000_000_001))
        ),
        assert_refused!(
            refused(|m| m.gas_limit = 100_000),
            Refusal::Invalid(Inclusion { limit: 100_000, .. })
        ),
        assert_refused!(
            refused(|m| m.value = TokenAmount::from_whole(TOTAL_FIL)),
            Refusal::Value(_)
        ),
        assert_refused!(
            refused(|m| m.params = RawBytes::new(vec![0; 64 << 10])),
            Refusal::TooLarge { bytes, most: 65_536 } if *bytes > 64 << 10
        ),
        assert_refused!(
            refused(|m| (m.gas_fee_cap, m.gas_premium) = (atto(99), atto(1))),
            Refusal::FeeCapTooLow { .. }
        ),
    ] {
        assert!(!refusal.is_soft(), "{refusal}");
    }
}

#[test]
fn the_longest_message_is_taken() {
    let world = World::new();
    let key = world.sender(KeyType::Secp256k1, 1);
    let mut message = world.message(&key, 0);
    message.gas_limit = 1_000_000_000;
    message.gas_fee_cap = atto(200);
    let mut length = 65_000;
    let longest = loop {
        message.params = RawBytes::new(vec![0; length]);
        let signed = world.sign(&key, message.clone());
        match signed.to_bytes().len() {
            65_536 => break signed,
            bytes => length += 65_536 - bytes,
        }
    };
    world.push(&longest).unwrap();
    message.params = RawBytes::new(vec![0; length + 1]);
    message.sequence = 1;
    let longer = world.sign(&key, message);
    let refusal = world.push(&longer).unwrap_err();
    assert_refused!(
        refusal,
        Refusal::TooLarge {
            bytes: 65_537,
            most: 65_536
        }
    );
    // The network says how long.
    let mut config = ChainConfig::clone(&world.config);
    config.max_message_bytes = 65_537;
    world.pool.configure(Arc::new(config));
    world.push(&longer).unwrap();
}

#[test]
fn an_upgrade_decided_meanwhile_is_seen() {
    // Of a version that has no prices: nothing can be judged.
    let world = World::with(Limits::default(), NetworkVersion::V17);
    let key = world.sender(KeyType::Secp256k1, 1);
    let signed = world.sign(&key, world.message(&key, 0));
    assert_refused!(world.push(&signed).unwrap_err(), Refusal::Unknown(_));
    let mut config = ChainConfig::clone(&world.config);
    config.versions.upgrades.push(Upgrade {
        epoch: *world.epoch.read().unwrap(),
        version: NetworkVersion::V25,
    });
    world.pool.configure(Arc::new(config));
    world.push(&signed).unwrap();
}

#[test]
fn a_sender_is_named_by_its_key() {
    let world = World::new();
    let key = world.sender(KeyType::Secp256k1, 1);
    for from in [
        Address::new_id(id_of(&key)),
        Address::new_actor(b"multisig"),
    ] {
        let mut message = world.message(&key, 0);
        message.from = from;
        let refusal = world.push(&world.sign(&key, message)).unwrap_err();
        assert_refused!(refusal, Refusal::SenderNotAKey(address) if *address == from);
    }
}

#[test]
fn a_message_is_signed_by_its_sender() {
    let world = World::new();
    for key_type in KeyType::ALL {
        let key = world.sender(key_type, 1);
        let other = world.sender(key_type, 2);
        let mut signed = world.signed(&key, 0);
        signed.signature = world.signed(&other, 0).signature;
        let signer = *key.address();
        let refusal = world.push(&signed).unwrap_err();
        let refusal = assert_refused!(
            refusal,
            Refusal::Signature(SignatureError::Invalid { signer: s }) if *s == signer
        );
        assert!(!refusal.is_soft());
        assert!(!world.pool.is_known_good(&signed));
        // A good one before does not help.
        world.push(&world.signed(&key, 0)).unwrap();
        assert_refused!(world.push(&signed).unwrap_err(), Refusal::Signature(_));
    }
}

#[test]
fn legacy_ethereum_transactions_come_with_version_23() {
    for (version, taken) in [(22, false), (23, true)] {
        let world = World::with(Limits::default(), NetworkVersion::new(version));
        let key = world.sender(KeyType::Delegated, 1);
        let signed = homestead(&world, &key);
        let pushed = world.push(&signed);
        match taken {
            true => assert_eq!(pushed.unwrap().cid, signed.cid()),
            false => {
                let expected = pushed.unwrap_err();
                assert_refused!(expected, Refusal::Invalid(MessageFault::LegacyTransaction));
            }
        }
        world.push(&world.signed(&key, u64::from(taken))).unwrap();
    }
}

fn homestead(world: &World, key: &Key) -> filigree_blocks::SignedMessage {
    let transaction = Transaction::from_message(&world.message(key, 0), Form::Homestead).unwrap();
    let signature = key.sign(&transaction.signing_bytes()).bytes;
    let signed = SignedTransaction {
        v: 27 + u128::from(signature[64]),
        r: signature[..32].try_into().unwrap(),
        s: signature[32..64].try_into().unwrap(),
        transaction,
    };
    signed.to_message().unwrap()
}

#[test]
fn a_sender_exists_and_may_send() {
    let world = World::new();
    let stranger = key(KeyType::Secp256k1, 1);
    let refusal = world.push(&world.signed(&stranger, 0)).unwrap_err();
    let refusal = assert_refused!(refusal, Refusal::Invalid(MessageFault::NoSender(_)));
    assert!(refusal.is_soft(), "it may come to exist");
    world.set(&stranger, TokenAmount::from_whole(1), 0, SenderKind::Other);
    let refusal = world.push(&world.signed(&stranger, 0)).unwrap_err();
    assert_refused!(refusal, Refusal::Invalid(MessageFault::NotAnAccount(_)));
    // A placeholder becomes an account with its first message.
    let fresh = key(KeyType::Delegated, 1);
    world.set(
        &fresh,
        TokenAmount::from_whole(1),
        0,
        SenderKind::Placeholder,
    );
    world.push(&world.signed(&fresh, 0)).unwrap();
}

#[test]
fn state_that_cannot_be_read_refuses_for_now() {
    let world = World::new();
    let key = world.sender(KeyType::Secp256k1, 1);
    world.break_state(true);
    let refusal = world.push(&world.signed(&key, 0)).unwrap_err();
    assert!(assert_refused!(refusal, Refusal::Unknown(_)).is_soft());
    assert!(world.pool.next_nonce(key.address()).is_err());
    world.break_state(false);
    world.push(&world.signed(&key, 0)).unwrap();
}

#[test]
fn numbers_that_were_used_are_refused() {
    let world = World::new();
    let key = world.sender(KeyType::Secp256k1, 1);
    world.fund(&key, TokenAmount::from_whole(1), 5);
    let refusal = world.push(&world.signed(&key, 4)).unwrap_err();
    assert_refused!(
        refusal,
        Refusal::NonceTooLow {
            expected: 5,
            found: 4
        }
    );
    world.push(&world.signed(&key, 5)).unwrap();
    assert_eq!(world.next_nonce(&key), 6);
}

#[test]
fn gaps_are_bounded_unless_the_message_is_from_here() {
    let world = World::new();
    let key = world.sender(KeyType::Secp256k1, 1);
    let refusal = world.push(&world.signed(&key, 5)).unwrap_err();
    assert_refused!(
        refusal,
        Refusal::NonceGap {
            expected: 0,
            found: 5
        }
    );
    world.push(&world.signed(&key, 4)).unwrap();
    assert_eq!(world.next_nonce(&key), 0);
    let served = world.pool.push(world.signed(&key, 1), Source::Untrusted);
    assert_refused!(
        served.unwrap_err(),
        Refusal::NonceGap {
            expected: 0,
            found: 1
        }
    );
    for nonce in [0, 1, 2, 3] {
        world.push(&world.signed(&key, nonce)).unwrap();
    }
    assert_eq!(world.next_nonce(&key), 5);
    world.push_here(&world.signed(&key, 1_000_000)).unwrap();
    assert_eq!(world.next_nonce(&key), 5);
}

#[test]
fn a_replacement_pays_a_tenth_more() {
    let world = World::new();
    let key = world.sender(KeyType::Secp256k1, 1);
    let first = world.paying(&key, 0, 100);
    world.push(&first).unwrap();
    assert_refused!(world.push(&first).unwrap_err(), Refusal::Known);
    for source in [Source::Network, Source::Here, Source::Untrusted] {
        let refusal = world
            .pool
            .push(world.paying(&key, 0, 110), source)
            .unwrap_err();
        assert_refused!(
            refusal,
            Refusal::ReplacesTooCheaply { nonce: 0, needed } if *needed == atto(111)
        );
    }
    let second = world.paying(&key, 0, 111);
    world.push(&second).unwrap();
    assert_eq!(world.pool.len(), 1);
    assert!(world.pool.get(&first.cid()).is_none());
    assert!(world.pool.get(&second.cid()).is_some());
    assert_eq!(replacement_premium(&atto(100), 125), atto(126));
    assert_eq!(replacement_premium(&atto(100), 0), atto(111));
    assert_eq!(replacement_premium(&atto(0), 110), atto(1));
}

#[test]
fn nothing_is_replaced_beyond_a_gap() {
    let world = World::new();
    let key = world.sender(KeyType::Secp256k1, 1);
    world.push(&world.paying(&key, 2, 100)).unwrap();
    let better = world.paying(&key, 2, 1_000);
    let refusal = world.push(&better).unwrap_err();
    assert_refused!(
        refusal,
        Refusal::ReplacesBeyondGap {
            expected: 0,
            found: 2
        }
    );
    world.push_here(&better).unwrap();
    assert_eq!(world.pool.len(), 1);
}

#[test]
fn a_sender_has_so_many_messages_and_no_more() {
    let world = World::new();
    let key = world.sender(KeyType::Secp256k1, 1);
    world.fund(&key, TokenAmount::from_whole(100), 0);
    let most = u64::try_from(SENDER_MESSAGES).unwrap();
    let few = u64::try_from(UNTRUSTED_SENDER_MESSAGES).unwrap();
    for nonce in 0..most {
        if nonce == few {
            let refusal = world
                .pool
                .push(world.signed(&key, nonce), Source::Untrusted);
            assert_refused!(refusal.unwrap_err(), Refusal::SenderFull(100));
        }
        world.push(&world.signed(&key, nonce)).unwrap();
    }
    for source in [Source::Network, Source::Here] {
        let refusal = world
            .pool
            .push(world.signed(&key, most), source)
            .unwrap_err();
        assert_refused!(refusal, Refusal::SenderFull(1000));
    }
    // A replacement is no more.
    world.push(&world.paying(&key, most - 1, 1_000)).unwrap();
}

#[test]
fn a_fee_cap_far_below_the_base_fee_waits_or_is_refused() {
    let world = World::new();
    let key = world.sender(KeyType::Secp256k1, 1);
    world.set_base_fee((CAP + 1) * 100);
    let signed = world.signed(&key, 0);
    for source in [Source::Network, Source::Untrusted] {
        let refusal = world.pool.push(signed.clone(), source).unwrap_err();
        let refusal = assert_refused!(
            refusal,
            Refusal::FeeCapBelowBaseFee { least, .. } if *least == atto(CAP + 1)
        );
        assert!(refusal.is_soft());
    }
    assert!(!world.push_here(&signed).unwrap().publish);
    world.set_base_fee(CAP * 100);
    assert!(!world.push(&world.signed(&key, 1)).unwrap().publish);
    assert!(world.push_here(&world.signed(&key, 2)).unwrap().publish);
}

#[test]
fn a_sender_can_pay_for_the_gas_of_all_its_messages() {
    let world = World::new();
    let key = world.sender(KeyType::Secp256k1, 1);
    let fees = atto(CAP * GAS);
    let one_less = |count: u64| &fees * count - atto(1);
    world.fund(&key, one_less(1), 0);
    let refusal = world.push(&world.signed(&key, 0)).unwrap_err();
    assert_refused!(refusal, Refusal::Funds { needed, .. } if *needed == fees);
    world.fund(&key, one_less(2), 0);
    world.push(&world.signed(&key, 0)).unwrap();
    let refusal = world.push(&world.signed(&key, 1)).unwrap_err();
    let refusal = assert_refused!(
        refusal,
        Refusal::FundsForAll { needed, balance } if *needed == &fees * 2 && *balance == one_less(2)
    );
    assert!(refusal.is_soft());
    // What is replaced need not be paid too.
    let replacement = world.sign(&key, {
        let mut message = world.message(&key, 0);
        message.gas_premium = atto(500);
        message
    });
    world.push(&replacement).unwrap();
    world.fund(&key, &fees * 2, 0);
    world.push(&world.signed(&key, 1)).unwrap();
}

#[test]
fn amounts_may_be_as_large_as_they_are_encoded() {
    let world = World::new();
    let key = world.sender(KeyType::Secp256k1, 1);
    let mut message = world.message(&key, 0);
    message.gas_fee_cap = TokenAmount::from_atto(BigInt::from(1) << 900);
    let refusal = world.push(&world.sign(&key, message)).unwrap_err();
    assert_refused!(refusal, Refusal::Funds { .. });
}
