//! Claims, alone and in random sequences with everything else.

use std::collections::BTreeMap;

use filigree_builtin::calls::verifreg::AllocationClaim;
use fvm_ipld_blockstore::MemoryBlockstore;
use fvm_shared::piece::PaddedPieceSize;
use proptest::prelude::*;

use super::*;

const MIN: ChainEpoch = POLICY.minimum_verified_allocation_term;
const MAX: ChainEpoch = POLICY.maximum_verified_allocation_term;
const PROVIDER: ActorID = 1_000;

fn allocation(client: ActorID, provider: ActorID, expiration: ChainEpoch) -> Allocation {
    Allocation {
        client,
        provider,
        data: Cid::default(),
        size: PaddedPieceSize(1 << 20),
        term_min: MIN,
        term_max: MIN + 100,
        expiration,
    }
}

fn sector(number: u64, expiry: ChainEpoch, claims: &[(ActorID, u64)]) -> SectorAllocationClaims {
    let claim = |&(client, allocation_id): &(ActorID, u64)| AllocationClaim {
        client,
        allocation_id,
        data: Cid::default(),
        size: PaddedPieceSize(1 << 20),
    };
    SectorAllocationClaims {
        sector: number,
        expiry,
        claims: claims.iter().map(claim).collect(),
    }
}

/// Allocations 1 to 3 of client 100 and 4 of client 101, all for the provider; 5 for another.
fn with_allocations(store: &MemoryBlockstore) -> VerifiedRegistry {
    let mut state = VerifiedRegistry::empty(store, Address::new_id(80)).unwrap();
    for (client, provider, count) in [(100, PROVIDER, 3), (101, PROVIDER, 1), (101, 1_001, 1)] {
        let new = vec![allocation(client, provider, 50); count];
        state.insert_allocations(store, client, &new).unwrap();
    }
    state
}

#[test]
fn a_sector_is_claimed_whole_or_not_at_all() {
    let store = MemoryBlockstore::new();
    let mut state = with_allocations(&store);
    let sectors = [
        sector(1, 10 + MIN, &[(100, 1), (101, 4)]),
        sector(2, 10 + MIN, &[(100, 2), (100, 9)]),
        sector(3, 10 + MIN - 1, &[(100, 2)]),
        sector(4, 10 + MIN, &[(101, 5)]),
        sector(5, 10 + MIN, &[(100, 1)]),
        sector(6, 10 + MIN, &[]),
        sector(7, 10 + MIN + 100, &[(100, 3)]),
    ];
    let claimed = state.claim_sectors(&store, PROVIDER, &sectors, 10).unwrap();
    let (ok, not, lost) = (
        ExitCode::OK,
        ExitCode::USR_FORBIDDEN,
        ExitCode::USR_NOT_FOUND,
    );
    assert_eq!(claimed.results.codes(), [ok, lost, not, not, lost, ok, ok]);
    let ids: Vec<u64> = claimed.claims.iter().map(|(id, _)| *id).collect();
    assert_eq!((ids, claimed.space), (vec![1, 4, 3], 3 << 20));
    let spaces = [2i64 << 20, 0, 1 << 20].map(|space| SectorClaimSummary {
        claimed_space: BigIntDe(space.into()),
    });
    assert_eq!(claimed.summaries, spaces);
    assert_eq!(claimed.claims[2].1.sector, 7);
    assert_eq!(claimed.claims[2].1.term_start, 10);
    let mut left = OpenNested::open(&state.allocations, &store).unwrap();
    for (client, id, is_left) in [
        (100, 1, false),
        (100, 2, true),
        (100, 3, false),
        (101, 4, false),
    ] {
        assert_eq!(left.get(client, id).unwrap().is_some(), is_left, "{id}");
    }
    assert_eq!(state.check_invariants(&store, 10), []);
}

#[test]
fn an_allocation_is_claimed_once() {
    let store = MemoryBlockstore::new();
    let mut state = with_allocations(&store);
    let twice = [sector(1, 10 + MIN, &[(100, 1), (100, 1)])];
    let error = state
        .claim_sectors(&store, PROVIDER, &twice, 10)
        .unwrap_err();
    assert_eq!(error.code, ExitCode::USR_ILLEGAL_ARGUMENT);
}

#[test]
fn terms_are_extended_by_their_client_up_to_the_longest() {
    let store = MemoryBlockstore::new();
    let mut state = with_allocations(&store);
    let sectors = [sector(1, 10 + MIN, &[(100, 1), (101, 4)])];
    state.claim_sectors(&store, PROVIDER, &sectors, 10).unwrap();
    let term = |claim_id, term_max| ClaimTerm {
        provider: PROVIDER,
        claim_id,
        term_max,
    };
    let terms = [
        term(1, MAX),
        term(1, MAX + 1),
        term(4, MAX),
        term(2, MAX),
        term(1, MAX - 1),
    ];
    let (results, extended) = state.extend_terms(&store, 100, &terms).unwrap();
    let (ok, bad, not, lost) = (
        ExitCode::OK,
        ExitCode::USR_ILLEGAL_ARGUMENT,
        ExitCode::USR_FORBIDDEN,
        ExitCode::USR_NOT_FOUND,
    );
    assert_eq!(results.codes(), [ok, bad, not, lost, bad]);
    assert_eq!((extended.len(), extended[0].1.term_max), (1, MAX));
    let params = GetClaimsParams {
        provider: PROVIDER,
        claim_ids: vec![4, 2, 1],
    };
    let found = state.claims_of(&store, &params).unwrap();
    assert_eq!(found.batch_info.codes(), [ok, lost, ok]);
    let terms: Vec<ChainEpoch> = found.claims.iter().map(|claim| claim.term_max).collect();
    assert_eq!(terms, [MIN + 100, MAX]);
}

