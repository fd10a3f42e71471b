//! The pool follows the chain's head: what was mined leaves it, what a reorganisation took out of the chain comes back.
//!
//! Where the pool stands is remembered, and the way from there to the head is asked of the chain. So it does not matter how many
//! changes there were meanwhile, or who made them.

use std::sync::{Arc, Mutex, PoisonError};

use filigree_blocks::{ChainMessage, Tipset};
use filigree_chain::{Chain, ChainError};
use filigree_mempool::Pool;
use filigree_node_state::States;
use fvm_shared::clock::ChainEpoch;
use tracing::warn;

use crate::accounts::base_on;

/// Most tipsets on the way from one head to another. Beyond that the pool is told of the new head alone.
const MAX_WAY: usize = 4_000;

/// Brings the pool to the chain's head.
pub(crate) struct Follower {
    chain: Arc<Chain>,
    states: States,
    pool: Arc<Pool>,
    /// The head that the pool was told of last.
    at: Mutex<Tipset>,
}

impl Follower {
    /// Of a pool that was opened on the chain's head as it is now.
    pub fn new(chain: Arc<Chain>, states: States, pool: Arc<Pool>) -> Self {
        let at = Mutex::new(chain.head());
        Self {
            chain,
            states,
            pool,
            at,
        }
    }

    /// Brings the pool to the head as it is now, or later.
    pub fn follow(&self) -> Result<(), ChainError> {
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        let head = self.chain.head();
        if *at == head {
            return Ok(());
        }
        let (reverted, applied) = match self.way(&at, &head) {
            Ok(way) => way,
            Err(error) => {
                warn!(%error, "what was mined on the way to the new head is not known: messages may stay in the pool");
                Default::default()
            }
        };
        let base = base_on(&self.chain, &self.states, &head)?;
        if !(reverted.is_empty() && applied.is_empty()) {
            // The pool will ask for it, while all who need the pool wait.
            if let Err(error) = self.states.tipset_state(&head) {
                warn!(height = head.height(), head = %head.key(), %error, "the state of the head cannot be computed");
            }
        }
        self.pool.change_head(&reverted, &applied, base);
        *at = head;
        Ok(())
    }

    /// Messages of the tipsets that leave the chain and of those that join it; the newest of each last. Tipsets without messages
    /// are left out.
    fn way(&self, from: &Tipset, to: &Tipset) -> Result<(Messages, Messages), ChainError> {
        let path = self.chain.path(from, to, MAX_WAY)?;
        let reverted = self.messages(path.revert.iter().rev())?;
        Ok((reverted, self.messages(path.apply.iter())?))
    }

    fn messages<'a>(
        &self,
        tipsets: impl Iterator<Item = &'a Tipset>,
    ) -> Result<Messages, ChainError> {
        let mut all = Vec::new();
        for tipset in tipsets {
            let mut messages = Vec::new();
            for header in tipset.headers() {
                messages.extend_from_slice(&self.chain.messages_of_block(header)?);
            }
            if !messages.is_empty() {
                all.push((tipset.height(), messages));
            }
        }
        Ok(all)
    }
}

/// Messages of tipsets, with their epochs.
type Messages = Vec<(ChainEpoch, Vec<ChainMessage>)>;
