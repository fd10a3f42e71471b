//! A message of the pool, and where it comes from.

use cid::Cid;
use filigree_blocks::{SignatureType, SignedMessage};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;

/// A message in the pool, or on its way there.
#[derive(PartialEq, Eq, Debug)]
pub struct Pending {
    /// The message.
    pub signed: SignedMessage,
    /// CID under which it is known.
    pub cid: Cid,
    /// Bytes it takes on chain.
    pub chain_length_bytes: usize,
    /// What its gas may cost: the fee cap times the gas limit.
    pub fees: TokenAmount,
}

impl Pending {
    pub(crate) fn new(signed: SignedMessage) -> Self {
        let on_chain = signed.clone().into_chain_message().to_bytes();
        let message = &signed.message;
        Self {
            cid: signed.cid(),
            chain_length_bytes: on_chain.len(),
            fees: &message.gas_fee_cap * message.gas_limit,
            signed,
        }
    }

    /// Its sender, by the address of a key.
    pub fn sender(&self) -> Address {
        self.signed.message.from
    }

    /// Its sequence number.
    pub fn nonce(&self) -> u64 {
        self.signed.message.sequence
    }

    /// Whether its signature goes into the aggregate of a block.
    pub fn is_bls(&self) -> bool {
        self.signed.signature.sig_type == SignatureType::Bls
    }
}

/// Where a message comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// From whoever this node belongs to. It is kept over restarts, and never dropped; there may be any gap
    /// before it.
    Here,
    /// From someone this node serves without trusting.
    Untrusted,
    /// From another node.
    Network,
}

/// A message that was taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pushed {
    /// Its CID.
    pub cid: Cid,
    /// Whether to pass it on now. One that pays too little for the base fee waits here until it has fallen.
    pub publish: bool,
}
