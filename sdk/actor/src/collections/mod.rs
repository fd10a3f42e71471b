//! State larger than one block: maps, arrays and sets of numbers, spread over many blocks and read as far as needed.

mod array;
mod hash;
mod key;
mod map;

pub use array::{Array, OpenArray};
pub use fvm_ipld_bitfield::BitField;
pub use key::MapKey;
pub use map::{Map, OpenMap};
