//! The methods: their numbers in the release, and the calls that others make of them.

use filigree_builtin::calls::power as calls;
use filigree_builtin::ids;
use fvm_shared::bigint::bigint_ser::BigIntDe;
use fvm_shared::sector::RegisteredPoStProof;

use super::*;

fn methods() -> Vec<(&'static str, MethodNum)> {
    let methods = Power::SCHEMA.methods.iter();
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
        ("CreateMiner", 2),
        ("CreateMiner", 1_173_380_165),
        ("UpdateClaimedPower", 3),
        ("EnrollCronEvent", 4),
        ("OnEpochTickEnd", 5),
        ("UpdatePledgeTotal", 6),
        ("CurrentTotalPower", 9),
        ("NetworkRawPower", 931_722_534),
        ("MinerRawPower", 3_753_401_894),
        ("MinerPower", 36_284_446),
        ("MinerCount", 1_987_646_258),
        ("MinerConsensusCount", 196_739_875),
    ];
    assert_eq!(methods(), known);
}

#[test]
fn others_call_it_as_its_client_does() {
    let client = PowerClient::at(ids::address(ids::POWER));
    let params = UpdateClaimedPowerParams {
        raw_byte_delta: BigIntDe(7.into()),
        quality_adjusted_delta: BigIntDe((-8).into()),
    };
    same(
        client.update_claimed_power(params.clone()),
        calls::update_claimed_power(&params),
    );
    let params = EnrollCronEventParams {
        event_epoch: 5,
        payload: RawBytes::new(vec![1, 2]),
    };
    same(
        client.enroll_cron_event(params.clone()),
        calls::enroll_cron_event(&params),
    );
    let change = TokenAmount::from_atto(-9);
    same(
        client.update_pledge_total(change.clone()),
        calls::update_pledge_total(&change),
    );
    same(
        client.current_total_power(),
        Ok(calls::current_total_power()),
    );
    let params = CreateMinerParams {
        owner: Address::new_id(100),
        worker: Address::new_id(100),
        window_post_proof_type: RegisteredPoStProof::StackedDRGWindow32GiBV1P1,
        peer: Bytes(Vec::new()),
        multiaddrs: Vec::new(),
    };
    assert_eq!(client.create_miner(params).method, calls::CREATE_MINER);
    // Cron calls this.
    assert_eq!(client.on_epoch_tick_end().method, calls::ON_EPOCH_TICK_END);
}
