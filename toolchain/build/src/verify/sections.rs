//! What differs between two modules, section by section, with the first item that does.

use std::fmt;
use std::ops::Range;

use serde::Serialize;

use crate::layout::Section;
use crate::{Layout, Malformed};

/// A difference in one section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The section, such as `code`, or the own name of a custom section.
    pub section: String,
    /// What is different in it.
    pub what: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.section, self.what)
    }
}

/// Compares two modules; no differences if and only if they are equal.
pub fn compare(expected: &[u8], built: &[u8]) -> Result<Vec<Difference>, Malformed> {
    let sides = (Side::read(expected)?, Side::read(built)?);
    let (expected, built) = (&sides.0, &sides.1);
    let mut differences = Vec::new();
    for section in &expected.layout.sections {
        let key = key(section);
        let what = match built.section(key) {
            None => Some(format!(
                "{} bytes are missing in what was built",
                section.range.len()
            )),
            Some(other) => within(expected, section, built, other),
        };
        differences.extend(what.map(|what| Difference {
            section: section.name.to_owned(),
            what,
        }));
    }
    for section in &built.layout.sections {
        if expected.section(key(section)).is_none() {
            differences.push(Difference {
                section: section.name.to_owned(),
                what: format!("{} bytes are only in what was built", section.range.len()),
            });
        }
    }
    if differences.is_empty() && expected.wasm != built.wasm {
        differences.push(Difference {
            section: "(module)".to_owned(),
            what: "the sections are the same, but in another order or written with other lengths"
                .to_owned(),
        });
    }
    Ok(differences)
}

struct Side<'a> {
    wasm: &'a [u8],
    layout: Layout<'a>,
}

impl<'a> Side<'a> {
    fn read(wasm: &'a [u8]) -> Result<Side<'a>, Malformed> {
        let layout = Layout::read(wasm)?;
        Ok(Side { wasm, layout })
    }

    fn section(&self, wanted: (bool, &str)) -> Option<&Section<'a>> {
        self.layout.sections.iter().find(|s| key(s) == wanted)
    }

    fn bytes(&self, range: &Range<usize>) -> &'a [u8] {
        self.wasm.get(range.clone()).unwrap_or_default()
    }
}

/// What a section is found by in another module.
fn key<'s>(section: &'s Section<'_>) -> (bool, &'s str) {
    (section.is_custom, section.name)
}

/// What differs within a section that both have.
fn within(
    expected: &Side<'_>,
    section: &Section<'_>,
    built: &Side<'_>,
    other: &Section<'_>,
) -> Option<String> {
    if expected.bytes(&section.content) == built.bytes(&other.content) {
        return None;
    }
    let mut parts = Vec::new();
    let counts = (section.items.len(), other.items.len());
    if counts.0 != counts.1 {
        parts.push(format!("{} items expected, {} built", counts.0, counts.1));
    }
    if section.content.len() != other.content.len() {
        parts.push(format!(
            "{} bytes expected, {} built",
            section.content.len(),
            other.content.len()
        ));
    }
    let pairs = section.items.iter().zip(&other.items).enumerate();
    let mut different = pairs.filter(|(_, (a, b))| expected.bytes(a) != built.bytes(b));
    if let Some((index, (a, b))) = different.next() {
        let more = different.count();
        let item = item(expected, section, index);
        let at = common_prefix(expected.bytes(a), built.bytes(b));
        parts.push(format!(
            "{item} is the first that differs (at byte {:#x} expected, {:#x} built; {} and {} bytes long), {more} more",
            a.start + at,
            b.start + at,
            a.len(),
            b.len()
        ));
    } else if section.items.is_empty() {
        let at = common_prefix(
            expected.bytes(&section.content),
            built.bytes(&other.content),
        );
        parts.push(format!(
            "first different byte {:#x}",
            section.content.start + at
        ));
    }
    if parts.is_empty() {
        parts.push("the same items, written with other lengths".to_owned());
    }
    Some(parts.join("; "))
}

fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// What to call item `index` of a section.
fn item(side: &Side<'_>, section: &Section<'_>, index: usize) -> String {
    let layout = &side.layout;
    let function = || {
        layout
            .imported_functions
            .saturating_add(u32::try_from(index).unwrap_or(u32::MAX))
    };
    match section.name {
        "code" | "function" => layout.function_name(function()),
        "import" => match layout.imports.get(index) {
            Some((_, import)) => format!("import {}::{}", import.module, import.name),
            None => format!("import {index}"),
        },
        "export" => match layout.exports.get(index) {
            Some((_, export)) => format!("export {}", export.name),
            None => format!("export {index}"),
        },
        "data" => format!("data segment {index}"),
        "element" => format!("table segment {index}"),
        name => format!("{name} {index}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BASE: &str = r#"(module
        (import "vm" "exit" (func (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func $a (nop))
        (func $b (export "invoke") (param i32) (result i32) (i32.const 0))
        (data (i32.const 8) "hello"))"#;

    fn differences(change: impl Fn(String) -> String) -> Vec<String> {
        let base = wat::parse_str(BASE).unwrap();
        let other = wat::parse_str(change(BASE.to_owned())).unwrap();
        let found = compare(&base, &other).unwrap();
        assert_eq!(found.is_empty(), base == other);
        found.iter().map(ToString::to_string).collect()
    }

    #[track_caller]
    fn expect(change: impl Fn(String) -> String, expected: &[&str]) {
        let found = differences(change);
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (found, part) in found.iter().zip(expected) {
            assert!(found.contains(part), "{found}");
        }
    }

    #[test]
    fn the_section_and_its_first_different_item_are_named() {
        expect(|wat| wat, &[]);
        expect(
            |wat| wat.replace("(i32.const 0)", "(i32.const 1)"),
            &["code: function 2 (b) is the first that differs"],
        );
        expect(
            |wat| wat.replace("hello", "world"),
            &["data: data segment 0"],
        );
        expect(
            |wat| wat.replace("\"exit\"", "\"exit2\""),
            &["import vm::exit"],
        );
        expect(
            |wat| wat.replace("(func $a (nop))", "(func $a (nop)) (start $a)"),
            &["start: 3 bytes are only in what was built"],
        );
        expect(
            |wat| wat.replace("(data", "(@custom \"x\" \"y\") (data"),
            &["x: 5 bytes are only in"],
        );
        expect(
            |wat| wat.replace("(func $a (nop))", "(func $a (nop)) (func $c)"),
            &[
                "function: 2 items expected, 3 built",
                "export: export invoke",
                "code: 2 items expected",
                "name:",
            ],
        );
    }

    #[test]
    fn equal_sections_in_another_order_are_told() {
        let head = b"\0asm\x01\0\0\0";
        let (a, b) = (b"\0\x02\x01a", b"\0\x02\x01b");
        let found = compare(&[&head[..], a, b].concat(), &[&head[..], b, a].concat()).unwrap();
        assert!(found[0].to_string().contains("another order"), "{found:?}");
    }

    proptest! {
        #[test]
        fn one_changed_byte_is_always_noticed(at: usize, byte: u8) {
            let base = wat::parse_str(BASE).unwrap();
            let mut other = base.clone();
            let at = at % other.len();
            other[at] = byte;
            if let Ok(found) = compare(&base, &other) {
                prop_assert_eq!(found.is_empty(), base == other);
            }
            let _ = compare(&other, &base);
        }
    }
}
