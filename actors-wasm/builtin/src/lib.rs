//! What the built-in actors share. Nothing here is for other actors: they have the SDK.
//!
//! In reading order: [`ids`] (actors that exist once), [`code`] (which actor a code CID is), [`internal_api`] (who may call methods
//! by small numbers), [`resolve`] (addresses in parameters), [`network`] and [`policy`] (time; what networks choose for
//! themselves), [`calls`] (what actors call of each other), [`batch`] (what became of the parts of a batch),
//! [`q128`] and [`smooth`] (fixed-point arithmetic and the filter of the reward and power actors),
//! [`invariants`] (what is wrong with a state).

pub mod batch;
pub mod calls;
pub mod code;
pub mod ids;
pub mod internal_api;
pub mod invariants;
pub mod network;
pub mod policy;
pub mod q128;
pub mod resolve;
pub mod smooth;

pub use batch::{BatchReturn, FailCode};
pub use code::Type;
pub use invariants::{Broken, Invariants};
pub use policy::{POLICY, Policy};
