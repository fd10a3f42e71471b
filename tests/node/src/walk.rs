//! The chain, walked by the parents of its tipsets: what is in it, and that each state follows from the one before.

use anyhow::{Context, Result, ensure};
use cid::Cid;
use filigree_blocks::{Tipset, message_cid};
use filigree_rpc::method::chain::{ChainGetBlockMessages, ChainGetTipSet};
use filigree_rpc::method::state::call::StateCompute;
use fvm_shared::message::Message;

use crate::Node;

impl Node {
    /// A tipset and all below it; the last is the first block.
    ///
    /// # Errors
    /// Those of the node.
    pub fn down_from(&self, top: Tipset) -> Result<Vec<Tipset>> {
        let mut chain = vec![top];
        while let Some(last) = chain.last().filter(|last| last.height() > 0) {
            let tipset = last.parents().clone();
            chain.push(self.call(ChainGetTipSet { tipset })?);
        }
        Ok(chain)
    }

    /// The messages of a tipset's blocks: those of several blocks several times.
    ///
    /// # Errors
    /// Those of the node.
    pub fn messages_of(&self, tipset: &Tipset) -> Result<Vec<(Cid, Message)>> {
        let mut all = Vec::new();
        for block in tipset.key().cids() {
            let found = self.call(ChainGetBlockMessages { block: *block })?;
            let bls = found.bls.into_iter();
            all.extend(bls.map(|message| (message_cid(&message), message)));
            let signed = found.signed.into_iter();
            all.extend(signed.map(|signed| (signed.cid(), signed.message)));
        }
        Ok(all)
    }

    /// The state that a tipset leads to, computed once more.
    ///
    /// # Errors
    /// If it cannot be computed.
    pub fn computed(&self, tipset: &Tipset) -> Result<Cid> {
        let computed = self.call(StateCompute {
            epoch: tipset.height(),
            messages: None,
            tipset: tipset.key().clone(),
        });
        let computed = computed.with_context(|| format!("the tipset at {}", tipset.height()))?;
        Ok(computed.root)
    }

    /// Computes every tipset from the one below the head down to `lowest` once more: each must lead to what the next one says. Gives
    /// how many there were.
    ///
    /// # Errors
    /// If one does not, or cannot be computed.
    pub fn replay_down_to(&self, lowest: i64) -> Result<usize> {
        let chain = self.down_from(self.head()?)?;
        let mut count = 0;
        for pair in chain.windows(2) {
            let [child, parent] = pair else { continue };
            if child.height() <= lowest {
                break;
            }
            let root = self.computed(parent)?;
            ensure!(
                root == child.parent_state(),
                "the tipset at {} leads to {root}, the next one says {}",
                parent.height(),
                child.parent_state()
            );
            count += 1;
        }
        Ok(count)
    }
}
