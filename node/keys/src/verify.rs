//! Whether a signature is of an address, and whether a message is signed as the network wants it.

use filigree_blocks::{Signature, SignatureType, SignedMessage, message_cid};
use filigree_signature::recover_secp256k1;
use fvm_shared::address::Address;
use fvm_shared::crypto::signature::SignatureType as HostType;

use crate::eth::{EthAddress, SignedTransaction, TransactionError};
use crate::hash::keccak_256;

/// Why a message is not signed by its sender.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A delegated signature signs an Ethereum transaction, and the message is none.
    #[error("the message is no Ethereum transaction: {0}")]
    NoTransaction(#[from] TransactionError),
    /// The transaction, made a message again, is another.
    #[error("the message says what the Ethereum transaction it is signed as cannot say")]
    NotTheSame,
    /// The signature is of another key, of other bytes, or none at all.
    #[error("the signature is not of {signer}")]
    Invalid {
        /// Address of the key that should have signed.
        signer: Address,
    },
}

/// Whether `signature` is of the key in `address` (f1, f3, f410; never f0: resolve first) for these bytes, by the type's own
/// hash. A delegated signature is here r, s and a recovery id.
pub fn verify(signature: &Signature, address: &Address, bytes: &[u8]) -> bool {
    let host_type = match signature.sig_type {
        SignatureType::Secp256k1 => HostType::Secp256k1,
        SignatureType::Bls => HostType::BLS,
        SignatureType::Delegated => return verify_delegated(&signature.bytes, address, bytes),
    };
    filigree_signature::verify(host_type, &signature.bytes, bytes, address)
}

fn verify_delegated(signature: &[u8], address: &Address, bytes: &[u8]) -> bool {
    signature
        .try_into()
        .ok()
        .and_then(|signature| recover_secp256k1(&keccak_256(bytes), signature))
        .is_some_and(|key| EthAddress::of_public_key(&key).to_filecoin() == *address)
}

/// Whether a message is signed by the key of `signer`, which the sender's address resolves to (Lotus,
/// `chain/consensus/signatures.go`). `chain_id` is Ethereum's of this network.
///
/// Which types of signatures and transactions a network version knows is for `consensus` to say.
///
/// # Errors
/// When it is not.
pub fn verify_message(
    signed: &SignedMessage,
    signer: &Address,
    chain_id: u64,
) -> Result<(), SignatureError> {
    let invalid = SignatureError::Invalid { signer: *signer };
    let holds = match signed.signature.sig_type {
        SignatureType::Secp256k1 | SignatureType::Bls => {
            let cid = message_cid(&signed.message);
            verify(&signed.signature, signer, &cid.to_bytes())
        }
        SignatureType::Delegated => {
            let signed_transaction = SignedTransaction::from_message(signed, chain_id)?;
            let transaction = &signed_transaction.transaction;
            if transaction.to_message(signed.message.from) != signed.message {
                return Err(SignatureError::NotTheSame);
            }
            let signature = signed_transaction.recoverable();
            verify_delegated(&signature, signer, &transaction.signing_bytes())
        }
    };
    if holds { Ok(()) } else { Err(invalid) }
}
