//! Names of a schema as names of TypeScript: identifiers that are no keywords and not taken, strings and comments that
//! no name can leave.

use std::collections::BTreeSet;

/// Words that cannot name a parameter, a type or a constant in strict code, and names of the language that the text
/// uses.
const RESERVED: &[&str] = &[
    "Array",
    "ArrayBuffer",
    "ArrayLike",
    "BigInt",
    "DataView",
    "Error",
    "Map",
    "Math",
    "Number",
    "Object",
    "Uint8Array",
    "any",
    "arguments",
    "as",
    "async",
    "await",
    "bigint",
    "boolean",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "constructor",
    "continue",
    "debugger",
    "declare",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "eval",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "function",
    "globalThis",
    "if",
    "implements",
    "import",
    "in",
    "instanceof",
    "interface",
    "let",
    "module",
    "namespace",
    "never",
    "new",
    "null",
    "number",
    "object",
    "package",
    "private",
    "protected",
    "public",
    "return",
    "static",
    "string",
    "super",
    "switch",
    "symbol",
    "this",
    "throw",
    "true",
    "try",
    "type",
    "typeof",
    "undefined",
    "unknown",
    "var",
    "void",
    "while",
    "with",
    "yield",
];

/// The longest part of a name that is kept.
const MAX_CHARS: usize = 80;

/// Names that are taken in one place.
pub(super) struct Scope {
    taken: BTreeSet<String>,
}

impl Scope {
    /// The names of a file with this runtime.
    pub(super) fn of_file(runtime: &[&str]) -> Scope {
        let words = ["class", "const", "function", "interface", "type"];
        let lines = runtime.iter().flat_map(|text| text.lines());
        let names = lines.filter_map(|line| {
            let declared = line.strip_prefix("export ").unwrap_or(line);
            let (word, rest) = declared.split_once(' ')?;
            let end = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
            words.contains(&word).then(|| rest.get(..end))?
        });
        Scope::of(names)
    }

    /// The names of a class of bindings.
    pub(super) fn of_class() -> Scope {
        Scope::of(
            [
                "to",
                "prototype",
                "toString",
                "valueOf",
                "hasOwnProperty",
                "__proto__",
            ]
            .into_iter(),
        )
    }

    /// Some names.
    pub(super) fn of_names(names: &[&str]) -> Scope {
        Scope::of(names.iter().copied())
    }

    fn of<'n>(names: impl Iterator<Item = &'n str>) -> Scope {
        let reserved = RESERVED.iter().copied();
        Scope {
            taken: reserved.chain(names).map(str::to_owned).collect(),
        }
    }

    /// The name, or the next that is free: `name`, `name_`, `name_2`, `name_3`.
    pub(super) fn take(&mut self, name: String) -> String {
        let (mut free, mut count) = (name.clone(), 1);
        while self.taken.contains(&free) {
            free = if count == 1 {
                format!("{name}_")
            } else {
                format!("{name}_{count}")
            };
            count += 1;
        }
        self.taken.insert(free.clone());
        free
    }
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$'
}

/// An identifier like the name.
pub(super) fn identifier(name: &str) -> String {
    let kept = name.chars().take(MAX_CHARS);
    let plain: String = kept.map(|c| if is_part(c) { c } else { '_' }).collect();
    match plain.chars().next() {
        Some(first) if !first.is_ascii_digit() => plain,
        _ => format!("_{plain}"),
    }
}

/// The name of a property: itself, or in quotes.
pub(super) fn property(name: &str) -> String {
    if name == identifier(name) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// A string in quotes.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            ' '..='~' => quoted.push(c),
            _ => quoted.extend(
                c.encode_utf16(&mut [0; 2])
                    .iter()
                    .map(|unit| format!("\\u{unit:04x}")),
            ),
        }
    }
    quoted.push('"');
    quoted
}

/// The text on one line of a comment.
pub(super) fn comment(text: &str) -> String {
    let kept = text.chars().take(MAX_CHARS);
    let plain = kept.map(|c| {
        if c.is_alphanumeric() || " _-.,:<>()[]$#".contains(c) {
            c
        } else {
            '?'
        }
    });
    plain.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_identifiers() {
        let check = |name: &str, expected: &str| assert_eq!(identifier(name), expected);
        check("owner", "owner");
        check("$a_1", "$a_1");
        check("1st", "_1st");
        check("", "_");
        check("a b-é", "a_b__");
        check(&"x".repeat(200), &"x".repeat(80));
        assert_eq!(property("owner"), "owner");
        assert_eq!(property("a b"), r#""a b""#);
        assert_eq!(property(""), r#""""#);
    }

    #[test]
    fn taken_names_get_a_mark() {
        let mut scope = Scope::of_names(&["cbor"]);
        let mut check =
            |name: &str, expected: &str| assert_eq!(scope.take(name.to_owned()), expected);
        check("to", "to");
        check("to", "to_");
        check("to", "to_2");
        check("cbor", "cbor_");
        check("new", "new_");
        let mut scope = Scope::of_file(&[
            "export class Reader {\nconst BASE32 = 1;\n  const inner = 2;\nfunction utf8(a) {",
        ]);
        let mut check =
            |name: &str, expected: &str| assert_eq!(scope.take(name.to_owned()), expected);
        check("Reader", "Reader_");
        check("BASE32", "BASE32_");
        check("utf8", "utf8_");
        check("inner", "inner");
    }

    #[test]
    fn no_text_leaves_its_place() {
        assert_eq!(
            quoted("a\"b\\\n\u{2028}😀"),
            r#""a\"b\\\u000a\u2028\ud83d\ude00""#
        );
        assert_eq!(comment("a */ b\n// c"), "a ?? b??? c");
    }
}
