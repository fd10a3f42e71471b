//! Allocations become claims, claims last longer, and they end.

use filigree_actor_verifreg::{
    AllocationClaim, AllocationRequest, Claim, ClaimExtensionRequest, ClaimTerm,
    ExtendClaimTermsParams, GetClaimsParams, RemoveExpiredClaimsParams,
};
use filigree_builtin::{POLICY, ids};
use filigree_sandbox::Account;
use filigree_sdk::prelude::*;
use fvm_shared::bigint::BigInt;
use fvm_shared::piece::PaddedPieceSize;

use super::{FORBIDDEN, ILLEGAL, LOST, OK, claim, claims, expect, sector};
use crate::malformed::refuse_malformed;
use crate::onboard::{DAY, Provider, piece_cid};
use crate::scenario::Scenario;
use crate::stage::Stage;
use crate::verified::{MIB, allocate, answered, client, datacap_of, registry, request, spend};

/// All of this topic.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "verifreg/claims",
        run: claims_of_all_kinds,
    },
    Scenario {
        name: "verifreg/claims-of-others",
        run: claims_of_others,
    },
    Scenario {
        name: "verifreg/claims-all-or-nothing",
        run: all_or_nothing,
    },
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

const TERM: ChainEpoch = 200 * DAY;

/// A piece for a miner that must be stored for 200 to 300 days.
fn piece(stage: &Stage, provider: &Provider, piece: u64) -> AllocationRequest {
    AllocationRequest {
        term_min: TERM,
        term_max: TERM + 100 * DAY,
        ..request(stage, provider.id, piece)
    }
}

/// A miner with claims 1 to `count` of a client, for sectors of 200 days.
fn claimed(stage: &mut Stage, count: u64) -> (Account, Provider) {
    let client = client(stage, 100 * MIB);
    let provider = Provider::new(stage);
    let requests: Vec<_> = (1..=count).map(|n| piece(stage, &provider, n)).collect();
    let ids = allocate(stage, client, requests.clone());
    let expiry = stage.epoch() + TERM;
    let sectors = ids.iter().zip(&requests);
    let sectors =
        sectors.map(|(&id, request)| sector(id, expiry, vec![claim(client, id, request)]));
    let call = registry().claim_allocations(claims(sectors.collect(), true));
    stage.implicit(provider.id, call).ok();
    (client, provider)
}

fn claim_of(stage: &mut Stage, provider: &Provider, id: u64) -> Claim {
    let named = GetClaimsParams {
        provider: provider.id,
        claim_ids: vec![id],
    };
    let mut found = stage
        .call(provider.owner, registry().get_claims(named))
        .ok();
    found.claims.pop().expect("the miner has the claim")
}

fn claims_of_all_kinds(stage: &mut Stage) {
    let alice = client(stage, 100 * MIB);
    let provider = Provider::new(stage);
    let requests: Vec<_> = (1..=8).map(|n| piece(stage, &provider, n)).collect();
    allocate(stage, alice, requests.clone());
    let now = stage.epoch();
    let of = |id: u64| claim(alice, id, &requests[id as usize - 1]);
    let by_miner = |stage: &mut Stage, sectors| {
        let call = registry().claim_allocations(claims(sectors, false));
        stage.implicit(provider.id, call).ok()
    };
    // Two in one sector, one in another, none in a third.
    let done = by_miner(
        stage,
        vec![
            sector(10, now + TERM, vec![of(1), of(2)]),
            sector(11, now + TERM + 100 * DAY, vec![of(3)]),
            sector(12, 0, Vec::new()),
        ],
    );
    expect(&done.sector_results, &[OK, OK, OK]);
    let spaces = done
        .sector_claims
        .iter()
        .map(|sector| sector.claimed_space.0.clone());
    let expected = [2 * MIB, MIB, 0].map(BigInt::from);
    assert_eq!(spaces.collect::<Vec<_>>(), expected);
    assert_eq!(
        datacap_of(stage, ids::VERIFIED_REGISTRY),
        TokenAmount::from_whole(5 * MIB)
    );

    // What is wrong with a claim is wrong with its sector.
    let wrong = |change: &dyn Fn(&mut AllocationClaim)| {
        let mut wrong = of(4);
        change(&mut wrong);
        wrong
    };
    let good = now + TERM;
    let done = by_miner(
        stage,
        vec![
            sector(20, good, vec![of(1)]),
            sector(21, good, vec![of(4), wrong(&|c| c.allocation_id = 99)]),
            sector(22, good, vec![wrong(&|c| c.client += 1)]),
            sector(23, good, vec![wrong(&|c| c.data = piece_cid(5))]),
            sector(
                24,
                good,
                vec![wrong(&|c| c.size = PaddedPieceSize(2 * MIB))],
            ),
            // Sectors that end too early and too late.
            sector(25, good - 1, vec![of(4)]),
            sector(26, good + 100 * DAY + 1, vec![of(4)]),
            sector(27, -1, vec![of(4)]),
            sector(28, i64::MAX, vec![of(4)]),
            // Good ones between.
            sector(29, good, vec![of(4)]),
            sector(30, good, vec![of(4)]),
            sector(29, good + 1, vec![of(5)]),
        ],
    );
    let codes = [
        LOST, LOST, LOST, FORBIDDEN, FORBIDDEN, FORBIDDEN, FORBIDDEN, FORBIDDEN, FORBIDDEN, OK,
        LOST, OK,
    ];
    expect(&done.sector_results, &codes);
    // The same allocation twice in a sector.
    let twice = claims(vec![sector(31, good, vec![of(6), of(6)])], false);
    let twice = registry().claim_allocations(twice);
    stage.implicit(provider.id, twice).expect_exit(ILLEGAL, "");
    // A sector whose lifetime cannot be told.
    let past = claims(vec![sector(31, i64::MIN, vec![of(6)])], false);
    let past = registry().claim_allocations(past);
    let past = stage.implicit(provider.id, past);
    past.expect_exit(ExitCode::USR_ASSERTION_FAILED, "");
    // No sectors at all.
    let none = registry().claim_allocations(claims(Vec::new(), false));
    stage.implicit(provider.id, none).expect_exit(ILLEGAL, "");
    // On the last day, and past it.
    stage.sandbox().set_epoch(requests[5].expiration);
    let last = stage.epoch() + TERM;
    let done = by_miner(stage, vec![sector(40, last, vec![of(6)])]);
    expect(&done.sector_results, &[OK]);
    stage.sandbox().set_epoch(requests[5].expiration + 1);
    let done = by_miner(stage, vec![sector(41, last + 1, vec![of(7)])]);
    expect(&done.sector_results, &[FORBIDDEN]);
    stage.check_invariants();
}

