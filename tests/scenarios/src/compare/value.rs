//! Values beside each other.

use std::collections::BTreeMap;
use std::fmt::Display;

use filigree_schema::{Method, Schema, Type};
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::{CBOR, DAG_CBOR};
use serde_json::Value;

use crate::record::Data;
use crate::stage::Stage;

/// Differences shown of one value.
const MAX_IN_VALUE: usize = 12;

/// Longest value shown in full, in characters.
const MAX_CHARS: usize = 200;

/// The schemas of our actors, by name.
pub(crate) struct Schemas(BTreeMap<String, Schema>);

impl Schemas {
    pub fn of(stage: &Stage) -> Self {
        let store = stage.store();
        let schema = |name: &str| {
            let wasm = store.get(&stage.names().code(name)?).ok().flatten()?;
            Schema::from_wasm(&wasm).ok().flatten()
        };
        let names = stage.names().all();
        Self(
            names
                .filter_map(|name| Some((name.to_owned(), schema(name)?)))
                .collect(),
        )
    }

    pub fn actor(&self, name: &str) -> Option<&Schema> {
        self.0.get(name)
    }

    pub fn method(&self, actor: &str, number: u64) -> Option<&Method> {
        self.actor(actor)?.method(number)
    }
}

/// Notes a plain field that differs.
pub(super) fn field<T: PartialEq + Display>(
    found: &mut Vec<String>,
    name: &str,
    official: &T,
    ours: &T,
) {
    if official != ours {
        found.push(format!(
            "{name}: official {}, ours {}",
            short(official),
            short(ours)
        ));
    }
}

/// How the bytes of a block become JSON.
pub(super) type Decode<'a> = &'a dyn Fn(&[u8]) -> Option<Value>;

/// Notes what differs between two blocks of bytes.
pub(super) fn data(
    found: &mut Vec<String>,
    path: &str,
    official: &Option<Data>,
    ours: &Option<Data>,
    decode: Option<Decode>,
) {
    if official == ours {
        return;
    }
    let (Some(official), Some(ours)) = (official, ours) else {
        let text = |data: &Option<Data>| match data {
            Some(data) => json(data, decode).to_string(),
            None => "nothing".to_owned(),
        };
        return field(found, path, &text(official), &text(ours));
    };
    field(
        found,
        &format!("{path}, codec"),
        &official.codec,
        &ours.codec,
    );
    let before = found.len();
    values(found, path, &json(official, decode), &json(ours, decode));
    if found.len() == before && official.bytes != ours.bytes {
        let bytes = |data: &Data| hex(&data.bytes);
        field(
            found,
            &format!("{path}, the same value as other bytes"),
            &bytes(official),
            &bytes(ours),
        );
    }
}

/// The JSON of a block: decoded as it should be, as CBOR, or as bytes.
fn json(data: &Data, decode: Option<Decode>) -> Value {
    let known = decode.and_then(|decode| decode(&data.bytes));
    let cbor = || match data.codec {
        CBOR | DAG_CBOR => Type::Any.decode(&data.bytes).ok(),
        _ => None,
    };
    known
        .or_else(cbor)
        .unwrap_or_else(|| Value::from(hex(&data.bytes)))
}

/// Notes where two values differ, by path.
pub(super) fn values(found: &mut Vec<String>, path: &str, official: &Value, ours: &Value) {
    let mut below = Vec::new();
    descend(&mut below, path, official, ours);
    let left = below.len().saturating_sub(MAX_IN_VALUE);
    found.extend(below.into_iter().take(MAX_IN_VALUE));
    if left > 0 {
        found.push(format!("{path}: and {left} more"));
    }
}

fn descend(found: &mut Vec<String>, path: &str, official: &Value, ours: &Value) {
    match (official, ours) {
        (official, ours) if official == ours => {}
        (Value::Object(official), Value::Object(ours)) => {
            for (key, value) in official {
                let path = format!("{path}.{key}");
                let other = ours.get(key).unwrap_or(&Value::Null);
                descend(found, &path, value, other);
            }
            for (key, value) in ours.iter().filter(|(key, _)| !official.contains_key(*key)) {
                descend(found, &format!("{path}.{key}"), &Value::Null, value);
            }
        }
        (Value::Array(official), Value::Array(ours)) => {
            field(
                found,
                &format!("{path}, length"),
                &official.len(),
                &ours.len(),
            );
            for (i, (official, ours)) in official.iter().zip(ours).enumerate() {
                descend(found, &format!("{path}[{i}]"), official, ours);
            }
        }
        (official, ours) => field(found, path, official, ours),
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("0x{digits}")
}

fn short(value: &impl Display) -> String {
    let text = value.to_string();
    match text.char_indices().nth(MAX_CHARS) {
        Some((at, _)) => format!("{}… ({} characters)", &text[..at], text.chars().count()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_that_differ_are_told_by_path() {
        let mut found = Vec::new();
        let official = json!({"a": [1, {"b": 2}], "c": 3, "same": 4});
        let ours = json!({"a": [1, {"b": 5}, 6], "d": 7, "same": 4});
        values(&mut found, "state", &official, &ours);
        assert_eq!(
            found,
            [
                "state.a, length: official 2, ours 3",
                "state.a[1].b: official 2, ours 5",
                "state.c: official 3, ours null",
                "state.d: official null, ours 7",
            ]
        );
    }

    #[test]
    fn one_value_in_two_encodings_is_told() {
        let block = |bytes: &[u8]| {
            Some(Data {
                codec: CBOR,
                bytes: bytes.to_vec(),
            })
        };
        let mut found = Vec::new();
        data(&mut found, "return", &block(&[0x05]), &block(&[0x05]), None);
        assert!(found.is_empty());
        data(&mut found, "return", &block(&[0x05]), &block(&[0x06]), None);
        data(&mut found, "params", &block(&[0x05]), &None, None);
        let always: Decode = &|_| Some(Value::Null);
        data(
            &mut found,
            "x",
            &block(&[0x05]),
            &block(&[0x06]),
            Some(always),
        );
        assert_eq!(
            found,
            [
                "return: official 5, ours 6",
                "params: official 5, ours nothing",
                "x, the same value as other bytes: official 0x05, ours 0x06",
            ]
        );
    }
}
