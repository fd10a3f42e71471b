//! Ancestors by their height, on chains that the index does not know: forks, and chains that are being fetched.
//!
//! Walking back costs a header a step. So that nobody walks the same way often, the lowest tipset of every twenty epochs
//! remembers the lowest of the twenty before it.

use filigree_blocks::{Tipset, TipsetKey};
use fvm_shared::clock::ChainEpoch;

use crate::cache::Cache;
use crate::error::ChainError;
use crate::tipsets::Tipsets;

/// Epochs of one step.
const STEP_EPOCHS: ChainEpoch = 20;
/// Steps in memory: of a million epochs.
const CACHED: usize = 100_000;

pub(crate) struct Skips {
    /// From the lowest tipset of a step to the lowest of the one before.
    down: Cache<TipsetKey, (ChainEpoch, TipsetKey)>,
}

impl Skips {
    pub fn new() -> Self {
        Self {
            down: Cache::new(CACHED),
        }
    }

    /// The lowest tipset at `height` or above, on the chain of `from`, which is not below it. `known` may answer for a tipset on
    /// the way by other means.
    pub fn ancestor_from(
        &self,
        tipsets: &Tipsets,
        from: Tipset,
        height: ChainEpoch,
        known: impl Fn(&Tipset) -> Result<Option<Tipset>, ChainError>,
    ) -> Result<Tipset, ChainError> {
        let mut current = from;
        let mut lowest_above: Option<TipsetKey> = None;
        loop {
            if current.height() <= height {
                return Ok(current);
            }
            if let Some(found) = known(&current)? {
                return Ok(found);
            }
            match self.down.get(current.key()) {
                Some((lower, key)) if lower >= height => {
                    lowest_above = Some(key.clone());
                    current = tipsets.load(&key)?;
                    continue;
                }
                _ => {}
            }
            let parents = tipsets.parents(&current)?;
            let is_lowest = step(parents.height()) < step(current.height());
            if is_lowest {
                let link = (current.height(), current.key().clone());
                if let Some(above) = lowest_above.replace(current.key().clone())
                    && above != *current.key()
                {
                    self.down.insert(above, link, 1);
                }
            }
            if parents.height() < height {
                return Ok(current);
            }
            current = parents;
        }
    }
}

/// Which twenty epochs.
fn step(height: ChainEpoch) -> ChainEpoch {
    height.div_euclid(STEP_EPOCHS)
}
