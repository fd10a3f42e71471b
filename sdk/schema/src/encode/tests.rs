//! Tests of `encode` and `decode` together: examples of each type, the forms that are read, and
//! structs that the network's own crates encode.

use std::collections::BTreeMap;

use cid::Cid;
use fvm_ipld_encoding::{BytesDe, RawBytes, to_vec};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use serde_json::{Value, json};
use serde_tuple::Serialize_tuple;

use crate::{Field, Type, Variant, hex};

pub(super) fn ty(json: &str) -> Type {
    serde_json::from_str(json).unwrap()
}

/// The JSON becomes these bytes, and they print as the JSON.
#[track_caller]
fn check(name: &str, value: Value, bytes: &str) {
    let ty = ty(name);
    let encoded = ty.encode_json(&value).unwrap();
    assert_eq!(hex::print(&encoded), format!("0x{bytes}"), "{value}");
    let printed = ty.decode(&encoded).unwrap();
    assert_eq!(printed.to_string(), value.to_string());
}

/// The JSON is read, though printed as `printed`.
#[track_caller]
fn reads(name: &str, value: Value, printed: Value) {
    let ty = ty(name);
    let encoded = ty.encode_json(&value).unwrap();
    assert_eq!(ty.decode(&encoded).unwrap(), printed, "{value}");
}

pub(super) const CONFIG: &str = r#"{"tuple":{"name":"Config","fields":[{"name":"to","type":"address"},{"name":"limit","type":{"option":"u8"}}]}}"#;
pub(super) const KIND: &str = r#"{"enum":{"name":"Kind","variants":[{"name":"Open","value":0},{"name":"Closed","value":-7}]}}"#;
const CID: &str = "bafyreigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi";

