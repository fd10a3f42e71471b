//! Methods that have a number of FRC-42 beside their own, called by that number.

use filigree_actor_market::PublishStorageDealsParams;
use filigree_actor_miner::params::{
    ChangeBeneficiaryParams, ChangeMultiaddrsParams, ChangePeerIdParams, ChangeWorkerAddressParams,
    WithdrawBalanceParams,
};
use filigree_actor_verifreg::{
    ExtendClaimTermsParams, RemoveExpiredAllocationsParams, RemoveExpiredClaimsParams,
    VerifiedRegistryClient,
};
use filigree_builtin::calls::verifreg::GetClaimsParams;
use filigree_builtin::ids;
use filigree_sdk::call::Call;
use filigree_sdk::prelude::*;

use crate::deals::{customer, market, proposal, signed, storer};
use crate::onboard::fil;
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "exported/market",
        run: of_the_market,
    },
    Scenario {
        name: "exported/miner",
        run: of_a_miner,
    },
    Scenario {
        name: "exported/verifreg",
        run: of_the_registry,
    },
];

/// The same call by another number.
fn by<R>(method: MethodNum, mut call: Call<R>) -> Call<R> {
    call.method = method;
    call
}

fn of_the_market(stage: &mut Stage) {
    let (client, provider) = (customer(stage, 100), storer(stage));
    let deals = vec![signed(proposal(stage, client, &provider, 1), client)];
    let publish = market().publish_storage_deals(PublishStorageDealsParams { deals });
    let publish = by(method_number!("PublishStorageDeals"), publish);
    assert_eq!(stage.call(provider.worker, publish).ok().ids, [0]);
    let withdraw = market().withdraw_balance(client.address, fil(5));
    let withdraw = by(method_number!("WithdrawBalance"), withdraw);
    assert_eq!(stage.call(client, withdraw).ok(), fil(5));
    stage.check_invariants();
}

fn of_a_miner(stage: &mut Stage) {
    let miner = storer(stage);
    let (owner, client) = (miner.owner, miner.client);
    let peer = client.change_peer_id(ChangePeerIdParams {
        new_id: Bytes(b"another".to_vec()),
    });
    stage
        .call(owner, by(method_number!("ChangePeerID"), peer))
        .ok();
    let addresses = client.change_multiaddrs(ChangeMultiaddrsParams {
        new_multi_addrs: vec![Bytes(b"elsewhere".to_vec())],
    });
    let addresses = by(method_number!("ChangeMultiaddrs"), addresses);
    stage.call(owner, addresses).ok();
    let worker = client.change_worker_address(ChangeWorkerAddressParams {
        new_worker: miner.worker,
        new_control_addresses: vec![owner.address],
    });
    stage
        .call(owner, by(method_number!("ChangeWorkerAddress"), worker))
        .ok();
    let confirm = client.confirm_change_worker_address();
    let confirm = by(method_number!("ConfirmChangeWorkerAddress"), confirm);
    stage.call(owner, confirm).ok();
    let beneficiary = client.change_beneficiary(ChangeBeneficiaryParams {
        new_beneficiary: miner.worker,
        new_quota: fil(10),
        new_expiration: stage.epoch() + 1_000,
    });
    let beneficiary = by(method_number!("ChangeBeneficiary"), beneficiary);
    stage.call(owner, beneficiary).ok();
    let withdraw = client.withdraw_balance(WithdrawBalanceParams {
        amount_requested: fil(3),
    });
    let withdraw = by(method_number!("WithdrawBalance"), withdraw);
    assert_eq!(stage.call(owner, withdraw).ok(), fil(3));
    let heir = stage.account(1);
    let change = client.change_owner_address(Address::new_id(heir.id));
    let change = by(method_number!("ChangeOwnerAddress"), change);
    stage.call(owner, change).ok();
    let info = miner.info(stage);
    assert_eq!(info.control_addresses, [Address::new_id(owner.id)]);
    stage.check_invariants();
}

fn of_the_registry(stage: &mut Stage) {
    let (client, miner) = (stage.account(1), storer(stage));
    let registry = VerifiedRegistryClient::at(ids::address(ids::VERIFIED_REGISTRY));
    let allocations = registry.remove_expired_allocations(RemoveExpiredAllocationsParams {
        client: client.id,
        allocation_ids: Vec::new(),
    });
    let allocations = by(method_number!("RemoveExpiredAllocations"), allocations);
    stage.call(client, allocations).ok();
    let claims = registry.remove_expired_claims(RemoveExpiredClaimsParams {
        provider: miner.id,
        claim_ids: Vec::new(),
    });
    stage
        .call(client, by(method_number!("RemoveExpiredClaims"), claims))
        .ok();
    let get = registry.get_claims(GetClaimsParams {
        provider: miner.id,
        claim_ids: vec![7],
    });
    let got = stage
        .call(client, by(method_number!("GetClaims"), get))
        .ok();
    assert!(got.claims.is_empty());
    let extend = registry.extend_claim_terms(ExtendClaimTermsParams { terms: Vec::new() });
    stage
        .call(client, by(method_number!("ExtendClaimTerms"), extend))
        .ok();
    stage.check_invariants();
}
