//! Tests of parameters and returns: the wire rule, the forms of JSON, and what is said of wrong ones.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::sample::{typed_values, types, values};
use crate::{Field, Method, MethodKind, Type, hex};

fn method(params: &[(&str, &str)], returns: &str) -> Method {
    let ty = |json: &str| serde_json::from_str(json).unwrap();
    Method {
        name: "Do".to_owned(),
        number: 7,
        kind: MethodKind::Method,
        params: params
            .iter()
            .map(|(name, json)| Field::new(*name, ty(json)))
            .collect(),
        returns: ty(returns),
    }
}

#[track_caller]
fn writes(params: &[(&str, &str)], json: Value, expected: Option<&str>) {
    let data = method(params, r#""unit""#).encode_params(&json).unwrap();
    assert_eq!(
        data.map(|data| hex::print(&data)).as_deref(),
        expected,
        "{json}"
    );
}

#[track_caller]
fn refuses(params: &[(&str, &str)], json: Value, text: &str) {
    let error = method(params, r#""unit""#)
        .encode_params(&json)
        .unwrap_err();
    assert_eq!(error.to_string(), text);
}

const BY: (&str, &str) = ("by", r#""u64""#);
const TO: (&str, &str) = ("to", r#""address""#);
const LIST: (&str, &str) = ("all", r#"{"list":"u8"}"#);
const BITS: (&str, &str) = ("sectors", r#""bitfield""#);
const BLOCK: (&str, &str) = ("data", r#""block""#);
const OPTION: (&str, &str) = ("by", r#"{"option":"u8"}"#);
const STRUCT: (&str, &str) = (
    "a",
    r#"{"tuple":{"name":"A","fields":[{"name":"a","type":"u8"}]}}"#,
);

#[test]
fn wire_rule() {
    writes(&[], json!(null), None);
    writes(&[], json!({}), None);
    writes(&[], json!([]), None);
    writes(&[BY], json!({ "by": 5 }), Some("0x05"));
    writes(&[BY], json!([5]), Some("0x05"));
    writes(&[BY], json!(5), Some("0x05"));
    writes(
        &[TO, BY],
        json!({ "by": 5, "to": "f01" }),
        Some("0x8242000105"),
    );
    writes(&[TO, BY], json!(["f01", 5]), Some("0x8242000105"));
    writes(&[OPTION], json!(null), Some("0xf6"));
    writes(&[OPTION], json!({}), Some("0xf6"));
    writes(&[OPTION, BY], json!({ "by": 5 }), Some("0x820505"));
}

#[test]
fn a_lone_parameter_has_several_forms() {
    writes(&[LIST], json!({ "all": [1, 2] }), Some("0x820102"));
    writes(&[LIST], json!([1, 2]), Some("0x820102"));
    writes(&[LIST], json!([1]), Some("0x8101"));
    writes(&[LIST], json!([[1]]), Some("0x8101"));
    writes(&[LIST], json!([]), Some("0x80"));
    writes(&[STRUCT], json!({ "a": { "a": 5 } }), Some("0x8105"));
    writes(&[STRUCT], json!({ "a": 5 }), Some("0x8105"));
    writes(&[STRUCT], json!([5]), Some("0x8105"));
    writes(&[STRUCT], json!([[5]]), Some("0x8105"));
    writes(&[BITS], json!([5, 6]), Some("0x42b014"));
    let ambiguous =
        "params: found an array of 1; it may be the parameter or hold it; write {\"sectors\": …}";
    refuses(&[BITS], json!([[0, 5]]), ambiguous);
    writes(&[BLOCK], json!(null), None);
    writes(&[BLOCK], json!({ "data": null }), None);
    writes(&[BLOCK], json!("0x"), Some("0x"));
    writes(&[BLOCK], json!({ "data": "0x01" }), Some("0x01"));
    writes(
        &[BLOCK],
        json!({ "codec": 85, "data": "0x01" }),
        Some("0x01"),
    );
    writes(
        &[BLOCK, BY],
        json!({ "data": "0x01", "by": 5 }),
        Some("0x82410105"),
    );
}

#[test]
fn a_block_has_its_codec() {
    let check = |params: &[(&str, &str)], json: Value, codec: u64| {
        let block = method(params, r#""unit""#)
            .encode_params_block(&json)
            .unwrap()
            .unwrap();
        assert_eq!(block.codec, codec);
    };
    check(&[BY], json!(5), 0x51);
    check(&[BLOCK], json!("0x01"), 0x51);
    check(&[BLOCK], json!({ "codec": 0x55, "data": "0x01" }), 0x55);
    check(
        &[BLOCK],
        json!({ "data": { "codec": 0x55, "data": "0x01" } }),
        0x55,
    );
}

#[test]
fn a_fallback_takes_whatever_comes() {
    let fallback = Method {
        kind: MethodKind::Fallback,
        number: 0,
        ..method(&[], r#""unit""#)
    };
    for (json, data) in [
        (json!({}), None),
        (json!("0x05"), Some(vec![5])),
        (json!("0xff"), Some(vec![0xff])),
    ] {
        assert_eq!(fallback.encode_params(&json).unwrap(), data);
        assert_eq!(fallback.decode_params(data.as_deref()).unwrap(), json);
    }
    assert_eq!(fallback.encode_params(&json!(null)).unwrap(), None);
    assert_eq!(fallback.decode_return(None).unwrap(), json!(null));
    assert_eq!(
        fallback.decode_return(Some(&[0xff])).unwrap(),
        json!("0xff")
    );
}

#[test]
fn wrong_params_say_what_to_write() {
    refuses(
        &[],
        json!(5),
        "params: found 5; the method takes no parameters: write {}",
    );
    refuses(
        &[BY],
        json!(-5),
        "params.by: found -5; write a whole number from 0 to 18446744073709551615",
    );
    refuses(
        &[BY],
        json!({ "by": -5 }),
        "params.by: found -5; write a whole number from 0 to 18446744073709551615",
    );
    refuses(
        &[BY],
        json!({ "bye": 5 }),
        "params: found an object with bye; the method takes by (u64): write them by name, or as an array in order",
    );
    refuses(
        &[BY],
        json!([1, 2]),
        "params.by: found an array of 2; write a whole number from 0 to 18446744073709551615",
    );
    refuses(
        &[LIST],
        json!(["x"]),
        "params.all[0]: found \"x\"; write a whole number from 0 to 255",
    );
    refuses(
        &[LIST],
        json!([["x"]]),
        "params.all[0]: found \"x\"; write a whole number from 0 to 255",
    );
    refuses(
        &[TO, BY],
        json!(["f01"]),
        "params: found an array of 1; the method takes to (address), by (u64): write them by name, or as an array in order",
    );
    refuses(
        &[TO, BY],
        json!("f01"),
        "params: found \"f01\"; the method takes to (address), by (u64): write them by name, or as an array in order",
    );
    refuses(
        &[TO, BY],
        json!({ "to": "f01" }),
        "params.by: found nothing; write a whole number from 0 to 18446744073709551615",
    );
    refuses(
        &[TO, BY],
        json!({ "too": "f01" }),
        "params: found an unknown field \"too\"; did you mean to?",
    );
    refuses(
        &[TO, BY],
        json!(["f01", "x"]),
        "params.by: found \"x\"; write a whole number from 0 to 18446744073709551615",
    );
    refuses(
        &[BLOCK],
        json!(5),
        "params: found 5; write null, the bytes as hex, or {\"codec\": 81, \"data\": \"0x…\"}",
    );
}

#[test]
fn prints_params_by_name() {
    let check = |params: &[(&str, &str)], data: Option<&str>, expected: Result<Value, &str>| {
        let data = data.map(|hex| hex::parse(hex).unwrap());
        let printed = method(params, r#""unit""#).decode_params(data.as_deref());
        assert_eq!(
            printed.map_err(|error| error.to_string()),
            expected.map_err(str::to_owned)
        );
    };
    check(&[], None, Ok(json!({})));
    check(&[], Some("0x"), Ok(json!({})));
    check(
        &[],
        Some("0x05"),
        Err("params: found a block of 1 bytes; the method takes no parameters"),
    );
    check(&[BY], Some("0x05"), Ok(json!({ "by": 5 })));
    check(
        &[BY],
        None,
        Err("params: found no block; the method takes by (u64)"),
    );
    check(
        &[BY],
        Some("0xf6"),
        Err("params.by: found null (at byte 0); u64 is an integer from 0 to 18446744073709551615"),
    );
    check(
        &[TO, BY],
        Some("0x8242000105"),
        Ok(json!({ "to": "f01", "by": 5 })),
    );
    check(
        &[TO, BY],
        Some("0x8142000105"),
        Err("params: found an array of 1; the method takes to (address), by (u64) as an array"),
    );
    check(
        &[TO, BY],
        Some("0x05"),
        Err(
            "params: found the integer 5 (at byte 0); the method takes to (address), by (u64) as an array",
        ),
    );
    check(
        &[TO, BY],
        Some("0x824200010500"),
        Err(
            "params: found 1 bytes after the end of the value (at byte 5); the method takes to (address), by (u64) as an array",
        ),
    );
    check(&[BLOCK], None, Ok(json!({ "data": null })));
    check(&[BLOCK], Some("0x"), Ok(json!({ "data": "0x" })));
    check(&[BLOCK], Some("0xff"), Ok(json!({ "data": "0xff" })));
}

#[test]
fn prints_returns() {
    let check = |returns: &str, data: Option<&str>, expected: Result<Value, &str>| {
        let data = data.map(|hex| hex::parse(hex).unwrap());
        let printed = method(&[], returns).decode_return(data.as_deref());
        assert_eq!(
            printed.map_err(|error| error.to_string()),
            expected.map_err(str::to_owned)
        );
    };
    check(r#""unit""#, None, Ok(json!(null)));
    check(r#""unit""#, Some("0x"), Ok(json!(null)));
    check(r#""unit""#, Some("0xf6"), Ok(json!(null)));
    check(
        r#""unit""#,
        Some("0x05"),
        Err("return: found the integer 5 (at byte 0); unit is null"),
    );
    check(r#""u8""#, Some("0x05"), Ok(json!(5)));
    check(
        r#""u8""#,
        None,
        Err("return: found no block; u8 is an integer from 0 to 255"),
    );
    check(r#"{"option":"u8"}"#, None, Ok(json!(null)));
    check(r#""block""#, None, Ok(json!(null)));
    check(r#""block""#, Some("0x05"), Ok(json!("0x05")));
}

/// A method with these parameters, and their JSON by name.
fn calls() -> impl Strategy<Value = (Method, Value)> {
    let param = types().prop_flat_map(|ty| values(&ty).prop_map(move |value| (ty.clone(), value)));
    prop::collection::vec(param, 0..4).prop_map(|params| {
        let (types, values): (Vec<Type>, Vec<Value>) = params.into_iter().unzip();
        let names = (0..types.len()).map(|at| format!("p{at}"));
        let params = names
            .clone()
            .zip(types)
            .map(|(name, ty)| Field::new(name, ty))
            .collect();
        let json = Value::Object(names.zip(values).collect());
        (
            Method {
                params,
                ..method(&[], r#""unit""#)
            },
            json,
        )
    })
}

proptest! {
    #[test]
    fn random_params_come_back((method, json) in calls()) {
        let data = method.encode_params(&json).unwrap();
        prop_assert_eq!(data.is_some(), !method.params.is_empty());
        let printed = method.decode_params(data.as_deref()).unwrap();
        prop_assert_eq!(&printed, &json);
        prop_assert_eq!(method.encode_params(&printed).unwrap(), data);
    }

    #[test]
    fn random_returns_come_back((returns, json) in typed_values()) {
        let method = Method { returns, ..method(&[], r#""unit""#) };
        let data = method.encode_return(&json).unwrap();
        prop_assert_eq!(method.decode_return(data.as_deref()).unwrap(), json);
    }

    #[test]
    fn wrong_params_do_no_harm((method, _) in calls(), (_, json) in typed_values(), bytes: Vec<u8>) {
        if let Ok(data) = method.encode_params(&json) {
            method.decode_params(data.as_deref()).unwrap();
        }
        let _ = method.decode_params(Some(&bytes));
        let _ = method.decode_return(Some(&bytes));
    }
}
