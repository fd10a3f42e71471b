//! The reward actor, f02: holds what is not mined yet and pays block rewards (Filecoin spec, "Block Reward Minting", "Reward Actor").
//! It is called for every block, to pay it, and at the end of a tipset, to compute the reward of the next epoch.
//!
//! | number | method | caller |
//! |---|---|---|
//! | 1 | Constructor | f00, at genesis |
//! | 2 | AwardBlockReward | f00, for each block |
//! | 3 | ThisEpochReward | any built-in actor |
//! | 4 | UpdateNetworkKPI | f04, the power actor, at the end of a tipset |
//!
//! The formulas are in [`minting`], what they are applied to in `state`, and how a block is paid in `award`.

mod award;
mod exponential;
pub mod minting;
mod state;

pub use filigree_builtin::calls::reward::{AwardBlockRewardParams, ThisEpochRewardReturn};
pub use state::Reward;

use filigree_builtin::{ids, internal_api};
use filigree_sdk::prelude::*;
use fvm_shared::bigint::bigint_ser::BigIntDe;

#[actor(before = internal_api::check)]
impl Reward {
    /// For a network that begins with some power, in bytes.
    #[constructor(by = system)]
    pub fn construct(power: Option<BigIntDe>) -> Result<Self> {
        Ok(Self::at_genesis(&required(power)?))
    }

    /// Pays the miner of a block: its share of the epoch's reward, and the fees that came with this call. What the miner does not accept is
    /// burnt.
    #[method(2)]
    pub fn award_block_reward(ctx: &mut Context, params: AwardBlockRewardParams) -> Result<()> {
        ctx.require_caller(&[ids::SYSTEM])?;
        award::award(ctx, &params)
    }

    /// What is known of this epoch's reward; after null rounds, of the last epoch that had a tipset.
    #[view(3)]
    pub fn this_epoch_reward(&self) -> ThisEpochRewardReturn {
        ThisEpochRewardReturn {
            this_epoch_reward_smoothed: self.this_epoch_reward_smoothed.clone(),
            this_epoch_baseline_power: self.this_epoch_baseline_power.clone(),
        }
    }

    /// Computes the next epoch's reward from the power of the network, in bytes.
    #[method(4)]
    pub fn update_network_kpi(
        ctx: &mut Context,
        curr_realized_power: Option<BigIntDe>,
    ) -> Result<()> {
        ctx.require_caller(&[ids::POWER])?;
        let power = required(curr_realized_power)?;
        let now = ctx.epoch()?;
        ctx.transaction(|state: &mut Reward, _| {
            state.advance(&power, now);
            Ok(())
        })
    }
}

fn required(power: Option<BigIntDe>) -> Result<fvm_shared::bigint::BigInt> {
    match power {
        Some(power) => Ok(power.0),
        None => Err(Error::illegal_argument("no power was given")),
    }
}

#[cfg(test)]
mod tests;
