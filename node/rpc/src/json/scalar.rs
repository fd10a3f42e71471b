//! Numbers, strings, lists, and what may be absent.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::schema::or_null;
use super::{Json, Mismatch, Schemas};

/// Appends a string with its quotes.
pub(crate) fn write_string(text: &str, out: &mut String) {
    out.push_str(&serde_json::to_string(text).expect("a string is JSON"));
}

macro_rules! integers {
    ($( $type:ty, $as:ident, $minimum:expr, $expected:literal; )*) => { $(
        impl Json for $type {
            fn write(&self, out: &mut String) {
                out.push_str(&self.to_string());
            }

            fn read(value: Value) -> Result<Self, Mismatch> {
                match value {
                    Value::Null => Ok(0),
                    ref number => number
                        .$as()
                        .and_then(|number| number.try_into().ok())
                        .ok_or_else(|| Mismatch::expected($expected, &value)),
                }
            }

            fn schema(_: &mut Schemas) -> Value {
                let mut schema = json!({ "type": "integer" });
                if let Some(minimum) = $minimum {
                    schema["minimum"] = Value::from(minimum);
                }
                schema
            }

            fn is_zero(&self) -> bool {
                *self == 0
            }
        }
    )* };
}

integers! {
    i64, as_i64, None::<i64>, "an integer";
    u64, as_u64, Some(0), "an integer of 0 or more";
    u32, as_u64, Some(0), "an integer of 0 or more, up to 4294967295,";
}

impl Json for f64 {
    fn write(&self, out: &mut String) {
        let number = serde_json::Number::from_f64(*self);
        out.push_str(&number.map_or_else(|| "0".to_owned(), |number| number.to_string()));
    }

    fn read(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Null => Ok(0.0),
            ref number => number
                .as_f64()
                .ok_or_else(|| Mismatch::expected("a number", &value)),
        }
    }

    fn schema(_: &mut Schemas) -> Value {
        json!({ "type": "number" })
    }
}

impl Json for bool {
    fn write(&self, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }

    fn read(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Null => Ok(false),
            Value::Bool(value) => Ok(value),
            other => Err(Mismatch::expected("true or false", &other)),
        }
    }

    fn schema(_: &mut Schemas) -> Value {
        json!({ "type": "boolean" })
    }

    fn is_zero(&self) -> bool {
        !self
    }
}

impl Json for String {
    fn write(&self, out: &mut String) {
        write_string(self, out);
    }

    fn read(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Null => Ok(Self::new()),
            Value::String(text) => Ok(text),
            other => Err(Mismatch::expected("a string", &other)),
        }
    }

    fn schema(_: &mut Schemas) -> Value {
        json!({ "type": "string" })
    }

    fn is_zero(&self) -> bool {
        self.is_empty()
    }
}

/// Nothing: the result of methods that only do something.
impl Json for () {
    fn write(&self, out: &mut String) {
        out.push_str("null");
    }

    fn read(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Null => Ok(()),
            other => Err(Mismatch::expected("null", &other)),
        }
    }

    fn schema(_: &mut Schemas) -> Value {
        json!({ "type": "null" })
    }
}

/// Any JSON: the state of an actor, decoded parameters.
impl Json for Value {
    fn write(&self, out: &mut String) {
        out.push_str(&self.to_string());
    }

    fn read(value: Value) -> Result<Self, Mismatch> {
        Ok(value)
    }

    fn schema(_: &mut Schemas) -> Value {
        json!({})
    }

    fn is_zero(&self) -> bool {
        self.is_null()
    }
}

impl<T: Json> Json for Vec<T> {
    fn write(&self, out: &mut String) {
        out.push('[');
        for (i, value) in self.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            value.write(out);
        }
        out.push(']');
    }

    fn read(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Null => Ok(Self::new()),
            Value::Array(values) => values
                .into_iter()
                .enumerate()
                .map(|(i, value)| T::read(value).map_err(|e| e.at(i)))
                .collect(),
            other => Err(Mismatch::expected("a list", &other)),
        }
    }

    fn schema(schemas: &mut Schemas) -> Value {
        json!({ "type": "array", "items": T::schema(schemas) })
    }

    fn is_zero(&self) -> bool {
        self.is_empty()
    }
}

