//! Datacap becomes allocations, and those that nobody claims become datacap again.

use filigree_actor_verifreg::{
    AllocationRequest, AllocationRequests, RemoveExpiredAllocationsParams,
};
use filigree_builtin::{POLICY, ids};
use filigree_sdk::prelude::*;
use filigree_sdk::receiver::{FRC46_TOKEN, Received, TokensReceived};
use fvm_shared::bigint::BigInt;
use fvm_shared::piece::PaddedPieceSize;

use super::{FORBIDDEN, ILLEGAL, LOST, OK, expect};
use crate::malformed::refuse_malformed;
use crate::onboard::Provider;
use crate::scenario::Scenario;
use crate::stage::Stage;
use crate::verified::{
    MIB, allocate, answered, asked, client, datacap_of, registry, registry_state, request, spend,
};

/// All of this topic.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "verifreg/allocations",
        run: allocations,
    },
    Scenario {
        name: "verifreg/allocations-that-are-refused",
        run: allocations_that_are_refused,
    },
    Scenario {
        name: "verifreg/tokens-of-others",
        run: tokens_of_others,
    },
    Scenario {
        name: "verifreg/allocations-that-expire",
        run: allocations_that_expire,
    },
];

fn whole(bytes: u64) -> TokenAmount {
    TokenAmount::from_whole(bytes)
}

fn allocations(stage: &mut Stage) {
    let alice = client(stage, 100 * MIB);
    let bob = client(stage, 100 * MIB);
    let (first, second) = (Provider::new(stage), Provider::new(stage));
    let one = request(stage, first.id, 1);
    assert_eq!(allocate(stage, alice, vec![one.clone()]), [1]);
    // The same once more, others' and many.
    assert_eq!(allocate(stage, alice, vec![one.clone()]), [2]);
    assert_eq!(allocate(stage, bob, vec![one.clone(), one]), [3, 4]);
    let mixed: Vec<AllocationRequest> = (0..20)
        .map(|piece| {
            let provider = [first.id, second.id][piece as usize / 3 % 2];
            AllocationRequest {
                size: PaddedPieceSize(MIB << (piece % 3)),
                term_min: POLICY.minimum_verified_allocation_term + piece,
                term_max: POLICY.minimum_verified_allocation_term + 2 * piece,
                expiration: stage.epoch() + piece,
                ..request(stage, provider, piece as u64)
            }
        })
        .collect();
    let ids = allocate(stage, alice, mixed);
    assert_eq!(ids, (5..25).collect::<Vec<_>>());
    let spent = 2 + 7 + 2 * 7 + 4 * 6;
    assert_eq!(datacap_of(stage, alice.id), whole((100 - spent) * MIB));
    let held = datacap_of(stage, ids::VERIFIED_REGISTRY);
    assert_eq!(held, whole((spent + 2) * MIB));
    // Sizes that are no powers of two; a token is worth a byte.
    let odd = AllocationRequest {
        size: PaddedPieceSize(MIB + 1),
        ..request(stage, first.id, 1)
    };
    assert_eq!(allocate(stage, bob, vec![odd]), [25]);
    // Nothing is asked for, nothing is paid.
    let nothing = answered(stage.call(alice, spend(0, Vec::new(), Vec::new())));
    assert!(nothing.new_allocations.is_empty());
    assert_eq!(registry_state(stage).next_allocation_id, 26);
    stage.check_invariants();
}

