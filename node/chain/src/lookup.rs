//! Ancestors of a tipset by their epochs.

use cid::Cid;
use filigree_blocks::Tipset;
use filigree_consensus::lookback::power_epoch;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::version::NetworkVersion;

use crate::chain::Chain;
use crate::error::ChainError;

/// Which tipset stands for an epoch without blocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NullRounds {
    /// The last before it.
    Before,
    /// The first after it.
    After,
}

/// Where a block's miner had the power and the worker that count.
#[derive(Clone, PartialEq, Debug)]
pub struct Lookback {
    /// The tipset.
    pub tipset: Tipset,
    /// The state after its messages. None if no tipset on it says: it must be computed.
    pub state: Option<Cid>,
}

impl Chain {
    /// The ancestor of `from`, or it itself, at an epoch.
    ///
    /// # Errors
    /// When the epoch is negative or after `from`, a block is missing, or the store fails.
    pub fn tipset_at(
        &self,
        from: &Tipset,
        epoch: ChainEpoch,
        null_rounds: NullRounds,
    ) -> Result<Tipset, ChainError> {
        if !(0..=from.height()).contains(&epoch) {
            let head = from.height();
            return Err(ChainError::OffChain { epoch, head });
        }
        let known = |tipset: &Tipset| self.indexed_from(tipset, epoch);
        let after = self
            .skips
            .ancestor_from(&self.tipsets, from.clone(), epoch, known)?;
        if after.height() == epoch || null_rounds == NullRounds::After {
            return Ok(after);
        }
        self.parents(&after)
    }

    /// Whether `ancestor` is an ancestor of `tipset`.
    ///
    /// # Errors
    /// As [`tipset_at`](Self::tipset_at).
    pub fn is_ancestor(&self, ancestor: &Tipset, tipset: &Tipset) -> Result<bool, ChainError> {
        if ancestor.height() >= tipset.height() {
            return Ok(false);
        }
        let found = self.tipset_at(tipset, ancestor.height(), NullRounds::After)?;
        Ok(found == *ancestor)
    }

    /// Whether a tipset is of the heaviest chain.
    ///
    /// # Errors
    /// When the store fails.
    pub fn is_on_chain(&self, tipset: &Tipset) -> Result<bool, ChainError> {
        let _head = self.read_head();
        let found = self.db.index().tipset_at(tipset.height())?;
        Ok(found.as_ref() == Some(tipset.key()))
    }

    /// Where the power and the worker of the miner of a block at `epoch` on `parents` are looked up (Lotus,
    /// `GetLookbackTipSetForRound`).
    ///
    /// # Errors
    /// When the network has stood still for the whole lookback; and as [`tipset_at`](Self::tipset_at).
    pub fn lookback(&self, parents: &Tipset, epoch: ChainEpoch) -> Result<Lookback, ChainError> {
        let config = self.config();
        let lookback = power_epoch(&config, epoch);
        if lookback >= parents.height() {
            let is_early = config.version_at(epoch) <= NetworkVersion::V3;
            if parents.height() > 0 && !is_early {
                return Err(ChainError::StoodStill {
                    epoch,
                    lookback,
                    parents: parents.height(),
                });
            }
            return Ok(Lookback {
                tipset: parents.clone(),
                state: None,
            });
        }
        let next = self.tipset_at(parents, lookback.saturating_add(1), NullRounds::After)?;
        Ok(Lookback {
            tipset: self.parents(&next)?,
            state: Some(next.parent_state()),
        })
    }

    /// The lowest tipset at `epoch` or above on the heaviest chain, if `tipset` is of it.
    fn indexed_from(
        &self,
        tipset: &Tipset,
        epoch: ChainEpoch,
    ) -> Result<Option<Tipset>, ChainError> {
        // While it is held, the index is that of one head.
        let head = self.read_head();
        let index = self.db.index();
        if index.tipset_at(tipset.height())?.as_ref() != Some(tipset.key()) {
            return Ok(None);
        }
        let found = index.tipset_from(epoch)?;
        drop(head);
        found.map(|found| self.tipset(&found.key)).transpose()
    }
}