/// A value that is null if it is zero: a list as the result of a method.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Nil<T>(pub T);

impl<T: Json> Json for Nil<T> {
    fn write(&self, out: &mut String) {
        if self.0.is_zero() {
            out.push_str("null");
        } else {
            self.0.write(out);
        }
    }

    fn read(value: Value) -> Result<Self, Mismatch> {
        T::read(value).map(Self)
    }

    fn schema(schemas: &mut Schemas) -> Value {
        or_null(T::schema(schemas))
    }
}

impl<T: Json> Json for Option<T> {
    fn write(&self, out: &mut String) {
        match self {
            Some(value) => value.write(out),
            None => out.push_str("null"),
        }
    }

    fn read(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Null => Ok(None),
            value => T::read(value).map(Some),
        }
    }

    fn schema(schemas: &mut Schemas) -> Value {
        or_null(T::schema(schemas))
    }

    fn is_zero(&self) -> bool {
        self.is_none()
    }
}

/// A Go map: its keys are text.
impl<T: Json> Json for BTreeMap<String, T> {
    fn write(&self, out: &mut String) {
        out.push('{');
        for (i, (key, value)) in self.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            write_string(key, out);
            out.push(':');
            value.write(out);
        }
        out.push('}');
    }

    fn read(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Null => Ok(Self::new()),
            Value::Object(fields) => fields
                .into_iter()
                .map(|(key, value)| match T::read(value) {
                    Ok(value) => Ok((key, value)),
                    Err(e) => Err(e.at(key)),
                })
                .collect(),
            other => Err(Mismatch::expected("an object", &other)),
        }
    }

    fn schema(schemas: &mut Schemas) -> Value {
        json!({ "type": "object", "additionalProperties": T::schema(schemas) })
    }

    fn is_zero(&self) -> bool {
        self.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Bytes, from_text, to_text};
    use super::*;

    fn check<T: Json + PartialEq + std::fmt::Debug>(value: T, text: &str) {
        assert_eq!(to_text(&value), text);
        assert_eq!(from_text::<T>(text).unwrap(), value);
    }

    #[test]
    fn scalars_are_written_as_go_writes_them() {
        check(-5_i64, "-5");
        check(u64::MAX, "18446744073709551615");
        check(12.5_f64, "12.5");
        check(true, "true");
        check("a \"b\" \n".to_owned(), r#""a \"b\" \n""#);
        check(Bytes(b"byte array".to_vec()), r#""Ynl0ZSBhcnJheQ==""#);
        check(Bytes(vec![]), "null");
        check(vec![1_u64, 2], "[1,2]");
        check(Vec::<u64>::new(), "[]");
        check(Nil(Vec::<u64>::new()), "null");
        check(Nil(vec![1_u64]), "[1]");
        check(Option::<u64>::None, "null");
        check(BTreeMap::from([("a".to_owned(), 1_u64)]), r#"{"a":1}"#);
    }

    #[test]
    fn null_is_zero_where_there_is_a_zero() {
        assert_eq!(from_text::<u64>("null").unwrap(), 0);
        assert_eq!(from_text::<String>("null").unwrap(), "");
        assert!(!from_text::<bool>("null").unwrap());
        assert_eq!(from_text::<Vec<u64>>("null").unwrap(), Vec::<u64>::new());
        assert_eq!(from_text::<Vec<u8>>(r#""""#).unwrap(), Vec::<u8>::new());
    }

    #[test]
    fn what_is_something_else_is_refused_and_its_place_is_told() {
        for text in [
            "-1",
            "1.5",
            "1e3",
            "\"1\"",
            "18446744073709551616",
            "[]",
            "{}",
        ] {
            assert!(from_text::<u64>(text).is_err(), "{text}");
        }
        for text in ["1", "\"!\"", "\"Ynl0ZSBhcnJheQ\"", "[1]"] {
            assert!(from_text::<Vec<u8>>(text).is_err(), "{text}");
        }
        let error = from_text::<Vec<BTreeMap<String, u64>>>(r#"[{}, {"a": "b"}]"#).unwrap_err();
        assert_eq!(
            error.to_string(),
            "1.a: an integer of 0 or more is expected, found a string"
        );
    }
}
