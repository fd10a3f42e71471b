//! DAG-CBOR, with errors that stay short: what a decoder could say about a value costs more code than most actors have.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_ipld_dagcbor::{DecodeError, EncodeError};

use crate::error::{Error, Result};

/// The value in `bytes`, all of them.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_ipld_dagcbor::from_slice(bytes).map_err(not_decoded)
}

#[inline(never)]
fn not_decoded(error: DecodeError<std::convert::Infallible>) -> Error {
    match error {
        DecodeError::Msg(text) => Error::serialization(text),
        _ => Error::serialization("malformed DAG-CBOR"),
    }
}

/// A value as bytes.
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>> {
    serde_ipld_dagcbor::to_vec(value).map_err(|error| match error {
        EncodeError::Msg(text) => Error::serialization(text),
        EncodeError::Write(_) => Error::serialization("out of memory"),
    })
}
