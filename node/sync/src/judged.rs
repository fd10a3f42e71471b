//! Verdicts on blocks, remembered: to judge one costs proofs, signatures and the messages of its parents, and nobody is to make
//! the node do that again and again with one block.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use cid::Cid;
use filigree_blocks::{ChainMessage, FullBlock, cid_of};
use filigree_consensus::{ChainConfig, Reason};

/// Verdicts that are remembered: blocks of some hours.
const REMEMBERED: usize = 4_096;

/// What was found of a block.
pub(crate) type Verdict = Result<(), Reason>;

/// See the head of the file.
pub(crate) struct Judged(Mutex<Inner>);

struct Inner {
    /// What the network was when these verdicts were found: an upgrade may change them.
    config: Arc<ChainConfig>,
    verdicts: HashMap<Cid, Verdict>,
    /// The oldest first.
    order: VecDeque<Cid>,
}

impl Judged {
    pub fn new(config: Arc<ChainConfig>) -> Self {
        Self(Mutex::new(Inner {
            config,
            verdicts: HashMap::new(),
            order: VecDeque::new(),
        }))
    }

    /// The verdict on this block on this network, if it is remembered.
    pub fn get(&self, config: &Arc<ChainConfig>, block: &Cid) -> Option<Verdict> {
        self.on(config, |inner| inner.verdicts.get(block).cloned())
    }

    pub fn remember(&self, config: &Arc<ChainConfig>, block: Cid, verdict: Verdict) {
        self.on(config, |inner| {
            if inner.verdicts.insert(block, verdict).is_none() {
                inner.order.push_back(block);
            }
            if inner.order.len() > REMEMBERED
                && let Some(oldest) = inner.order.pop_front()
            {
                inner.verdicts.remove(&oldest);
            }
        });
    }

    fn on<T>(&self, config: &Arc<ChainConfig>, work: impl FnOnce(&mut Inner) -> T) -> T {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&inner.config, config) {
            inner.config = Arc::clone(config);
            inner.verdicts.clear();
            inner.order.clear();
        }
        work(&mut inner)
    }
}

/// A name for a block with these very messages and signatures. Its CID is of the header alone, which may come with messages that
/// are not the block's.
pub(crate) fn name(block: &FullBlock) -> Cid {
    let mut bytes = block.header.to_bytes();
    bytes.extend((block.bls.len() as u64).to_be_bytes());
    for message in &block.bls {
        bytes.extend(ChainMessage::Unsigned(message.clone()).cid().to_bytes());
    }
    for signed in &block.signed {
        bytes.extend(cid_of(&signed.to_bytes()).to_bytes());
    }
    cid_of(&bytes)
}
