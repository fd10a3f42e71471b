//! The methods: their numbers in the release, and the calls that others make of them.

use super::*;
use filigree_builtin::calls::miner as calls;
use filigree_builtin::smooth::FilterEstimate;

fn methods(exported: bool) -> Vec<(&'static str, MethodNum)> {
    let methods = Miner::SCHEMA.methods.iter();
    methods
        .map(|method| (method.name, method.number))
        .filter(|(_, number)| internal_api::is_exported(*number) == exported)
        .collect()
}

#[test]
fn methods_have_the_numbers_of_the_release() {
    let known = [
        ("Constructor", 1),
        ("ControlAddresses", 2),
        ("ChangeWorkerAddress", 3),
        ("ChangePeerID", 4),
        ("SubmitWindowedPost", 5),
        ("TerminateSectors", 9),
        ("DeclareFaults", 10),
        ("DeclareFaultsRecovered", 11),
        ("OnDeferredCronEvent", 12),
        ("CheckSectorProven", 13),
        ("ApplyRewards", 14),
        ("ReportConsensusFault", 15),
        ("WithdrawBalance", 16),
        ("InternalSectorSetupForPreseal", 17),
        ("ChangeMultiaddrs", 18),
        ("CompactPartitions", 19),
        ("CompactSectorNumbers", 20),
        ("ConfirmChangeWorkerAddress", 21),
        ("RepayDebt", 22),
        ("ChangeOwnerAddress", 23),
        ("DisputeWindowedPost", 24),
        ("PreCommitSectorBatch2", 28),
        ("ChangeBeneficiary", 30),
        ("GetBeneficiary", 31),
        ("ExtendSectorExpiration2", 32),
        ("ProveCommitSectors3", 34),
        ("ProveReplicaUpdates3", 35),
        ("ProveCommitSectorsNi", 36),
    ];
    assert_eq!(methods(false), known);
}

#[test]
fn methods_by_name_have_the_numbers_of_the_release() {
    let known = [
        ("ChangeWorkerAddress", 3_302_309_124),
        ("ChangePeerID", 1_236_548_004),
        ("WithdrawBalance", 2_280_458_852),
        ("ChangeMultiaddrs", 1_063_480_576),
        ("ConfirmChangeWorkerAddress", 2_354_970_453),
        ("RepayDebt", 3_665_352_697),
        ("ChangeOwnerAddress", 1_010_589_339),
        ("ChangeBeneficiary", 1_570_634_796),
        ("GetBeneficiary", 4_158_972_569),
        ("GetOwner", 3_275_365_574),
        ("IsControllingAddress", 348_244_887),
        ("GetSectorSize", 3_858_292_296),
        ("GetAvailableBalance", 4_026_106_874),
        ("GetVestingFunds", 1_726_876_304),
        ("GetPeerID", 2_812_875_329),
        ("GetMultiaddrs", 1_332_909_407),
        ("MaxTerminationFee", 4_127_382_196),
        ("InitialPledge", 3_180_523_767),
        ("GenerateSectorLocation", 1_321_604_665),
        ("ValidateSectorStatus", 3_092_458_564),
        ("GetNominalSectorExpiration", 3_010_055_991),
    ];
    assert_eq!(methods(true), known);
}

/// The client's call and the one others make are one.
fn same<R>(client: Call<R>, others: Result<Call<R>>) {
    let others = others.unwrap();
    assert_eq!(client.to, others.to);
    assert_eq!(client.method, others.method);
    assert_eq!(client.params, others.params);
}

#[test]
fn others_call_it_as_its_client_does() {
    let miner = Address::new_id(1_000);
    let client = MinerClient::at(miner);
    same(
        client.control_addresses(),
        Ok(calls::control_addresses(miner)),
    );
    let address = Address::new_id(100);
    same(
        client.is_controlling_address(address),
        calls::is_controlling_address(miner, &address),
    );
    let params = DeferredCronEventParams {
        event_payload: Bytes(vec![1, 2]),
        reward_smoothed: FilterEstimate::default(),
        quality_adj_power_smoothed: FilterEstimate::default(),
    };
    same(
        client.on_deferred_cron_event(params.clone()),
        calls::on_deferred_cron_event(miner, &params),
    );
    let params = ApplyRewardParams {
        reward: TokenAmount::from_atto(7),
        penalty: TokenAmount::from_atto(8),
    };
    same(
        client.apply_rewards(params.clone()),
        calls::apply_rewards(miner, &params),
    );
}
