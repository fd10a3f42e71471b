//! Expected consensus: when a block is good, and why it is refused.
//!
//! Pure rules, one to a file: no files, no network, no state, no clock. What a rule needs is an argument, time too; what it
//! says is `Ok` or a [`Reason`]. Reading state for them is `node/state`'s, reading the chain `node/chain`'s. Facts are from the
//! Filecoin spec ("Expected Consensus"), the FIPs, and Lotus (`chain/consensus/filcns`), and from Lotus where they differ. F3 is
//! left out.
//!
//! In reading order:
//! - [`config`]: what one network has that another has not;
//! - [`draw`], [`lookback`]: randomness, and from how far back;
//! - a header by itself: [`structure`], [`timestamp`], [`fork_signal`];
//! - whose turn it is: [`beacon`], [`ticket`], [`election`] with [`sortition`], [`eligibility`], [`winning_post`],
//!   [`block_signature`];
//! - what it says of its parents: [`parents`], [`weight`], [`base_fee`];
//! - its messages: [`limits`], [`messages`];
//! - [`validate`]: all of them; [`fault`]: what a miner is punished for;
//! - [`reason`]: every way to fail.

pub mod base_fee;
pub mod beacon;
pub mod block_signature;
pub mod config;
pub mod draw;
pub mod election;
pub mod eligibility;
pub mod fault;
pub mod fork_signal;
pub mod limits;
pub mod lookback;
pub mod messages;
pub mod parents;
pub mod reason;
#[cfg(test)]
mod samples;
pub mod sortition;
pub mod structure;
pub mod ticket;
pub mod timestamp;
pub mod validate;
pub mod weight;
pub mod winning_post;

pub use config::ChainConfig;
pub use messages::sender::{Sender, SenderKind, Senders};
pub use reason::{CheckError, Ineligible, MessageFault, Reason};
pub use validate::{Author, Facts, check_block};
