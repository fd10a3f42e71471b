//! Tests of heads both ways, of the longer forms that are read, and of what is said of others.

use super::*;

#[test]
fn heads_are_canonical_and_come_back() {
    let check = |number: i128, hex: &str| {
        let mut out = Vec::new();
        put_int(&mut out, number);
        assert_eq!(crate::hex::print(&out), format!("0x{hex}"), "{number}");
        let mut reader = Reader::new(&out, Reading::Strict);
        assert_eq!(reader.int().ok(), Some(number));
        assert!(reader.end().is_ok());
    };
    check(0, "00");
    check(23, "17");
    check(24, "1818");
    check(255, "18ff");
    check(256, "190100");
    check(65_535, "19ffff");
    check(65_536, "1a00010000");
    check(1 << 32, "1b0000000100000000");
    check(u64::MAX.into(), "1bffffffffffffffff");
    check(-1, "20");
    check(-25, "3818");
    check(-(1 << 64), "3bffffffffffffffff");
}

#[test]
fn reads_longer_forms() {
    let check = |hex: &str, strict: Option<&str>, loose: Option<&str>| {
        for (reading, expected) in [(Reading::Strict, strict), (Reading::Loose, loose)] {
            let bytes = crate::hex::parse(hex).unwrap();
            let text = Reader::new(&bytes, reading)
                .text()
                .map(Cow::into_owned)
                .ok();
            assert_eq!(text.as_deref(), expected, "{hex} {reading:?}");
        }
    };
    let same = |hex: &str, text: Option<&str>| check(hex, text, text);
    same("0x6161", Some("a"));
    same("0x780161", Some("a"));
    same("0x7f61617f6162ff6163ff", Some("abc"));
    same("0x7f6161", None);
    same("0x61ff", None);
    same("0x7f8161ff", None);
    check("0x7f4161ff", None, Some("a"));
    check("0x4161", None, Some("a"));
    check("0x0161", None, Some("a"));
    same("0x8161", None);
    same(&format!("0x{}{}", "7f".repeat(300), "ff".repeat(300)), None);
}

#[test]
fn says_what_stands_there() {
    let check = |hex: &str, found: &str| {
        let bytes = crate::hex::parse(hex).unwrap();
        let error = Reader::new(&bytes, Reading::Strict)
            .bool()
            .map_err(|error| error.found);
        assert_eq!(
            error,
            Err(format!(
                "{found} (at byte {})",
                if found.contains("end") {
                    bytes.len()
                } else {
                    0
                }
            ))
        );
    };
    check("0x", "the end in the middle of a value");
    check("0x1901", "the end in the middle of a value");
    check("0x05", "the integer 5");
    check("0x24", "the integer -5");
    check("0x43", "a byte string of 3");
    check("0x60", "a text string of 0 bytes");
    check("0x9f", "an array or map of unstated length");
    check("0xa2", "a map of 2");
    check("0xd82a", "a link");
    check("0xc2", "the tag 2");
    check("0xf6", "null");
    check("0xf7", "the simple value 23");
    check("0xf93c00", "a float of 16 bits");
    check("0xfb3ff8000000000000", "the float 1.5");
    check("0x1c", "the byte 0x1c, which CBOR does not know");
    check("0xdf", "the byte 0xdf, which CBOR does not know");
    check("0xff", "a break");
}
