//! Names of functions as their author wrote them, and the crate each comes from.
//!
//! The name section of a module is advice: what cannot be read in it is left out, never an error.

use std::collections::BTreeMap;

use wasmparser::{BinaryReader, Name, NameSectionReader};

use crate::optimise::{Keep, strip};
use crate::{Layout, Malformed};

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

/// A demangled name as short as it still tells where to look: `crate::path::function`, without type arguments.
///
/// A method of a trait is named by its type where that is a path, otherwise by the trait.
pub fn shorten(name: &str) -> String {
    let mut short = name.to_owned();
    if name.starts_with('<')
        && let Some(end) = closing(name)
    {
        let (inner, rest) = (&name[1..end], &name[end + 1..]);
        let (ty, of) = split_as(inner);
        let ty = ty
            .trim_start_matches(['&', '*', ' '])
            .trim_start_matches("mut ");
        let is_path = ty.starts_with(|c: char| c.is_alphabetic()) && ty.contains("::");
        short = format!("{}{rest}", if is_path { ty } else { of.unwrap_or(ty) });
    }
    let mut shown = String::new();
    let mut depth = 0_u32;
    let mut before = ' ';
    for c in short.chars() {
        match c {
            '<' => depth += 1,
            // The arrow of a function type closes nothing.
            '>' if before != '-' => depth = depth.saturating_sub(1),
            _ if depth == 0 => shown.push(c),
            _ => {}
        }
        before = c;
    }
    while shown.contains("::::") {
        shown = shown.replace("::::", "::");
    }
    let mut shown = shown
        .trim_end_matches("::")
        .replace("{{closure}}", "{closure}");
    // The compiler numbers copies of one function: `write_str.6`.
    if let Some((plain, copy)) = shown.rsplit_once('.')
        && copy.chars().all(|c| c.is_ascii_digit())
    {
        shown.truncate(plain.len());
    }
    match shown.is_empty() {
        true => name.to_owned(),
        false => shown,
    }
}

/// Where the bracket closes that a text begins with.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_u32;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match c {
            '<' => depth += 1,
            '>' if before != '-' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
        before = c;
    }
    None
}

/// The parts of `T as Trait`, whatever is inside of `T`.
fn split_as(text: &str) -> (&str, Option<&str>) {
    let mut depth = 0_u32;
    for (at, c) in text.char_indices() {
        match c {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            ' ' if depth == 0 && text[at..].starts_with(" as ") => {
                return (&text[..at], Some(&text[at + 4..]));
            }
            _ => {}
        }
    }
    (text, None)
}

/// The names of the functions a module defines, short, by index (imports included): none without a name section.
pub fn of_functions(wasm: &[u8]) -> Result<BTreeMap<u32, String>, Malformed> {
    let layout = Layout::read(wasm)?;
    let named = layout.functions.into_iter();
    Ok(named
        .filter_map(|function| Some((function.index, shorten(&function.name?))))
        .collect())
}

/// The names for a module without them, from a twin that was built with them: `None` if the twin is other code.
pub fn from_twin(wasm: &[u8], twin: &[u8]) -> Result<Option<BTreeMap<u32, String>>, Malformed> {
    let keep = Keep::default();
    let is_twin = strip(twin, keep)? == strip(wasm, keep)?;
    is_twin.then(|| of_functions(twin)).transpose()
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
    fn names_are_shortened_to_where_to_look() {
        let cases = [
            ("counter::Counter::increment", "counter::Counter::increment"),
            ("alloc::vec::Vec<T,A>::push", "alloc::vec::Vec::push"),
            (
                "<alloc::string::String as core::fmt::Write>::write_str",
                "alloc::string::String::write_str",
            ),
            (
                "<&mut W as core::fmt::Write>::write_char",
                "core::fmt::Write::write_char",
            ),
            ("<[T] as my_crate::Trait<Vec<u8>>>::f", "my_crate::Trait::f"),
            (
                "core::fmt::num::imp::<impl core::fmt::Display for u8>::fmt",
                "core::fmt::num::imp::fmt",
            ),
            (
                "token::Token::mint::{{closure}}",
                "token::Token::mint::{closure}",
            ),
            ("<a::B<fn(u8) -> u8> as c::D>::call", "a::B::call"),
            ("memcpy", "memcpy"),
            (
                "alloc::string::String::write_str.6",
                "alloc::string::String::write_str",
            ),
            ("<", "<"),
            ("<x", "<x"),
            ("", ""),
        ];
        for (name, short) in cases {
            assert_eq!(shorten(name), short, "{name}");
        }
    }

    #[test]
    fn a_twin_gives_names_and_other_code_does_not() {
        let wat = |body: &str| {
            let text = format!(
                r#"(module (func $a::b (export "x") {body}) (@custom "filigree.schema" "{{}}"))"#
            );
            wat::parse_str(text).unwrap()
        };
        let twin = wat("(nop)");
        let shipped = strip(&twin, Keep::default()).unwrap();
        let names = from_twin(&shipped, &twin).unwrap().unwrap();
        assert_eq!(names, BTreeMap::from([(0, "a::b".to_owned())]));
        assert_eq!(from_twin(&shipped, &wat("")).unwrap(), None);
        assert!(from_twin(&shipped, b"no module").is_err());
        assert!(of_functions(&shipped).unwrap().is_empty());
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
