//! Free-form values (`any`): any DAG-CBOR as JSON and back, exactly.
//!
//! What JSON has too is itself. The rest is an object whose only key is `/`, as in DAG-JSON:
//!
//! | value | JSON |
//! |---|---|
//! | a link | `{"/": "bafy…"}` |
//! | bytes | `{"/": {"hex": "0x01ff"}}` |
//! | an integer beyond 2^53 | `{"/": {"int": "9007199254740992"}}` |
//! | a map with other keys than text, or with `/` alone | `{"/": {"entries": [[key, value], …]}}` |

use cid::Cid;
use serde_json::{Map, Value, json};

use crate::cbor::{self, Head, Reader};
use crate::decode::Decoder;
use crate::encode::Encoder;
use crate::{Type, ValueError, hex, hint, number};

/// The key of what JSON does not have.
const ESCAPE: &str = "/";

const ESCAPES: &str = r#"a lone "/" is kept for {"/": "CID"}, {"/": {"hex": "0x…"}}, {"/": {"int": "…"}} and {"/": {"entries": [[key, value], …]}}"#;

impl<'t> Decoder<'t, '_> {
    pub(crate) fn any(&mut self, input: &mut Reader<'_>) -> Result<Value, ValueError> {
        let mut ahead = input.clone();
        let head = ahead
            .head()
            .map_err(|malformed| self.malformed(malformed, &Type::Any))?;
        let scalar = match head {
            Head::Array(Some(length)) => {
                *input = ahead;
                return self.any_list(length, input);
            }
            Head::Map(Some(length)) => {
                *input = ahead;
                return self.any_map(length, input);
            }
            Head::Null | Head::Bool(_) | Head::Float(_) => {
                *input = ahead;
                return self.any_simple(head);
            }
            Head::Unsigned(_) | Head::Negative(_) => {
                input.int().map(|number| match number::print(number) {
                    Value::String(text) => json!({ ESCAPE: { "int": text } }),
                    small => small,
                })
            }
            Head::Text(_) => input.text().map(Value::from),
            Head::Bytes(_) => input
                .bytes()
                .map(|bytes| json!({ ESCAPE: { "hex": hex::print(&bytes) } })),
            Head::Tag(_) => input.cid().map(|cid| json!({ ESCAPE: cid.to_string() })),
            _ => return Err(self.error(head.words(), hint::in_cbor(&Type::Any))),
        };
        scalar.map_err(|malformed| self.malformed(malformed, &Type::Any))
    }

    fn any_simple(&self, head: Head) -> Result<Value, ValueError> {
        match head {
            Head::Bool(value) => Ok(Value::Bool(value)),
            Head::Float(value) => {
                let finite = serde_json::Number::from_f64(value).map(Value::Number);
                finite.ok_or_else(|| {
                    self.error(head.words(), "DAG-CBOR has finite floats only".to_owned())
                })
            }
            _ => Ok(Value::Null),
        }
    }

    fn any_list(&mut self, length: u64, input: &mut Reader<'_>) -> Result<Value, ValueError> {
        let mut items = Vec::new();
        for index in 0..length {
            self.path.enter_index(index);
            items.push(self.value(&Type::Any, input)?);
            self.path.leave();
        }
        Ok(Value::Array(items))
    }

    fn any_map(&mut self, length: u64, input: &mut Reader<'_>) -> Result<Value, ValueError> {
        let mut entries = Vec::new();
        for index in 0..length {
            self.path.enter_index(index);
            let key = self.value(&Type::Any, input)?;
            self.path.leave();
            match &key {
                Value::String(text) => self.path.enter_key(text),
                _ => self.path.enter_index(index),
            }
            entries.push((key, self.value(&Type::Any, input)?));
            self.path.leave();
        }
        let is_plain =
            |(key, _): &(Value, Value)| key.as_str().is_some_and(|key| key != ESCAPE || length > 1);
        if !entries.iter().all(is_plain) {
            let pairs = entries.into_iter().map(|(key, value)| json!([key, value]));
            return Ok(json!({ ESCAPE: { "entries": pairs.collect::<Value>() } }));
        }
        let mut named = Map::new();
        for (key, value) in entries {
            let key = key.as_str().unwrap_or_default();
            if named.insert(key.to_owned(), value).is_some() {
                let found = format!("the key {:?} twice", hint::clip(key));
                return Err(self.error(found, "a map has each key once".to_owned()));
            }
        }
        Ok(Value::Object(named))
    }
}

