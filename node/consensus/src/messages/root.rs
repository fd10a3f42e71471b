//! The list of a block's messages: the header names it, and so the messages.

use anyhow::anyhow;
use cid::Cid;
use filigree_blocks::{FullBlock, MessageCids, MessageRoots, SignedMessage, message_cid};
use fvm_ipld_blockstore::MemoryBlockstore;

use crate::reason::{CheckError, Reason};

/// CID of the list of these messages, as a header has it.
pub fn of(block: &FullBlock) -> anyhow::Result<Cid> {
    let messages = MessageCids {
        bls: block.bls.iter().map(message_cid).collect(),
        signed: block.signed.iter().map(SignedMessage::cid).collect(),
    };
    MessageRoots::write(&MemoryBlockstore::new(), &messages)
        .map_err(|e| anyhow!("the list of a block's messages cannot be made: {e}"))
}

/// That the header lists the block's messages.
pub fn check(block: &FullBlock) -> Result<(), CheckError> {
    let claimed = block.header.messages;
    let computed = of(block)?;
    if claimed != computed {
        let (claimed, computed) = (Box::new(claimed), Box::new(computed));
        return Err(Reason::MessageRoot { claimed, computed }.into());
    }
    Ok(())
}
