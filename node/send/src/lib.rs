//! The way of a message from somebody's wish into the pool: what gas it needs and what it should offer for it (Lotus,
//! `node/impl/gasutils`), its number, its signature. It is the same for callers of the RPC and for parts of the node.
//!
//! In reading order: [`sender`] (who sends), [`estimate`] (gas and what to offer for it), `replace` (a higher fee for one that waits), [`spec`]
//! (what a message may cost), [`error`].

pub mod error;
pub mod estimate;
mod replace;
pub mod sender;
pub mod spec;

pub use error::SendError;
pub use sender::{Sender, Sent, check_receiver};
pub use spec::Spec;
