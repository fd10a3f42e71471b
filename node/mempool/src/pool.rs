//! The pool.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use cid::Cid;
use filigree_blocks::SignedMessage;
use filigree_consensus::ChainConfig;
use filigree_store::{Db, StoreError};
use fvm_shared::address::Address;

use crate::base::{Base, Rules};
use crate::check::{check_alone, check_signature};
use crate::events::{Events, Removal};
use crate::inner::Inner;
use crate::limits::Limits;
use crate::local::Locals;
use crate::pending::{Pending, Pushed, Source};
use crate::queue::Queue;
use crate::refusal::Refusal;

/// Messages that wait to be mined. Several threads may use it at once.
pub struct Pool {
    config: RwLock<Arc<ChainConfig>>,
    pub(crate) inner: Mutex<Inner>,
}

impl Pool {
    /// A pool on that head, with the messages from here that were in it before.
    ///
    /// # Errors
    /// When those cannot be read.
    pub fn open(
        config: Arc<ChainConfig>,
        limits: Limits,
        db: &Db,
        base: Base,
    ) -> Result<Self, StoreError> {
        let locals = Locals::open(db)?;
        let kept = locals.waiting()?;
        let pool = Self {
            config: RwLock::new(config),
            inner: Mutex::new(Inner::new(base, limits, locals)),
        };
        for signed in kept {
            pool.take_back(signed)?;
        }
        Ok(pool)
    }

    /// Takes a message that was kept; or, when it cannot be mined any more, has it forgotten some time.
    fn take_back(&self, signed: SignedMessage) -> Result<(), StoreError> {
        let (from, nonce) = (signed.message.from, signed.message.sequence);
        match self.add(signed, Source::Here, false) {
            Ok(_) => Ok(()),
            Err(Refusal::NonceTooLow { .. }) => {
                let mut inner = self.lock();
                let epoch = inner.base.epoch;
                inner.locals.mined([(from, nonce)], epoch)
            }
            Err(refusal) => {
                tracing::warn!(%from, nonce, %refusal, "a message of ours is not taken back into the pool");
                Ok(())
            }
        }
    }

    /// Takes a message, if it can be mined soon.
    ///
    /// # Errors
    /// When it cannot, with the reason.
    pub fn push(&self, signed: SignedMessage, source: Source) -> Result<Pushed, Refusal> {
        self.add(signed, source, source == Source::Here)
    }

    /// `is_new` is one from here that is not kept yet.
    fn add(&self, signed: SignedMessage, source: Source, is_new: bool) -> Result<Pushed, Refusal> {
        let mut base = self.base();
        let config = self.config();
        let rules = Rules::after(&config, &base).map_err(Refusal::Unknown)?;
        let pending = check_alone(&config, rules, signed)?;
        self.check_signature(&config, &pending)?;
        let pending = Arc::new(pending);
        let from = pending.sender();
        loop {
            // State is read while nobody waits.
            let account = base.accounts.account(&from).map_err(Refusal::Unknown)?;
            let mut inner = self.lock();
            if !Arc::ptr_eq(&base, &inner.base) {
                base = Arc::clone(&inner.base);
                continue;
            }
            let publish = inner.check(&pending, account.as_ref(), source)?;
            if is_new {
                // Before anybody is told of it: nothing is lost if we die here.
                inner.locals.keep(&pending.signed)?;
            }
            let sequence = account.map_or(0, |account| account.sender.sequence);
            inner.insert(&pending, sequence);
            let own = (source == Source::Here).then_some(from);
            self.prune_if_full(&mut inner, rules, own);
            if !inner.cids.contains_key(&pending.cid) {
                return Err(Refusal::PoolFull);
            }
            let cid = pending.cid;
            return Ok(Pushed { cid, publish });
        }
    }

    fn check_signature(&self, config: &ChainConfig, pending: &Pending) -> Result<(), Refusal> {
        let key = (pending.cid, pending.signed.signature.clone());
        if self.lock().good.contains(&key) {
            return Ok(());
        }
        check_signature(config, &pending.signed)?;
        self.lock().good.insert(key, ());
        Ok(())
    }

    /// Whether the signature of a message has been found to be its sender's, by the address it is sent from. For whoever checks
    /// blocks: most of their messages were here before.
    pub fn is_known_good(&self, signed: &SignedMessage) -> bool {
        let key = (signed.cid(), signed.signature.clone());
        self.lock().good.contains(&key)
    }

    /// What the network is from now on: an upgrade was decided. Messages that are in the pool stay; those that the new rules do
    /// not allow are left out of blocks by whoever makes them.
    pub fn configure(&self, config: Arc<ChainConfig>) {
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
    }

    pub(crate) fn config(&self) -> Arc<ChainConfig> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The head that messages are checked against.
    pub fn base(&self) -> Arc<Base> {
        Arc::clone(&self.lock().base)
    }

    /// The sequence number that a new message of a sender should have.
    ///
    /// # Errors
    /// When state cannot be read. A sender that is not there has 0.
    pub fn next_nonce(&self, sender: &Address) -> anyhow::Result<u64> {
        let base = self.base();
        let account = base.accounts.account(sender)?;
        let key = account
            .as_ref()
            .and_then(|account| account.sender.signer(sender));
        let sequence = account.map_or(0, |account| account.sender.sequence);
        let inner = self.lock();
        let queue = inner.queues.get(&key.unwrap_or(*sender));
        Ok(queue.map_or(sequence, Queue::next).max(sequence))
    }

    /// All messages, by sender and sequence number.
    pub fn pending(&self) -> Vec<Arc<Pending>> {
        let inner = self.lock();
        inner
            .queues
            .values()
            .flat_map(Queue::messages)
            .cloned()
            .collect()
    }

    /// Messages of a sender (by the address of its key), in order.
    pub fn pending_of(&self, sender: &Address) -> Vec<Arc<Pending>> {
        let inner = self.lock();
        let queue = inner.queues.get(sender);
        queue
            .into_iter()
            .flat_map(Queue::messages)
            .cloned()
            .collect()
    }

    /// The message of a CID; that of the unsigned message serves too.
    pub fn get(&self, cid: &Cid) -> Option<Arc<Pending>> {
        let inner = self.lock();
        let (sender, nonce) = inner.cids.get(cid)?;
        inner.queues.get(sender)?.get(*nonce).cloned()
    }

    /// How many messages there are.
    pub fn len(&self) -> usize {
        self.lock().size
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Drops messages: those from elsewhere, or all of them, which forgets those from here for good.
    ///
    /// # Errors
    /// When the latter fails.
    pub fn clear(&self, from_here_too: bool) -> Result<(), StoreError> {
        let mut inner = self.lock();
        let gone: Vec<_> = inner
            .queues
            .iter()
            .filter(|(sender, _)| from_here_too || !inner.locals.is_local(sender))
            .flat_map(|(_, queue)| queue.messages().cloned())
            .collect();
        for pending in gone {
            inner.remove(&pending, Removal::Cleared);
        }
        if from_here_too {
            inner.locals.forget_all()?;
        }
        Ok(())
    }

    /// What the operator has set.
    pub fn limits(&self) -> Limits {
        self.lock().limits.clone()
    }

    /// Sets it anew, from the next message on.
    pub fn set_limits(&self, limits: Limits) {
        let mut inner = self.lock();
        inner.prune_above = limits.high;
        inner.limits = limits;
    }

    /// Whatever happens from now on; at most so many events wait to be received.
    pub fn subscribe(&self, most: usize) -> Events {
        self.lock().subscribers.subscribe(most)
    }

    /// Nothing is left half done where a thread may panic.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
