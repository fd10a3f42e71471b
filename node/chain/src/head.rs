//! How the head moves.
//!
//! The head is the heaviest tipset that can be formed of the blocks that came ([`Chain::take`]). To get from the old head to the
//! new one, tipsets are reverted back to the last that both chains have, and applied from there on; forks that leave our chain
//! behind finality or a checkpoint are refused. A head can be set ([`Chain::set_head`]), and a block left
//! ([`leave`](crate::leave)). Store, index, memory and listeners change together, in this order.

use std::cmp::Ordering;

use filigree_blocks::{ChainMessage, Tipset, TipsetKey};
use filigree_consensus::weight::break_tie;
use filigree_store::{Durability, HeadChange, IndexedMessage, IndexedTipset};
use fvm_shared::bigint::BigInt;
use fvm_shared::clock::ChainEpoch;
use tracing::{info, warn};

use crate::candidates::Candidates;
use crate::chain::Chain;
use crate::error::ChainError;
use crate::events::Event;
use crate::tipsets::put_headers;

/// Most tipsets that are reverted, and most that are applied, at once. Longer ways are gone in steps, each of which leaves a
/// whole chain.
const MAX_AT_ONCE: usize = 512;

/// What became of a tipset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Taken {
    /// The head is one with its blocks, or one that came of them.
    Head,
    /// The head stays: it is heavier.
    Lighter,
    /// It is heavier, but its fork leaves our chain behind finality or the checkpoint.
    Refused,
}

/// How far back a fork may leave our chain to be taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Depth {
    /// To finality, or the checkpoint.
    Final,
    /// To a tipset of this height.
    DownTo(ChainEpoch),
    /// To the genesis.
    Any,
}

impl Chain {
    /// Takes note of a tipset of good blocks, whose ancestors and messages are in the store. If it, or one with blocks of it, is
    /// heavier than the head, it is the head.
    ///
    /// Of tipsets of equal weight the one with the smaller ticket is preferred. The order in which blocks come does not matter.
    ///
    /// # Errors
    /// When something is missing or the store fails. The head is then what it was, or some tipset on the way.
    pub fn take(&self, tipset: &Tipset) -> Result<Taken, ChainError> {
        let _work = self.db.blocks().work();
        self.tipsets.put(tipset)?;
        let mut candidates = self.writer();
        let mut second = false;
        for block in tipset.blocks() {
            second |= candidates.add(block);
        }
        let head = self.head();
        if second && candidates.equivocates(&head) {
            warn!(head = %head.key(), "a miner of the head made two blocks; another head is chosen");
            return self.take_best(&mut candidates);
        }
        let formed = candidates.form(tipset.height(), tipset.parents());
        let Some(formed) = formed else {
            return Ok(Taken::Lighter);
        };
        if formed == head {
            return Ok(Taken::Head);
        }
        let formed = Weighed::new(self, formed)?;
        if !formed.is_preferred_to(&Weighed::new(self, head)?) {
            return Ok(Taken::Lighter);
        }
        self.change(&mut candidates, &formed.tipset, Depth::Final)
    }

    /// Makes a tipset the head, whatever it weighs: for repairs. The checkpoint goes if it is not of its chain.
    ///
    /// # Errors
    /// When something is missing or the store fails.
    pub fn set_head(&self, tipset: &Tipset) -> Result<(), ChainError> {
        let _work = self.db.blocks().work();
        self.tipsets.put(tipset)?;
        let mut candidates = self.writer();
        self.change(&mut candidates, tipset, Depth::Any)?;
        self.drop_stray_checkpoint()?;
        // The blocks that came were perhaps what was to be repaired.
        *candidates = Candidates::default();
        for block in tipset.blocks() {
            candidates.add(block);
        }
        Ok(())
    }

    /// Takes the checkpoint back if it is not of our chain any more.
    pub(crate) fn drop_stray_checkpoint(&self) -> Result<(), ChainError> {
        match self.checkpoint() {
            Some(checkpoint) if !self.is_on_chain(&checkpoint)? => self.put_checkpoint(None),
            _ => Ok(()),
        }
    }

