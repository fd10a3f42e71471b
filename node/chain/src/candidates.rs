//! Blocks that may be in the head: what tipsets can be formed of those that came.
//!
//! Blocks of one tipset come one by one, so the tipset grows. A miner that makes two blocks at one epoch has none in a tipset
//! that is formed here (nodes that heard of one only would disagree with those that heard of the other); blocks built on
//! either are as good as any.

use std::collections::BTreeMap;

use cid::Cid;
use filigree_blocks::{Block, Tipset, TipsetKey};
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;

/// Good blocks of the last epochs.
#[derive(Clone, Default)]
pub(crate) struct Candidates {
    epochs: BTreeMap<ChainEpoch, BTreeMap<Address, Made>>,
}

/// What a miner made at an epoch. Of more blocks than two, two are kept.
#[derive(Clone)]
struct Made {
    first: Block,
    second: Option<Box<Block>>,
}

impl Candidates {
    /// Adds a block. True if it is the second of its miner at its epoch, so that the first is in no tipset any more.
    pub fn add(&mut self, block: &Block) -> bool {
        let header = block.header();
        let epoch = self.epochs.entry(header.height).or_default();
        match epoch.get_mut(&header.miner) {
            None => {
                let made = Made {
                    first: block.clone(),
                    second: None,
                };
                epoch.insert(header.miner, made);
                false
            }
            Some(made) if made.second.is_none() && made.first.cid() != block.cid() => {
                made.second = Some(Box::new(block.clone()));
                true
            }
            Some(_) => false,
        }
    }

    /// Forgets the blocks that are not to be kept. A miner that made two of an epoch has none in a tipset all the same.
    pub fn retain<E>(&mut self, keep: impl Fn(&Block) -> Result<bool, E>) -> Result<(), E> {
        for epoch in self.epochs.values_mut() {
            let mut gone = Vec::new();
            for (miner, made) in epoch.iter() {
                if made.second.is_none() && !keep(&made.first)? {
                    gone.push(*miner);
                }
            }
            epoch.retain(|miner, _| !gone.contains(miner));
        }
        Ok(())
    }

    /// The tipset that can be formed at an epoch on these parents.
    pub fn form(&self, height: ChainEpoch, parents: &TipsetKey) -> Option<Tipset> {
        let blocks = self.honest(height);
        let blocks = blocks.filter(|block| block.header().parents == *parents);
        tipset(blocks)
    }

    /// Every tipset that can be formed, the highest first.
    pub fn all(&self) -> impl Iterator<Item = Tipset> {
        let heights = self.epochs.keys().rev();
        heights.flat_map(|&height| {
            let mut groups: BTreeMap<&TipsetKey, Vec<&Block>> = BTreeMap::new();
            for block in self.honest(height) {
                groups
                    .entry(&block.header().parents)
                    .or_default()
                    .push(block);
            }
            groups
                .into_values()
                .filter_map(|blocks| tipset(blocks.into_iter()))
        })
    }

    /// Whether a block of the tipset is of a miner that made another at its epoch.
    pub fn equivocates(&self, tipset: &Tipset) -> bool {
        let Some(epoch) = self.epochs.get(&tipset.height()) else {
            return false;
        };
        let made_two = |miner| epoch.get(miner).is_some_and(|made| made.second.is_some());
        tipset.headers().any(|header| made_two(&header.miner))
    }

    /// Forgets epochs below `height`.
    pub fn prune(&mut self, height: ChainEpoch) {
        self.epochs = self.epochs.split_off(&height);
    }

    /// The blocks that are remembered.
    pub fn cids(&self) -> impl Iterator<Item = Cid> {
        let made = self.epochs.values().flat_map(BTreeMap::values);
        made.flat_map(|made| {
            let second = made.second.as_ref().map(|block| block.cid());
            [Some(made.first.cid()), second].into_iter().flatten()
        })
    }

    fn honest(&self, height: ChainEpoch) -> impl Iterator<Item = &Block> {
        let epoch = self.epochs.get(&height);
        let made = epoch.into_iter().flat_map(BTreeMap::values);
        made.filter(|made| made.second.is_none())
            .map(|made| &made.first)
    }
}

fn tipset<'a>(blocks: impl Iterator<Item = &'a Block>) -> Option<Tipset> {
    // Blocks of one epoch, on the same parents, with tickets: only having none is an error.
    Tipset::of_blocks(blocks.cloned().collect()).ok()
}
