//! What tipsets make of state: their messages applied in the host, as every node applies them; and what is read of state to
//! judge blocks, to make them, and to answer questions.
//!
//! State only ever changes here. A tipset's messages, the rewards of its blocks and cron run in `host/vm`, on the state that
//! its blocks name; what comes out are two CIDs, which the blocks of the next tipset must name ([`States::tipset_state`]).
//! The order of all this is that of Lotus (`chain/consensus/compute_state.go`).
//!
//! In reading order: [`store`] (the blocks), [`rules`] (what one network has that another has not), [`history`] (what is asked of
//! the chain), `host_chain` (the same, for the host), `room` and `protocol` (machines, and the messages no one sends),
//! [`apply`] (a tipset), `prefetch`, `receipts`, `results` and `failures` (what is computed once, and what could not be), [`states`] (all of it for many threads),
//! [`chain`] (where all this meets `node/chain`), [`replay`], [`call`] (what would be), [`upgrade`] (new actors on old state), [`supply`] (money in circulation), [`view`]
//! (reading), `lookback`, `senders`, [`validate`] (is a block good), [`mining`] (may a miner make one).

pub mod apply;
pub mod call;
pub mod chain;
mod error;
mod failures;
mod fields;
pub mod history;
mod host_chain;
mod lookback;
pub mod mining;
mod prefetch;
mod protocol;
mod receipts;
pub mod replay;
mod results;
mod room;
pub mod rules;
mod senders;
pub mod states;
pub mod store;
pub mod supply;
pub mod upgrade;
pub mod validate;
pub mod view;

pub use apply::{Origin, Step, TipsetState};
pub use chain::StateReader;
pub use error::Error;
pub use history::{History, Nulls};
pub use lookback::{Lookback, lookback};
pub use rules::{Limits, Migration, Rules};
pub use senders::{KnownGood, KnownSenders};
pub use states::{Applied, States, TRACE_LIMIT_BYTES};
pub use store::Store;
pub use supply::Supply;
pub use view::View;
