//! The methods: their numbers in the release, and the calls that others make of them.

use filigree_builtin::calls::verifreg as calls;
use filigree_builtin::ids;

use super::*;

fn methods() -> Vec<(&'static str, MethodNum)> {
    let methods = VerifiedRegistry::SCHEMA.methods.iter();
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
        ("AddVerifier", 2),
        ("RemoveVerifier", 3),
        ("AddVerifiedClient", 4),
        ("AddVerifiedClient", 3_916_220_144),
        ("RemoveVerifiedClientDataCap", 7),
        ("RemoveExpiredAllocations", 8),
        ("RemoveExpiredAllocations", 2_421_068_268),
        ("ClaimAllocations", 9),
        ("GetClaims", 10),
        ("GetClaims", 2_199_871_187),
        ("ExtendClaimTerms", 11),
        ("ExtendClaimTerms", 1_752_273_514),
        ("RemoveExpiredClaims", 12),
        ("RemoveExpiredClaims", 2_873_373_899),
        ("Receive", 3_726_118_371),
    ];
    assert_eq!(methods(), known);
}

#[test]
fn others_call_it_as_its_client_does() {
    let client = VerifiedRegistryClient::at(ids::address(ids::VERIFIED_REGISTRY));
    let params = ClaimAllocationsParams {
        sectors: Vec::new(),
        all_or_nothing: true,
    };
    same(
        client.claim_allocations(params.clone()),
        calls::claim_allocations(&params),
    );
    let params = GetClaimsParams {
        provider: 100,
        claim_ids: vec![1, 2],
    };
    same(
        client.get_claims(params.clone()),
        calls::get_claims(&params),
    );
}
