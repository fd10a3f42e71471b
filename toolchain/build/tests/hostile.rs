//! Everything that reads files of others, on files that are cut, damaged, random or made to harm: a value or an error
//! that says something, never a panic, never more memory than the file warrants.

use filigree_build::optimise::{Keep, strip};
use filigree_build::verify::compare;
use filigree_build::{Bundle, Rules, check_statically, inspect, optimise};
use proptest::prelude::*;

const ACTOR: &str = r#"(module
    (import "vm" "exit" (func $exit (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 2)
    (table 4 funcref) (elem (i32.const 1) func $f)
    (global $g (mut i64) (i64.const 3))
    (func $f (param i32 i64) (result i32)
        (block (loop (br_if 1 (local.get 0)) (br_table 0 1 (i32.const 0))))
        (memory.fill (i32.const 0) (i32.const 0) (local.get 0))
        (i32.trunc_sat_f64_u (f64.sqrt (f64.const 2))))
    (func $token::invoke (export "invoke") (param i32) (result i32)
        (call_indirect (param i32 i64) (result i32) (local.get 0) (global.get $g) (i32.const 1)))
    (data (i32.const 100) "some data")
    (@custom "filigree.schema" "{\"filigree\":1,\"actor\":\"A\",\"state\":null,\"methods\":[]}"))"#;

fn actor() -> Vec<u8> {
    wat::parse_str(ACTOR).unwrap()
}

fn bundle() -> Vec<u8> {
    let actors = vec![
        ("system".to_owned(), actor()),
        ("init".to_owned(), b"\0asm\x01\0\0\0".to_vec()),
    ];
    Bundle::new(actors).unwrap().to_car().1
}

/// Gives bytes to everything.
fn feed(bytes: &[u8]) {
    let rules = Rules::latest();
    let report = check_statically(bytes, &rules);
    assert!(report.findings.len() <= 200);
    for finding in &report.findings {
        assert!(
            !finding.what.is_empty() && finding.to_string().len() < 2000,
            "{finding}"
        );
    }
    let keep = Keep { names: true };
    match inspect(bytes) {
        Ok(inspection) => {
            serde_json::to_string(&inspection).unwrap();
            let stripped = strip(bytes, keep).unwrap();
            assert!(stripped.len() <= bytes.len());
            if let Ok(optimised) = optimise(bytes, keep) {
                assert!(inspect(&optimised).is_ok());
            }
            let good = actor();
            for (a, b) in [(&good[..], bytes), (bytes, &good)] {
                let differences = compare(a, b).unwrap();
                assert_eq!(differences.is_empty(), good == bytes, "{differences:?}");
            }
        }
        Err(error) => assert!(!report.loads(), "{error}"),
    }
    if let Err(error) = Bundle::read(bytes) {
        assert!(error.to_string().len() < 2000, "{error}");
    }
}

#[test]
fn cut_at_every_byte() {
    for whole in [actor(), bundle()] {
        feed(&whole);
        for length in 0..whole.len() {
            feed(&whole[..length]);
        }
    }
}

#[test]
fn counts_and_lengths_that_promise_too_much() {
    let header = b"\0asm\x01\0\0\0";
    let huge = b"\xff\xff\xff\xff\x0f";
    // Each section with a size, then a count, of four thousand million.
    for id in 0..=14u8 {
        feed(&[&header[..], &[id], huge].concat());
        feed(&[&header[..], &[id, 5], huge].concat());
        feed(
            &[
                &header[..],
                &[id, 12],
                huge,
                b"\x60\x00\x00\x00\x00\x00\x00",
            ]
            .concat(),
        );
    }
    // Sizes a CAR cannot have, and CBOR that announces lists and texts without end.
    for head in [
        &huge[..],
        b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\x0a\x9b\xff\xff\xff\xff\xff\xff\xff\xff\x00",
    ] {
        feed(head);
    }
    for cbor in [
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x7b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff",
    ] {
        feed(&[&[cbor.len() as u8], &cbor[..]].concat());
    }
    feed(&[&[250, 1][..], &[0x81; 250]].concat());
}

#[test]
fn many_locals_functions_and_names() {
    let many = "(local i64)".repeat(40_000);
    feed(&wat::parse_str(format!("(module (func {many}))")).unwrap());
    let functions = "(func (drop (ref.null func)))".repeat(20_000);
    feed(&wat::parse_str(format!("(module {functions})")).unwrap());
    let long = "a".repeat(50_000);
    let named = format!("(module (import \"m\" \"{long}\" (func)) (func ${long}))");
    feed(&wat::parse_str(named).unwrap());
    let deep = format!(
        "(module (func {} {}))",
        "block ".repeat(30_000),
        "end ".repeat(30_000)
    );
    feed(&wat::parse_str(deep).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn random_bytes(bytes: Vec<u8>, header: bool) {
        let head: &[u8] = if header { b"\0asm\x01\0\0\0" } else { b"" };
        feed(&[head, &bytes].concat());
    }

    #[test]
    fn damage(changes in prop::collection::vec((any::<usize>(), any::<u8>()), 1..8), is_bundle: bool) {
        let mut bytes = if is_bundle { bundle() } else { actor() };
        for (at, byte) in changes {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        feed(&bytes);
    }

    #[test]
    fn pieces(cut: usize, from: usize, insert: Vec<u8>) {
        let whole = actor();
        let (cut, from) = (cut % whole.len(), from % whole.len());
        feed(&[&whole[..cut], &insert, &whole[from..]].concat());
    }
}
