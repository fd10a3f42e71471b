//! What a chain is made of: block headers, the tipsets they form, and the messages they carry, encoded as the network
//! encodes them (DAG-CBOR tuples; Filecoin spec, "Block" and "Tipset"; facts checked against Lotus, `chain/types`).
//!
//! Values and their CIDs, without rules and without IO: what makes a block valid is in `consensus`, where blocks are kept is
//! in `store`.
//!
//! In reading order: [`header`], [`ticket`], [`key`] and [`tipset`]; [`signature`], [`message`] (what senders sign),
//! [`roots`] (how a block lists its messages), [`full`] (a block with its messages).

mod canonical;
pub mod full;
pub mod header;
pub mod key;
pub mod message;
pub mod roots;
pub mod signature;
pub mod ticket;
pub mod tipset;

pub use canonical::{DecodeError, cid_of};
pub use full::{BlockMessage, FullBlock};
pub use header::{BeaconEntry, BlockHeader, ElectionProof};
pub use key::TipsetKey;
pub use message::{ChainMessage, SignedMessage, message_cid};
pub use roots::{MessageCids, MessageRoots, RootsError};
pub use signature::{Signature, SignatureType};
pub use ticket::Ticket;
pub use tipset::{Block, Tipset, TipsetError};
