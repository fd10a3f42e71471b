//! The schema of an actor: what it keeps, which methods it has, how their parameters look on the wire.
//!
//! `#[actor]` writes it as compact JSON into a custom section of the Wasm ([`SECTION`]), so that every tool can encode
//! parameters from JSON, print returns and state as JSON, compare two versions of an actor and write bindings for
//! other languages, without the actor's source.
//!
//! The reading order is: [`Schema`], [`Method`] and [`Type`] (the model), `json` (its text form and its bounds),
//! `section` (reading it from Wasm); `encode` and `decode` (values, JSON to DAG-CBOR and back), `deep` (values behind
//! CIDs), `call` (parameters and returns of a method); [`diff`](Schema::diff); [`typescript`](typescript()).
//!
//! Schemas, Wasm, JSON, CBOR and stored blocks are all taken for hostile: bounded, never a panic.
//!
//! ```
//! use filigree_schema::Schema;
//!
//! let schema = Schema::from_json(
//!     br#"{"filigree":1,"actor":"Counter","state":"u64","methods":[{"name":"Add","number":"7","kind":"method",
//!     "params":[{"name":"by","type":"u64"},{"name":"tip","type":"token"}],"returns":"u64"}]}"#,
//! )?;
//! let add = schema.method_named("Add")?;
//! let params = add.encode_params(&serde_json::json!({ "by": 5, "tip": "1 nanoFIL" }))?;
//! assert_eq!(params.as_deref(), Some(&[0x82, 5, 0x45, 0, 0x3b, 0x9a, 0xca, 0][..]));
//! let printed = add.decode_params(params.as_deref())?;
//! assert_eq!(printed.to_string(), r#"{"by":5,"tip":"1000000000"}"#);
//!
//! let wrong = add.encode_params(&serde_json::json!({ "by": -5, "tip": "0" })).unwrap_err();
//! let text = "params.by: found -5; write a whole number from 0 to 18446744073709551615";
//! assert_eq!(wrong.to_string(), text);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Left out: fetching an actor's Wasm, sending messages; checking that the code does what its schema says.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used)]

mod any;
mod bits;
mod call;
mod cbor;
mod decode;
mod deep;
mod diff;
mod encode;
mod error;
mod hex;
mod hint;
mod json;
mod lookup;
mod model;
mod number;
mod path;
mod reads;
mod section;
mod text_key;
mod token;
mod trie;
mod types;
mod typescript;

#[cfg(test)]
mod sample;

pub use deep::{DeepValue, Limits, Note};
pub use diff::Change;
pub use error::{SchemaError, UnknownMethod, ValueError};
pub use json::{FORMAT, MAX_DEPTH, MAX_SIZE_BYTES};
pub use lookup::similar;
pub use model::{Field, Method, MethodKind, Schema};
pub use section::SECTION;
pub use token::{AmountError, parse_amount};
pub use types::{Type, Variant};
pub use typescript::typescript;
