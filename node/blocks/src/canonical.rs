//! From bytes to values and back, in the one encoding that has the CID.

use cid::Cid;
use fvm_ipld_encoding::{DAG_CBOR, from_slice, to_vec};
use multihash_codetable::{Code, MultihashDigest};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Why bytes are not a value of the chain.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// They are no CBOR, or CBOR of something else.
    #[error("not {what}: {why}")]
    Malformed {
        /// What was expected: "a block header".
        what: &'static str,
        /// What the decoder says.
        why: String,
    },
    /// Other bytes say the same, and it is those that have the CID.
    #[error("{what} is not encoded canonically: its CID would be of other bytes")]
    NotCanonical {
        /// What was expected.
        what: &'static str,
    },
}

/// CID of DAG-CBOR bytes, by blake2b-256, as all of the chain has.
pub fn cid_of(bytes: &[u8]) -> Cid {
    Cid::new_v1(DAG_CBOR, Code::Blake2b256.digest(bytes))
}

/// The bytes of a value.
pub(crate) fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    to_vec(value).expect("tuples of plain values always encode")
}

/// The value of these bytes, all of them, if they are its encoding.
pub(crate) fn decode<T>(what: &'static str, bytes: &[u8]) -> Result<T, DecodeError>
where
    T: Serialize + DeserializeOwned,
{
    let value: T = from_slice(bytes).map_err(|e| DecodeError::Malformed {
        what,
        why: e.to_string(),
    })?;
    if encode(&value) != bytes {
        return Err(DecodeError::NotCanonical { what });
    }
    Ok(value)
}
