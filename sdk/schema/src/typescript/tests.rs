//! Tests of the bindings: an example in full (`example.ts`, refreshed with `FILIGREE_REFRESH=1`), hostile names.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::sample;

/// An actor with everything.
const EXAMPLE: &str = include_str!("example.json");

#[test]
fn example_is_as_kept() {
    let schema = Schema::from_json(EXAMPLE.as_bytes()).unwrap();
    let text = bindings(&schema);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/typescript/example.ts");
    if std::env::var_os("FILIGREE_REFRESH").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == text,
        "{path:?} is stale: run the test with FILIGREE_REFRESH=1 and look at what changed"
    );
    let whole = typescript(&schema);
    assert!(!whole.contains(CODECS_HERE));
    for part in RUNTIME {
        assert!(whole.contains(part));
    }
}

#[test]
fn hostile_names_stay_in_their_place() {
    let evil = "*/ alert(\\\"x\\\") /* `${1}`\\n\\u2028";
    let json = format!(
        r#"{{"filigree":1,"actor":"{evil}","state":{{"tuple":{{"name":"{evil}","fields":[{{"name":"{evil}","type":{{"enum":{{"name":"{evil}","variants":[{{"name":"{evil}","value":0}}]}}}}}}]}}}},
        "methods":[{{"name":"{evil}","number":"2","kind":"method","params":[{{"name":"{evil}","type":{{"map":{{"key":"u8","value":{{"tuple":{{"name":"{evil}","fields":[]}}}},"bits":5}}}}}}],"returns":"unit"}},
        {{"name":"{evil}2","number":"3","kind":"view","params":[{{"name":"new","type":"u8"}},{{"name":"cbor","type":"u8"}}],"returns":"block"}}]}}"#
    );
    let schema = Schema::from_json(json.as_bytes()).unwrap();
    let text = bindings(&schema);
    for line in text.lines().filter(|line| line.contains("alert")) {
        let in_string = line.contains(r#""*/ alert(\"x\") /* `${1}`\u000a\u2028""#);
        assert!(
            in_string || line.contains("alert__x_") || line.contains("alert(?x?)"),
            "{line}"
        );
    }
    assert!(text.contains("(new_: number, cbor_: number): Call<Uint8Array | undefined>"));
}

#[test]
fn a_method_of_two_numbers_is_one() {
    let row = |number: u64, kind: &str| {
        format!(
            r#"{{"name":"Get","number":"{number}","kind":"{kind}","params":[],"returns":"unit"}}"#
        )
    };
    let rows = [row(2, "view"), row(3, "view"), row(0, "fallback")].join(",");
    let json = format!(r#"{{"filigree":1,"actor":"A","state":null,"methods":[{rows}]}}"#);
    let text = bindings(&Schema::from_json(json.as_bytes()).unwrap());
    assert!(
        text.contains("get(): Call<void>") && !text.contains("3n"),
        "{text}"
    );
    let open = "get_(method: bigint, params: Uint8Array | undefined, attoFil = 0n): Call<Uint8Array | undefined>";
    assert!(text.contains(open), "{text}");
}

#[test]
fn types_of_one_name_are_told_apart() {
    let tuple =
        |ty: &str| format!(r#"{{"tuple":{{"name":"Map","fields":[{{"name":"a","type":{ty}}}]}}}}"#);
    let json = format!(
        r#"{{"filigree":1,"actor":"A","state":{{"tuple":{{"name":"Reader","fields":[{{"name":"a","type":{}}},{{"name":"b","type":{}}},{{"name":"c","type":{}}}]}}}},"methods":[]}}"#,
        tuple(r#""u8""#),
        tuple(r#""u64""#),
        tuple(r#""u8""#),
    );
    let text = bindings(&Schema::from_json(json.as_bytes()).unwrap());
    for part in [
        "interface Map_ {",
        "interface Map_2 {",
        "interface Reader_ {\n  a: Map_;\n  b: Map_2;\n  c: Map_;\n}",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

proptest! {
    #[test]
    fn every_type_has_bindings(ty in sample::types()) {
        let schema = Schema { actor: "A".to_owned(), state: Some(ty), methods: Vec::new() };
        prop_assert!(typescript(&schema).contains("export class AClient"));
    }
}
