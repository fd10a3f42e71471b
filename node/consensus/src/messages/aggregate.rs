//! The aggregate: one signature for all messages of BLS senders in a block.

use cid::Cid;
use filigree_blocks::BlockHeader;
use filigree_keys::verify_aggregate;
use fvm_shared::address::{Address, BLS_PUB_LEN, Payload};

use super::sender::Sender;
use crate::reason::{Field, MessageFault, Reason};

/// The BLS key of a sender.
pub type BlsKey = [u8; BLS_PUB_LEN];

/// The key that signs in the aggregate for a message that is sent from `from`.
pub fn key_of(from: &Address, sender: &Sender) -> Result<BlsKey, MessageFault> {
    match sender.signer(from).as_ref().map(Address::payload) {
        Some(Payload::BLS(key)) => Ok(*key),
        _ => Err(MessageFault::NoBlsKey(*from)),
    }
}

/// That the aggregate is of exactly these messages: the senders' keys and the messages' CIDs. For none, any will do
/// (FIP-0079) that is as long as one.
pub fn check(header: &BlockHeader, messages: &[(BlsKey, Cid)]) -> Result<(), Reason> {
    let aggregate = header.bls_aggregate.as_ref();
    let aggregate = aggregate.ok_or(Reason::Missing(Field::Aggregate))?;
    let keys: Vec<BlsKey> = messages.iter().map(|(key, _)| *key).collect();
    let texts: Vec<Vec<u8>> = messages.iter().map(|(_, cid)| cid.to_bytes()).collect();
    let texts: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
    if !verify_aggregate(aggregate, &keys, &texts) {
        return Err(Reason::Aggregate);
    }
    Ok(())
}