fn allocations_that_are_refused(stage: &mut Stage) {
    let alice = client(stage, 100 * MIB);
    let provider = Provider::new(stage);
    let good = request(stage, provider.id, 1);
    let now = stage.epoch();
    let cases: [&dyn Fn(&mut AllocationRequest); 11] = [
        &|bad| bad.term_min -= 1,
        &|bad| bad.term_max += 1,
        &|bad| bad.term_max = bad.term_min - 1,
        &|bad| bad.expiration += 1,
        &|bad| bad.expiration = now - 1,
        &|bad| bad.expiration = i64::MIN,
        &|bad| bad.term_min = i64::MIN,
        &|bad| bad.term_max = i64::MAX,
        // No miner, nobody, the client itself.
        &|bad| bad.provider = ids::POWER,
        &|bad| bad.provider = 999_999,
        &|bad| bad.provider = alice.id,
    ];
    for spoil in cases {
        let mut bad = good.clone();
        spoil(&mut bad);
        let send = spend(MIB, vec![bad.clone()], Vec::new());
        stage.call(alice, send).expect_exit(ILLEGAL, "");
        // One is bad, so all are.
        let send = spend(2 * MIB, vec![good.clone(), bad], Vec::new());
        stage.call(alice, send).expect_exit(ILLEGAL, "");
    }
    for size in [0, 1, MIB - 1] {
        let bad = AllocationRequest {
            size: PaddedPieceSize(size),
            ..good.clone()
        };
        let send = spend(size, vec![bad], Vec::new());
        stage.call(alice, send).expect_exit(ILLEGAL, "");
    }
    // Sizes past what anyone has, also all together.
    for size in [1 << 63, u64::MAX] {
        let bad = AllocationRequest {
            size: PaddedPieceSize(size),
            ..good.clone()
        };
        let send = spend(MIB, vec![bad.clone(), bad], Vec::new());
        assert!(!stage.call(alice, send).is_ok());
    }
    // More and fewer tokens than needed.
    for tokens in [0, MIB - 1, MIB + 1, 2 * MIB, 100 * MIB] {
        let send = spend(tokens, vec![good.clone()], Vec::new());
        stage.call(alice, send).expect_exit(ILLEGAL, "");
    }
    let send = spend(MIB, Vec::new(), Vec::new());
    stage.call(alice, send).expect_exit(ILLEGAL, "");
    assert_eq!(datacap_of(stage, alice.id), whole(100 * MIB));
    stage.check_invariants();
}

/// What the token actor tells the registry when tokens come.
fn told(from: ActorID, to: ActorID, amount: TokenAmount, operator_data: RawBytes) -> Received {
    let tokens = TokensReceived {
        from,
        to,
        operator: from,
        amount,
        operator_data,
        token_data: RawBytes::default(),
    };
    Received {
        kind: FRC46_TOKEN,
        payload: RawBytes::serialize(&tokens).expect("it encodes"),
    }
}

fn tokens_of_others(stage: &mut Stage) {
    let alice = client(stage, 100 * MIB);
    let provider = Provider::new(stage);
    let requests = asked(vec![request(stage, provider.id, 1)], Vec::new());
    let registry_id = ids::VERIFIED_REGISTRY;
    let good = told(alice.id, registry_id, whole(MIB), requests.clone());
    let call = |received| registry().receive(received);
    // Anyone can say that tokens came; only the token actor is believed.
    for who in [alice.id, ids::MARKET, provider.id, registry_id] {
        stage
            .implicit(who, call(good.clone()))
            .expect_exit(FORBIDDEN, "");
    }
    let mut by_token = |received| stage.implicit(ids::DATACAP, call(received));
    let other_kind = Received {
        kind: FRC46_TOKEN + 1,
        ..good.clone()
    };
    by_token(other_kind).expect_exit(ILLEGAL, "");
    let for_others = told(alice.id, alice.id, whole(MIB), requests.clone());
    by_token(for_others).expect_exit(ILLEGAL, "");
    // Fractions are left out of account.
    let more = whole(MIB) + TokenAmount::from_atto(TokenAmount::PRECISION - 1);
    by_token(told(alice.id, registry_id, more, requests.clone())).ok();
    let less = whole(MIB) - TokenAmount::from_atto(1);
    by_token(told(alice.id, registry_id, less, requests.clone())).expect_exit(ILLEGAL, "");
    by_token(told(alice.id, registry_id, -whole(MIB), requests.clone())).expect_exit(ILLEGAL, "");
    for garbage in [
        &[][..],
        &[0xf6],
        &[0x80],
        &[0x81, 0x80],
        &[0x82, 0x80, 0xff],
        &[0xff],
    ] {
        let garbage = RawBytes::new(garbage.to_vec());
        let outcome = by_token(told(alice.id, registry_id, whole(MIB), garbage));
        assert!(!outcome.is_ok());
    }
    let payload = Received {
        payload: RawBytes::new(vec![0x80]),
        ..good.clone()
    };
    assert!(!by_token(payload).is_ok());
    refuse_malformed(stage, alice, &call(good));
    // The client itself sends garbage with its tokens.
    for garbage in [&[][..], &[0x80], &[0x83, 0x80, 0x80, 0x80], &[0xff; 9]] {
        let send = crate::verified::token().transfer(filigree_actor_datacap::TransferParams {
            to: ids::address(registry_id),
            amount: whole(MIB),
            operator_data: RawBytes::new(garbage.to_vec()),
        });
        assert!(!stage.call(alice, send).is_ok());
    }
    // Requests as they are, with many more of them than there is datacap for.
    let many = AllocationRequests {
        allocations: vec![request(stage, provider.id, 2); 500],
        extensions: Vec::new(),
    };
    let send = spend(100 * MIB, many.allocations, Vec::new());
    stage.call(alice, send).expect_exit(ILLEGAL, "");
}

