//! Miners come, pledge and are told the power of the network.

use fvm_ipld_blockstore::MemoryBlockstore;

use super::*;
use crate::UpdateClaimedPowerParams;

const PROOF: RegisteredPoStProof = RegisteredPoStProof::StackedDRGWindow32GiBV1P1;

fn miner(n: u64) -> Address {
    Address::new_id(1_000 + n)
}

/// Miners 1000, 1001 and so on with these powers, raw and adjusted, in units of the minimum's half.
fn with_power(store: &MemoryBlockstore, powers: &[(i64, i64)]) -> Power {
    let half = POLICY.minimum_consensus_power / 2;
    let mut state = Power::empty(store).unwrap();
    for (n, (raw, quality)) in (0..).zip(powers) {
        state.add_miner(store, &miner(n), PROOF).unwrap();
        let mut claims = state.claims.open_in(store).unwrap();
        let change = UpdateClaimedPowerParams {
            raw_byte_delta: BigIntDe(BigInt::from(half) * raw),
            quality_adjusted_delta: BigIntDe(BigInt::from(half) * quality),
        };
        state.add_to_claim(&mut claims, &miner(n), &change).unwrap();
        state.claims = claims.close().unwrap();
    }
    state
}

#[test]
fn a_state_is_an_array_of_seventeen() {
    let store = MemoryBlockstore::new();
    let mut state = Power::empty(&store).unwrap();
    let bytes = filigree_sdk::cbor::encode(&state).unwrap();
    assert_eq!(bytes[0], 0x80 + 17);
    assert_eq!(bytes.last(), Some(&0xf6));
    assert_eq!(state.check_invariants(&POLICY, &store), []);
    state.proof_validation_batch = Some(Cid::default());
    assert_eq!(
        state.check_invariants(&POLICY, &store)[0].name,
        "power/no-proof-batch"
    );
}

#[test]
fn small_miners_count_until_there_are_four_large_ones() {
    let store = MemoryBlockstore::new();
    let half = BigInt::from(POLICY.minimum_consensus_power / 2);
    for (powers, raw, quality) in [
        (&[(1, 10)][..], 1, 10),
        (&[(1, 10), (2, 2), (3, 3), (2, 2)], 8, 17),
        (&[(1, 10), (2, 2), (3, 3), (2, 2), (4, 40)], 11, 47),
    ] {
        let mut state = with_power(&store, powers);
        assert_eq!(state.check_invariants(&POLICY, &store), []);
        state.close_epoch();
        assert_eq!(state.this_epoch_raw_byte_power.0, &half * raw);
        assert_eq!(state.this_epoch_quality_adj_power.0, &half * quality);
        let frozen = state.frozen();
        assert_eq!(frozen.raw_byte_power.0, &half * raw);
        assert_eq!(frozen.quality_adj_power.0, &half * quality);
    }
}

#[test]
fn power_is_smoothed_once_an_epoch() {
    let store = MemoryBlockstore::new();
    let mut state = Power::empty(&store).unwrap();
    let first = state.this_epoch_qa_power_smoothed.clone();
    assert_eq!(first.estimate(), BigInt::from(750_000i64 << 30));
    state.close_epoch();
    assert_eq!(
        state.this_epoch_qa_power_smoothed,
        first.next(&BigInt::default(), 1)
    );
}

#[test]
fn pledges_are_those_of_miners_and_not_negative() {
    let store = MemoryBlockstore::new();
    let mut state = with_power(&store, &[(1, 1)]);
    let atto = TokenAmount::from_atto;
    state.add_pledge(&store, &miner(0), &atto(10)).unwrap();
    state.add_pledge(&store, &miner(0), &atto(-4)).unwrap();
    assert_eq!(state.total_pledge_collateral, atto(6));
    state.close_epoch();
    state.add_pledge(&store, &miner(0), &atto(1)).unwrap();
    assert_eq!(state.frozen().pledge_collateral, atto(6));
    let error = state
        .clone()
        .add_pledge(&store, &miner(0), &atto(-8))
        .unwrap_err();
    assert_eq!(error.code, ExitCode::USR_ILLEGAL_STATE);
    let error = state.add_pledge(&store, &miner(7), &atto(1)).unwrap_err();
    assert_eq!(error.code, ExitCode::USR_FORBIDDEN);
}

#[test]
fn a_miner_of_an_unknown_proof_type_is_not_added() {
    let store = MemoryBlockstore::new();
    let mut state = Power::empty(&store).unwrap();
    let error = state
        .add_miner(&store, &miner(0), RegisteredPoStProof::Invalid(77))
        .unwrap_err();
    assert_eq!(error.code, ExitCode::USR_ILLEGAL_STATE);
}

#[test]
fn powers_can_be_asked_for() {
    let store = MemoryBlockstore::new();
    let state = with_power(&store, &[(1, 10), (0, 0), (2, 2)]);
    let half = BigInt::from(POLICY.minimum_consensus_power / 2);
    for (n, raw, may_win) in [(0, 1, true), (1, 0, false), (2, 2, true)] {
        let power = state.nominal_power(&store, 1_000 + n).unwrap();
        assert_eq!(power.raw_byte_power.0, &half * raw);
        assert_eq!(power.meets_consensus_minimum, may_win);
    }
    let power = state.claimed_power(&store, 1_000).unwrap();
    assert_eq!(power.quality_adj_power.0, &half * 10);
    assert_eq!(
        state.nominal_power(&store, 5).unwrap_err().code,
        ExitCode::USR_ILLEGAL_ARGUMENT
    );
    assert_eq!(
        state.claimed_power(&store, 5).unwrap_err().code,
        ExitCode::USR_NOT_FOUND
    );
}

#[test]
fn invariants_are_told_by_name() {
    let store = MemoryBlockstore::new();
    let good = with_power(&store, &[(1, 10), (2, 2)]);
    let names = |state: &Power| -> Vec<&str> {
        let broken = state.check_invariants(&POLICY, &store);
        broken.iter().map(|broken| broken.name).collect()
    };
    assert!(names(&good).is_empty());

    let mut state = good.clone();
    state.total_raw_byte_power.0 += 1;
    assert_eq!(
        names(&state),
        ["power/raw-within-quality", "power/raw-is-sum"]
    );
    let mut state = good.clone();
    state.miner_count = 3;
    state.miner_above_min_power_count = 2;
    assert_eq!(
        names(&state),
        ["power/miners-above-minimum", "power/miners"]
    );
    let mut state = good.clone();
    state.total_pledge_collateral = TokenAmount::from_atto(-1);
    let event = crate::CronEvent {
        miner_addr: miner(0),
        callback_payload: RawBytes::default(),
    };
    state.enroll(&store, 4, &event).unwrap();
    state.first_cron_epoch = 5;
    assert_eq!(
        names(&state),
        ["power/pledge-not-negative", "power/cron-not-missed"]
    );
    let lost = good.check_invariants(&POLICY, &MemoryBlockstore::new());
    assert_eq!(lost[0].name, "power/claims");
}
