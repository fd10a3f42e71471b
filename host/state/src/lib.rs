//! State of a Filecoin network: the tree of actors, and the buffer its blocks wait in until they are flushed.
//!
//! In reading order: [`StateTree`] (actors by id, with transactions), [`InitState`], [`SystemState`] and [`Manifest`]
//! (the actor state that the protocol itself reads), [`WriteBuffer`] (blocks not yet written), [`scan_links`] (the
//! links of a block).
//!
//! Left out: what anything costs, and who may change what. That is the VM's.
#![forbid(unsafe_code)]

mod buffer;
mod error;
mod history;
mod init;
mod links;
mod manifest;
mod system;
mod tree;

pub use buffer::WriteBuffer;
pub use error::StateError;
pub use init::InitState;
pub use links::{ScanCount, ScanError, scan_links};
pub use manifest::Manifest;
pub use system::SystemState;
pub use tree::StateTree;
