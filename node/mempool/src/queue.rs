//! The messages of one sender, by their sequence numbers.

use std::collections::BTreeMap;
use std::sync::Arc;

use fvm_shared::econ::TokenAmount;

use crate::limits::{
    NONCE_GAP, REPLACE_PERCENT, SENDER_MESSAGES, UNTRUSTED_SENDER_MESSAGES, replacement_premium,
};
use crate::pending::{Pending, Source};
use crate::refusal::Refusal;

/// What a sender has in the pool. None of it is below the sender's sequence number.
#[derive(Clone, Default, Debug)]
pub struct Queue {
    messages: BTreeMap<u64, Arc<Pending>>,
    /// The sender's, in the state after the head.
    sequence: u64,
    /// The first that is not here.
    next: u64,
    /// Fees that all may cost.
    fees: TokenAmount,
}

impl Queue {
    pub fn new(sequence: u64) -> Self {
        Self {
            sequence,
            next: sequence,
            ..Self::default()
        }
    }

    /// The sequence number that a new message of the sender should have.
    pub fn next(&self) -> u64 {
        self.next
    }

    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// In order.
    pub fn messages(&self) -> impl Iterator<Item = &Arc<Pending>> {
        self.messages.values()
    }

    pub fn get(&self, nonce: u64) -> Option<&Arc<Pending>> {
        self.messages.get(&nonce)
    }

    /// Fees of all but the message of that number.
    pub fn fees_beside(&self, nonce: u64) -> TokenAmount {
        match self.messages.get(&nonce) {
            Some(message) => &self.fees - &message.fees,
            None => self.fees.clone(),
        }
    }

    /// Whether there is a place for a message from there.
    pub fn check(&self, message: &Pending, source: Source) -> Result<(), Refusal> {
        let found = message.nonce();
        // Filling a gap moves what comes next.
        let expected = self.next;
        let (gap, most) = match source {
            Source::Here => (None, SENDER_MESSAGES),
            Source::Untrusted => (Some(0), UNTRUSTED_SENDER_MESSAGES),
            Source::Network => (Some(NONCE_GAP), SENDER_MESSAGES),
        };
        if gap.is_some_and(|gap| found > expected.saturating_add(gap)) {
            return Err(Refusal::NonceGap { expected, found });
        }
        let Some(present) = self.messages.get(&found) else {
            return match self.messages.len() {
                count if count >= most => Err(Refusal::SenderFull(count)),
                _ => Ok(()),
            };
        };
        if gap.is_some() && found > expected {
            return Err(Refusal::ReplacesBeyondGap { expected, found });
        }
        if present.cid == message.cid {
            return Err(Refusal::Known);
        }
        let needed = replacement_premium(&present.signed.message.gas_premium, REPLACE_PERCENT);
        if message.signed.message.gas_premium < needed {
            let nonce = found;
            return Err(Refusal::ReplacesTooCheaply { nonce, needed });
        }
        Ok(())
    }

    /// Puts a message in its place, and gives back the one that was there.
    pub fn insert(&mut self, message: Arc<Pending>) -> Option<Arc<Pending>> {
        self.fees += &message.fees;
        let replaced = self.messages.insert(message.nonce(), message);
        if let Some(replaced) = &replaced {
            self.fees -= &replaced.fees;
        }
        self.advance();
        replaced
    }

    pub fn remove(&mut self, nonce: u64) -> Option<Arc<Pending>> {
        let removed = self.messages.remove(&nonce)?;
        self.fees -= &removed.fees;
        self.next = self.next.min(nonce);
        Some(removed)
    }

    /// Takes the sender's sequence number at a new head, and gives back the messages that cannot be mined on it.
    pub fn rebase(&mut self, sequence: u64) -> Vec<Arc<Pending>> {
        let kept = self.messages.split_off(&sequence);
        let dropped: Vec<_> = std::mem::replace(&mut self.messages, kept)
            .into_values()
            .collect();
        for message in &dropped {
            self.fees -= &message.fees;
        }
        self.sequence = sequence;
        self.advance();
        dropped
    }

    fn advance(&mut self) {
        self.next = self.sequence;
        for nonce in self.messages.keys() {
            if *nonce != self.next {
                break;
            }
            self.next = self.next.saturating_add(1);
        }
    }
}
