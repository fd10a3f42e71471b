//! The chain a node keeps.
//!
//! [`Chain`] puts blocks into the store and finds them again, knows the heaviest head, moves it, and tells who listens. It
//! judges nothing: what it takes are good blocks (`consensus` says when they are, `node/state` asks), and reads no state but
//! through [`States`].
//!
//! In reading order:
//! - `tipsets`, `messages`, [`applied`](Applied): what is in the store, put together;
//! - [`chain`]: the whole; [`head`]: how its head moves, of `candidates` along a [`fork`]; [`leave`]; [`events`]; [`checkpoint`];
//! - [`lookup`] with `skips`: ancestors by their epochs; [`randomness`]; [`reindex`].
//!
//! One writer at a time moves the head: store and index in one batch that survives a loss of power, then memory, then the
//! listeners. Readers wait for none of it but the commit.

mod applied;
mod cache;
mod candidates;
pub mod chain;
pub mod checkpoint;
pub mod error;
pub mod events;
pub mod fork;
pub mod head;
pub mod leave;
pub mod lookup;
mod messages;
pub mod randomness;
pub mod reindex;
mod skips;
mod states;
mod tipsets;

pub use applied::{Applied, select};
pub use chain::Chain;
pub use error::ChainError;
pub use events::{Bell, Event, Notice, Subscription};
pub use fork::Path;
pub use head::Taken;
pub use lookup::{Lookback, NullRounds};
pub use messages::BlockMessages;
pub use states::States;
