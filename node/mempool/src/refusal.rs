//! Why the pool does not take a message.

use filigree_consensus::reason::MessageFault;
use filigree_keys::SignatureError;
use filigree_store::StoreError;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;

/// Why, and with what.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Too long to pass on.
    #[error("the message has {bytes} bytes with its signature, this network takes {most} at most")]
    TooLarge {
        /// Its bytes.
        bytes: usize,
        /// Most bytes of a message on this network.
        most: usize,
    },
    /// No block may have it.
    #[error("no block could take the message: {0}")]
    Invalid(#[from] MessageFault),
    /// More than there will ever be.
    #[error("the value {0} is all that there will ever be, or more")]
    Value(TokenAmount),
    /// Below what a base fee can be.
    #[error("the fee cap {cap} is below the least base fee there can be, {least}")]
    FeeCapTooLow {
        /// The message's fee cap, per gas.
        cap: TokenAmount,
        /// The least base fee.
        least: TokenAmount,
    },
    /// Its signature cannot be checked for good: an id may come to be another actor's.
    #[error("the sender {0} is not named by the address of a key (f1, f3 or f4)")]
    SenderNotAKey(Address),
    /// Not its sender's.
    #[error("the message is not signed by its sender: {0}")]
    Signature(#[from] SignatureError),
    /// Mined already, or never to be.
    #[error("sequence number {found}: the sender's next is {expected}")]
    NonceTooLow {
        /// The least that can still be mined.
        expected: u64,
        /// The message's.
        found: u64,
    },
    /// Messages before it are missing.
    #[error("sequence number {found} is too far ahead: the sender's next is {expected}")]
    NonceGap {
        /// The first that is missing.
        expected: u64,
        /// The message's.
        found: u64,
    },
    /// A replacement, while messages before it are missing.
    #[error("sequence number {found} cannot be replaced before {expected} is there")]
    ReplacesBeyondGap {
        /// The first that is missing.
        expected: u64,
        /// The message's.
        found: u64,
    },
    /// It is there.
    #[error("the message is in the pool already")]
    Known,
    /// Another message has its sequence number, and pays nearly as much.
    #[error(
        "a message with sequence number {nonce} is there: with a premium of {needed} this would replace it"
    )]
    ReplacesTooCheaply {
        /// The sequence number.
        nonce: u64,
        /// What the premium must be at least, per gas.
        needed: TokenAmount,
    },
    /// The sender has as many as it may.
    #[error("the sender has {0} messages in the pool: no more are taken")]
    SenderFull(usize),
    /// The pool is full of better ones.
    #[error("the pool is full, and the message among the worst in it")]
    PoolFull,
    /// The base fee would have to fall too far.
    #[error("the fee cap {cap} is below {least}: the base fee will not fall so far soon")]
    FeeCapBelowBaseFee {
        /// The message's fee cap, per gas.
        cap: TokenAmount,
        /// What it must be.
        least: TokenAmount,
    },
    /// The sender cannot pay for its gas.
    #[error("the sender has {balance}, the message's gas may cost {needed}")]
    Funds {
        /// What it may cost.
        needed: TokenAmount,
        /// What the sender has.
        balance: TokenAmount,
    },
    /// The sender cannot pay for the gas of all its messages.
    #[error("the sender has {balance}, the gas of all its messages in the pool may cost {needed}")]
    FundsForAll {
        /// What all may cost.
        needed: TokenAmount,
        /// What the sender has.
        balance: TokenAmount,
    },
    /// State could not be read.
    #[error("the message cannot be judged: {0:#}")]
    Unknown(#[source] anyhow::Error),
    /// A message from here could not be kept.
    #[error("the message cannot be kept over restarts: {0}")]
    NotKept(#[from] StoreError),
}

impl Refusal {
    /// Whether another node, or this one at another head, may take the message: whoever sent it has done nothing wrong.
    pub fn is_soft(&self) -> bool {
        match self {
            Self::Invalid(MessageFault::NoSender(_) | MessageFault::NotAnAccount(_))
            | Self::NonceTooLow { .. }
            | Self::NonceGap { .. }
            | Self::ReplacesBeyondGap { .. }
            | Self::Known
            | Self::ReplacesTooCheaply { .. }
            | Self::SenderFull(_)
            | Self::PoolFull
            | Self::FeeCapBelowBaseFee { .. }
            | Self::Funds { .. }
            | Self::FundsForAll { .. }
            | Self::Unknown(_)
            | Self::NotKept(_) => true,
            Self::TooLarge { .. }
            | Self::Invalid(_)
            | Self::Value(_)
            | Self::FeeCapTooLow { .. }
            | Self::SenderNotAKey(_)
            | Self::Signature(_) => false,
        }
    }
}
