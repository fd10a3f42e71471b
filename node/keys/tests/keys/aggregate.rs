//! Aggregates, beside the host's way of checking them.

use filigree_blocks::{Signature, SignatureType};
use filigree_keys::{Key, KeyType, aggregate, verify_aggregate};
use fvm_shared::address::Payload;

fn key(number: usize) -> Key {
    let mut secret = [0; 32];
    secret[..8].copy_from_slice(&(number as u64 + 1).to_le_bytes());
    Key::from_secret(KeyType::Bls, &secret).unwrap()
}

fn public(key: &Key) -> [u8; 48] {
    match key.address().payload() {
        Payload::BLS(public) => *public,
        other => panic!("{other:?}"),
    }
}

/// The verdict, which must be the host's where that can be asked.
fn verdict(signature: &Signature, keys: &[[u8; 48]], texts: &[&[u8]]) -> bool {
    let ours = verify_aggregate(signature, keys, texts);
    if keys.len() == texts.len()
        && let Ok(bytes) = signature.bytes[..].try_into()
    {
        let host = filigree_signature::verify_bls_aggregate(&bytes, keys, texts);
        assert_eq!(ours, host, "the host sees it differently");
    }
    ours
}

#[test]
fn aggregates_of_any_size_hold_for_exactly_their_keys_and_texts() {
    for size in [1, 2, 15, 16, 17, 33, 70] {
        let keys: Vec<_> = (0..size).map(key).collect();
        let texts: Vec<_> = (0..size)
            .map(|n| format!("text {n}").into_bytes())
            .collect();
        let signatures: Vec<_> = keys.iter().zip(&texts).map(|(k, t)| k.sign(t)).collect();
        let sum = aggregate(&signatures).unwrap();
        let mut publics: Vec<_> = keys.iter().map(public).collect();
        let mut texts: Vec<&[u8]> = texts.iter().map(|text| &text[..]).collect();
        assert!(verdict(&sum, &publics, &texts), "{size}");

        assert!(!verdict(&sum, &publics[1..], &texts));
        texts[size - 1] = b"another text";
        assert!(!verdict(&sum, &publics, &texts));
        let last = format!("text {}", size - 1);
        texts[size - 1] = last.as_bytes();
        publics[size - 1] = public(&key(size));
        assert!(!verdict(&sum, &publics, &texts));
        publics[size - 1] = public(&key(size - 1));
        let fewer = aggregate(&signatures[1..]).unwrap();
        assert!(!verdict(&fewer, &publics, &texts));
        assert!(verdict(&sum, &publics, &texts));
    }
}

#[test]
fn one_key_may_sign_many_texts_and_no_text_may_be_signed_twice() {
    let keys = [key(0), key(0), key(1)];
    let sign = |texts: [&[u8]; 3]| {
        let signatures: Vec<_> = keys.iter().zip(texts).map(|(k, t)| k.sign(t)).collect();
        let publics: Vec<_> = keys.iter().map(public).collect();
        verdict(&aggregate(&signatures).unwrap(), &publics, &texts)
    };
    assert!(sign([b"a", b"b", b"c"]));
    assert!(!sign([b"a", b"b", b"a"]));
}

#[test]
fn of_no_texts_every_signature_is_an_aggregate() {
    let none = aggregate(&[]).unwrap();
    let infinity = format!("c0{}", "00".repeat(95));
    assert_eq!(hex::encode(&none.bytes), infinity);
    assert!(verdict(&none, &[], &[]));
    assert!(verdict(
        &Signature::new(SignatureType::Bls, [1; 96]),
        &[],
        &[]
    ));
    for length in [0, 95] {
        let cut = Signature::new(SignatureType::Bls, vec![0; length]);
        assert!(!verdict(&cut, &[], &[]), "{length}");
    }
    assert!(!verdict(&none, &[public(&key(0))], &[b"text"]));
    assert!(!verdict(&none, &[], &[b"text"]));
}

#[test]
fn what_is_no_key_or_no_signature_is_in_no_aggregate() {
    let sum = aggregate(&[key(0).sign(b"a"), key(1).sign(b"b")]).unwrap();
    let mut infinity = [0; 48];
    infinity[0] = 0xc0;
    let texts: [&[u8]; 2] = [b"a", b"b"];
    for bad in [infinity, [0; 48], [0xff; 48]] {
        assert!(!verdict(&sum, &[public(&key(0)), bad], &texts));
    }
    // Alone, and with a key whose negative it is.
    assert!(!verdict(&aggregate(&[]).unwrap(), &[infinity], &texts[..1]));
    let one = [public(&key(0))];
    for length in [0, 95] {
        let cut = Signature::new(SignatureType::Bls, &sum.bytes[..length]);
        assert!(!verify_aggregate(&cut, &one, &texts[..1]));
        assert!(aggregate([&cut]).is_none());
    }
    // On the curve, but not in the group of its order.
    let outside = outside_the_group();
    assert!(!verdict(&outside, &one, &texts[..1]));
    assert!(aggregate([&outside]).is_none());
}

/// As Lotus judges the aggregate of a block.
#[test]
fn neither_the_type_of_an_aggregate_nor_what_follows_it_matters() {
    let one = [public(&key(0))];
    let bytes = key(0).sign(b"a").bytes;
    let longer = [&bytes[..], &[7; 103]].concat();
    for odd in [
        Signature::new(SignatureType::Secp256k1, &bytes[..]),
        Signature::new(SignatureType::Delegated, &bytes[..]),
        Signature::new(SignatureType::Bls, longer),
    ] {
        assert!(verify_aggregate(&odd, &one, &[b"a"]), "{odd:?}");
        assert!(!verify_aggregate(&odd, &one, &[b"b"]));
        // A miner that makes a block takes no such signature of a message.
        assert!(aggregate([&odd]).is_none());
    }
}

/// The point of the smallest x that is on the curve: one in 2^128 of those is in the group.
fn outside_the_group() -> Signature {
    for x in 0..=255 {
        let mut bytes = [0; 96];
        bytes[0] = 0x80;
        bytes[95] = x;
        let Ok(point) = blst::min_pk::Signature::from_bytes(&bytes) else {
            continue;
        };
        if point.validate(false).is_err() {
            return Signature::new(SignatureType::Bls, bytes);
        }
    }
    panic!("no such point");
}