fn claims_of_others(stage: &mut Stage) {
    let alice = client(stage, 100 * MIB);
    let (provider, other) = (Provider::new(stage), Provider::new(stage));
    let asked = piece(stage, &provider, 1);
    allocate(stage, alice, vec![asked.clone()]);
    let expiry = stage.epoch() + TERM;
    let call = registry().claim_allocations(claims(
        vec![sector(1, expiry, vec![claim(alice, 1, &asked)])],
        false,
    ));
    // Not a miner: the client, the miner's owner, the market.
    for who in [alice.id, provider.owner.id] {
        stage.call(who, call.clone()).expect_exit(FORBIDDEN, "");
    }
    for who in [ids::MARKET, ids::POWER, ids::DATACAP] {
        stage.implicit(who, call.clone()).expect_exit(FORBIDDEN, "");
    }
    // Another miner.
    let done = stage.implicit(other.id, call.clone()).ok();
    expect(&done.sector_results, &[FORBIDDEN]);
    refuse_malformed(stage, alice, &call);
    for (_, params) in crate::malformed::spoiled(&call.params.as_ref().expect("parameters").data) {
        let params = params.map(RawBytes::new);
        let outcome = stage.raw_implicit(
            provider.id,
            call.to,
            call.method,
            TokenAmount::default(),
            params,
        );
        assert!(!outcome.is_ok());
    }
    stage.implicit(provider.id, call).ok();

    let get = |provider: ActorID, claim_ids: &[u64]| {
        registry().get_claims(GetClaimsParams {
            provider,
            claim_ids: claim_ids.to_vec(),
        })
    };
    let found = stage.call(alice, get(provider.id, &[1, 2, 1, 0])).ok();
    expect(&found.batch_info, &[OK, LOST, OK, LOST]);
    assert_eq!(found.claims.len(), 2);
    for none in [other.id, alice.id, 999_999] {
        let found = stage.call(alice, get(none, &[1])).ok();
        expect(&found.batch_info, &[LOST]);
    }
    assert!(
        stage
            .call(alice, get(provider.id, &[]))
            .ok()
            .claims
            .is_empty()
    );
    stage.check_invariants();
}

fn all_or_nothing(stage: &mut Stage) {
    let alice = client(stage, 100 * MIB);
    let provider = Provider::new(stage);
    let requests = vec![piece(stage, &provider, 1), piece(stage, &provider, 2)];
    allocate(stage, alice, requests.clone());
    let expiry = stage.epoch() + TERM;
    let sectors = |second: u64| {
        vec![
            sector(1, expiry, vec![claim(alice, 1, &requests[0])]),
            sector(2, expiry, vec![claim(alice, second, &requests[1])]),
        ]
    };
    let all = |second| registry().claim_allocations(claims(sectors(second), true));
    stage.implicit(provider.id, all(9)).expect_exit(ILLEGAL, "");
    stage.implicit(provider.id, all(1)).expect_exit(ILLEGAL, "");
    let done = stage.implicit(provider.id, all(2)).ok();
    expect(&done.sector_results, &[OK, OK]);
    assert!(datacap_of(stage, ids::VERIFIED_REGISTRY).is_zero());
    stage.check_invariants();
}

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
    let _ = stage.call(bob, twice).exit_code();
    // Not once it has expired.
    stage.sandbox().set_epoch(started + now_max + 1);
    let late = spend(MIB, Vec::new(), vec![extend(3, most)]);
    let _ = stage.call(bob, late).exit_code();
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
