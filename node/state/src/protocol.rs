//! Messages that no one sends: the protocol's own. They are free, and must not fail.

use filigree_builtin::calls::reward::AwardBlockRewardParams;
use filigree_builtin::ids as singleton;
use filigree_consensus::limits::BLOCK_GAS;
use fvm_ipld_encoding::RawBytes;
use fvm_shared::MethodNum;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;

/// Cron's method that runs at the end of each epoch.
const EPOCH_TICK: MethodNum = 2;

/// The reward actor's method that pays a block.
const AWARD_BLOCK_REWARD: MethodNum = 2;

/// Gas of cron: ten thousand times a block's.
const TICK_GAS: u64 = 10_000 * BLOCK_GAS;

/// Gas of a reward.
const REWARD_GAS: u64 = 1 << 30;

/// What ends an epoch.
pub(crate) fn tick(epoch: ChainEpoch) -> Message {
    message(
        singleton::CRON,
        EPOCH_TICK,
        RawBytes::default(),
        TICK_GAS,
        epoch,
    )
}

/// What pays a block.
pub(crate) fn reward(epoch: ChainEpoch, params: &AwardBlockRewardParams) -> Message {
    let params = RawBytes::serialize(params).expect("a tuple of amounts encodes");
    message(
        singleton::REWARD,
        AWARD_BLOCK_REWARD,
        params,
        REWARD_GAS,
        epoch,
    )
}

fn message(
    to: u64,
    method_num: MethodNum,
    params: RawBytes,
    gas_limit: u64,
    epoch: ChainEpoch,
) -> Message {
    Message {
        version: 0,
        from: Address::new_id(singleton::SYSTEM),
        to: Address::new_id(to),
        // Addresses of actors made meanwhile follow from it.
        sequence: u64::try_from(epoch).unwrap_or_default(),
        value: TokenAmount::default(),
        method_num,
        params,
        gas_limit,
        gas_fee_cap: TokenAmount::default(),
        gas_premium: TokenAmount::default(),
    }
}
