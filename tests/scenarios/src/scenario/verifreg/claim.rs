//! Allocations become claims.

use filigree_actor_verifreg::{AllocationClaim, AllocationRequest, Claim, GetClaimsParams};
use filigree_builtin::ids;
use filigree_sandbox::Account;
use filigree_sdk::prelude::*;
use fvm_shared::bigint::BigInt;
use fvm_shared::piece::PaddedPieceSize;

use super::{FORBIDDEN, ILLEGAL, LOST, OK, claim, claims, expect, sector};
use crate::malformed::refuse_malformed;
use crate::onboard::{DAY, Provider, piece_cid};
use crate::scenario::Scenario;
use crate::stage::Stage;
use crate::verified::{MIB, allocate, client, datacap_of, registry, request};

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
];

/// How long at least a piece is stored, epochs.
pub(super) const TERM: ChainEpoch = 200 * DAY;

/// A piece for a miner that must be stored for 200 to 300 days.
fn piece(stage: &Stage, provider: &Provider, piece: u64) -> AllocationRequest {
    AllocationRequest {
        term_min: TERM,
        term_max: TERM + 100 * DAY,
        ..request(stage, provider.id, piece)
    }
}

/// A miner with claims 1 to `count` of a client, for sectors of 200 days.
pub(super) fn claimed(stage: &mut Stage, count: u64) -> (Account, Provider) {
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

pub(super) fn claim_of(stage: &mut Stage, provider: &Provider, id: u64) -> Claim {
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
