//! The methods: their numbers in the release, and the calls that others make of them.

use filigree_builtin::calls::reward as calls;
use filigree_builtin::ids;

use super::*;

fn methods() -> Vec<(&'static str, MethodNum)> {
    let methods = Reward::SCHEMA.methods.iter();
    methods.map(|method| (method.name, method.number)).collect()
}

/// The client's call and the one others make are one.
fn same<R>(client: Call<R>, others: Result<Call<R>>) {
    let others = others.unwrap();
    assert_eq!(client.to, others.to);
    assert_eq!(client.method, others.method);
    assert_eq!(client.params, others.params);
}

#[test]
fn methods_have_the_numbers_of_the_release() {
    let known = [
        ("Constructor", 1),
        ("AwardBlockReward", 2),
        ("ThisEpochReward", 3),
        ("UpdateNetworkKpi", 4),
    ];
    assert_eq!(methods(), known);
}

#[test]
fn others_call_it_as_its_client_does() {
    let client = RewardClient::at(ids::address(ids::REWARD));
    same(client.this_epoch_reward(), Ok(calls::this_epoch_reward()));
    let power = BigIntDe(7.into());
    same(
        client.update_network_kpi(Some(power.clone())),
        calls::update_network_kpi(&power),
    );
    // Blocks are paid by the network itself.
    let params = AwardBlockRewardParams {
        miner: Address::new_id(100),
        penalty: TokenAmount::default(),
        gas_reward: TokenAmount::default(),
        win_count: 1,
    };
    let award = client.award_block_reward(params);
    assert_eq!(award.method, calls::AWARD_BLOCK_REWARD);
}
