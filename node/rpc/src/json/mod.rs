//! Values as Lotus writes them in JSON (its Go types' `MarshalJSON`; facts checked against `build/openrpc/full.json`).
//!
//! The same types are written to the chain as CBOR, by serde. So JSON has a trait of its own, [`Json`]: one implementation says
//! how a value is written, how it is read, and what its schema is, and the three cannot drift apart. Most are made by
//! [`json_object!`](crate::json_object) from a table of fields.
//!
//! Go's rules hold when reading: a field that is missing or null is zero where the type has a zero (0, "", an empty list) and
//! an error where it has none (a CID, an address); names of fields match in any case; unknown fields are ignored. When writing,
//! an empty list is `[]`, or `null` where Lotus has a nil slice: marked `nil` in the table of fields. Empty bytes are `null`.
//!
//! In reading order: [`scalar`] (numbers, strings, lists), [`bytes`], [`object`] (the macro), [`schema`], then the shapes themselves:
//! [`chain`], [`bits`], [`call`], [`miner`], [`market`], [`multisig`], [`mempool`], [`node`], [`net`], [`alert`], [`filigree`], what is in blocks: [`ipld`], and in
//! built-in actors: [`builtin`].

pub mod alert;
pub mod bits;
pub mod builtin;
pub mod bytes;
pub mod call;
pub mod chain;
pub mod filigree;
pub mod ipld;
pub mod market;
pub mod mempool;
pub mod miner;
pub mod multisig;
pub mod net;
pub mod node;
pub mod object;
pub mod scalar;
pub mod schema;

use std::fmt;

use serde_json::Value;

pub use bytes::Bytes;
pub use object::{Fields, ObjectWriter};
pub use scalar::Nil;
pub use schema::Schemas;

/// A value as Lotus writes it in JSON.
pub trait Json: Sized {
    /// Appends the JSON text.
    fn write(&self, out: &mut String);

    /// The value of what was parsed. `null` stands for what is missing, too.
    ///
    /// # Errors
    /// When it is not of this shape.
    fn read(value: Value) -> Result<Self, Mismatch>;

    /// The JSON schema of the shape; of named shapes a reference, and the schema itself goes into `schemas`.
    fn schema(schemas: &mut Schemas) -> Value;

    /// Whether it is Go's zero value, which some fields leave out or write as `null`.
    fn is_zero(&self) -> bool {
        false
    }
}

/// The JSON text of a value.
pub fn to_text(value: &impl Json) -> String {
    let mut out = String::new();
    value.write(&mut out);
    out
}

/// The value of a JSON text.
///
/// # Errors
/// When the text is not JSON, is nested too deep, or is of another shape.
pub fn from_text<T: Json>(text: &str) -> Result<T, Mismatch> {
    let value = serde_json::from_str(text).map_err(|e| Mismatch::new(e.to_string()))?;
    T::read(value)
}

/// Why JSON is not of the shape that is expected, and where.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub struct Mismatch {
    path: String,
    what: String,
}

impl Mismatch {
    /// What is wrong, in words.
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            path: String::new(),
            what: what.into(),
        }
    }

    /// `expected` is not what `found` is.
    pub fn expected(expected: &str, found: &Value) -> Self {
        let found = match found {
            Value::Null => "nothing",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "another number",
            Value::String(_) => "a string",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        Self::new(format!("{expected} is expected, found {found}"))
    }

    /// The same, one step further out: in the field or at the index `step`.
    #[must_use]
    pub fn at(mut self, step: impl fmt::Display) -> Self {
        let step = step.to_string();
        let step = beginning(&step);
        let dot = if self.path.is_empty() { "" } else { "." };
        self.path = format!("{step}{dot}{}", self.path);
        self
    }
}

/// Most characters of what a caller sent that an error gives back.
const QUOTED_CHARS: usize = 80;

/// What a caller sent, for an error: in quotes, and no more than its beginning.
pub(crate) fn quoted(text: &str) -> String {
    let begin = beginning(text);
    let rest = if begin.len() < text.len() { "…" } else { "" };
    format!("{begin:?}{rest}")
}

fn beginning(text: &str) -> &str {
    let end = text.char_indices().nth(QUOTED_CHARS);
    end.map_or(text, |(end, _)| &text[..end])
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.what)
    }
}
