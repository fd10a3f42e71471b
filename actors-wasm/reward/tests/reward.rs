//! The reward actor on a chain: who may call it, and what a block is paid.

use filigree_actor_reward::{AwardBlockRewardParams, Reward, RewardClient};
use filigree_sandbox::Sandbox;
use filigree_sdk::prelude::*;

#[test]
fn rewards_are_for_the_protocol_to_award() {
    let mut sandbox = Sandbox::new();
    let alice = sandbox.account(TokenAmount::from_whole(10));
    let reward = RewardClient::at(Address::new_id(2));
    let params = AwardBlockRewardParams {
        miner: alice.address,
        penalty: TokenAmount::default(),
        gas_reward: TokenAmount::default(),
        win_count: 1,
    };
    for call in [
        reward.award_block_reward(params),
        reward.update_network_kpi(None),
    ] {
        sandbox
            .call(alice, call)
            .expect_exit(ExitCode::USR_FORBIDDEN, "may not call");
    }
}

#[test]
fn what_a_miner_does_not_take_is_burnt() {
    let mut sandbox = Sandbox::new();
    let alice = sandbox.account(TokenAmount::default());
    let (f02, burnt) = (Address::new_id(2), Address::new_id(99));
    let reward = RewardClient::at(f02);
    let before = sandbox.state::<Reward>(f02);

    // An account has no method ApplyRewards.
    let gas_reward = TokenAmount::from_whole(1);
    let params = AwardBlockRewardParams {
        miner: alice.address,
        penalty: TokenAmount::default(),
        gas_reward: gas_reward.clone(),
        win_count: 5,
    };
    let burnt_before = sandbox.balance(burnt);
    sandbox.implicit(0, reward.award_block_reward(params)).ok();
    let paid = &before.this_epoch_reward + gas_reward;
    assert_eq!(sandbox.balance(burnt) - burnt_before, paid);
    assert_eq!(sandbox.balance(alice), TokenAmount::default());

    // The power actor tells the power at the end of a tipset.
    let power = Some(Default::default());
    sandbox.implicit(4, reward.update_network_kpi(power)).ok();
    let after = sandbox.state::<Reward>(f02);
    assert_eq!(after.total_storage_power_reward, before.this_epoch_reward);
    assert_eq!(after.epoch, sandbox.epoch() + 1);
    assert!(after.this_epoch_reward < before.this_epoch_reward);
}

#[test]
fn a_network_begins_with_all_that_can_be_mined() {
    let mut sandbox = Sandbox::new();
    let f02 = Address::new_id(2);
    let (state, reward) = (sandbox.state::<Reward>(f02), RewardClient::at(f02));
    assert_eq!(state.epoch, 0);
    assert_eq!(state.check_invariants(-1, &sandbox.balance(f02)), []);
    let alice = sandbox.account(TokenAmount::from_whole(10));
    let told = sandbox.call(alice, reward.this_epoch_reward()).ok();
    assert_eq!(
        told.this_epoch_reward_smoothed,
        state.this_epoch_reward_smoothed
    );
    assert_eq!(
        told.this_epoch_baseline_power,
        state.this_epoch_baseline_power
    );
    let json = sandbox.state_json(f02);
    assert_eq!(json["epoch"], 0, "{json}");
    let again = RewardClient::construct(Some(Default::default())).params;
    sandbox
        .implicit(0, Call::<()>::new(f02, 1, again))
        .expect_exit(ExitCode::USR_ILLEGAL_STATE, "has a state already");
}
