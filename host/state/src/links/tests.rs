//! What counts as a link, what is counted, and what is refused.

use cid::multihash::Multihash;
use fvm_shared::EMPTY_ARR_CID;
use multihash_codetable::{Code, MultihashDigest};
use proptest::prelude::*;

use super::*;

fn inline(codec: u64, data: &[u8]) -> Cid {
    Cid::new_v1(codec, Multihash::wrap(IDENTITY_HASH, data).unwrap())
}

fn encode(value: &impl serde::Serialize) -> Vec<u8> {
    fvm_ipld_encoding::to_vec(value).unwrap()
}

fn check(value: &impl serde::Serialize, links: &[Cid], fields: u64, cids: u64) {
    let data = encode(value);
    let (count, found) = scan_links(DAG_CBOR, &data);
    assert_eq!(found.unwrap(), links);
    assert_eq!(count, ScanCount { fields, cids });
    assert_eq!(links_to_flush(DAG_CBOR, &data).unwrap(), links);
}

#[test]
fn links_are_found_and_counted() {
    let inner = inline(DAG_CBOR, &encode(&(1u64, EMPTY_ARR_CID)));
    let piece = Cid::new_v1(FIL_COMMITMENT_UNSEALED, *EMPTY_ARR_CID.hash());
    let sector = Cid::new_v1(FIL_COMMITMENT_SEALED, Code::Sha2_512.digest(b"any hash"));
    check(&(0u64, "text", [1u8, 2]), &[], 6, 0);
    check(&(0u64, EMPTY_ARR_CID), &[EMPTY_ARR_CID], 3, 1);
    check(&(EMPTY_ARR_CID, EMPTY_ARR_CID), &[EMPTY_ARR_CID; 2], 3, 2);
    check(&(0u64, inner), &[EMPTY_ARR_CID], 6, 2);
    check(&(piece, sector), &[], 3, 2);
    check(&inline(CBOR, &[0xff]), &[], 1, 1);
    check(&inline(IPLD_RAW, &[]), &[], 1, 1);
}

#[test]
fn inline_blocks_nest_as_deep_as_they_fit() {
    // 8 bytes a level: tag, length, zero, and the CID's version, codec, hash and size.
    let mut cid = inline(DAG_CBOR, &[0x80]);
    let mut levels = 1;
    while let Ok(hash) = Multihash::wrap(IDENTITY_HASH, &encode(&cid)) {
        cid = Cid::new_v1(DAG_CBOR, hash);
        levels += 1;
    }
    assert_eq!(levels, 8);
    check(&cid, &[], levels + 1, levels);
}

#[test]
fn other_codecs_hide_links_or_are_refused() {
    let data = encode(&EMPTY_ARR_CID);
    for codec in [CBOR, IPLD_RAW] {
        assert_eq!(scan_links(codec, &data), (ScanCount::default(), Ok(vec![])));
    }
    let (count, result) = scan_links(0x70, &data);
    assert_eq!(
        (count, result),
        (ScanCount::default(), Err(ScanError::IllegalCodec(0x70)))
    );
}

#[test]
fn impossible_links_are_refused_by_both() {
    let hash = |code, len: usize| Multihash::wrap(code, &[7; 64][..len]).unwrap();
    for bad in [
        Cid::new_v1(0x70, *EMPTY_ARR_CID.hash()),
        Cid::new_v0(hash(0x12, 32)).unwrap(),
        Cid::new_v1(DAG_CBOR, hash(0x12, 32)),
        Cid::new_v1(DAG_CBOR, hash(BLAKE2B_256, 31)),
        Cid::new_v1(IPLD_RAW, hash(0xb240, 64)),
        inline(DAG_CBOR, &encode(&Cid::new_v1(CBOR, hash(0x12, 32)))),
    ] {
        let data = encode(&(1u64, bad, 2u64));
        let (count, result) = scan_links(DAG_CBOR, &data);
        assert!(
            matches!(result, Err(ScanError::NotFound(_))),
            "{bad}: {result:?}"
        );
        let nested = u64::from(bad.hash().code() == IDENTITY_HASH);
        let expected = ScanCount {
            fields: 3 + nested,
            cids: 1 + nested,
        };
        assert_eq!(
            count, expected,
            "{bad}: the field after the link is not looked at"
        );
        assert!(links_to_flush(DAG_CBOR, &data).is_err(), "{bad}");
    }
}

