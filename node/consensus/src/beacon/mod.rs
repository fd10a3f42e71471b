//! The random beacon: whether it said what a block says it said (FIP-0063; drand's specification).
//!
//! drand's networks and the beacon of a development network are checked by the same code; only the keys differ.

pub mod entries;
mod local;
mod verify;

pub use entries::{check, rounds_of_block};
pub use local::LocalBeacon;
pub use verify::verify;
