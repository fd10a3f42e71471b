//! Messages as they are sent: signed by their senders, and how long they are on chain.

use cid::Cid;
use fvm_shared::address::Address;
use fvm_shared::message::Message;
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::canonical::{DecodeError, cid_of, decode, encode};
use crate::signature::{Signature, SignatureType};

/// CID of a message without a signature: what its sender signs.
pub fn message_cid(message: &Message) -> Cid {
    cid_of(&encode(message))
}

/// A message and its sender's signature.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct SignedMessage {
    /// The message.
    pub message: Message,
    /// The signature of its CID's bytes (of an Ethereum transaction, if it is delegated).
    pub signature: Signature,
}

impl SignedMessage {
    /// The signed message of these bytes.
    ///
    /// # Errors
    /// When they are not the canonical encoding of one.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode("a signed message", bytes)
    }

    /// DAG-CBOR.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// CID under which the message is known. A BLS signature is no part of it: it vanishes in the aggregate of a block.
    pub fn cid(&self) -> Cid {
        match self.signature.sig_type {
            SignatureType::Bls => message_cid(&self.message),
            _ => cid_of(&self.to_bytes()),
        }
    }

    /// What becomes of it in a block.
    pub fn into_chain_message(self) -> ChainMessage {
        match self.signature.sig_type {
            SignatureType::Bls => ChainMessage::Unsigned(self.message),
            _ => ChainMessage::Signed(self),
        }
    }
}

/// A message in a block.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ChainMessage {
    /// Its signature, a BLS one, is in the block's aggregate.
    Unsigned(Message),
    /// It has its signature with it.
    Signed(SignedMessage),
}

impl ChainMessage {
    /// What is to be done.
    pub fn message(&self) -> &Message {
        match self {
            Self::Unsigned(message) => message,
            Self::Signed(signed) => &signed.message,
        }
    }

    /// Who sends it.
    pub fn sender(&self) -> &Address {
        &self.message().from
    }

    /// DAG-CBOR, as it stands on chain.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Unsigned(message) => encode(message),
            Self::Signed(signed) => signed.to_bytes(),
        }
    }

    /// CID under which it is known.
    pub fn cid(&self) -> Cid {
        cid_of(&self.to_bytes())
    }

    /// Bytes it takes on chain, which its sender pays for.
    pub fn chain_length_bytes(&self) -> usize {
        self.to_bytes().len()
    }
}

#[cfg(test)]
mod tests {
    use fvm_ipld_encoding::RawBytes;
    use fvm_shared::econ::TokenAmount;

    use super::*;

    /// The message whose CID Lotus holds in a test of its own (`chain/types/message_test.go`).
    fn message() -> Message {
        Message {
            version: 0,
            from: Address::new_id(0),
            to: Address::new_id(4),
            sequence: 34,
            value: TokenAmount::from_atto(0),
            method_num: 6,
            params: RawBytes::new(b"hai".to_vec()),
            gas_limit: 123,
            gas_fee_cap: TokenAmount::from_atto(234),
            gas_premium: TokenAmount::from_atto(234),
        }
    }

    #[test]
    fn cids_are_those_of_the_network() {
        let expected = "bafy2bzaced5rdpz57e64sc7mdwjn3blicglhpialnrph2dlbufhf6iha63dmc";
        assert_eq!(message_cid(&message()).to_string(), expected);
    }

    #[test]
    fn a_bls_signature_is_not_in_the_cid_and_others_are() {
        for (sig_type, is_in) in [
            (SignatureType::Bls, false),
            (SignatureType::Secp256k1, true),
            (SignatureType::Delegated, true),
        ] {
            let signed = |byte| SignedMessage {
                message: message(),
                signature: Signature::new(sig_type, [byte]),
            };
            assert_eq!(signed(1).cid() != signed(2).cid(), is_in);
            let bytes = signed(1).to_bytes();
            assert_eq!(SignedMessage::from_bytes(&bytes).unwrap(), signed(1));
            let on_chain = signed(1).into_chain_message();
            assert_eq!(on_chain.cid(), signed(1).cid());
            assert_eq!(on_chain.chain_length_bytes() == bytes.len(), is_in);
        }
    }
}
