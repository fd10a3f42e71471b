//! The text form of a schema: compact JSON, the same bytes for the same schema, and bounds on what is read.
//!
//! `{"filigree":1,"actor":"Counter","state":TYPE|null,"methods":[METHOD, …]}`. What the JSON can say and no schema can
//! mean (two methods of one number, a map whose keys have no bytes) is refused here, so that the rest may rely on it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::model::{Field, Method, MethodKind, Schema};
use crate::{SchemaError, Type};

/// The format of schemas that this crate reads and writes.
pub const FORMAT: u64 = 1;

/// The largest schema that is read, in bytes.
pub const MAX_SIZE_BYTES: usize = 1 << 20;

/// The deepest nesting of types that is read: `list<option<u8>>` is three deep. JSON's own nesting is bounded to 128.
pub const MAX_DEPTH: usize = 64;

/// The most bits per level of a map.
const MAX_MAP_BITS: u32 = 8;

/// The most bits per level of an array.
pub(crate) const MAX_ARRAY_BITS: u32 = 18;

/// What stands in the text, in order.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Document {
    filigree: u64,
    actor: String,
    state: Option<Type>,
    methods: Vec<Method>,
}

impl From<Schema> for Document {
    fn from(schema: Schema) -> Document {
        let Schema {
            actor,
            state,
            methods,
        } = schema;
        Document {
            filigree: FORMAT,
            actor,
            state,
            methods,
        }
    }
}

impl TryFrom<Document> for Schema {
    type Error = SchemaError;

    fn try_from(document: Document) -> Result<Schema, SchemaError> {
        let Document {
            filigree,
            actor,
            state,
            methods,
        } = document;
        if filigree != FORMAT {
            let found = filigree.to_string();
            return Err(SchemaError::Format { found });
        }
        let schema = Schema {
            actor,
            state,
            methods,
        };
        schema.check()?;
        Ok(schema)
    }
}

impl Schema {
    /// Reads the text of a schema.
    pub fn from_json(json: &[u8]) -> Result<Schema, SchemaError> {
        if json.len() > MAX_SIZE_BYTES {
            return Err(SchemaError::TooLarge { size: json.len() });
        }
        // The format first: a later one may have words that this one calls unknown.
        #[derive(Deserialize)]
        struct Head {
            #[serde(default)]
            filigree: serde_json::Value,
        }
        let Head { filigree } = serde_json::from_slice(json).map_err(unreadable)?;
        if filigree != FORMAT {
            let found = crate::hint::of_json(&filigree);
            return Err(SchemaError::Format { found });
        }
        let document: Document = serde_json::from_slice(json).map_err(unreadable)?;
        document.try_into()
    }

    /// The text of the schema: compact, the same for the same schema.
    pub fn to_json(&self) -> String {
        // Strings, numbers and lists of them always have JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What `from_json` checks beyond the shape. For schemas made by hand.
    pub fn check(&self) -> Result<(), SchemaError> {
        if let Some(state) = &self.state {
            check_type(state, 1).map_err(|reason| invalid("state", reason))?;
        }
        let mut numbers = BTreeSet::new();
        for method in &self.methods {
            let place = format!("method {}", method.name);
            let refuse = |reason| Err(invalid(&place, reason));
            if let Some(reason) = wrong_number(method) {
                return refuse(reason);
            }
            if method.kind != MethodKind::Upgrade && !numbers.insert(method.number) {
                let reason = format!("number {} is taken by an earlier method", method.number);
                return refuse(reason);
            }
            if let Some(name) = repeated(method.params.iter().map(|param| param.name.as_str())) {
                return refuse(format!("two parameters are called {name:?}"));
            }
            for Field { name, ty } in &method.params {
                check_type(ty, 1).map_err(|reason| invalid(&format!("{place}, {name}"), reason))?;
            }
            check_type(&method.returns, 1)
                .map_err(|reason| invalid(&format!("{place}, its return"), reason))?;
        }
        Ok(())
    }
}

fn unreadable(error: serde_json::Error) -> SchemaError {
    let reason = error.to_string();
    SchemaError::Json { reason }
}

fn invalid(place: &str, reason: String) -> SchemaError {
    let place = place.to_owned();
    SchemaError::Invalid { place, reason }
}

fn wrong_number(method: &Method) -> Option<String> {
    let number = method.number;
    match method.kind {
        MethodKind::Constructor if number != 1 => {
            Some(format!("a constructor has number 1, not {number}"))
        }
        MethodKind::Fallback if number != 0 => {
            Some(format!("a fallback has number 0, not {number}"))
        }
        MethodKind::Method | MethodKind::View | MethodKind::Receive if number < 2 => Some(format!(
            "number {number} is reserved (0 sends, 1 constructs); use 2 or more"
        )),
        _ => None,
    }
}

fn check_type(ty: &Type, depth: usize) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err(format!("types are nested deeper than {MAX_DEPTH}"));
    }
    match ty {
        Type::Map { key, bits, .. } => {
            if !key.is_map_key() {
                return Err(format!(
                    "{key} cannot be the key of a map; use address, actor_id, an integer, string, bytes or cid"
                ));
            }
            check_bits(*bits, MAX_MAP_BITS)?;
        }
        Type::Array { bits, .. } => check_bits(*bits, MAX_ARRAY_BITS)?,
        Type::Enum { name, variants } => {
            if let Some(twice) = repeated(variants.iter().map(|v| v.name.as_str())) {
                return Err(format!("the enum {name} has two variants {twice}"));
            }
            if let Some(twice) = repeated(variants.iter().map(|v| v.value)) {
                return Err(format!("the enum {name} has two variants of value {twice}"));
            }
        }
        _ => {}
    }
    ty.children()
        .into_iter()
        .try_for_each(|child| check_type(child, depth + 1))
}

