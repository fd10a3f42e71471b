//! Following the chain: what is mined leaves, what a reorganisation takes out of the chain comes back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cid::Cid;
use filigree_blocks::{ChainMessage, SignedMessage};
use fvm_shared::address::{Address, Protocol};
use fvm_shared::clock::ChainEpoch;

use crate::base::{Base, Rules};
use crate::events::Removal;
use crate::inner::Inner;
use crate::pending::{Pending, Source};
use crate::pool::Pool;

/// The messages of a tipset: of all its blocks, in any order.
pub type TipsetMessages = (ChainEpoch, Vec<ChainMessage>);

/// Messages by sender, by the address of a key, and sequence number.
type ByPlace<T> = BTreeMap<(Address, u64), T>;

impl Pool {
    /// Takes a new head: `reverted` tipsets left the chain, `applied` ones joined it, each newest last.
    ///
    /// Messages of reverted tipsets come back if they can be mined again; those of BLS senders only if the pool has seen their
    /// signatures. Those whose senders are named by an id do not: whose signature they have may have changed.
    pub fn change_head(&self, reverted: &[TipsetMessages], applied: &[TipsetMessages], base: Base) {
        let base = Arc::new(base);
        let mut inner = self.lock();
        inner.base = Arc::clone(&base);
        let mut keys = Keys::new(&base);
        let mut back = inner.take_back(reverted);
        let mined = inner.take_mined(applied, &mut keys);
        back.retain(|place, _| !mined.contains_key(place));
        let mut touched: BTreeSet<Address> = mined.keys().map(|(key, _)| *key).collect();
        for (_, messages) in reverted {
            touched.extend(
                messages
                    .iter()
                    .filter_map(|message| keys.of(message.sender())),
            );
        }
        for sender in touched {
            let sequence = next_sequence(&base, sender, &mined, &back);
            inner.rebase(sender, sequence, &mined);
            let returning = back.range((sender, sequence)..=(sender, u64::MAX));
            for (_, pending) in returning {
                inner.put_back(pending, sequence);
            }
        }
        let config = self.config();
        let final_epoch = base.epoch.saturating_sub(config.finality_epochs);
        inner.note(|locals| locals.forget_up_to(final_epoch));
        // Those that stay anyway may have become fewer.
        inner.prune_above = inner.limits.high;
        match Rules::after(&config, &base) {
            Ok(rules) => self.prune_if_full(&mut inner, rules, None),
            Err(error) => tracing::warn!("the pool is not pruned: {error:#}"),
        }
    }
}

/// The sequence number of a sender's next message; where state cannot be read, as what was mined and what comes back tell it.
fn next_sequence(
    base: &Base,
    sender: Address,
    mined: &ByPlace<Cid>,
    back: &ByPlace<Arc<Pending>>,
) -> u64 {
    match base.accounts.account(&sender) {
        Ok(account) => account.map_or(0, |account| account.sender.sequence),
        Err(error) => {
            tracing::warn!(%sender, "state of a sender cannot be read: {error:#}");
            let all = (sender, 0)..=(sender, u64::MAX);
            let last = mined.range(all.clone()).next_back();
            let after = last.map(|((_, nonce), _)| nonce.saturating_add(1));
            let first = back.range(all).next().map(|((_, nonce), _)| *nonce);
            after.or(first).unwrap_or_default()
        }
    }
}

impl Inner {
    /// Messages of reverted tipsets whose signatures are known.
    fn take_back(&mut self, reverted: &[TipsetMessages]) -> ByPlace<Arc<Pending>> {
        let mut back = BTreeMap::new();
        for (_, messages) in reverted {
            for message in messages {
                if let Some(signed) = self.with_signature(message) {
                    let place = (signed.message.from, signed.message.sequence);
                    back.insert(place, Arc::new(Pending::new(signed)));
                }
            }
        }
        let places: Vec<_> = back.keys().copied().collect();
        self.note(|locals| locals.reverted(places));
        back
    }

    /// Places of messages that were mined; those from here are noted.
    fn take_mined(&mut self, applied: &[TipsetMessages], keys: &mut Keys<'_>) -> ByPlace<Cid> {
        let mut mined = BTreeMap::new();
        for (epoch, messages) in applied {
            let place = |message: &ChainMessage| {
                let place = (keys.of(message.sender())?, message.message().sequence);
                Some((place, message.cid()))
            };
            let places: Vec<_> = messages.iter().filter_map(place).collect();
            let own = places.iter().map(|(place, _)| *place);
            self.note(|locals| locals.mined(own, *epoch));
            mined.extend(places);
        }
        mined
    }

    fn with_signature(&self, message: &ChainMessage) -> Option<SignedMessage> {
        let from = message.sender();
        if !matches!(
            from.protocol(),
            Protocol::Secp256k1 | Protocol::BLS | Protocol::Delegated
        ) {
            return None;
        }
        let unsigned = match message {
            ChainMessage::Signed(signed) => return Some(signed.clone()),
            ChainMessage::Unsigned(message) => message,
        };
        if let Some(signature) = self.bls_signatures.get(&message.cid()) {
            return Some(SignedMessage {
                message: unsigned.clone(),
                signature: signature.clone(),
            });
        }
        let kept = self.locals.get(&(*from, unsigned.sequence)).ok()??;
        (kept.message == *unsigned).then_some(kept)
    }

    /// Drops what the sender's state at the new head leaves behind.
    fn rebase(&mut self, sender: Address, sequence: u64, mined: &ByPlace<Cid>) {
        let Some(queue) = self.queues.get_mut(&sender) else {
            return;
        };
        let dropped = queue.rebase(sequence);
        if queue.is_empty() {
            self.queues.remove(&sender);
        }
        for pending in dropped {
            let why = match mined.get(&(sender, pending.nonce())) {
                Some(cid) if *cid == pending.cid => Removal::Mined,
                _ => Removal::Overtaken,
            };
            self.forget(&pending, why);
        }
    }

    /// Puts back a message that was in the chain, unless a better one has its place.
    fn put_back(&mut self, pending: &Arc<Pending>, sequence: u64) {
        if let Some(queue) = self.queues.get(&pending.sender())
            && queue.get(pending.nonce()).is_some()
            && queue.check(pending, Source::Here).is_err()
        {
            return;
        }
        self.insert(pending, sequence);
    }

    /// Writes down what happened to messages from here. If it fails, they are checked again after a restart.
    fn note(
        &mut self,
        change: impl FnOnce(&mut crate::local::Locals) -> Result<(), filigree_store::StoreError>,
    ) {
        if let Err(error) = change(&mut self.locals) {
            tracing::warn!(%error, "what became of messages of ours cannot be written down");
        }
    }
}

/// Addresses of keys of senders that messages name by their ids.
struct Keys<'a> {
    base: &'a Base,
    known: BTreeMap<Address, Option<Address>>,
}

impl<'a> Keys<'a> {
    fn new(base: &'a Base) -> Self {
        Self {
            base,
            known: BTreeMap::new(),
        }
    }

    fn of(&mut self, sender: &Address) -> Option<Address> {
        if sender.protocol() != Protocol::ID {
            return Some(*sender);
        }
        let base = self.base;
        *self.known.entry(*sender).or_insert_with(|| {
            let account = base.accounts.account(sender).ok()??;
            account.sender.signer(sender)
        })
    }
}
