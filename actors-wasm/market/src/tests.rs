//! The methods: their numbers in the release, and the calls that others make of them.

use filigree_builtin::calls::{market as calls, miner};
use filigree_builtin::ids;

use super::*;

fn methods() -> Vec<(&'static str, MethodNum)> {
    let methods = Market::SCHEMA.methods.iter();
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
        ("AddBalance", 2),
        ("AddBalance", 822_473_126),
        ("WithdrawBalance", 3),
        ("WithdrawBalance", 2_280_458_852),
        ("PublishStorageDeals", 4),
        ("PublishStorageDeals", 2_236_929_350),
        ("VerifyDealsForActivation", 5),
        ("BatchActivateDeals", 6),
        ("OnMinerSectorsTerminate", 7),
        ("CronTick", 9),
        ("SectorContentChanged", 2_034_386_435),
        ("SettleDealPayments", 1_900_091_594),
        ("GetBalance", 726_108_461),
        ("GetDealDataCommitment", 1_157_985_802),
        ("GetDealClient", 128_053_329),
        ("GetDealProvider", 935_081_690),
        ("GetDealLabel", 46_363_526),
        ("GetDealTerm", 163_777_312),
        ("GetDealTotalPrice", 4_287_162_428),
        ("GetDealClientCollateral", 200_567_895),
        ("GetDealProviderCollateral", 2_986_712_137),
        ("GetDealVerified", 2_627_389_465),
        ("GetDealActivation", 2_567_238_399),
        ("GetDealSector", 2_611_213_344),
    ];
    assert_eq!(methods(), known);
}

#[test]
fn others_call_it_as_its_client_does() {
    let market = ids::address(ids::MARKET);
    let client = MarketClient::at(market);
    let params = VerifyDealsForActivationParams {
        sectors: Vec::new(),
    };
    same(
        client.verify_deals_for_activation(params.clone()),
        calls::verify_deals_for_activation(&params),
    );
    let params = BatchActivateDealsParams {
        sectors: Vec::new(),
        compute_cid: true,
    };
    same(
        client.batch_activate_deals(params.clone()),
        calls::batch_activate_deals(&params),
    );
    let params = OnMinerSectorsTerminateParams {
        epoch: 5,
        sectors: BitField::new(),
    };
    same(
        client.on_miner_sectors_terminate(params.clone()),
        calls::on_miner_sectors_terminate(&params),
    );
    for (name, number) in [
        ("AddBalance", calls::ADD_BALANCE),
        ("PublishStorageDeals", calls::PUBLISH_STORAGE_DEALS),
        ("CronTick", calls::CRON_TICK),
        ("SectorContentChanged", miner::SECTOR_CONTENT_CHANGED),
    ] {
        assert!(methods().contains(&(name, number)), "{name}");
    }
}
