//! The words of errors: what was found, and what to write instead, with an example for each type.

use serde_json::Value;

use crate::Type;

/// Longer texts are cut in messages.
const MAX_CHARS: usize = 60;

/// Longer lists of names are cut in messages.
const MAX_NAMES: usize = 20;

/// The text, cut when it is long.
pub(crate) fn clip(text: &str) -> String {
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A JSON value in a few words.
pub(crate) fn of_json(json: &Value) -> String {
    match json {
        Value::Array(items) if items.is_empty() => "an empty array".to_owned(),
        Value::Array(items) => format!("an array of {}", items.len()),
        Value::Object(fields) if fields.is_empty() => "an empty object".to_owned(),
        Value::Object(fields) => {
            let names: Vec<String> = fields.keys().take(4).map(|name| clip(name)).collect();
            let more = if fields.len() > names.len() {
                ", …"
            } else {
                ""
            };
            format!("an object with {}{more}", names.join(", "))
        }
        Value::String(text) => format!("{:?}", clip(text)),
        other => clip(&other.to_string()),
    }
}

/// Names in a list, the first of them when they are many.
pub(crate) fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(MAX_NAMES)
        .map(|name| clip(name))
        .collect();
    let more = if names.len() > shown.len() {
        ", …"
    } else {
        ""
    };
    format!("{}{more}", shown.join(", "))
}

/// What to write in JSON for a value of this type.
pub(crate) fn in_json(ty: &Type) -> String {
    if let Type::ActorId = ty {
        return "write an actor's number, such as 1234".to_owned();
    }
    if let Some((least, most)) = ty.int_range() {
        return format!("write a whole number from {least} to {most}");
    }
    let text = match ty {
        Type::Unit => "write null",
        Type::Bool => "write true or false",
        Type::String => "write a string",
        Type::Bytes => r#"write bytes as hex, such as "0x01ff""#,
        Type::Address => r#"write an address as text, such as "f01234""#,
        Type::Token => r#"write an amount as text, such as "1.5 FIL" or "1500" (attoFIL)"#,
        Type::BigInt => r#"write a whole number as text, such as "-12""#,
        Type::Cid => r#"write a CID as text, such as "bafy2bzace…""#,
        Type::BitField => {
            "write ranges [start, length], such as [[0, 5], [9, 1]], or the numbers themselves, such as [0, 1, 9]"
        }
        Type::Block => r#"write null, the bytes as hex, or {"codec": 81, "data": "0x…"}"#,
        Type::Option(inner) => return format!("{}, or null", in_json(inner)),
        Type::List(inner) => return format!("write an array of {inner}"),
        Type::Tuple { fields, .. } => {
            let names: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
            return match crate::types::are_named(fields) {
                true => format!("write an object with {}", listed(&names)),
                false => format!("write an array of {}", names.len()),
            };
        }
        Type::Transparent { ty, .. } => return in_json(ty),
        Type::Enum { variants, .. } => {
            let names: Vec<String> = variants.iter().map(|v| format!("{:?}", v.name)).collect();
            return format!("write one of {}", listed(&names));
        }
        Type::BTree { key, value } if key.is_text_key() => {
            return format!("write an object from {key} to {value}");
        }
        Type::BTree { key, value } => return format!("write an array of [{key}, {value}]"),
        Type::Map { .. } | Type::Array { .. } => {
            r#"write the CID of its root as text, such as "bafy2bzace…""#
        }
        Type::Link(_) => r#"write the CID of its block as text, such as "bafy2bzace…""#,
        _ => "write any JSON",
    };
    text.to_owned()
}

/// What a value of this type is in CBOR.
pub(crate) fn in_cbor(ty: &Type) -> String {
    if let Some((least, most)) = ty.int_range() {
        return format!("{ty} is an integer from {least} to {most}");
    }
    let text = match ty {
        Type::Unit => "unit is null",
        Type::Bool => "bool is true or false",
        Type::String => "string is a text string",
        Type::Bytes | Type::Block => return format!("{ty} is a byte string"),
        Type::Address => "an address is a byte string: its protocol and payload",
        Type::Token | Type::BigInt => {
            return format!(
                "{ty} is a byte string: empty, or sign (0 or 1) and magnitude, at most 128 bytes"
            );
        }
        Type::Cid | Type::Link(_) | Type::Map { .. } | Type::Array { .. } => {
            return format!("{ty} is a link (tag 42)");
        }
        Type::BitField => "bitfield is a byte string of RLE+",
        Type::Option(inner) => return format!("{}, or null", in_cbor(inner)),
        Type::List(_) => return format!("{ty} is an array"),
        Type::Tuple { fields, .. } => return format!("{ty} is an array of {}", fields.len()),
        Type::Transparent { ty, .. } => return in_cbor(ty),
        Type::Enum { name, variants } => {
            let values: Vec<String> = variants
                .iter()
                .map(|v| format!("{} ({})", v.value, v.name))
                .collect();
            return format!("{name} is one of {}", listed(&values));
        }
        Type::BTree { .. } => return format!("{ty} is a map"),
        _ => "any DAG-CBOR value fits",
    };
    text.to_owned()
}