#[test]
fn every_type_has_its_form() {
    check(r#""unit""#, json!(null), "f6");
    check(r#""bool""#, json!(true), "f5");
    check(r#""u8""#, json!(255), "18ff");
    check(
        r#""u64""#,
        json!("18446744073709551615"),
        "1bffffffffffffffff",
    );
    check(r#""i8""#, json!(-128), "387f");
    check(
        r#""i64""#,
        json!("-9223372036854775808"),
        "3b7fffffffffffffff",
    );
    check(r#""epoch""#, json!(-1), "20");
    check(r#""actor_id""#, json!(1234), "1904d2");
    check(r#""string""#, json!("hé"), "6368c3a9");
    check(r#""bytes""#, json!("0x01ff"), "4201ff");
    check(r#""block""#, json!("0x01ff"), "4201ff");
    check(r#""address""#, json!("f01234"), "4300d209");
    check(
        r#""token""#,
        json!("1500000000000000000"),
        "490014d1120d7b160000",
    );
    check(r#""token""#, json!("0"), "40");
    check(r#""bigint""#, json!("-1"), "420101");
    check(r#"{"option":"u8"}"#, json!(null), "f6");
    check(r#"{"option":"u8"}"#, json!(7), "07");
    check(r#"{"list":"u8"}"#, json!([1, 2]), "820102");
    check(CONFIG, json!({ "to": "f01", "limit": null }), "82420001f6");
    check(
        r#"{"tuple":{"name":"","fields":[{"name":"","type":"u8"}]}}"#,
        json!([5]),
        "8105",
    );
    check(r#"{"tuple":{"name":"Empty","fields":[]}}"#, json!({}), "80");
    check(
        r#"{"transparent":{"name":"Amount","type":"u8"}}"#,
        json!(5),
        "05",
    );
    check(KIND, json!("Closed"), "26");
    check(
        r#"{"btree":{"key":"string","value":"u8"}}"#,
        json!({ "b": 1, "aa": 2 }),
        "a261620162616102",
    );
    check(
        r#"{"btree":{"key":"u64","value":"bool"}}"#,
        json!({ "5": true, "300": false }),
        "a205f519012cf4",
    );
    check(
        r#"{"btree":{"key":"bool","value":"u8"}}"#,
        json!({ "true": 1 }),
        "a1f501",
    );
    check(
        r#"{"btree":{"key":{"list":"u8"},"value":"u8"}}"#,
        json!([[[1], 2]]),
        "a1810102",
    );
    let link = format!(
        "d82a582500{}",
        &hex::print(&Cid::try_from(CID).unwrap().to_bytes())[2..]
    );
    check(r#""cid""#, json!(CID), &link);
    check(r#"{"link":"u8"}"#, json!(CID), &link);
    check(
        r#"{"map":{"key":"address","value":"token","bits":5}}"#,
        json!(CID),
        &link,
    );
    check(r#"{"array":{"value":"token","bits":3}}"#, json!(CID), &link);
}

#[test]
fn more_is_read_than_printed() {
    reads(r#""u64""#, json!("5"), json!(5));
    reads(r#""u64""#, json!(u64::MAX), json!("18446744073709551615"));
    reads(r#""token""#, json!("1.5 nanoFIL"), json!("1500000000"));
    reads(r#""bigint""#, json!(-5), json!("-5"));
    reads(r#""address""#, json!("t01234"), json!("f01234"));
    reads(
        r#""bitfield""#,
        json!([0, 1, [2, 3], 9]),
        json!([[0, 5], [9, 1]]),
    );
    reads(
        CONFIG,
        json!(["f01", 7]),
        json!({ "to": "f01", "limit": 7 }),
    );
    reads(
        CONFIG,
        json!({ "to": "f01" }),
        json!({ "to": "f01", "limit": null }),
    );
    reads(KIND, json!(0), json!("Open"));
    reads(
        r#"{"btree":{"key":"u8","value":"u8"}}"#,
        json!([[2, 1], [1, 1]]),
        json!({ "1": 1, "2": 1 }),
    );
}

/// A struct as actors write it, with what the network's own crates make of it.
#[derive(Serialize_tuple)]
struct Everything {
    owner: Address,
    paid: TokenAmount,
    names: Vec<String>,
    limit: Option<u64>,
    raw: RawBytes,
    by_name: BTreeMap<String, i64>,
    by_id: BTreeMap<u64, bool>,
    link: Cid,
    set: fvm_ipld_bitfield::BitField,
    nested: (u8, BytesDe),
}

#[test]
fn structs_of_the_network_come_back() {
    let value = Everything {
        owner: Address::new_actor(b"x"),
        paid: TokenAmount::from_nano(-3),
        names: vec![String::new(), "é".to_owned()],
        limit: Some(1 << 60),
        raw: RawBytes::new(vec![1, 2]),
        by_name: BTreeMap::from([("b".to_owned(), 1), ("aa".to_owned(), i64::MIN)]),
        by_id: BTreeMap::from([(5, true), (1000, false)]),
        link: Cid::try_from(CID).unwrap(),
        set: fvm_ipld_bitfield::BitField::try_from_bits([0, 1, 2, 70]).unwrap(),
        nested: (9, BytesDe(vec![])),
    };
    let field = |name: &str, json: &str| Field::new(name, ty(json));
    let fields = vec![
        field("owner", r#""address""#),
        field("paid", r#""token""#),
        field("names", r#"{"list":"string"}"#),
        field("limit", r#"{"option":"u64"}"#),
        field("raw", r#""block""#),
        field("by_name", r#"{"btree":{"key":"string","value":"i64"}}"#),
        field("by_id", r#"{"btree":{"key":"actor_id","value":"bool"}}"#),
        field("link", r#""cid""#),
        field("set", r#""bitfield""#),
        field(
            "nested",
            r#"{"tuple":{"name":"","fields":[{"name":"","type":"u8"},{"name":"","type":"bytes"}]}}"#,
        ),
    ];
    let ty = Type::Tuple {
        name: "Everything".to_owned(),
        fields,
    };
    let bytes = to_vec(&value).unwrap();
    let printed = ty.decode(&bytes).unwrap();
    let expected = json!({
        "owner": Address::new_actor(b"x").to_string(),
        "paid": "-3000000000",
        "names": ["", "é"],
        "limit": "1152921504606846976",
        "raw": "0x0102",
        "by_name": { "b": 1, "aa": "-9223372036854775808" },
        "by_id": { "5": true, "1000": false },
        "link": CID,
        "set": [[0, 3], [70, 1]],
        "nested": [9, "0x"],
    });
    assert_eq!(printed.to_string(), expected.to_string());
    assert_eq!(ty.encode_json(&printed).unwrap(), bytes);
}

#[test]
fn reads_what_is_not_canonical() {
    let check = |name: &str, bytes: &str, printed: Value| {
        assert_eq!(
            ty(name).decode(&hex::parse(bytes).unwrap()).unwrap(),
            printed
        );
    };
    check(r#""u8""#, "0x1900ff", json!(255));
    check(r#""i64""#, "0x3b0000000000000000", json!(-1));
    check(r#""string""#, "0x7f61616162ff", json!("ab"));
    check(r#""bytes""#, "0x5f4101ff", json!("0x01"));
    check(r#""token""#, "0x4100", json!("0"));
    check(r#""token""#, "0x43000005", json!("5"));
    check(r#"{"list":"u8"}"#, "0x98020102", json!([1, 2]));
    check(
        r#"{"btree":{"key":"u8","value":"u8"}}"#,
        "0xa202010102",
        json!({ "1": 2, "2": 1 }),
    );
    check(
        r#"{"btree":{"key":"u8","value":"u8"}}"#,
        "0xa201010102",
        json!({ "1": 2 }),
    );
}

#[test]
fn a_claimed_length_costs_nothing() {
    for head in [
        "0x9b7fffffffffffffff",
        "0xbb7fffffffffffffff",
        "0x5b7fffffffffffffff",
        "0x7b7fffffffffffffff",
    ] {
        let bytes = hex::parse(head).unwrap();
        for name in [
            r#"{"list":"unit"}"#,
            r#"{"btree":{"key":"u8","value":"u8"}}"#,
            r#""bytes""#,
            r#""string""#,
            r#""any""#,
        ] {
            assert!(ty(name).decode(&bytes).is_err());
        }
    }
}

#[test]
fn variants_may_be_negative() {
    let variants = vec![Variant {
        name: "Least".to_owned(),
        value: i64::MIN,
    }];
    let ty = Type::Enum {
        name: "E".to_owned(),
        variants,
    };
    let bytes = ty.encode_json(&json!("Least")).unwrap();
    assert_eq!(bytes, to_vec(&i64::MIN).unwrap());
    assert_eq!(ty.decode(&bytes).unwrap(), json!("Least"));
}
