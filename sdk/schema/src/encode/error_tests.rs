//! Tests of what is said of wrong JSON and wrong CBOR: where, what was found, what to do.

use serde_json::{Value, json};

use super::tests::{CONFIG, KIND, ty};
use crate::hex;

#[test]
fn wrong_json_says_what_to_write() {
    let wrong = |name: &str, json: Value, text: &str| {
        let error = ty(name).encode_json(&json).unwrap_err().to_string();
        assert_eq!(error, text);
    };
    wrong(
        r#""u8""#,
        json!(256),
        "value: found 256; write a whole number from 0 to 255",
    );
    wrong(
        r#""u8""#,
        json!(1.0),
        "value: found 1.0; write a whole number from 0 to 255",
    );
    wrong(
        r#""bool""#,
        json!("yes"),
        r#"value: found "yes"; write true or false"#,
    );
    wrong(r#""unit""#, json!(0), "value: found 0; write null");
    wrong(
        r#""bytes""#,
        json!("01"),
        r#"value: found "01"; write bytes as hex, such as "0x01ff""#,
    );
    wrong(
        r#""token""#,
        json!(5),
        r#"value: found 5; write an amount as text, such as "1.5 FIL" or "1500" (attoFIL)"#,
    );
    wrong(
        r#""token""#,
        json!("0.5"),
        r#"value: found "0.5"; an attoFIL has no parts: write "1.5 FIL" or whole attoFIL"#,
    );
    wrong(
        r#""cid""#,
        json!("Qm"),
        r#"value: found "Qm"; write a CID as text, such as "bafy2bzace…""#,
    );
    wrong(
        r#""address""#,
        json!("f01234x"),
        r#"value: found "f01234x"; Invalid address payload: write an address as text, such as "f01234""#,
    );
    wrong(
        CONFIG,
        json!({ "to": 5, "limit": 5 }),
        r#"value.to: found 5; write an address as text, such as "f01234""#,
    );
    wrong(
        CONFIG,
        json!({ "limit": 5 }),
        r#"value.to: found nothing; write an address as text, such as "f01234""#,
    );
    wrong(
        CONFIG,
        json!({ "to": "f01", "limti": 5 }),
        r#"value: found an unknown field "limti"; did you mean limit?"#,
    );
    wrong(
        CONFIG,
        json!({ "to": "f01", "from": 5 }),
        r#"value: found an unknown field "from"; the fields are to, limit"#,
    );
    wrong(
        CONFIG,
        json!({ "to": "f01", "limit": 900 }),
        "value.limit: found 900; write a whole number from 0 to 255",
    );
    wrong(
        CONFIG,
        json!(["f01"]),
        "value: found an array of 1; write an object with to, limit, or an array of 2",
    );
    wrong(
        CONFIG,
        json!("f01"),
        r#"value: found "f01"; write an object with to, limit"#,
    );
    wrong(
        KIND,
        json!("open"),
        r#"value: found "open"; did you mean "Open"?"#,
    );
    wrong(
        KIND,
        json!(3),
        r#"value: found 3; write one of "Open", "Closed""#,
    );
    wrong(
        r#"{"list":"u8"}"#,
        json!([1, -1]),
        "value[1]: found -1; write a whole number from 0 to 255",
    );
    wrong(
        r#"{"list":"u8"}"#,
        json!({ "a": 1 }),
        "value: found an object with a; write an array of u8",
    );
    wrong(
        r#"{"option":"bool"}"#,
        json!(1),
        "value: found 1; write true or false",
    );
    wrong(
        r#"{"btree":{"key":"address","value":"u8"}}"#,
        json!({ "f01": "x" }),
        r#"value["f01"]: found "x"; write a whole number from 0 to 255"#,
    );
    wrong(
        r#"{"btree":{"key":"u8","value":"u8"}}"#,
        json!({ "1": 1, "01": 2 }),
        "value: found a key twice; write each key once; two texts may say the same key",
    );
    wrong(
        r#"{"map":{"key":"address","value":"u8","bits":5}}"#,
        json!({}),
        r#"value: found an empty object; its entries are in blocks of their own: write the CID of its root as text, such as "bafy2bzace…""#,
    );
    wrong(
        r#""bool""#,
        json!("x".repeat(100)),
        &format!("value: found \"{}…\"; write true or false", "x".repeat(60)),
    );
}

#[test]
fn wrong_cbor_says_what_was_expected() {
    let wrong = |name: &str, bytes: &str, text: &str| {
        let error = ty(name)
            .decode(&hex::parse(bytes).unwrap())
            .unwrap_err()
            .to_string();
        assert_eq!(error, text);
    };
    wrong(
        r#""u8""#,
        "0x190100",
        "value: found the integer 256 (at byte 0); u8 is an integer from 0 to 255",
    );
    wrong(
        r#""u8""#,
        "0x",
        "value: found the end in the middle of a value (at byte 0); u8 is an integer from 0 to 255",
    );
    wrong(
        r#""u8""#,
        "0x0000",
        "value: found 1 bytes after the end of the value (at byte 1); u8 is an integer from 0 to 255",
    );
    wrong(
        r#""unit""#,
        "0x80",
        "value: found an array of 0 (at byte 0); unit is null",
    );
    wrong(
        r#""address""#,
        "0x4109",
        "value: found the bytes 0x09: Invalid address length (at byte 0); an address is a byte string: its protocol and payload",
    );
    wrong(
        r#""token""#,
        "0x420201",
        "value: found the bytes 0x0201 (at byte 0); token is a byte string: empty, or sign (0 or 1) and magnitude, at most 128 bytes",
    );
    wrong(
        r#""bitfield""#,
        "0x4100",
        "value: found bitfield not minimally encoded (at byte 0); bitfield is a byte string of RLE+",
    );
    wrong(
        CONFIG,
        "0x8142",
        "value: found an array of 1 (at byte 0); Config is an array of 2",
    );
    wrong(
        CONFIG,
        "0x82420001f5",
        "value.limit: found true (at byte 4); u8 is an integer from 0 to 255",
    );
    wrong(
        KIND,
        "0x05",
        "value: found the integer 5 (at byte 0); Kind is one of 0 (Open), -7 (Closed)",
    );
    wrong(
        r#"{"btree":{"key":"address","value":"u8"}}"#,
        "0xa142000160",
        r#"value["f01"]: found a text string of 0 bytes (at byte 4); u8 is an integer from 0 to 255"#,
    );
    wrong(
        r#""cid""#,
        "0xd82a4100",
        "value: found a link without a good CID: unexpected end of file (at byte 2); cid is a link (tag 42)",
    );
}
