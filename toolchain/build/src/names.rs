//! Names of functions as their author wrote them, and the crate each comes from.
//!
//! The name section of a module is advice: what cannot be read in it is left out, never an error.

use std::collections::BTreeMap;

use wasmparser::{BinaryReader, Name, NameSectionReader};

/// The section the compiler puts names into.
pub const NAME_SECTION: &str = "name";

/// Longest name shown; generic code can have names of many thousand letters.
const MAX_SHOWN: usize = 200;

/// The names of functions in the bytes of a name section, as they are written there.
pub fn read(data: &[u8]) -> BTreeMap<u32, String> {
    let subsections = NameSectionReader::new(BinaryReader::new(data, 0));
    let maps = subsections
        .map_while(Result::ok)
        .filter_map(|name| match name {
            Name::Function(map) => Some(map),
            _ => None,
        });
    let namings = maps.flat_map(|map| map.into_iter().map_while(Result::ok));
    namings
        .map(|naming| (naming.index, naming.name.to_owned()))
        .collect()
}

/// A symbol as source code would name it, without the compiler's hash.
pub fn demangle(symbol: &str) -> String {
    let name = format!("{:#}", rustc_demangle::demangle(symbol));
    match name.char_indices().nth(MAX_SHOWN) {
        Some((at, _)) => format!("{}\u{2026}", &name[..at]),
        None => name,
    }
}

/// The crate a demangled name belongs to: the first part of the first path in it; `None` without a path.
///
/// `<T as some::Trait>::f` belongs to the crate of `T` where that is a path, otherwise to the crate of the trait.
pub fn crate_of(name: &str) -> Option<&str> {
    let mut rest = name;
    while let Some(at) = rest.find("::") {
        let head = &rest[..at];
        let start = head
            .rfind(|c: char| !(c.is_alphanumeric() || c == '_'))
            .map_or(0, |before| before + 1);
        // `rfind` gives the start of a character of any width.
        let word = head.get(start..).unwrap_or_default();
        if word.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            return Some(word);
        }
        rest = &rest[at + 2..];
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn demangles_both_schemes_and_leaves_others() {
        let cases = [
            (
                "_ZN4core3fmt9Formatter3pad17h05af221e174051e9E",
                "core::fmt::Formatter::pad",
            ),
            (
                "_RNvCskwGfYPst2Cb_3foo16example_function",
                "foo::example_function",
            ),
            ("memcpy", "memcpy"),
            ("", ""),
        ];
        for (symbol, name) in cases {
            assert_eq!(demangle(symbol), name);
        }
        assert_eq!(
            demangle(&"\u{e9}".repeat(5000)).chars().count(),
            MAX_SHOWN + 1
        );
    }

    #[test]
    fn the_crate_is_the_first_part_of_the_first_path() {
        let cases = [
            ("core::fmt::Formatter::pad", Some("core")),
            (
                "<alloc::string::String as core::fmt::Write>::write_str",
                Some("alloc"),
            ),
            ("<&mut W as core::fmt::Write>::write_char", Some("core")),
            ("<[T] as my_crate::Trait>::f", Some("my_crate")),
            ("core::ptr::drop_in_place<token::Token>", Some("core")),
            ("<T as\u{e9} ::x", None),
            ("::", None),
            ("\u{20ac}::f", None),
            ("invoke", None),
            ("", None),
        ];
        for (name, expected) in cases {
            assert_eq!(crate_of(name), expected, "{name}");
        }
    }
}
