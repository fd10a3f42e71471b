//! State larger than one block: maps, arrays and sets of numbers, spread over many blocks and read as far as needed.

mod array;
mod key;
mod map;

pub use array::{Array, OpenArray};
pub use filigree_ipld::Blocks;
pub use fvm_ipld_bitfield::BitField;
pub use key::MapKey;
pub use map::{Map, OpenMap};

use filigree_ipld::Broken;
use serde::de::DeserializeOwned;

use crate::cbor;
use crate::error::{Error, Result};

/// The value in a node.
fn decode<V: DeserializeOwned>(value: &[u8]) -> Result<V> {
    cbor::decode(value).map_err(|_| Error::illegal_state("a collection has a malformed value"))
}

/// Why an iteration ended early.
enum Stopped<E> {
    /// The collection is damaged.
    Broken(Broken<E>),
    /// Whoever visited failed.
    Failed(Error),
}

impl<E> Stopped<E> {
    fn error(self, damaged: fn(Broken<E>) -> Error) -> Error {
        match self {
            Self::Broken(broken) => damaged(broken),
            Self::Failed(error) => error,
        }
    }
}

impl<E> From<Broken<E>> for Stopped<E> {
    fn from(broken: Broken<E>) -> Self {
        Self::Broken(broken)
    }
}

impl<E> From<Error> for Stopped<E> {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}
