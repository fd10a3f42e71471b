//! Verifiers, proposals, allocations and claims, in a store in memory.

use filigree_builtin::POLICY;
use fvm_ipld_blockstore::MemoryBlockstore;
use fvm_shared::bigint::BigInt;
use fvm_shared::piece::PaddedPieceSize;

use super::*;

const ROOT: ActorID = 80;

fn empty(store: &MemoryBlockstore) -> VerifiedRegistry {
    VerifiedRegistry::empty(store, Address::new_id(ROOT)).unwrap()
}

fn datacap(bytes: i64) -> BigIntDe {
    BigIntDe(BigInt::from(bytes))
}

fn allocation(client: ActorID) -> Allocation {
    Allocation {
        client,
        provider: 1_000,
        data: Cid::default(),
        size: PaddedPieceSize(1 << 20),
        term_min: POLICY.minimum_verified_allocation_term,
        term_max: POLICY.maximum_verified_allocation_term,
        expiration: 100,
    }
}

fn claim(provider: ActorID) -> Claim {
    Claim {
        provider,
        client: 100,
        data: Cid::default(),
        size: PaddedPieceSize(1 << 20),
        term_min: POLICY.minimum_verified_allocation_term,
        term_max: POLICY.maximum_verified_allocation_term,
        term_start: 50,
        sector: 7,
    }
}

#[test]
fn verifiers_give_what_they_have() {
    let store = MemoryBlockstore::new();
    let mut state = empty(&store);
    state.put_verifier(&store, 90, &datacap(100)).unwrap();
    assert_eq!(state.give(&store, 90, 100, &datacap(60)), Ok(datacap(40)));
    assert_eq!(state.give(&store, 90, 100, &datacap(40)), Ok(datacap(0)));
    let mut code = |verifier, client, bytes| {
        let result = state.give(&store, verifier, client, &datacap(bytes));
        result.unwrap_err().code
    };
    let illegal = ExitCode::USR_ILLEGAL_ARGUMENT;
    assert_eq!(code(90, 100, 1), illegal);
    assert_eq!(code(90, 90, 0), illegal);
    assert_eq!(code(91, 100, 0), ExitCode::USR_NOT_FOUND);
    // Which is told when several are wrong is part of the interface.
    assert_eq!(code(91, ROOT, 0), illegal);

    state.forget_verifier(&store, 90).unwrap();
    assert_eq!(state.forget_verifier(&store, 90).unwrap_err().code, illegal);
    assert_eq!(state, empty(&store));
}

#[test]
fn a_proposal_is_good_for_once() {
    let store = MemoryBlockstore::new();
    let mut state = empty(&store);
    for verifier in [90, 91] {
        state.put_verifier(&store, verifier, &datacap(1)).unwrap();
    }
    let mut ids = |by, client| {
        let ids = state.use_proposals(&store, by, client).unwrap();
        ids.map(|proposal| proposal.id)
    };
    assert_eq!(ids([90, 91], 100), [0, 0]);
    assert_eq!(ids([91, 90], 100), [1, 1]);
    assert_eq!(ids([90, 91], 101), [0, 0]);
    let error = state.use_proposals(&store, [90, 92], 100).unwrap_err();
    assert_eq!(error.code, ExitCode::USR_NOT_FOUND);
}

#[test]
fn a_proposals_key_is_two_addresses() {
    let key = Proposal::of(90, 1_000).to_key();
    assert_eq!(key, [0, 90, 0, 0xe8, 7]);
    assert_eq!(Proposal::from_key(&key), Some(Proposal::of(90, 1_000)));
}

#[test]
fn allocations_are_numbered_from_one() {
    let store = MemoryBlockstore::new();
    let mut state = empty(&store);
    let two = [allocation(100), allocation(100)];
    assert_eq!(state.insert_allocations(&store, 100, &two), Ok(vec![1, 2]));
    assert_eq!(state.insert_allocations(&store, 101, &[]), Ok(vec![]));
    let one = [allocation(101)];
    assert_eq!(state.insert_allocations(&store, 101, &one), Ok(vec![3]));
    assert_eq!(state.next_allocation_id, 4);
    let mut open = OpenNested::open(&state.allocations, &store).unwrap();
    assert_eq!(open.get(101, 3), Ok(Some(allocation(101))));
    assert_eq!(open.get(100, 3), Ok(None));
    assert_eq!(state.check_invariants(&store, 60), []);
}

#[test]
fn a_state_is_an_array_of_six() {
    let store = MemoryBlockstore::new();
    let bytes = filigree_sdk::cbor::encode(&empty(&store)).unwrap();
    // The root's address, 80, is two bytes.
    assert_eq!(bytes[..4], [0x86, 0x42, 0, 80]);
}

#[test]
fn invariants_are_told_by_name() {
    let store = MemoryBlockstore::new();
    let mut good = empty(&store);
    good.next_allocation_id = 10;
    good.put_verifier(&store, 90, &datacap(0)).unwrap();
    good.put_claims(&store, &[(9, claim(1_000))]).unwrap();
    let names = |state: &VerifiedRegistry| -> Vec<&str> {
        let broken = state.check_invariants(&store, 60);
        broken.iter().map(|broken| broken.name).collect()
    };
    assert!(names(&good).is_empty());

    let mut bad = good.clone();
    bad.put_verifier(&store, ROOT, &datacap(-1)).unwrap();
    bad.root_key = Address::new_actor(b"robust");
    assert_eq!(
        names(&bad),
        ["verifreg/root-is-id", "verifreg/allowance-not-negative"]
    );
    let mut bad = good.clone();
    bad.put_verifier(&store, ROOT, &datacap(1)).unwrap();
    assert_eq!(names(&bad), ["verifreg/root-is-no-verifier"]);

    let mut bad = good.clone();
    let mut wrong = claim(1_000);
    wrong.term_start = 61;
    wrong.size = PaddedPieceSize(1);
    wrong.term_min = wrong.term_max + 1;
    bad.put_claims(&store, &[(10, wrong)]).unwrap();
    assert_eq!(
        names(&bad),
        [
            "verifreg/id-was-given",
            "verifreg/size",
            "verifreg/term",
            "verifreg/claim-start"
        ]
    );

    let mut bad = good.clone();
    let mut wrong = allocation(101);
    wrong.expiration = 61 + POLICY.maximum_verified_allocation_expiration;
    wrong.term_max += 1;
    bad.insert_allocations(&store, 100, &[wrong]).unwrap();
    assert_eq!(
        names(&bad),
        [
            "verifreg/allocation-client",
            "verifreg/allocation-term",
            "verifreg/allocation-expiration"
        ]
    );
    let lost = good.check_invariants(&MemoryBlockstore::new(), 60);
    let lost: Vec<&str> = lost.iter().map(|broken| broken.name).collect();
    assert_eq!(
        lost,
        [
            "verifreg/verifiers",
            "verifreg/allocations",
            "verifreg/claims"
        ]
    );
}
