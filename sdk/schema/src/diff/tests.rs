//! Tests of differences: methods, parameters and returns, state in depth.

use super::*;

/// An actor with these methods and this state.
fn schema(state: &str, methods: &str) -> Schema {
    let json = format!(r#"{{"filigree":1,"actor":"A","state":{state},"methods":[{methods}]}}"#);
    Schema::from_json(json.as_bytes()).unwrap()
}

fn method(name: &str, number: u64, kind: &str, params: &str, returns: &str) -> String {
    format!(
        r#"{{"name":"{name}","number":"{number}","kind":"{kind}","params":[{params}],"returns":{returns}}}"#
    )
}

fn field(name: &str, ty: &str) -> String {
    format!(r#"{{"name":"{name}","type":{ty}}}"#)
}

fn tuple(name: &str, fields: &[(&str, &str)]) -> String {
    let fields: Vec<String> = fields.iter().map(|(name, ty)| field(name, ty)).collect();
    format!(
        r#"{{"tuple":{{"name":"{name}","fields":[{}]}}}}"#,
        fields.join(",")
    )
}

#[track_caller]
fn check(old: &Schema, new: &Schema, expected: &[&str]) {
    let changes: Vec<String> = old.diff(new).iter().map(ToString::to_string).collect();
    assert_eq!(changes, expected);
}

const BYTE: &str = r#""u8""#;
const LONG: &str = r#""u64""#;
const TEXT: &str = r#""string""#;

#[test]
fn methods_come_and_go() {
    let one = schema("null", &method("One", 2, "method", "", BYTE));
    let two = schema("null", &method("Two", 3, "view", "", BYTE));
    check(&one, &one, &[]);
    check(
        &one,
        &two,
        &["breaking: removed method One (2)", "added method Two (3)"],
    );
    let renamed = schema("null", &method("Uno", 2, "view", "", BYTE));
    check(
        &one,
        &renamed,
        &[
            "method One (2) is called Uno",
            "Uno: changes no state any more: it may be called read-only",
        ],
    );
    check(
        &renamed,
        &one,
        &[
            "method Uno (2) is called One",
            "breaking: One: may change state now: it cannot be called read-only any more",
        ],
    );
    let fallback = schema("null", &method("Any", 0, "fallback", "", BYTE));
    let upgrade = schema("null", &method("Any", 0, "upgrade", "", BYTE));
    check(
        &fallback,
        &upgrade,
        &[
            "breaking: removed the fallback Any",
            "added the upgrade Any",
        ],
    );
}

#[test]
fn params_and_returns_flow_in_opposite_directions() {
    let with =
        |params: &str, returns: &str| schema("null", &method("Do", 2, "method", params, returns));
    let narrow = with(&field("by", BYTE), BYTE);
    let wide = with(&field("by", LONG), LONG);
    check(
        &narrow,
        &wide,
        &[
            "Do: parameter by: u8 → u64",
            "breaking: Do: return: u8 → u64",
        ],
    );
    check(
        &wide,
        &narrow,
        &[
            "breaking: Do: parameter by: u64 → u8",
            "Do: return: u64 → u8",
        ],
    );
    let named = with(&field("amount", BYTE), BYTE);
    check(&narrow, &named, &["Do: parameter by is called amount"]);
    let two = with(&[field("by", BYTE), field("to", TEXT)].join(","), BYTE);
    check(
        &narrow,
        &two,
        &["breaking: Do: parameter to (string) is added"],
    );
    check(
        &two,
        &narrow,
        &["breaking: Do: parameter to (string) is removed"],
    );
    let swapped = with(&[field("to", TEXT), field("by", BYTE)].join(","), BYTE);
    check(&two, &swapped, &["breaking: Do: parameter order: to, by"]);
    let unit = with(&field("by", BYTE), r#""unit""#);
    check(&narrow, &unit, &["breaking: Do: return: u8 → unit"]);
}

#[test]
fn state_is_compared_in_depth() {
    let with = |state: &str| schema(state, "");
    let old = with(&tuple("S", &[("a", BYTE), ("b", TEXT)]));
    check(&old, &with("null"), &["breaking: state: S → none"]);
    check(&with("null"), &old, &["breaking: state: none → S"]);
    check(
        &old,
        &with(&tuple("S", &[("a", LONG), ("b", TEXT)])),
        &["state.a: u8 → u64"],
    );
    check(
        &old,
        &with(&tuple("S", &[("a", BYTE), ("c", TEXT)])),
        &["state.b is called c"],
    );
    check(
        &old,
        &with(&tuple("S", &[("b", TEXT), ("a", BYTE)])),
        &["breaking: state.order: b, a"],
    );
    check(
        &old,
        &with(&tuple("T", &[("a", BYTE), ("b", TEXT)])),
        &["state: S is called T"],
    );
    check(
        &old,
        &with(&tuple("S", &[("a", TEXT), ("b", TEXT), ("c", BYTE)])),
        &[
            "breaking: state.c (u8) is added",
            "breaking: state.a: u8 → string",
        ],
    );
    let map = |value: &str, bits: u32| {
        with(&format!(
            r#"{{"map":{{"key":"address","value":{value},"bits":{bits}}}}}"#
        ))
    };
    check(
        &map(BYTE, 5),
        &map(TEXT, 5),
        &["breaking: state[]: u8 → string"],
    );
    check(
        &map(BYTE, 5),
        &map(BYTE, 4),
        &["breaking: state: map<address, u8> with 5 bits → map<address, u8> with 4 bits"],
    );
    check(
        &with(BYTE),
        &with(r#"{"transparent":{"name":"N","type":"u8"}}"#),
        &["state: u8 → N, the same on the wire"],
    );
    let kind = |variants: &str| {
        with(&format!(
            r#"{{"enum":{{"name":"E","variants":[{variants}]}}}}"#
        ))
    };
    let (one, two) = (
        r#"{"name":"A","value":0}"#,
        r#"{"name":"A","value":0},{"name":"B","value":1}"#,
    );
    check(&kind(one), &kind(two), &["state: E: A = 0 → A = 0, B = 1"]);
    check(
        &kind(two),
        &kind(one),
        &["breaking: state: E: A = 0, B = 1 → A = 0"],
    );
    let pair = |fields: &[(&str, &str)]| with(&tuple("", fields));
    check(
        &pair(&[("", BYTE)]),
        &pair(&[("", TEXT)]),
        &["breaking: state.0: u8 → string"],
    );
    check(
        &pair(&[("", BYTE)]),
        &pair(&[("", BYTE), ("", BYTE)]),
        &["breaking: state.count: 1 → 2"],
    );
}

#[test]
fn the_actor_may_be_renamed() {
    let renamed = Schema {
        actor: "B".to_owned(),
        ..schema("null", "")
    };
    check(
        &schema("null", ""),
        &renamed,
        &["the actor is called B, was A"],
    );
}

proptest::proptest! {
    #[test]
    fn a_schema_does_not_differ_from_itself(a in crate::sample::types(), b in crate::sample::types()) {
        let with = |ty: &Type| Schema { state: Some(ty.clone()), ..schema("null", "") };
        assert_eq!(with(&a).diff(&with(&a)), []);
        assert_eq!(with(&a).diff(&with(&b)).is_empty(), a == b);
        assert!(reads(&a, &a));
    }
}
