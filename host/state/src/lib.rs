//! State of a Filecoin network: the tree of actors, and the buffer its blocks wait in until they are flushed.
//!
//! In reading order: [`StateTree`] (actors by id, with transactions), [`InitState`], [`SystemState`] and [`Manifest`]
//! (the actor state that the protocol itself reads), [`WriteBuffer`] (blocks not yet written), [`scan_links`] (the
//! links of a block), [`HamtError`] (what can be wrong with the map the tree is made of),
//! [`UndoMap`] (how a failed call is taken back).
//!
//! No block is ever checked against its CID: who writes one made the CID, and the store below is trusted.
//!
//! Left out: what anything costs, and who may change what. That is the VM's.

mod address_book;
mod buffer;
mod cid_map;
mod error;
mod hamt;
mod links;
mod manifest;
mod read_cache;
mod singletons;
mod system;
mod tree;
mod undo;

pub use address_book::InitState;
pub use buffer::WriteBuffer;
pub use error::StateError;
pub use fvm_shared::state::{ActorState, StateRoot};
pub use hamt::HamtError;
pub use links::{ScanCount, ScanError, scan_links};
pub use manifest::Manifest;
pub use singletons::{
    BURNT_FUNDS_ACTOR_ID, EAM_ACTOR_ID, FIRST_NON_SINGLETON_ID, INIT_ACTOR_ID, REWARD_ACTOR_ID,
    SYSTEM_ACTOR_ID,
};
pub use system::SystemState;
pub use tree::StateTree;
pub use undo::{Mark, UndoMap};
