//! Blocks of our own miners that come by another way than the mining loop: put together and signed for a caller of the RPC, or
//! submitted by one. They are held against the same record ([`LastBlocks`]), so that no caller makes a miner make two.
//!
//! A block that is given out counts as seen from then on, whether its receiver shows it to anybody or not. It is good, and stored,
//! before it is: where the miner may not build beside it any more, the mining loop can have the chain take it.

use std::fmt;
use std::sync::Arc;

use filigree_blocks::{FullBlock, Tipset};
use filigree_chain::{Chain, ChainError, Taken};
use filigree_node_state::States;
use filigree_store::Db;
use filigree_sync::{Intake, IntakeError};
use filigree_wallet::Wallet;

use crate::last::{LastBlocks, SecondBlock};
use crate::round::is_stored;

/// Why a block does not pass.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// It is not good, or cannot be judged.
    #[error(transparent)]
    Intake(#[from] IntakeError),
    /// It would be a second block.
    #[error(transparent)]
    Second(#[from] SecondBlock),
    /// The chain.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// State.
    #[error("state: {0}")]
    State(Box<filigree_node_state::Error>),
}

impl From<filigree_node_state::Error> for GuardError {
    fn from(error: filigree_node_state::Error) -> Self {
        Self::State(Box::new(error))
    }
}

/// What a guard works with.
pub struct GuardParts {
    /// The store.
    pub db: Db,
    /// The chain.
    pub chain: Arc<Chain>,
    /// Its states.
    pub states: States,
    /// Where blocks go.
    pub intake: Arc<Intake>,
    /// Says which miners are our own: those whose workers' keys it has.
    pub wallet: Arc<Wallet>,
    /// What they made. The process has one.
    pub last: Arc<LastBlocks>,
}

/// See the head of the file.
pub struct Guard(GuardParts);

impl Guard {
    /// A guard.
    pub fn new(parts: GuardParts) -> Self {
        Self(parts)
    }

    /// Takes down a block that was signed for somebody, who may have it when this returns. One that is made up to an epoch before its
    /// time is judged as at its time.
    ///
    /// # Errors
    /// When it is not good, would be a second one, or cannot be taken down.
    pub fn give_out(&self, block: &FullBlock) -> Result<(), GuardError> {
        let parents = self.0.intake.judge_ahead(block)?;
        self.claim(block, &parents)
    }

    /// Submits a block; one of our own miners is taken down before.
    ///
    /// # Errors
    /// When it is not good, would be a second one of our own, or the chain cannot take it.
    pub fn submit(&self, block: &FullBlock) -> Result<Taken, GuardError> {
        let parents = self.0.intake.judge(block)?;
        if self.is_own(block, &parents)? {
            self.claim(block, &parents)?;
        }
        Ok(self.0.intake.submit(block)?)
    }

    fn claim(&self, block: &FullBlock, parents: &Tipset) -> Result<(), GuardError> {
        let header = &block.header;
        let miner = header.miner.id().map_err(|_| {
            // A good block names its miner by id.
            IntakeError::Unknown(anyhow::anyhow!("{} is no id of a miner", header.miner))
        })?;
        let GuardParts {
            db, chain, last, ..
        } = &self.0;
        let is_stored = |block: &_| is_stored(chain, block);
        // Stored first: taken down as shown and not there, it would bar the miner from these parents for good, after a kill in between.
        // What is synced then is so with what was written before. Nobody has the block yet; if it is refused, it is garbage.
        let _work = db.blocks().work();
        chain.put_block(block)?;
        last.claim_shown(miner, header.height, header.cid(), parents, is_stored)?;
        Ok(())
    }

    /// Whether we could have signed a good block: whether the worker's key is here.
    fn is_own(&self, block: &FullBlock, parents: &Tipset) -> Result<bool, GuardError> {
        let GuardParts { chain, states, .. } = &self.0;
        let then = chain.lookback(parents, block.header.height)?;
        let state = match then.state {
            Some(state) => state,
            None => states.tipset_state(&then.tipset)?.state,
        };
        let worker = states
            .view(&state)?
            .miner(&block.header.miner)?
            .worker_key()?;
        Ok(worker.is_some_and(|worker| self.0.wallet.has(&worker)))
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").finish_non_exhaustive()
    }
}
