//! Results and garbage collection: which are kept, and that none outlives its blocks.
//!
//! A collection takes states that no header names. So when it asks what is needed, results of all other tipsets are forgotten, before
//! anything is deleted and however it ends; and whoever is given a result while it runs looks at its roots first, which keeps them and
//! all below.

use filigree_blocks::TipsetKey;
use fvm_ipld_blockstore::Blockstore;

use super::States;
use crate::apply::TipsetState;
use crate::error::Error;

impl States {
    /// Forgets what tipsets led to, but for those that are needed, and gives that: roots for garbage collection. To be called by who is
    /// asked for these roots.
    pub fn keep_results(&self, is_needed: impl Fn(&TipsetKey) -> bool) -> Vec<TipsetState> {
        self.0.migrated.forget();
        self.0.results.keep(is_needed)
    }

    /// Forgets what tipsets led to: after blocks were deleted from the store, or the rules became others.
    pub fn forget_results(&self) {
        self.0.migrated.forget();
        self.0.results.clear();
    }

    /// What is kept of a tipset, if its roots are still in the store.
    pub(super) fn kept(&self, key: &TipsetKey) -> Result<Option<TipsetState>, Error> {
        let Some(known) = self.0.results.get(key) else {
            return Ok(None);
        };
        for root in [&known.state, &known.receipts] {
            if !self.0.store.has(root).map_err(Error::Store)? {
                self.0.results.forget(key);
                return Ok(None);
            }
        }
        Ok(Some(known))
    }
}