fn check_bits(bits: u32, most: u32) -> Result<(), String> {
    match bits {
        bits if (1..=most).contains(&bits) => Ok(()),
        _ => Err(format!("bits are from 1 to {most}, not {bits}")),
    }
}

fn repeated<T: Ord + Copy>(items: impl Iterator<Item = T>) -> Option<T> {
    let mut seen = BTreeSet::new();
    let mut items = items;
    items.find(|item| !seen.insert(*item))
}

/// A u64 as a decimal string: method numbers are beyond what every JSON reader keeps exact.
pub(crate) mod decimal {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || {
            D::Error::custom(format!(
                "{text:?} is no method number; write it as \"1234\""
            ))
        };
        let plain = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| plain);
        number.ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::COUNTER;

    #[test]
    fn text_is_exact_both_ways() {
        let schema = Schema::from_json(COUNTER.as_bytes()).unwrap();
        assert_eq!(schema.actor, "Counter");
        assert_eq!(schema.methods[1].number, u64::MAX);
        assert_eq!(schema.to_json(), COUNTER);
        let pretty = serde_json::to_string_pretty(&schema).unwrap();
        assert_eq!(Schema::from_json(pretty.as_bytes()).unwrap(), schema);
        assert_eq!(serde_json::from_str::<Schema>(COUNTER).unwrap(), schema);
    }

    #[track_caller]
    fn check(json: &str, part: &str) {
        let error = Schema::from_json(json.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(part), "{json}: {error}");
    }

    #[test]
    fn refuses_what_is_no_schema() {
        check("", "not readable");
        check("null", "not readable");
        check("[]", "has format null");
        check("{}", "has format null");
        check(
            r#"{"filigree":"1"}"#,
            r#"has format "1", this tool reads format 1"#,
        );
        check(r#"{"filigree":2,"sections":[]}"#, "has format 2");
        check(r#"{"filigree":1}"#, "missing field `actor`");
        check(
            r#"{"filigree":1,"actor":"A","state":null,"methods":[],"more":1}"#,
            "unknown field `more`",
        );
        check(
            r#"{"filigree":1,"actor":"A","state":"u128","methods":[]}"#,
            "unknown variant `u128`",
        );
        check(&"[".repeat(10_000), "not readable");
        check(&" ".repeat(MAX_SIZE_BYTES + 1), "at most 1048576 are read");
    }

    #[test]
    fn refuses_what_no_schema_can_mean() {
        let state = |ty: &str, part: &str| {
            let json = format!(r#"{{"filigree":1,"actor":"A","state":{ty},"methods":[]}}"#);
            check(&json, part);
        };
        let nested = format!("{}\"u8\"{}", r#"{"list":"#.repeat(64), "}".repeat(64));
        state(&nested, "state: types are nested deeper than 64");
        let nested = format!("{}\"u8\"{}", r#"{"list":"#.repeat(200), "}".repeat(200));
        state(&nested, "recursion limit");
        state(
            r#"{"map":{"key":"any","value":"u8","bits":5}}"#,
            "any cannot be the key of a map; use address",
        );
        state(
            r#"{"map":{"key":"u8","value":"u8","bits":9}}"#,
            "bits are from 1 to 8, not 9",
        );
        state(
            r#"{"list":{"array":{"value":"u8","bits":0}}}"#,
            "bits are from 1 to 18, not 0",
        );
        state(
            r#"{"enum":{"name":"E","variants":[{"name":"A","value":0},{"name":"A","value":1}]}}"#,
            "the enum E has two variants A",
        );
        state(
            r#"{"enum":{"name":"E","variants":[{"name":"A","value":7},{"name":"B","value":7}]}}"#,
            "two variants of value 7",
        );

        let methods = |list: &[(&str, &str, &str, &str)], part: &str| {
            let list: Vec<String> = list
                .iter()
                .map(|(name, number, kind, params)| {
                    format!(r#"{{"name":"{name}","number":"{number}","kind":"{kind}","params":[{params}],"returns":"unit"}}"#)
                })
                .collect();
            let list = list.join(",");
            check(
                &format!(r#"{{"filigree":1,"actor":"A","state":null,"methods":[{list}]}}"#),
                part,
            );
        };
        methods(
            &[("A", "2", "method", ""), ("B", "2", "view", "")],
            "method B: number 2 is taken",
        );
        methods(
            &[("A", "2", "constructor", "")],
            "a constructor has number 1, not 2",
        );
        methods(
            &[("A", "2", "fallback", "")],
            "a fallback has number 0, not 2",
        );
        methods(&[("A", "1", "view", "")], "number 1 is reserved");
        methods(&[("A", "x", "view", "")], r#""x" is no method number"#);
        methods(&[("A", "+2", "view", "")], r#""+2" is no method number"#);
        methods(
            &[("A", "18446744073709551616", "view", "")],
            "is no method number",
        );
        let twice = r#"{"name":"a","type":"u8"},{"name":"a","type":"u8"}"#;
        methods(
            &[("A", "2", "view", twice)],
            r#"two parameters are called "a""#,
        );
        let key = r#"{"name":"a","type":{"map":{"key":"bool","value":"u8","bits":5}}}"#;
        methods(
            &[("A", "2", "view", key)],
            "method A, a: bool cannot be the key",
        );
    }

    #[test]
    fn an_upgrade_shares_any_number() {
        let json = r#"{"filigree":1,"actor":"A","state":null,"methods":[{"name":"A","number":"0","kind":"fallback","params":[],"returns":"unit"},{"name":"U","number":"0","kind":"upgrade","params":[],"returns":"unit"}]}"#;
        assert_eq!(Schema::from_json(json.as_bytes()).unwrap().to_json(), json);
    }
}
