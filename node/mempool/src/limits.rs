//! How much the pool holds, of whom. The figures are Lotus's.

use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;

/// Most messages of one sender.
pub const SENDER_MESSAGES: usize = 1000;
/// Most messages of one sender, when someone untrusted hands them in.
pub const UNTRUSTED_SENDER_MESSAGES: usize = 100;
/// How far ahead of its sender's next a message from the network may be.
pub const NONCE_GAP: u64 = 4;
/// What the premium of a message must be, in percent of that of the message it replaces, and one attoFIL more.
pub const REPLACE_PERCENT: u64 = 110;
/// By this a base fee can fall in the next 20 blocks, with a margin for messages from the network.
pub const BASE_FEE_FALL: u64 = 100;
/// By this a base fee can fall in the next 20 blocks.
pub const LIKELY_BASE_FEE_FALL: u64 = 10;
/// Most messages of one kind (BLS, or not) in a block: the lists in its announcement have no more.
pub const KIND_MESSAGES: usize = 8192;

/// What an operator may set.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// With more messages than this the pool drops the worst.
    pub high: usize,
    /// How many it then keeps.
    pub low: usize,
    /// Senders whose messages go into blocks first, and are never dropped.
    pub priority: Vec<Address>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            high: 30_000,
            low: 20_000,
            priority: Vec::new(),
        }
    }
}

/// The least premium with which a message replaces one of this premium, at this percentage (at least [`REPLACE_PERCENT`]).
pub fn replacement_premium(premium: &TokenAmount, percent: u64) -> TokenAmount {
    let percent = percent.max(REPLACE_PERCENT);
    (premium * percent).div_floor(100u64) + TokenAmount::from_atto(1)
}
