//! Claims last longer, and they end.

use filigree_actor_verifreg::{
    ClaimExtensionRequest, ClaimTerm, ExtendClaimTermsParams, RemoveExpiredClaimsParams,
};
use filigree_builtin::POLICY;
use filigree_sdk::prelude::*;

use super::claim::{TERM, claim_of, claimed};
use super::{FORBIDDEN, ILLEGAL, LOST, OK, expect};
use crate::onboard::{DAY, Provider};
use crate::scenario::Scenario;
use crate::stage::Stage;
use crate::verified::{MIB, answered, client, datacap_of, registry, request, spend};

/// All of this topic.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "verifreg/terms-extended-by-their-client",
        run: terms_extended_by_their_client,
    },
    Scenario {
        name: "verifreg/terms-extended-with-datacap",
        run: terms_extended_with_datacap,
    },
    Scenario {
        name: "verifreg/claims-that-expire",
        run: claims_that_expire,
    },
];

fn terms_extended_by_their_client(stage: &mut Stage) {
    let (alice, provider) = claimed(stage, 4);
    let bob = client(stage, 100 * MIB);
    let most = POLICY.maximum_verified_allocation_term;
    let now_max = TERM + 100 * DAY;
    let term = |claim_id, term_max| ClaimTerm {
        provider: provider.id,
        claim_id,
        term_max,
    };
    let extend = |terms| registry().extend_claim_terms(ExtendClaimTermsParams { terms });
    let done = stage
        .call(
            alice,
            extend(vec![
                term(1, now_max),
                term(1, now_max + 1),
                term(1, now_max),
                term(2, most),
                term(2, most + 1),
                term(3, i64::MIN),
                term(99, now_max + 1),
                ClaimTerm {
                    provider: alice.id,
                    ..term(3, most)
                },
                term(3, i64::MAX),
                term(99, i64::MAX),
            ]),
        )
        .ok();
    let codes = [
        OK, OK, ILLEGAL, OK, ILLEGAL, ILLEGAL, LOST, LOST, ILLEGAL, ILLEGAL,
    ];
    expect(&done, &codes);
    // Others' claims.
    for who in [bob, provider.owner] {
        let done = stage
            .call(who, extend(vec![term(3, most), term(2, 0)]))
            .ok();
        expect(&done, &[FORBIDDEN, FORBIDDEN]);
    }
    assert_eq!(claim_of(stage, &provider, 1).term_max, now_max + 1);
    assert_eq!(claim_of(stage, &provider, 2).term_max, most);
    assert_eq!(claim_of(stage, &provider, 3).term_max, now_max);
    // Expired claims, too.
    stage.sandbox().set_epoch(2_000 + now_max);
    let done = stage.call(alice, extend(vec![term(3, most)])).ok();
    expect(&done, &[OK]);
    stage.check_invariants();
}

