//! The door for blocks, as callers of the RPC use it: submitting them, marking them, hearing of them.
//!
//! As with the process ([`crate::operator`]), the parts that do it are not known here; the daemon implements [`Door`].

use anyhow::Result;
use cid::Cid;
use filigree_blocks::{BlockHeader, FullBlock, Tipset};

/// Told of blocks that come in. False says that it wants to hear no more; it must not wait.
pub type BlockListener = Box<dyn Fn(&BlockHeader) -> bool + Send + Sync>;

/// See the head of the file. Errors say what was wrong, and what to do.
pub trait Door: Send + Sync {
    /// Judges a block and takes it into the chain.
    ///
    /// # Errors
    /// When it is not good, would be a second one of a miner whose key is here, or cannot be taken.
    fn submit(&self, block: &FullBlock) -> Result<()>;

    /// Takes down that a block was signed with a key of the wallet; the caller may have it then.
    ///
    /// # Errors
    /// When it is not good, or would be a second one.
    fn give_out(&self, block: &FullBlock) -> Result<()>;

    /// Declares a block bad: the chain leaves it, and does not take it any more, nor what stands on it.
    ///
    /// # Errors
    /// When it is the genesis, too many are declared bad, or the chain cannot leave it.
    fn mark_bad(&self, block: &Cid) -> Result<()>;

    /// Takes that back, or with no block for all.
    ///
    /// # Errors
    /// When the disk fails.
    fn unmark_bad(&self, block: Option<&Cid>) -> Result<()>;

    /// Why a block was declared bad, if it was.
    fn why_bad(&self, block: &Cid) -> Option<String>;

    /// Judges the blocks of a tipset once more.
    ///
    /// # Errors
    /// Why it is not good, or why that cannot be told.
    fn validate(&self, tipset: &Tipset) -> Result<()>;

    /// Has somebody told of good blocks as they come.
    fn listen(&self, listener: BlockListener);
}
