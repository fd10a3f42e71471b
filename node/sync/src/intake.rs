//! The door: a block is judged, stored, taken, and the pool told.
//!
//! Judging may take its time, and blocks are judged beside each other. Storing and taking one excludes that some block is declared
//! bad meanwhile: a block that is taken stands on none.

use std::fmt;
use std::sync::Arc;

use cid::Cid;
use filigree_blocks::{FullBlock, SignedMessage, Tipset};
use filigree_chain::{Chain, ChainError, Taken};
use filigree_consensus::reason::CheckError;
use filigree_consensus::{ChainConfig, Reason, timestamp, validate};
use filigree_mempool::Pool;
use filigree_node_state::States;
use filigree_store::{Blocks, Db};
use filigree_vm::Verdict;
use fvm_shared::sector::WinningPoStVerifyInfo;
use tracing::{debug, error, warn};

use crate::bad::{BadBlocks, MarkError, Marks};
use crate::error::IntakeError;
use crate::follow::Follower;
use crate::incoming::{Incoming, Listener};
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
    pub(crate) chain: Arc<Chain>,
    pub(crate) states: States,
    pub(crate) verify_winning: Box<VerifyWinning>,
    pub(crate) now: Box<dyn Fn() -> u64 + Send + Sync>,
    pool: Arc<Pool>,
    blocks: Blocks,
    follower: Follower,
    judged: Judged,
    bad: BadBlocks,
    incoming: Incoming,
}

impl Intake {
    /// A door to this chain. Blocks that were declared bad are left, if the process was killed before they were; the log says which the
    /// chain cannot leave.
    ///
    /// # Errors
    /// When the store fails.
    pub fn new(parts: Parts) -> Result<Self, ChainError> {
        let follower = Follower::new(
            Arc::clone(&parts.chain),
            parts.states.clone(),
            Arc::clone(&parts.pool),
        );
        let intake = Self {
            judged: Judged::new(parts.chain.config()),
            bad: BadBlocks::open(&parts.db)?,
            incoming: Incoming::default(),
            chain: parts.chain,
            states: parts.states,
            pool: parts.pool,
            blocks: parts.db.blocks(),
            verify_winning: parts.verify_winning,
            now: parts.now,
            follower,
        };
        if intake.leave_marked() {
            intake.follow()?;
        }
        Ok(intake)
    }

    /// Has the chain leave the blocks that are declared bad. True if it moved.
    fn leave_marked(&self) -> bool {
        let mut moved = false;
        for block in self.bad.read().keys() {
            match self.chain.leave(block) {
                Ok(left) => moved |= left,
                // A node that does not start could not even take the mark back.
                Err(error) => {
                    error!(%block, %error, "a block is declared bad, and the chain cannot leave it; take that back with SyncUnmarkBad");
                }
            }
        }
        moved
    }

    /// Judges a block, and if it is good, stores it and lets the chain take it. When this returns, the pool knows of the head
    /// that came of it, unless something is wrong with that, which the log says.
    ///
    /// # Errors
    /// The rule that the block breaks; or that its parents are not here; or that it was declared bad; or what goes wrong in this node.
    pub fn submit(&self, block: &FullBlock) -> Result<Taken, IntakeError> {
        let header = &block.header;
        // Whoever schedules an upgrade, or takes one back, waits for this: a block counts by the rules that it is judged by.
        let moving = self.states.moving();
        let parents = self.judge_at(block, (self.now)())?;
        let taken = {
            let cid = header.cid();
            let marks = self.bad.read();
            self.check_marks(&marks, &cid, &parents)?;
            // Nothing leads to the block before it is taken.
            let _work = self.blocks.work();
            self.chain.put_block(block)?;
            let tipset = Tipset::new([header.clone()]);
            let tipset = tipset.map_err(|reason| ChainError::NotATipset {
                key: filigree_blocks::TipsetKey::new([cid]),
                reason: Box::new(reason),
            })?;
            let taken = self.chain.take(&tipset)?;
            debug!(%cid, height = header.height, miner = %header.miner, ?taken, "a block came");
            taken
        };
        drop(moving);
        self.incoming.tell_once(header);
        if let Err(error) = self.follow() {
            // The chain has taken the block all the same. The next block brings the pool to the head, or the next who asks for it.
            warn!(%error, "the pool cannot follow the head; it stays where it is");
        }
        Ok(taken)
    }

