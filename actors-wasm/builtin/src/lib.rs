//! What the built-in actors share. Nothing here is for other actors: they have the SDK.
//!
//! In reading order: [`ids`] (actors that exist once), [`code`] (which actor a code CID is), [`internal_api`] (who may call methods
//! by small numbers), [`q128`] and [`smooth`] (fixed-point arithmetic and the filter of the reward and power actors),
//! [`invariants`] (what is wrong with a state).

pub mod code;
pub mod ids;
pub mod internal_api;
pub mod invariants;
pub mod q128;
pub mod smooth;

pub use code::Type;
pub use invariants::{Broken, Invariants};
