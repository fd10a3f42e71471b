//! The state that decides about a block's miner: that after the tipset a finality before the block.

use cid::Cid;
use filigree_blocks::Tipset;
use filigree_consensus::ChainConfig;
use filigree_consensus::lookback::power_epoch;
use fvm_shared::clock::ChainEpoch;

use crate::error::Error;
use crate::history::{History, Nulls};

/// What a block looks back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookback {
    /// The last tipset up to that epoch.
    pub tipset: Tipset,
    /// The state after its messages.
    pub state: Cid,
}

/// What a block at epoch `round`, on parents `base`, looks back to.
///
/// # Errors
/// If the chain does not tell, or there are more epochs without a block than the lookback is long.
pub fn lookback(
    history: &dyn History,
    config: &ChainConfig,
    base: &Tipset,
    round: ChainEpoch,
) -> Result<Lookback, Error> {
    let epoch = power_epoch(config, round);
    if epoch >= base.height() {
        if base.height() == 0 {
            // The genesis has no messages.
            return Ok(Lookback {
                tipset: base.clone(),
                state: base.parent_state(),
            });
        }
        return Err(Error::Lookback {
            round,
            lookback: epoch,
            base: base.height(),
        });
    }
    // Its child says what state it led to.
    let next = history.tipset_at(base, epoch + 1, Nulls::After);
    let next = next.map_err(Error::History)?;
    let tipset = history.tipset(next.parents()).map_err(Error::History)?;
    Ok(Lookback {
        tipset,
        state: next.parent_state(),
    })
}