fn allocations_that_expire(stage: &mut Stage) {
    let alice = client(stage, 100 * MIB);
    let bob = client(stage, 100 * MIB);
    let provider = Provider::new(stage);
    let now = stage.epoch();
    let until = |stage: &Stage, epochs| AllocationRequest {
        expiration: now + epochs,
        ..request(stage, provider.id, epochs as u64)
    };
    // 1 to 5 are Alice's, 6 is Bob's.
    let hers = [10, 20, 30, 40, 50]
        .map(|epochs| until(stage, epochs))
        .to_vec();
    allocate(stage, alice, hers);
    let his = until(stage, 10);
    allocate(stage, bob, vec![his]);
    let remove = |client: ActorID, ids: &[u64]| {
        registry().remove_expired_allocations(RemoveExpiredAllocationsParams {
            client,
            allocation_ids: ids.to_vec(),
        })
    };
    // Anyone may. Nothing has expired.
    let anyone = stage.account(1);
    let done = stage.call(anyone, remove(alice.id, &[1, 2, 6, 7, 0])).ok();
    expect(&done.results, &[FORBIDDEN, FORBIDDEN, LOST, LOST, LOST]);
    assert_eq!(done.datacap_recovered.0, BigInt::from(0));
    assert!(
        stage
            .call(anyone, remove(alice.id, &[]))
            .ok()
            .considered
            .is_empty()
    );

    stage.leap(now + 20);
    let done = stage.call(anyone, remove(alice.id, &[2, 3, 6])).ok();
    expect(&done.results, &[OK, FORBIDDEN, LOST]);
    assert_eq!(done.considered, [2, 3, 6]);
    assert_eq!(done.datacap_recovered.0, BigInt::from(MIB));
    assert_eq!(datacap_of(stage, alice.id), whole(96 * MIB));
    stage.leap(now + 40);
    // Twice the same.
    assert!(!stage.call(anyone, remove(alice.id, &[1, 1])).is_ok());
    let done = stage.call(anyone, remove(alice.id, &[])).ok();
    let mut considered = done.considered;
    considered.sort_unstable();
    assert_eq!(considered, [1, 3, 4]);
    assert_eq!(datacap_of(stage, alice.id), whole(99 * MIB));
    stage.leap(now + 1_000);
    let done = stage.call(alice, remove(alice.id, &[5])).ok();
    expect(&done.results, &[OK]);
    stage.call(bob, remove(bob.id, &[])).ok();
    for who in [alice, bob] {
        assert_eq!(datacap_of(stage, who.id), whole(100 * MIB));
        assert!(
            stage
                .call(anyone, remove(who.id, &[]))
                .ok()
                .considered
                .is_empty()
        );
    }
    // Clients that are none.
    for nobody in [anyone.id, 999_999, ids::VERIFIED_REGISTRY, provider.id] {
        let outcome = stage.call(anyone, remove(nobody, &[]));
        let named = stage.call(anyone, remove(nobody, &[1]));
        assert_eq!(outcome.is_ok(), named.is_ok());
    }
    assert!(datacap_of(stage, ids::VERIFIED_REGISTRY).is_zero());
    // What came back can be allocated again.
    let again = request(stage, provider.id, 9);
    assert_eq!(allocate(stage, alice, vec![again]), [7]);
    stage.check_invariants();
}