fn terms_extended_with_datacap(stage: &mut Stage) {
    let (alice, provider) = claimed(stage, 4);
    let bob = client(stage, 100 * MIB);
    let most = POLICY.maximum_verified_allocation_term;
    let extend = |claim, term_max| ClaimExtensionRequest {
        provider: provider.id,
        claim,
        term_max,
    };
    // Anyone may pay for anyone's. The new term is counted from now, up to five years.
    stage.leap(stage.epoch() + 1_000);
    let started = claim_of(stage, &provider, 1).term_start;
    let latest = stage.epoch() - started + most;
    let paid = answered(stage.call(bob, spend(MIB, Vec::new(), vec![extend(1, latest)])));
    expect(&paid.extension_results, &[OK]);
    assert_eq!(claim_of(stage, &provider, 1).term_max, latest);
    assert_eq!(claim_of(stage, &provider, 1).client, alice.id);
    assert_eq!(datacap_of(stage, bob.id), TokenAmount::from_whole(99 * MIB));

    let now_max = TERM + 100 * DAY;
    for (request, code) in [
        (extend(2, latest + 1), ILLEGAL),
        (extend(2, now_max), ILLEGAL),
        (extend(2, i64::MIN), ILLEGAL),
        (extend(2, i64::MAX), ILLEGAL),
        (extend(99, most), LOST),
        (
            ClaimExtensionRequest {
                provider: bob.id,
                ..extend(2, most)
            },
            LOST,
        ),
    ] {
        let send = spend(MIB, Vec::new(), vec![request]);
        stage.call(bob, send).expect_exit(code, "");
    }
    // Too few tokens, too many; an allocation beside it.
    for tokens in [0, MIB - 1, MIB + 1] {
        let send = spend(tokens, Vec::new(), vec![extend(2, most)]);
        stage.call(bob, send).expect_exit(ILLEGAL, "");
    }
    let both = spend(
        3 * MIB,
        vec![request(stage, provider.id, 50)],
        vec![extend(2, most), extend(3, most - 1)],
    );
    let paid = answered(stage.call(bob, both));
    assert_eq!(paid.new_allocations, [5]);
    // The same claim twice costs twice.
    let twice = spend(
        2 * MIB,
        Vec::new(),
        vec![extend(4, most - 1), extend(4, most)],
    );
    stage.call(bob, twice).ok();
    // Past its old term it may still last longer; not past the longest there may be.
    stage.sandbox().set_epoch(started + now_max + 1);
    let late = spend(MIB, Vec::new(), vec![extend(3, most)]);
    stage.call(bob, late).ok();
    let end = started + most;
    stage.sandbox().set_epoch(end + 1);
    let late = spend(MIB, Vec::new(), vec![extend(3, most + 1)]);
    stage.call(bob, late).expect_exit(FORBIDDEN, "");
    stage.check_invariants();
}

fn claims_that_expire(stage: &mut Stage) {
    let (alice, provider) = claimed(stage, 4);
    let other = Provider::new(stage);
    let remove = |provider: ActorID, ids: &[u64]| {
        registry().remove_expired_claims(RemoveExpiredClaimsParams {
            provider,
            claim_ids: ids.to_vec(),
        })
    };
    let longer = ExtendClaimTermsParams {
        terms: vec![ClaimTerm {
            provider: provider.id,
            claim_id: 4,
            term_max: TERM + 101 * DAY,
        }],
    };
    stage
        .call(alice, registry().extend_claim_terms(longer))
        .ok();
    let done = stage.call(alice, remove(provider.id, &[1, 9])).ok();
    expect(&done.results, &[FORBIDDEN, LOST]);
    let none = stage.call(alice, remove(provider.id, &[])).ok();
    assert!(none.considered.is_empty());

    let end = claim_of(stage, &provider, 1).term_start + TERM + 100 * DAY;
    stage.sandbox().set_epoch(end - 1);
    let done = stage.call(alice, remove(provider.id, &[1])).ok();
    expect(&done.results, &[FORBIDDEN]);
    stage.sandbox().set_epoch(end);
    assert!(!stage.call(alice, remove(provider.id, &[2, 2])).is_ok());
    let done = stage.call(alice, remove(provider.id, &[2, 4, 99])).ok();
    expect(&done.results, &[OK, FORBIDDEN, LOST]);
    let done = stage.call(alice, remove(other.id, &[1])).ok();
    expect(&done.results, &[LOST]);
    let mut all = stage.call(alice, remove(provider.id, &[])).ok().considered;
    all.sort_unstable();
    assert_eq!(all, [1, 3]);
    stage.sandbox().set_epoch(end + 10 * DAY);
    assert_eq!(
        stage.call(alice, remove(provider.id, &[])).ok().considered,
        [4]
    );
    for nobody in [provider.id, other.id, 999_999] {
        assert!(
            stage
                .call(alice, remove(nobody, &[]))
                .ok()
                .considered
                .is_empty()
        );
    }
    stage.check_invariants();
}