impl Encoder<'_> {
    pub(crate) fn any(&mut self, json: &Value, out: &mut Vec<u8>) -> Result<(), ValueError> {
        match json {
            Value::Null => cbor::put_null(out),
            Value::Bool(value) => cbor::put_bool(out, *value),
            Value::Number(number) => match (number::parse(json), number.as_f64()) {
                (Some(number), _) => cbor::put_int(out, number),
                (None, Some(float)) if float.is_finite() => cbor::put_float(out, float),
                _ => {
                    return Err(self.error(hint::of_json(json), "write a finite number".to_owned()));
                }
            },
            Value::String(text) => cbor::put_text(out, text),
            Value::Array(items) => {
                cbor::put_array(out, items.len());
                for (index, item) in items.iter().enumerate() {
                    self.path.enter_index(index as u64);
                    self.value(&Type::Any, item, out)?;
                    self.path.leave();
                }
            }
            Value::Object(named) => match (named.len(), named.get(ESCAPE)) {
                (1, Some(escaped)) => self.escaped(escaped, out)?,
                _ => {
                    let entries = named
                        .iter()
                        .map(|(key, value)| (Value::from(key.as_str()), value));
                    self.any_entries(entries, out)?;
                }
            },
        }
        Ok(())
    }

    fn any_entries<'j>(
        &mut self,
        entries: impl Iterator<Item = (Value, &'j Value)>,
        out: &mut Vec<u8>,
    ) -> Result<(), ValueError> {
        let mut encoded = Vec::new();
        for (index, (key, json)) in entries.enumerate() {
            match &key {
                Value::String(text) => self.path.enter_key(text),
                _ => self.path.enter_index(index as u64),
            }
            let (mut key_out, mut value_out) = (Vec::new(), Vec::new());
            self.value(&Type::Any, &key, &mut key_out)?;
            self.value(&Type::Any, json, &mut value_out)?;
            encoded.push((key_out, value_out));
            self.path.leave();
        }
        self.map(encoded, out)
    }

    /// What stands under a lone `/`.
    fn escaped(&mut self, json: &Value, out: &mut Vec<u8>) -> Result<(), ValueError> {
        let wrong = |encoder: &Self| encoder.error(hint::of_json(json), ESCAPES.to_owned());
        if let Some(text) = json.as_str() {
            let cid = Cid::try_from(text).map_err(|_| wrong(self))?;
            cbor::put_cid(out, &cid);
            return Ok(());
        }
        let lone = json.as_object().filter(|object| object.len() == 1);
        let (kind, json) = lone
            .and_then(|object| object.iter().next())
            .ok_or_else(|| wrong(self))?;
        match (kind.as_str(), json) {
            ("hex", Value::String(text)) => {
                let bytes = hex::parse(text).ok_or_else(|| self.wrong(&Type::Bytes, json))?;
                cbor::put_bytes(out, &bytes);
            }
            ("int", Value::String(_)) => {
                let range = -(1 << 64)..(1 << 64);
                let number = number::parse(json).filter(|number| range.contains(number));
                let remedy = || {
                    self.error(
                        hint::of_json(json),
                        "write a whole number from -2^64 to 2^64 - 1".to_owned(),
                    )
                };
                cbor::put_int(out, number.ok_or_else(remedy)?);
            }
            ("entries", Value::Array(pairs)) => {
                let mut entries = Vec::new();
                for pair in pairs {
                    let Some([key, value]) = pair.as_array().map(Vec::as_slice) else {
                        return Err(
                            self.error(hint::of_json(pair), "write a pair [key, value]".to_owned())
                        );
                    };
                    entries.push((key.clone(), value));
                }
                self.any_entries(entries.into_iter(), out)?;
            }
            _ => return Err(wrong(self)),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipld_core::ipld::Ipld;
    use proptest::prelude::*;

    #[track_caller]
    fn check(json: Value, hex: &str) {
        let bytes = Type::Any.encode_json(&json).unwrap();
        assert_eq!(hex::print(&bytes), format!("0x{hex}"), "{json}");
        assert_eq!(Type::Any.decode(&bytes).unwrap(), json);
    }

    #[test]
    fn json_is_itself() {
        check(json!(null), "f6");
        check(json!(true), "f5");
        check(json!(-5), "24");
        check(json!(1.5), "fb3ff8000000000000");
        check(json!(1.0), "fb3ff0000000000000");
        check(json!("é"), "62c3a9");
        check(json!([1, ["a"]]), "8201816161");
        check(json!({}), "a0");
        check(json!({ "b": 1, "aa": 2 }), "a261620162616102");
        check(json!({ "/": 1, "a": 2 }), "a2612f01616102");
    }

    #[test]
    fn the_rest_is_escaped() {
        check(json!({ "/": { "hex": "0x01ff" } }), "4201ff");
        check(
            json!({ "/": { "int": "18446744073709551615" } }),
            "1bffffffffffffffff",
        );
        check(
            json!({ "/": { "int": "-18446744073709551616" } }),
            "3bffffffffffffffff",
        );
        check(json!({ "/": { "entries": [["/", 5]] } }), "a1612f05");
        check(
            json!({ "/": { "entries": [[1, 2], [{ "/": { "hex": "0x" } }, 3]] } }),
            "a201024003",
        );
        let cid = "bafyreigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi";
        let bytes = Type::Any.encode_json(&json!({ "/": cid })).unwrap();
        assert_eq!(bytes[..5], [0xd8, 42, 0x58, 37, 0]);
        assert_eq!(Type::Any.decode(&bytes).unwrap(), json!({ "/": cid }));
        // Read, though printed shorter.
        assert_eq!(
            Type::Any
                .encode_json(&json!({ "/": { "int": "5" } }))
                .unwrap(),
            [5]
        );
        assert_eq!(Type::Any.encode_json(&json!(u64::MAX)).unwrap().len(), 9);
    }

    #[test]
    fn says_what_is_wrong() {
        let wrong = |json: Value, text: &str| {
            let error = Type::Any.encode_json(&json).unwrap_err().to_string();
            assert!(error.contains(text), "{json}: {error}");
        };
        wrong(
            json!({ "a": [{ "/": 5 }] }),
            r#"value["a"][0]: found 5; a lone "/" is kept for"#,
        );
        wrong(json!({ "/": "bafy" }), r#"found "bafy"; a lone"#);
        wrong(
            json!({ "/": { "bytes": "AQ" } }),
            "found an object with bytes; a lone",
        );
        wrong(json!({ "/": { "hex": "01" } }), "write bytes as hex");
        wrong(
            json!({ "/": { "int": "x" } }),
            "write a whole number from -2^64",
        );
        wrong(
            json!({ "/": { "int": "18446744073709551616" } }),
            "write a whole number from -2^64",
        );
        wrong(
            json!({ "/": { "entries": [[1]] } }),
            "write a pair [key, value]",
        );
        wrong(
            json!({ "/": { "entries": [[1, 2], [1, 3]] } }),
            "found a key twice",
        );
        let wrong = |hex: &str, text: &str| {
            let error = Type::Any
                .decode(&hex::parse(hex).unwrap())
                .unwrap_err()
                .to_string();
            assert!(error.contains(text), "{hex}: {error}");
        };
        wrong("0xa2616101616102", r#"found the key "a" twice"#);
        wrong("0xfb7ff8000000000000", "finite floats only");
        wrong("0xf7", "the simple value 23");
        wrong("0x9f01ff", "unstated length");
        wrong("0xc101", "the tag 1");
        wrong("0x0000", "1 bytes after the end");
        wrong("0x81", "value[0]: found the end");
    }

    /// Arrays in arrays, `levels` of them.
    fn nested(levels: usize) -> Vec<u8> {
        let mut bytes = vec![0x81; levels];
        bytes.push(0);
        bytes
    }

    #[test]
    fn nesting_is_bounded() {
        let json = Type::Any.decode(&nested(127)).unwrap();
        assert_eq!(Type::Any.encode_json(&json).unwrap(), nested(127));
        for levels in [300, 100_000] {
            assert!(
                Type::Any
                    .decode(&nested(levels))
                    .unwrap_err()
                    .to_string()
                    .contains("down to 256")
            );
        }
        let mut json = json;
        for _ in 0..200 {
            json = json!([json]);
        }
        assert!(
            Type::Any
                .encode_json(&json)
                .unwrap_err()
                .to_string()
                .contains("down to 256")
        );
    }

    proptest! {
        /// Whatever the network's own reader reads is read, and means the same.
        #[test]
        fn reads_all_that_the_reference_reads(bytes in crate::sample::cborish()) {
            if let Ok(ipld) = serde_ipld_dagcbor::from_slice::<Ipld>(&bytes) {
                let text = format!("{ipld:?}");
                let is_finite = !text.contains("Float(NaN)") && !text.contains("inf)");
                // Keys that are no text are told apart here, not there.
                let is_canonical = || serde_ipld_dagcbor::to_vec(&ipld).is_ok_and(|canonical| canonical == bytes);
                let read = Type::Any.decode(&bytes);
                prop_assert_eq!(read.is_ok(), is_finite, "{:?}", read);
                if is_finite && is_canonical() {
                    prop_assert_eq!(Type::Any.encode_json(&read.unwrap()).unwrap(), bytes);
                }
            }
        }
    }
}
