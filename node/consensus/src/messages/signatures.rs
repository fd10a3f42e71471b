//! The signatures of signed messages: which types there are at which version, and that they hold.
//!
//! A signature costs some 0.1 ms and a block may have ten thousand, so they are checked on several threads. The first message,
//! in the order of the block, whose signature does not hold is the one that is reported.

use std::thread;

use filigree_blocks::{SignatureType, SignedMessage};
use filigree_keys::eth::Form;
use filigree_keys::{SignatureError, SignedTransaction, spread, verify_message};
use fvm_shared::version::NetworkVersion;

use super::sender::{Sender, Senders};
use crate::config::ChainConfig;
use crate::reason::{CheckError, MessageFault, Reason};

/// Fewer messages than this are not worth a thread.
const MIN_PER_THREAD: usize = 32;

/// That signed messages have signatures of this type at this version: secp256k1, and from 18 on delegated ones, of EIP-1559
/// transactions alone up to 22.
pub fn check_type(
    config: &ChainConfig,
    version: NetworkVersion,
    signed: &SignedMessage,
) -> Result<(), MessageFault> {
    let sig_type = signed.signature.sig_type;
    match sig_type {
        SignatureType::Secp256k1 => Ok(()),
        SignatureType::Delegated if version >= NetworkVersion::V23 => Ok(()),
        SignatureType::Delegated if version >= NetworkVersion::V18 => check_form(config, signed),
        _ => Err(MessageFault::SignatureType(sig_type as u8)),
    }
}

fn check_form(config: &ChainConfig, signed: &SignedMessage) -> Result<(), MessageFault> {
    let transaction = SignedTransaction::from_message(signed, config.eth_chain_id)
        .map_err(|e| MessageFault::Signature(SignatureError::NoTransaction(e)))?;
    match transaction.transaction.form {
        Form::Eip1559 { .. } => Ok(()),
        _ => Err(MessageFault::LegacyTransaction),
    }
}

/// That the messages, with their places in the block, are signed by their senders, but for those that are known to be.
pub(super) fn check(
    config: &ChainConfig,
    messages: &[(usize, &SignedMessage, Sender)],
    senders: &dyn Senders,
) -> Result<(), CheckError> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let chunk = messages.len().div_ceil(threads).max(MIN_PER_THREAD);
    let checked = spread(messages.chunks(chunk), |chunk| {
        check_chunk(config, chunk, senders)
    });
    let first_bad: Result<(), Reason> = checked.into_iter().collect();
    first_bad.map_err(CheckError::from)
}

fn check_chunk(
    config: &ChainConfig,
    messages: &[(usize, &SignedMessage, Sender)],
    senders: &dyn Senders,
) -> Result<(), Reason> {
    for (at, message, sender) in messages {
        if senders.is_known_good(message) {
            continue;
        }
        check_one(config, message, sender).map_err(|fault| Reason::Message {
            at: *at,
            cid: Box::new(message.cid()),
            fault,
        })?;
    }
    Ok(())
}

fn check_one(
    config: &ChainConfig,
    signed: &SignedMessage,
    sender: &Sender,
) -> Result<(), MessageFault> {
    let from = &signed.message.from;
    let signer = sender.signer(from);
    let signer = signer.ok_or(MessageFault::NotAnAccount(*from))?;
    verify_message(signed, &signer, config.eth_chain_id).map_err(MessageFault::Signature)
}
