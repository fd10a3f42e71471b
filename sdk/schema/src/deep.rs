//! Values with what stands behind their CIDs: maps and arrays with their entries, links with their blocks.
//!
//! State may be huge, or hostile: how much is read is bounded, and what was left out is said. A block that the store
//! does not have leaves its CID as text, with a note.

use std::fmt;

use cid::Cid;
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::{CBOR, DAG_CBOR};
use serde_json::Value;

use crate::cbor::Reading;
use crate::decode::Decoder;
use crate::{Schema, Type, ValueError};

/// What a block counts at least: reading it has a price beside its bytes.
const MIN_BLOCK_BYTES: usize = 256;

/// How much [`Type::decode_deep`] reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most entries of each map and each array.
    pub entries: usize,
    /// The most bytes of blocks altogether; each block counts at least 256.
    pub bytes: usize,
}

/// 1000 entries, 64 MiB.
impl Default for Limits {
    fn default() -> Limits {
        Limits {
            entries: 1000,
            bytes: 64 << 20,
        }
    }
}

/// A value, and what is missing in it.
#[derive(Clone, Debug, PartialEq)]
pub struct DeepValue {
    /// Maps as objects sorted by key, arrays as lists of `[index, value]`, links as what they link to.
    pub value: Value,
    /// What was left out, and where. Empty: everything is there.
    pub notes: Vec<Note>,
}

/// Something left out of a value. Displays as `state.balances: …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where: `state.balances`.
    pub path: String,
    /// What is missing and why.
    pub text: String,
    /// Whether it cannot be had at all; else the limits left it out.
    pub is_missing: bool,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.text)
    }
}

impl Type {
    /// The JSON of a value of this type with everything behind it that `store` has and `limits` allow.
    pub fn decode_deep(
        &self,
        cbor: &[u8],
        store: &dyn Blockstore,
        limits: Limits,
    ) -> Result<DeepValue, ValueError> {
        self.decode_deep_at("value", cbor, store, limits)
    }

    fn decode_deep_at(
        &self,
        root: &'static str,
        cbor: &[u8],
        store: &dyn Blockstore,
        limits: Limits,
    ) -> Result<DeepValue, ValueError> {
        let deep = Deep {
            store,
            limits,
            bytes_left: limits.bytes,
            notes: Vec::new(),
        };
        let mut decoder = Decoder::new(root, Reading::Strict, Some(deep));
        let value = decoder.block(self, cbor)?;
        let notes = decoder.deep.map(|deep| deep.notes).unwrap_or_default();
        Ok(DeepValue { value, notes })
    }
}

impl Schema {
    /// The JSON of the actor's state with everything behind it. `None` when the actor keeps no state.
    pub fn decode_state_deep(
        &self,
        cbor: &[u8],
        store: &dyn Blockstore,
        limits: Limits,
    ) -> Result<Option<DeepValue>, ValueError> {
        let state = self.state.as_ref();
        state
            .map(|ty| ty.decode_deep_at("state", cbor, store, limits))
            .transpose()
    }
}

/// Where blocks come from, and what may still be read.
pub(crate) struct Deep<'s> {
    store: &'s dyn Blockstore,
    pub(crate) limits: Limits,
    bytes_left: usize,
    notes: Vec<Note>,
}

impl<'t> Decoder<'t, '_> {
    /// What stands behind the CID, or its text.
    pub(crate) fn follow(&mut self, ty: &'t Type, cid: Cid) -> Result<Value, ValueError> {
        let followed = match (self.load(&cid)?, ty) {
            (Some(block), Type::Link(inner)) => Some(self.block(inner, &block)?),
            (Some(block), Type::Map { key, value, bits }) => {
                Some(self.map_entries(key, value, *bits, block)?)
            }
            (Some(block), Type::Array { value, .. }) => Some(self.array_entries(value, block)?),
            _ => None,
        };
        Ok(followed.unwrap_or_else(|| Value::from(cid.to_string())))
    }

    /// The block of the CID; `None`, with a note, when it is not to be had.
    pub(crate) fn load(&mut self, cid: &Cid) -> Result<Option<Vec<u8>>, ValueError> {
        let Some(deep) = &mut self.deep else {
            return Ok(None);
        };
        if cid.codec() != DAG_CBOR && cid.codec() != CBOR {
            self.note_missing(format!("{cid} is no DAG-CBOR and was not read"));
            return Ok(None);
        }
        if deep.bytes_left < MIN_BLOCK_BYTES {
            let most = deep.limits.bytes;
            self.note(format!(
                "{cid} was not read: the limit of {most} bytes of blocks is reached"
            ));
            return Ok(None);
        }
        match deep.store.get(cid) {
            Ok(Some(block)) => {
                deep.bytes_left = deep
                    .bytes_left
                    .saturating_sub(block.len().max(MIN_BLOCK_BYTES));
                Ok(Some(block))
            }
            Ok(None) => {
                self.note_missing(format!("{cid} is not in the store"));
                Ok(None)
            }
            Err(error) => {
                let found = format!("a store that does not give {cid}: {error:#}");
                Err(self.error(
                    found,
                    "mend the store, or print without following links".to_owned(),
                ))
            }
        }
    }

    /// Notes what the limits leave out.
    pub(crate) fn note(&mut self, text: String) {
        self.add_note(text, false);
    }

    fn note_missing(&mut self, text: String) {
        self.add_note(text, true);
    }

    fn add_note(&mut self, text: String, is_missing: bool) {
        let path = self.path.to_string();
        if let Some(deep) = &mut self.deep {
            deep.notes.push(Note {
                path,
                text,
                is_missing,
            });
        }
    }
}

#[cfg(test)]
mod tests;
