//! The door: a block is judged, stored, taken, and the pool told.

use std::fmt;
use std::sync::Arc;

use filigree_blocks::{FullBlock, SignedMessage, Tipset};
use filigree_chain::{Chain, ChainError, Taken};
use filigree_consensus::reason::CheckError;
use filigree_consensus::{ChainConfig, Reason, timestamp, validate};
use filigree_mempool::Pool;
use filigree_node_state::States;
use filigree_store::{Blocks, Db};
use filigree_vm::Verdict;
use fvm_shared::sector::WinningPoStVerifyInfo;
use tracing::{debug, warn};

use crate::error::IntakeError;
use crate::follow::Follower;
use crate::judged::{self, Judged};

/// Judges the winning proofs of blocks: `proofs/verify`, or a mock on development networks.
pub type VerifyWinning = dyn Fn(&WinningPoStVerifyInfo) -> Verdict + Send + Sync;

/// What an intake is made of.
pub struct Parts {
    /// The store of the chain.
    pub db: Db,
    /// The chain.
    pub chain: Arc<Chain>,
    /// What its tipsets make of state.
    pub states: States,
    /// The pool, opened on the chain's head ([`base_on`](crate::base_on)).
    pub pool: Arc<Pool>,
    /// Judges winning proofs.
    pub verify_winning: Box<VerifyWinning>,
    /// Our time, seconds since 1970. That of a network with a clock of its own is that clock's.
    pub now: Box<dyn Fn() -> u64 + Send + Sync>,
}

/// The one door for blocks. Used by many threads at once.
pub struct Intake {
    chain: Arc<Chain>,
    states: States,
    pool: Arc<Pool>,
    blocks: Blocks,
    verify_winning: Box<VerifyWinning>,
    now: Box<dyn Fn() -> u64 + Send + Sync>,
    follower: Follower,
    judged: Judged,
}

impl Intake {
    /// A door to this chain.
    pub fn new(parts: Parts) -> Self {
        let follower = Follower::new(
            Arc::clone(&parts.chain),
            parts.states.clone(),
            Arc::clone(&parts.pool),
        );
        Self {
            judged: Judged::new(parts.chain.config()),
            chain: parts.chain,
            states: parts.states,
            pool: parts.pool,
            blocks: parts.db.blocks(),
            verify_winning: parts.verify_winning,
            now: parts.now,
            follower,
        }
    }

    /// Judges a block, and if it is good, stores it and lets the chain take it. When this returns, the pool knows of the head
    /// that came of it, unless something is wrong with that, which the log says.
    ///
    /// # Errors
    /// The rule that the block breaks; or that its parents are not here; or what goes wrong in this node.
    pub fn submit(&self, block: &FullBlock) -> Result<Taken, IntakeError> {
        let header = &block.header;
        let config = self.chain.config();
        let now = (self.now)();
        // What can be told at a glance, before anything is read for the block.
        validate::check_alone(&config, header, now)?;
        timestamp::check_range(&config, header.height, self.chain.head().height(), now)?;
        let parents = self.parents_of(block)?;
        self.judge(&config, block, &parents, now)?;
        let taken = {
            // Nothing leads to the block before it is taken.
            let _work = self.blocks.work();
            let cid = self.chain.put_block(block)?;
            let tipset = Tipset::new([header.clone()]);
            let tipset = tipset.map_err(|reason| ChainError::NotATipset {
                key: filigree_blocks::TipsetKey::new([cid]),
                reason: Box::new(reason),
            })?;
            let taken = self.chain.take(&tipset)?;
            debug!(%cid, height = header.height, miner = %header.miner, ?taken, "a block came");
            taken
        };
        if let Err(error) = self.follow() {
            // The chain has taken the block all the same. The next block brings the pool to the head, or the next who asks for it.
            warn!(%error, "the pool cannot follow the head; it stays where it is");
        }
        Ok(taken)
    }

    /// Finds the verdict on a block, or remembers it.
    fn judge(
        &self,
        config: &Arc<ChainConfig>,
        block: &FullBlock,
        parents: &Tipset,
        now: u64,
    ) -> Result<(), IntakeError> {
        let name = judged::name(block);
        if let Some(verdict) = self.judged.get(config, &name) {
            verdict?;
            // A collection may have taken the state that the block names.
            let state = self.states.tipset_state(parents);
            return state.map(drop).map_err(|e| IntakeError::Unknown(e.into()));
        }
        // Most of its messages came to the pool before, which checked their signatures.
        let known_good = |signed: &SignedMessage| self.pool.is_known_good(signed);
        let verify = &*self.verify_winning;
        let checked = self
            .states
            .check_block(block, parents, now, verify, &known_good);
        let verdict = match checked {
            Ok(_) => Ok(()),
            Err(CheckError::Refused(reason)) => Err(reason),
            Err(CheckError::Unknown(error)) => return Err(IntakeError::Unknown(error)),
        };
        self.judged.remember(config, name, verdict.clone());
        Ok(verdict?)
    }

    /// Brings the pool to the chain's head: for those who moved it by other ways than [`submit`](Self::submit).
    ///
    /// # Errors
    /// When messages are missing or the store fails.
    pub fn follow(&self) -> Result<(), ChainError> {
        self.follower.follow()
    }

    fn parents_of(&self, block: &FullBlock) -> Result<Tipset, IntakeError> {
        let parents = &block.header.parents;
        match self.chain.tipset(parents) {
            Err(ChainError::Missing { .. }) => Err(IntakeError::UnknownParents {
                parents: parents.clone(),
            }),
            // All of them are here, and go together on no node.
            Err(ChainError::NotATipset { reason, .. }) => {
                Err(Reason::ParentsNotATipset(reason.to_string()).into())
            }
            found => Ok(found?),
        }
    }
}

impl fmt::Debug for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake").finish_non_exhaustive()
    }
}