#[derive(Clone, Debug)]
enum Op {
    Allocate {
        client: ActorID,
        provider: ActorID,
        count: usize,
    },
    Claim {
        provider: ActorID,
        claims: Vec<(ActorID, u64)>,
    },
    Extend {
        client: ActorID,
        claim: u64,
        by: ChainEpoch,
    },
    EndAllocations {
        client: ActorID,
        named: Vec<u64>,
    },
    EndClaims {
        provider: ActorID,
    },
    Wait(ChainEpoch),
}

fn op() -> impl Strategy<Value = Op> {
    let (client, provider, id) = (100..103u64, 1_000..1_002u64, 1..20u64);
    prop_oneof![
        (client.clone(), provider.clone(), 1..4usize).prop_map(|(client, provider, count)| {
            Op::Allocate {
                client,
                provider,
                count,
            }
        }),
        (
            provider.clone(),
            prop::collection::vec((client.clone(), id.clone()), 1..3)
        )
            .prop_map(|(provider, claims)| Op::Claim { provider, claims }),
        (client.clone(), id.clone(), 0..200i64).prop_map(|(client, claim, by)| Op::Extend {
            client,
            claim,
            by
        }),
        (client, prop::collection::btree_set(id, 0..3)).prop_map(|(client, named)| {
            Op::EndAllocations {
                client,
                named: named.into_iter().collect(),
            }
        }),
        provider.prop_map(|provider| Op::EndClaims { provider }),
        prop_oneof![1..30i64, MIN..MIN + 50].prop_map(Op::Wait),
    ]
}

/// Bytes of all allocations and of all claims.
fn sizes(state: &VerifiedRegistry, store: &MemoryBlockstore) -> (u128, u128) {
    let (mut allocated, mut claimed) = (0, 0);
    state
        .allocations
        .open_in(store)
        .unwrap()
        .for_each(|_, inner| {
            inner.open_in(store)?.for_each(|_, a| {
                allocated += u128::from(a.size.0);
                Ok(())
            })
        })
        .unwrap();
    state
        .claims
        .open_in(store)
        .unwrap()
        .for_each(|_, inner| {
            inner.open_in(store)?.for_each(|_, c| {
                claimed += u128::from(c.size.0);
                Ok(())
            })
        })
        .unwrap();
    (allocated, claimed)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Datacap is where it should be: what was allocated is allocated, claimed (and burnt) or given back.
    #[test]
    fn no_datacap_is_lost(ops in prop::collection::vec(op(), 1..40)) {
        let store = MemoryBlockstore::new();
        let mut state = VerifiedRegistry::empty(&store, Address::new_id(80)).unwrap();
        let (mut now, mut held, mut ended, mut recovered) = (0, 0, 0, 0);
        let mut owners = BTreeMap::new();
        for op in ops {
            let before = state.clone();
            match op {
                Op::Allocate { client, provider, count } => {
                    let new = vec![allocation(client, provider, now + 20); count];
                    for id in state.insert_allocations(&store, client, &new).unwrap() {
                        prop_assert_eq!(owners.insert(id, client), None);
                    }
                    held += (count as u128) << 20;
                }
                Op::Claim { provider, claims } => {
                    let sectors = [sector(1, now + MIN, &claims)];
                    match state.claim_sectors(&store, provider, &sectors, now) {
                        Ok(claimed) => {
                            held -= claimed.space;
                            for (id, claim) in claimed.claims {
                                prop_assert_eq!(owners.get(&id), Some(&claim.client));
                            }
                        }
                        // One allocation named twice.
                        Err(_) => state = before,
                    }
                }
                Op::Extend { client, claim, by } => {
                    let terms = [1_000, 1_001].map(|provider| ClaimTerm {
                        provider,
                        claim_id: claim,
                        term_max: MIN + by,
                    });
                    let (_, extended) = state.extend_terms(&store, client, &terms).unwrap();
                    prop_assert!(extended.iter().all(|(_, claim)| claim.client == client));
                }
                Op::EndAllocations { client, named } => {
                    let gone = state.remove_allocations(&store, client, named, now).unwrap();
                    prop_assert!(gone.removed.iter().all(|(_, a)| a.expiration <= now));
                    held -= (gone.removed.len() as u128) << 20;
                    recovered += (gone.removed.len() as u128) << 20;
                }
                Op::EndClaims { provider } => {
                    let gone = state.remove_claims(&store, provider, Vec::new(), now).unwrap();
                    ended += (gone.removed.len() as u128) << 20;
                }
                Op::Wait(epochs) => now += epochs,
            }
            prop_assert_eq!(state.check_invariants(&store, now), []);
        }
        let (allocated, claimed) = sizes(&state, &store);
        prop_assert_eq!(allocated, held);
        prop_assert_eq!(claimed + ended + held + recovered, (owners.len() as u128) << 20);
    }
}