    /// Judges a block, and does no more. Gives its parents.
    ///
    /// # Errors
    /// As [`submit`](Self::submit).
    pub fn judge(&self, block: &FullBlock) -> Result<Tipset, IntakeError> {
        self.judge_at(block, (self.now)())
    }

    /// The same as if it were an epoch later: for a block that is made before its epoch begins.
    ///
    /// # Errors
    /// As [`submit`](Self::submit).
    pub fn judge_ahead(&self, block: &FullBlock) -> Result<Tipset, IntakeError> {
        let delay = self.chain.config().block_delay_seconds;
        let then = (self.now)().saturating_add(delay);
        self.judge_at(block, then)
    }

    /// Declares a block bad: it does not come in any more, nor does what is built on it; and the chain leaves it. It need not be here.
    ///
    /// # Errors
    /// When it is the first block, or no block, too many are, or the chain cannot leave it. It is not declared bad then.
    pub fn mark_bad(&self, block: &Cid, why: &str) -> Result<(), MarkError> {
        if self.chain.genesis().key().cids().contains(block) {
            return Err(MarkError::Genesis);
        }
        if let Err(ChainError::Malformed { .. }) = self.chain.block(block) {
            return Err(MarkError::NotABlock(Box::new(*block)));
        }
        self.bad.mark(block, why, || {
            self.chain.leave(block)?;
            Ok(())
        })?;
        warn!(%block, why, head = self.chain.head().height(), "a block was declared bad");
        if let Err(error) = self.follow() {
            warn!(%error, "the pool cannot follow the head; it stays where it is");
        }
        Ok(())
    }

    /// Takes back that a block is bad. It comes in when it is submitted again.
    ///
    /// # Errors
    /// When the store fails.
    pub fn unmark_bad(&self, block: &Cid) -> Result<(), MarkError> {
        Ok(self.bad.unmark(block)?)
    }

    /// Takes back that any block is bad.
    ///
    /// # Errors
    /// When the store fails.
    pub fn unmark_all_bad(&self) -> Result<(), MarkError> {
        Ok(self.bad.unmark_all()?)
    }

    /// Why a block was declared bad, if it was.
    pub fn why_bad(&self, block: &Cid) -> Option<String> {
        self.bad.read().get(block).cloned()
    }

    /// Has somebody told of good blocks when the chain takes them, each once.
    pub fn listen(&self, listener: Listener) {
        self.incoming.listen(listener);
    }

    /// Judges a block as at some time. Gives its parents.
    fn judge_at(&self, block: &FullBlock, now: u64) -> Result<Tipset, IntakeError> {
        let header = &block.header;
        let config = self.chain.config();
        // What can be told at a glance, before anything is read for the block.
        validate::check_alone(&config, header, now)?;
        timestamp::check_range(&config, header.height, self.chain.head().height(), now)?;
        let parents = self.parents_of(block)?;
        self.check_marks(&self.bad.read(), &header.cid(), &parents)?;
        self.find_verdict(&config, block, &parents, now)?;
        Ok(parents)
    }

    /// That neither a block nor one below it, down to our chain, was declared bad.
    fn check_marks(&self, marks: &Marks, block: &Cid, parents: &Tipset) -> Result<(), IntakeError> {
        if marks.is_empty() {
            return Ok(());
        }
        let check = |cid: &Cid| match marks.get(cid) {
            None => Ok(()),
            Some(why) => Err(IntakeError::Marked {
                block: Box::new(*block),
                bad: Box::new(*cid),
                why: why.clone(),
            }),
        };
        check(block)?;
        // Our chain has none: it left them.
        let mut below = parents.clone();
        let mut left = self.chain.config().finality_epochs;
        while left > 0 && !self.chain.is_on_chain(&below)? {
            below.key().cids().iter().try_for_each(check)?;
            below = self.chain.parents(&below)?;
            left -= 1;
        }
        Ok(())
    }

    /// Finds the verdict on a block, or remembers it.
    fn find_verdict(
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
            return match state {
                Ok(_) => Ok(()),
                Err(e) => Err(IntakeError::Unknown(e.into())),
            };
        }
        // Most of its messages came to the pool before, which checked their signatures.
        let known_good = |signed: &SignedMessage| self.pool.is_known_good(signed);
        let verify = &*self.verify_winning;
        let checked = self
            .states
            .check_block(block, parents, now, verify, &known_good);
        let verdict = match checked {
            Ok(()) => Ok(()),
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