    /// Makes the heaviest of all tipsets that can be formed the head.
    fn take_best(&self, candidates: &mut Candidates) -> Result<Taken, ChainError> {
        let all = candidates.all();
        let mut all: Vec<Weighed> = all
            .map(|tipset| Weighed::new(self, tipset))
            .collect::<Result<_, _>>()?;
        all.sort_by(|a, b| b.compare(a));
        for best in all {
            match self.change(candidates, &best.tipset, Depth::Final)? {
                Taken::Refused => {}
                taken => return Ok(taken),
            }
        }
        Ok(Taken::Refused)
    }

    /// Moves the head to `target`.
    pub(crate) fn change(
        &self,
        candidates: &mut Candidates,
        target: &Tipset,
        depth: Depth,
    ) -> Result<Taken, ChainError> {
        let head = self.head();
        let Some((base, ahead)) = self.way_to(target, depth)? else {
            warn!(
                target = %target.key(), height = target.height(),
                "a heavier fork is refused: it leaves our chain too far back"
            );
            return Ok(Taken::Refused);
        };
        self.revert_and_apply(head, base, &ahead)?;
        let head = self.head();
        let finality = self.config().finality_epochs;
        candidates.prune(head.height().saturating_sub(finality));
        Ok(Taken::Head)
    }

    /// The last ancestor of `target` on our chain, and the keys from `target` down to it. None if that is too deep.
    pub(crate) fn way_to(
        &self,
        target: &Tipset,
        depth: Depth,
    ) -> Result<Option<(Tipset, Vec<TipsetKey>)>, ChainError> {
        let head = self.head();
        let mut deepest = None;
        let mut is_too_deep = |base: &Tipset| {
            // What goes on from the head reverts nothing.
            if base.height() >= head.height() {
                return Ok(false);
            }
            let deepest = match (depth, deepest) {
                (Depth::Any, _) => return Ok(false),
                (Depth::DownTo(deepest), _) | (Depth::Final, Some(deepest)) => deepest,
                (Depth::Final, None) => *deepest.insert(self.deepest()?),
            };
            Ok::<_, ChainError>(base.height() < deepest)
        };
        let mut base = target.clone();
        let mut ahead = Vec::new();
        while !self.is_on_chain(&base)? {
            if base.height() == 0 {
                return Err(ChainError::NothingInCommon {
                    first: self.head().key().clone(),
                    second: target.key().clone(),
                });
            }
            ahead.push(base.key().clone());
            base = self.tipsets.parents(&base)?;
            if is_too_deep(&base)? {
                return Ok(None);
            }
        }
        let too_deep = is_too_deep(&base)?;
        Ok((!too_deep).then_some((base, ahead)))
    }

    /// Height of the lowest tipset at which a fork may leave our chain: the checkpoint, or where fewer tipsets than finality has
    /// epochs are above. Tipsets count, not epochs, as the network's first implementation counts (Lotus, `exceedsForkLength`).
    pub(crate) fn deepest(&self) -> Result<ChainEpoch, ChainError> {
        let checkpoint = self.checkpoint();
        let mut lowest = self.head();
        for _ in 1..self.config().finality_epochs {
            if lowest.height() == 0 || checkpoint.as_ref() == Some(&lowest) {
                break;
            }
            lowest = self.tipsets.parents(&lowest)?;
        }
        Ok(lowest.height())
    }

