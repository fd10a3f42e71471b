//! What a pool holds, under its lock: messages by sender and by CID, those from here, what is remembered of others.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cid::Cid;
use filigree_blocks::Signature;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;

use crate::base::{Account, Base};
use crate::check::{check_base_fee, check_sender};
use crate::events::{Event, Removal, Subscribers};
use crate::limits::Limits;
use crate::local::Locals;
use crate::pending::{Pending, Source};
use crate::queue::Queue;
use crate::recent::Recent;
use crate::refusal::Refusal;

/// Signatures of BLS messages that are remembered, for those that come back from blocks, which do not have them.
const BLS_SIGNATURES: usize = 40_000;
/// Messages that are remembered as well signed.
const GOOD_SIGNATURES: usize = 32_000;

/// See the head of the file.
pub(crate) struct Inner {
    pub base: Arc<Base>,
    pub limits: Limits,
    pub queues: BTreeMap<Address, Queue>,
    pub cids: HashMap<Cid, (Address, u64)>,
    /// How many messages are in the queues.
    pub size: usize,
    pub locals: Locals,
    pub bls_signatures: Recent<Cid, Signature>,
    pub good: Recent<(Cid, Signature), ()>,
    pub subscribers: Subscribers,
    /// With more messages than this, the worst are dropped.
    pub prune_above: usize,
}

impl Inner {
    /// Without messages.
    pub fn new(base: Base, limits: Limits, locals: Locals) -> Self {
        Self {
            base: Arc::new(base),
            prune_above: limits.high,
            limits,
            queues: BTreeMap::new(),
            cids: HashMap::new(),
            size: 0,
            locals,
            bls_signatures: Recent::new(BLS_SIGNATURES),
            good: Recent::new(GOOD_SIGNATURES),
            subscribers: Subscribers::default(),
        }
    }

    /// The rules that depend on the head and on what is in the pool. Gives whether to pass the message on.
    pub fn check(
        &self,
        pending: &Arc<Pending>,
        account: Option<&Account>,
        source: Source,
    ) -> Result<bool, Refusal> {
        let queue = self.queues.get(&pending.sender());
        let beside = queue.map_or_else(TokenAmount::default, |queue| {
            queue.fees_beside(pending.nonce())
        });
        check_sender(pending, account, &beside)?;
        let publish = check_base_fee(pending, &self.base, source)?;
        let sequence = account.map_or(0, |account| account.sender.sequence);
        match queue {
            Some(queue) => queue.check(pending, source)?,
            None => Queue::new(sequence).check(pending, source)?,
        }
        Ok(publish)
    }

    /// All messages, in order of their senders and of their numbers.
    pub fn by_sender(&self) -> Vec<(Address, Vec<Arc<Pending>>)> {
        let messages = |queue: &Queue| queue.messages().cloned().collect();
        let queues = self.queues.iter();
        queues
            .map(|(sender, queue)| (*sender, messages(queue)))
            .collect()
    }

    /// Puts in a message that was found good.
    pub fn insert(&mut self, pending: &Arc<Pending>, sequence: u64) {
        let sender = pending.sender();
        if pending.is_bls() {
            let signature = pending.signed.signature.clone();
            self.bls_signatures.insert(pending.cid, signature);
        }
        let queue = self
            .queues
            .entry(sender)
            .or_insert_with(|| Queue::new(sequence));
        let replaced = queue.insert(Arc::clone(pending));
        self.size += 1;
        if let Some(replaced) = replaced {
            self.forget(&replaced, Removal::Replaced);
        }
        let place = (sender, pending.nonce());
        self.cids.insert(pending.cid, place);
        if !pending.is_bls() {
            self.cids
                .insert(filigree_blocks::message_cid(&pending.signed.message), place);
        }
        self.subscribers.send(&Event::Added(Arc::clone(pending)));
    }

    /// Takes out a message.
    pub fn remove(&mut self, pending: &Arc<Pending>, why: Removal) {
        let sender = pending.sender();
        let Some(queue) = self.queues.get_mut(&sender) else {
            return;
        };
        if queue
            .get(pending.nonce())
            .is_none_or(|present| present.cid != pending.cid)
        {
            return;
        }
        queue.remove(pending.nonce());
        if queue.is_empty() {
            self.queues.remove(&sender);
        }
        self.forget(pending, why);
    }

    /// Of a message that is in no queue any more.
    pub fn forget(&mut self, pending: &Arc<Pending>, why: Removal) {
        self.size -= 1;
        self.cids.remove(&pending.cid);
        let unsigned = filigree_blocks::message_cid(&pending.signed.message);
        self.cids.remove(&unsigned);
        self.subscribers
            .send(&Event::Removed(Arc::clone(pending), why));
    }
}
