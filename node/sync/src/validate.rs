//! A tipset that is in the store already, judged once more: nothing that was found of it, or of its parents, is believed.

use filigree_blocks::Tipset;
use filigree_consensus::parents;

use crate::error::IntakeError;
use crate::intake::Intake;

impl Intake {
    /// Judges the blocks of a tipset by all rules, on a state that is computed anew. How old they are does not matter.
    ///
    /// # Errors
    /// The rule that a block breaks; that it was declared bad; or why this node cannot tell.
    pub fn validate(&self, tipset: &Tipset) -> Result<(), IntakeError> {
        if tipset.key() == self.chain.genesis().key() {
            return Ok(());
        }
        for block in tipset.key().cids() {
            if let Some(why) = self.why_bad(block) {
                return Err(IntakeError::Marked {
                    block: Box::new(*block),
                    bad: Box::new(*block),
                    why,
                });
            }
        }
        let base = self.chain.parents(tipset)?;
        let unknown = |error: filigree_node_state::Error| IntakeError::Unknown(error.into());
        // What a state is asked for later comes from the blocks on it, which are what is to be judged.
        let computed = self.states.replay(&base, false).map_err(unknown)?.result;
        parents::check_state(tipset.first(), &computed.state, &computed.receipts)?;
        let now = (self.now)();
        for header in tipset.headers() {
            let block = self.chain.full_block(header)?;
            let verify = &*self.verify_winning;
            self.states
                .check_block(&block, &base, now, verify, &|_| false)?;
        }
        Ok(())
    }
}
