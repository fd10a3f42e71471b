//! How the chain leaves a block that shall not be of it, whatever it weighs.
//!
//! Where the head goes: to the heaviest other tipset whose fork leaves our chain no deeper than finality and the checkpoint allow, or
//! no deeper than must be: at the parents of the block. A fork that was refused as too deep is not taken for that a block is left.
//! If there is none, the head is those parents. The genesis cannot be left.

use cid::Cid;
use filigree_blocks::Tipset;
use fvm_shared::clock::ChainEpoch;

use crate::candidates::Candidates;
use crate::chain::Chain;
use crate::error::ChainError;
use crate::head::{Depth, Weighed};
use crate::lookup::NullRounds;

impl Chain {
    /// Leaves a block: what is built on it is forgotten, and if the head was, it goes where the head of this file says. True if the head
    /// moved. The checkpoint goes if it is not of its chain.
    ///
    /// The block is not remembered: whoever has it taken again has it back.
    ///
    /// # Errors
    /// When what has this CID is no header, something is missing, or the store fails. The block may then come back as if nothing had been
    /// asked.
    pub fn leave(&self, cid: &Cid) -> Result<bool, ChainError> {
        let height = match self.block(cid) {
            Err(ChainError::Missing { .. }) => return Ok(false),
            header => header?.height,
        };
        if height == 0 {
            return Ok(false);
        }
        let _work = self.db.blocks().work();
        let mut candidates = self.writer();
        let before = candidates.clone();
        let left = self.leave_at(&mut candidates, height, cid);
        if left.is_err() {
            *candidates = before;
        }
        left
    }

    fn leave_at(
        &self,
        candidates: &mut Candidates,
        height: ChainEpoch,
        cid: &Cid,
    ) -> Result<bool, ChainError> {
        candidates.retain(|candidate| {
            let below = candidate.header();
            if below.height <= height {
                return Ok(candidate.cid() != *cid);
            }
            let parents = self.tipsets.load(&below.parents)?;
            Ok::<_, ChainError>(self.tipset_with(&parents, height, cid)?.is_none())
        })?;
        let Some(left) = self.tipset_with(&self.head(), height, cid)? else {
            return Ok(false);
        };
        // Those beside it came, too, and are perhaps not remembered.
        for block in left.blocks().iter().filter(|block| block.cid() != *cid) {
            candidates.add(block);
        }
        let parents = self.tipsets.parents(&left)?;
        let next = self.instead(candidates, parents)?;
        // It is in reach.
        self.change(candidates, &next, Depth::Any)?;
        self.drop_stray_checkpoint()?;
        Ok(true)
    }

    /// The heaviest tipset that can be formed and is in reach, or these parents, if they are heavier.
    fn instead(&self, candidates: &Candidates, parents: Tipset) -> Result<Tipset, ChainError> {
        let must_be = Depth::DownTo(parents.height());
        let mut choices = Vec::new();
        let mut is_outweighed = false;
        for tipset in candidates.all() {
            // What is of our chain are the parents, or is below them, and lighter.
            if self.is_on_chain(&tipset)? {
                continue;
            }
            if self.way_to(&tipset, must_be)?.is_some() {
                // Built on the parents, it is heavier than they are.
                is_outweighed = true;
            } else if self.way_to(&tipset, Depth::Final)?.is_none() {
                continue;
            }
            choices.push(tipset);
        }
        let Some(first) = choices.pop() else {
            return Ok(parents);
        };
        if !is_outweighed {
            choices.push(parents);
        }
        // The only choice needs no weight: the state that tells it may be gone.
        if choices.is_empty() {
            return Ok(first);
        }
        let mut best = Weighed::new(self, first)?;
        for tipset in choices {
            let other = Weighed::new(self, tipset)?;
            if other.is_preferred_to(&best) {
                best = other;
            }
        }
        Ok(best.tipset)
    }

    /// The tipset with a block of this height, on the chain up to and with `tip`.
    fn tipset_with(
        &self,
        tip: &Tipset,
        height: ChainEpoch,
        cid: &Cid,
    ) -> Result<Option<Tipset>, ChainError> {
        if tip.height() < height {
            return Ok(None);
        }
        let found = self.tipset_at(tip, height, NullRounds::After)?;
        Ok(found.key().cids().contains(cid).then_some(found))
    }
}
