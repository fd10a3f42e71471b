//! Calls to the reward actor, f02.

use filigree_sdk::dispatch::encode;
use filigree_sdk::prelude::*;
use fvm_shared::bigint::bigint_ser::BigIntDe;

use crate::ids;
use crate::smooth::FilterEstimate;

/// Method AwardBlockReward.
pub const AWARD_BLOCK_REWARD: MethodNum = 2;
/// Method ThisEpochReward.
pub const THIS_EPOCH_REWARD: MethodNum = 3;
/// Method UpdateNetworkKPI.
pub const UPDATE_NETWORK_KPI: MethodNum = 4;

/// Parameters of AwardBlockReward.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwardBlockRewardParams {
    /// Who made the block.
    pub miner: Address,
    /// What the miner owes for messages that should not be in it, attoFIL.
    pub penalty: TokenAmount,
    /// Fees of its messages, attoFIL; they came with this call.
    pub gas_reward: TokenAmount,
    /// How often the miner won; at least once.
    pub win_count: i64,
}

/// What ThisEpochReward returns.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThisEpochRewardReturn {
    /// The epoch's reward, smoothed, attoFIL.
    pub this_epoch_reward_smoothed: FilterEstimate,
    /// The baseline at the epoch, bytes.
    pub this_epoch_baseline_power: BigIntDe,
}

/// What is known of this epoch's reward.
pub fn this_epoch_reward() -> Call<ThisEpochRewardReturn> {
    Call::new(ids::address(ids::REWARD), THIS_EPOCH_REWARD, None)
}

/// Tells the power of the network, in bytes, at the end of a tipset.
pub fn update_network_kpi(power: &BigIntDe) -> Result<Call<()>> {
    let params = encode(power)?;
    Ok(Call::new(
        ids::address(ids::REWARD),
        UPDATE_NETWORK_KPI,
        params,
    ))
}