#[test]
fn malformed_blocks_are_refused_and_counted_up_to_the_fault() {
    const FF: [u8; 8] = [0xff; 8];
    let long = |first| [&[first][..], &FF, &[0]].concat();
    let cid = EMPTY_ARR_CID.to_bytes();
    let tagged = |len: u8, bytes: &[u8]| [&[0xd8, 42, 0x58, len], bytes].concat();
    let cut = |len: usize| tagged(len as u8 + 1, &[&[0][..], &cid[..len]].concat());
    // data, fields, cids
    let cases: [(Vec<u8>, u64, u64); 17] = [
        (vec![], 1, 0),
        (vec![0x1f], 1, 0),
        (vec![0x18], 1, 0),
        (vec![0x9f, 0xff], 1, 0),
        (vec![0x82, 0x01], 3, 0),
        (vec![0xa1, 0x01], 3, 0),
        (vec![0x42, 0x01], 1, 0),
        (vec![0xc1], 2, 0),
        (long(0x5b), 1, 0),
        (long(0x9b), 3, 0),
        (vec![0xd8, 42], 1, 1),
        (vec![0xd8, 42, 0x80], 1, 1),
        (vec![0xd8, 42, 0x40], 1, 1),
        (vec![0xd8, 42, 0x41, 1], 1, 1),
        (vec![0xd8, 42, 0x42, 0], 1, 1),
        (cut(37), 1, 1),
        (tagged(39, &[&[1][..], &cid].concat()), 1, 1),
    ];
    for (data, fields, cids) in cases {
        let (count, result) = scan_links(DAG_CBOR, &data);
        assert!(
            matches!(result, Err(ScanError::Serialization(_))),
            "{data:x?}: {result:?}"
        );
        assert_eq!(count, ScanCount { fields, cids }, "{data:x?}");
        assert!(links_to_flush(DAG_CBOR, &data).is_err(), "{data:x?}");
    }
}

#[test]
fn only_the_strict_rules_mind_the_rest_and_overflow() {
    let cid = EMPTY_ARR_CID.to_bytes();
    let long_cid = [&[0xd8, 42, 0x58, 40, 0][..], &cid, &[9]].concat();
    let after_the_end = [encode(&EMPTY_ARR_CID), vec![0xff]].concat();
    // A map of 2^63 pairs wraps to an empty one.
    let map = vec![0xbb, 0x80, 0, 0, 0, 0, 0, 0, 0];
    // Within an array of 3, an array of 2^64 - 1 takes one away.
    let array = [&[0x83, 0x9b][..], &[0xff; 8], &[1]].concat();
    for (data, links) in [
        (long_cid, vec![EMPTY_ARR_CID]),
        (after_the_end, vec![EMPTY_ARR_CID]),
        (map, vec![]),
        (array, vec![]),
    ] {
        let strict = scan_links(DAG_CBOR, &data).1;
        assert!(
            matches!(strict, Err(ScanError::Serialization(_))),
            "{data:x?}"
        );
        assert_eq!(links_to_flush(DAG_CBOR, &data), Ok(links), "{data:x?}");
    }
}

/// Bytes that are often close to DAG-CBOR.
fn near_cbor() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..6),
        (0x80u8..0x84).prop_map(|head| vec![head]),
        (0xa0u8..0xa3).prop_map(|head| vec![head]),
        Just(encode(&EMPTY_ARR_CID)),
        Just(encode(&inline(DAG_CBOR, &encode(&(EMPTY_ARR_CID, 1u8))))),
        prop::collection::vec(any::<u8>(), 0..12).prop_map(|data| encode(&inline(DAG_CBOR, &data))),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_end_in_bounds(data in near_cbor()) {
        let (count, strict) = scan_links(DAG_CBOR, &data);
        // Inline blocks are looked at again, at most as deep as they nest.
        prop_assert!(count.fields <= 1 + 9 * data.len() as u64);
        prop_assert!(count.cids <= count.fields);
        if let Ok(strict) = strict {
            prop_assert!(strict.len() as u64 <= count.cids);
            prop_assert_eq!(links_to_flush(DAG_CBOR, &data), Ok(strict));
        }
    }
}
