//! Messages that wait to be mined.
//!
//! A [`Pool`] takes signed messages, from here and from the network, if they can be mined soon: signed, paid for, the next of
//! their senders or nearly so (rules and limits as Lotus has them, `chain/messagepool`; none of them is consensus). It follows
//! the chain's head, gives out sequence numbers, keeps messages from here over restarts, and selects the messages of a block.
//!
//! It knows no network, no clock and no state tree. What state says of senders comes with each head ([`Base`]); whoever owns the
//! pool publishes what [`Pool::push`] gives back.
//!
//! In reading order: [`pool`], `pending` and `inner` (what it holds); [`base`] (the head, senders), [`limits`], [`refusal`] (each reason a message is not taken),
//! `check` and `queue` (the rules: of a message alone, of a sender's messages), `head_change`, `local` (what survives a
//! restart), [`events`], `prune`, and [`select`]: which messages make the best block.

pub mod base;
mod check;
pub mod events;
mod head_change;
mod inner;
pub mod limits;
mod local;
mod pending;
pub mod pool;
mod prune;
mod queue;
mod recent;
pub mod refusal;
pub mod select;

pub use base::{Account, Accounts, Base};
pub use events::{Event, Events, Removal};
pub use limits::Limits;
pub use pending::{Pending, Pushed, Source};
pub use pool::Pool;
pub use refusal::Refusal;