    /// Reverts from `head` down to `base`, and applies `ahead`, the highest of which is first.
    fn revert_and_apply(
        &self,
        head: Tipset,
        base: Tipset,
        ahead: &[TipsetKey],
    ) -> Result<(), ChainError> {
        let mut base_now = head;
        let mut reverted = Vec::new();
        while base_now != base {
            let parents = self.tipsets.parents(&base_now)?;
            reverted.push(std::mem::replace(&mut base_now, parents));
            // If that is all, it goes together with what is applied.
            let is_all = base_now == base && ahead.len() <= MAX_AT_ONCE;
            if reverted.len() >= MAX_AT_ONCE && !is_all {
                self.step(std::mem::take(&mut reverted), &base_now, &[])?;
            }
        }
        let keys: Vec<&TipsetKey> = ahead.iter().rev().collect();
        let mut chunks = keys.chunks(MAX_AT_ONCE).peekable();
        if chunks.peek().is_none() {
            return self.step(reverted, &base_now, &[]);
        }
        for chunk in chunks {
            let tipsets: Vec<Tipset> = chunk
                .iter()
                .map(|key| self.tipsets.load(key))
                .collect::<Result<_, _>>()?;
            self.step(std::mem::take(&mut reverted), &base_now, &tipsets)?;
            if let Some(last) = tipsets.into_iter().next_back() {
                base_now = last;
            }
        }
        Ok(())
    }

    /// One change: from the highest of `revert` down to `base`, then up through `apply`.
    fn step(&self, revert: Vec<Tipset>, base: &Tipset, apply: &[Tipset]) -> Result<(), ChainError> {
        if revert.is_empty() && apply.is_empty() {
            return Ok(());
        }
        let indexed: Vec<IndexedTipset> = apply
            .iter()
            .map(|tipset| self.indexed(tipset))
            .collect::<Result<_, _>>()?;
        let mut batch = self.db.batch();
        for tipset in apply {
            put_headers(&mut batch, tipset);
        }
        let change = HeadChange {
            base: Some(base.height()),
            apply: &indexed,
        };
        self.db.index().change_head(&mut batch, &change)?;
        let new = apply.last().unwrap_or(base).clone();
        {
            let mut head = self.write_head();
            batch.commit(Durability::Synced)?;
            *head = new.clone();
        }
        info!(
            height = new.height(), head = %new.key(),
            reverted = revert.len(), applied = apply.len(), "the head changed"
        );
        let reverts = revert.into_iter().map(Event::Revert);
        let applies = apply.iter().cloned().map(Event::Apply);
        self.listeners
            .publish(reverts.chain(applies).collect(), &new);
        Ok(())
    }

    /// A tipset with its messages, as they stand in the index.
    pub(crate) fn indexed(&self, tipset: &Tipset) -> Result<IndexedTipset, ChainError> {
        let blocks = self.messages_of(tipset)?;
        let messages = blocks.iter().flat_map(|block| block.messages.iter());
        Ok(IndexedTipset {
            height: tipset.height(),
            key: tipset.key().clone(),
            messages: messages.map(indexed_message).collect(),
        })
    }
}

/// A message is found by its CID, a signed one also by that of what was signed; by sender and receiver as it names them.
fn indexed_message(message: &ChainMessage) -> IndexedMessage {
    let mut cids = vec![message.cid()];
    if let ChainMessage::Signed(signed) = message {
        cids.push(filigree_blocks::message_cid(&signed.message));
    }
    let inner = message.message();
    let mut addresses = vec![inner.from];
    if inner.to != inner.from {
        addresses.push(inner.to);
    }
    IndexedMessage { cids, addresses }
}

/// A tipset and its weight.
pub(crate) struct Weighed {
    pub tipset: Tipset,
    weight: BigInt,
}

impl Weighed {
    pub fn new(chain: &Chain, tipset: Tipset) -> Result<Self, ChainError> {
        let weight = chain.weight(&tipset)?;
        Ok(Self { tipset, weight })
    }

    /// By weight, then by tickets. What neither tells apart is ordered by its key, so that the order of coming does not matter.
    fn compare(&self, other: &Self) -> Ordering {
        let by_key = || {
            let bytes = |weighed: &Self| weighed.tipset.key().to_bytes();
            bytes(other).cmp(&bytes(self))
        };
        self.weight
            .cmp(&other.weight)
            .then_with(|| break_tie(&self.tipset, &other.tipset))
            .then_with(by_key)
    }

    pub fn is_preferred_to(&self, other: &Self) -> bool {
        self.compare(other) == Ordering::Greater
    }
}
