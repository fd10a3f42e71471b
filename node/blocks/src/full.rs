//! A block together with its messages, as nodes give it to each other.

use cid::Cid;
use fvm_shared::message::Message;
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::canonical::{DecodeError, decode, encode};
use crate::header::BlockHeader;
use crate::message::{ChainMessage, SignedMessage};

/// A header with all its messages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FullBlock {
    /// The header.
    pub header: BlockHeader,
    /// Messages without signatures of their own.
    pub bls: Vec<Message>,
    /// Signed messages.
    pub signed: Vec<SignedMessage>,
}

impl FullBlock {
    /// Its messages in the order in which they are applied: those of BLS senders first.
    pub fn messages(&self) -> impl Iterator<Item = ChainMessage> {
        let bls = self.bls.iter().cloned().map(ChainMessage::Unsigned);
        bls.chain(self.signed.iter().cloned().map(ChainMessage::Signed))
    }
}

/// A new block as it is told to the network: its messages by their CIDs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct BlockMessage {
    /// The header.
    pub header: BlockHeader,
    /// Messages without signatures of their own.
    pub bls: Vec<Cid>,
    /// Signed messages.
    pub signed: Vec<Cid>,
}

impl BlockMessage {
    /// The announcement of these bytes.
    ///
    /// # Errors
    /// When they are not the canonical encoding of one.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode("an announcement of a block", bytes)
    }

    /// DAG-CBOR.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }
}
