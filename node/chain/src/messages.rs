//! The messages of blocks, in the store and in memory.

use std::cell::RefCell;
use std::sync::Arc;

use cid::Cid;
use filigree_blocks::{
    BlockHeader, ChainMessage, DecodeError, FullBlock, MessageCids, MessageRoots, SignedMessage,
    message_cid,
};
use filigree_store::{Batch, Db};
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::from_slice;
use fvm_shared::message::Message;

use crate::cache::Cache;
use crate::error::ChainError;

/// Messages in memory.
const CACHED: usize = 100_000;

/// The messages of a block, in the order in which they are applied: those of BLS senders first.
pub type BlockMessages = Arc<[ChainMessage]>;

pub(crate) struct Messages {
    db: Db,
    cache: Cache<Cid, BlockMessages>,
}

impl Messages {
    pub fn new(db: Db) -> Self {
        Self {
            db,
            cache: Cache::new(CACHED),
        }
    }

    pub fn of_block(&self, header: &BlockHeader) -> Result<BlockMessages, ChainError> {
        let root = header.messages;
        if let Some(messages) = self.cache.get(&root) {
            return Ok(messages);
        }
        let cids = MessageRoots::read(&self.db.blocks(), &root)?;
        let bls = self.read(&cids.bls, |bytes| {
            Ok(ChainMessage::Unsigned(unsigned(bytes)?))
        })?;
        let signed = self.read(&cids.signed, |bytes| {
            SignedMessage::from_bytes(bytes).map(ChainMessage::Signed)
        })?;
        let messages: BlockMessages = bls.into_iter().chain(signed).collect();
        let cost = messages.len().saturating_add(1);
        self.cache.insert(root, messages.clone(), cost);
        Ok(messages)
    }

    /// A message by its own CID; none if it is not in the store.
    pub fn one(&self, cid: &Cid) -> Result<Option<ChainMessage>, ChainError> {
        let Some(bytes) = self.db.blocks().read(cid)? else {
            return Ok(None);
        };
        let message = match unsigned(&bytes) {
            Ok(message) => Ok(ChainMessage::Unsigned(message)),
            Err(_) => SignedMessage::from_bytes(&bytes).map(ChainMessage::Signed),
        };
        message.map(Some).map_err(|reason| malformed(cid, reason))
    }

    fn read(
        &self,
        cids: &[Cid],
        decode: impl Fn(&[u8]) -> Result<ChainMessage, DecodeError>,
    ) -> Result<Vec<ChainMessage>, ChainError> {
        let bytes = self.db.blocks().read_many(cids)?;
        let messages = cids.iter().zip(bytes).map(|(cid, bytes)| {
            let bytes = bytes.ok_or(ChainError::Missing {
                what: "message",
                cid: Box::new(*cid),
            })?;
            decode(&bytes).map_err(|reason| malformed(cid, reason))
        });
        messages.collect()
    }
}

/// Adds the messages of a block, and their list, to a batch.
pub(crate) fn put(batch: &mut Batch, block: &FullBlock) -> Result<(), ChainError> {
    let cids = MessageCids {
        bls: block.bls.iter().map(message_cid).collect(),
        signed: block.signed.iter().map(SignedMessage::cid).collect(),
    };
    MessageRoots::write(&Puts(RefCell::new(batch)), &cids)?;
    for message in block.messages() {
        batch.put_block(&message.cid(), &message.to_bytes());
    }
    Ok(())
}

fn malformed(cid: &Cid, reason: DecodeError) -> ChainError {
    ChainError::Malformed {
        cid: Box::new(*cid),
        reason,
    }
}

/// A batch as a place to write blocks to.
struct Puts<'a>(RefCell<&'a mut Batch>);

impl Blockstore for Puts<'_> {
    fn get(&self, _: &Cid) -> anyhow::Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn put_keyed(&self, cid: &Cid, block: &[u8]) -> anyhow::Result<()> {
        self.0.borrow_mut().put_block(cid, block);
        Ok(())
    }
}

/// The message of these bytes, if they are its encoding.
fn unsigned(bytes: &[u8]) -> Result<Message, DecodeError> {
    let what = "a message";
    let message: Message = from_slice(bytes).map_err(|e| DecodeError::Malformed {
        what,
        why: e.to_string(),
    })?;
    let message = ChainMessage::Unsigned(message);
    if message.to_bytes() != bytes {
        return Err(DecodeError::NotCanonical { what });
    }
    match message {
        ChainMessage::Unsigned(message) => Ok(message),
        ChainMessage::Signed(signed) => Ok(signed.message),
    }
}
