//! What can be mined of a sender: its messages from its sequence number on, as far as they follow each other, are paid for and
//! fit into a block.

use std::sync::Arc;

use filigree_consensus::limits::{BLOCK_GAS, BLOCK_MESSAGES};
use fvm_shared::address::Address;
use fvm_shared::bigint::BigInt;
use fvm_shared::econ::TokenAmount;
use num_traits::Signed;

use crate::base::{Account, Rules};
use crate::limits::KIND_MESSAGES;
use crate::pending::Pending;

/// What a message that pays less than the base fee costs the miner counts three times: it is a penalty for certain, while
/// rewards come only if no other block has the message.
const PENALTY_WEIGHT: i64 = 3;

/// A message and what it is worth.
#[derive(Debug)]
pub struct Candidate {
    pub pending: Arc<Pending>,
    /// What the miner gets for it, attoFIL; negative if it costs the miner something.
    pub reward: BigInt,
}

impl Candidate {
    pub fn gas(&self) -> u64 {
        self.pending.signed.message.gas_limit
    }
}

/// Messages of one sender that can be mined one after the other.
#[derive(Debug)]
pub struct Line {
    pub sender: Address,
    /// Whether their signatures go into the aggregate.
    pub is_bls: bool,
    pub candidates: Vec<Candidate>,
}

impl Line {
    /// Of a sender's messages, in order. None if none can be mined.
    pub fn new(
        messages: impl Iterator<Item = Arc<Pending>>,
        account: &Account,
        base_fee: &TokenAmount,
        rules: Rules,
    ) -> Option<Self> {
        let mut nonce = account.sender.sequence;
        let mut balance = account.balance.clone();
        let mut gas = 0u64;
        let mut candidates = Vec::new();
        for pending in messages.skip_while(|pending| pending.nonce() < account.sender.sequence) {
            let message = &pending.signed.message;
            gas = gas.saturating_add(message.gas_limit);
            let can_be_mined = pending.nonce() == nonce
                && message.gas_limit >= rules.inclusion_cost(pending.chain_length_bytes)
                && gas <= BLOCK_GAS
                && candidates.len() < BLOCK_MESSAGES.min(KIND_MESSAGES)
                && balance >= pending.fees;
            if !can_be_mined {
                break;
            }
            nonce = nonce.checked_add(1)?;
            // A value that is not there makes the message fail, not the block; what follows must be paid from what is left.
            balance -= &pending.fees + &message.value;
            let reward = reward(&pending, base_fee);
            candidates.push(Candidate { pending, reward });
        }
        let first = &candidates.first()?.pending;
        Some(Self {
            sender: first.sender(),
            is_bls: first.is_bls(),
            candidates,
        })
    }
}

/// What a message that uses all its gas pays the miner.
fn reward(pending: &Pending, base_fee: &TokenAmount) -> BigInt {
    let message = &pending.signed.message;
    let above_base_fee = &message.gas_fee_cap - base_fee;
    let premium = above_base_fee.min(message.gas_premium.clone());
    let reward = premium.atto() * message.gas_limit;
    match reward.is_negative() {
        true => reward * PENALTY_WEIGHT,
        false => reward,
    }
}
