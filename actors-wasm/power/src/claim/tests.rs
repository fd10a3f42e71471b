//! Totals follow claims across the minimum.

use fvm_ipld_blockstore::MemoryBlockstore;

use super::*;

const PROOF: RegisteredPoStProof = RegisteredPoStProof::StackedDRGWindow32GiBV1P1;
const MINIMUM: i64 = POLICY.minimum_consensus_power;

fn change(raw: i64, quality: i64) -> UpdateClaimedPowerParams {
    UpdateClaimedPowerParams {
        raw_byte_delta: BigIntDe(raw.into()),
        quality_adjusted_delta: BigIntDe(quality.into()),
    }
}

/// Raw and adjusted power of miners above the minimum, of all, and how many are above.
fn totals(state: &Power) -> [BigInt; 5] {
    [
        state.total_raw_byte_power.0.clone(),
        state.total_quality_adj_power.0.clone(),
        state.total_bytes_committed.0.clone(),
        state.total_qa_bytes_committed.0.clone(),
        state.miner_above_min_power_count.into(),
    ]
}

#[test]
fn a_miner_counts_from_the_minimum_on() {
    let store = MemoryBlockstore::new();
    let mut state = Power::empty(&store).unwrap();
    let miner = Address::new_id(100);
    state.add_miner(&store, &miner, PROOF).unwrap();
    let mut claims = state.claims.open_in(&store).unwrap();
    for ((raw, quality), expected) in [
        // Below; at the minimum; above and still above; below again; all gone.
        ((MINIMUM - 1, MINIMUM), [0, 0, MINIMUM - 1, MINIMUM, 0]),
        ((1, 10), [MINIMUM, MINIMUM + 10, MINIMUM, MINIMUM + 10, 1]),
        (
            (5, 50),
            [MINIMUM + 5, MINIMUM + 60, MINIMUM + 5, MINIMUM + 60, 1],
        ),
        ((-6, -10), [0, 0, MINIMUM - 1, MINIMUM + 50, 0]),
        ((1 - MINIMUM, -MINIMUM - 50), [0; 5]),
    ] {
        state
            .add_to_claim(&mut claims, &miner, &change(raw, quality))
            .unwrap();
        assert_eq!(totals(&state), expected.map(BigInt::from));
    }
    assert_eq!(claims.get(&miner), Ok(Some(Claim::empty(PROOF))));
}

#[test]
fn claims_do_not_fall_below_zero() {
    let store = MemoryBlockstore::new();
    let mut state = Power::empty(&store).unwrap();
    let miner = Address::new_id(100);
    state.add_miner(&store, &miner, PROOF).unwrap();
    let mut claims = state.claims.open_in(&store).unwrap();
    for bad in [change(-1, 0), change(0, -1)] {
        let error = state
            .clone()
            .add_to_claim(&mut claims, &miner, &bad)
            .unwrap_err();
        assert_eq!(error.code, ExitCode::USR_ILLEGAL_STATE);
    }
    let other = Address::new_id(101);
    let error = state
        .add_to_claim(&mut claims, &other, &change(1, 1))
        .unwrap_err();
    assert_eq!(error.code, ExitCode::USR_NOT_FOUND);
}

#[test]
fn miners_whose_cron_failed_lose_their_claim() {
    let store = MemoryBlockstore::new();
    let mut state = Power::empty(&store).unwrap();
    let [large, small, other] = [100, 101, 102].map(Address::new_id);
    for miner in [large, small, other] {
        state.add_miner(&store, &miner, PROOF).unwrap();
    }
    let mut claims = state.claims.open_in(&store).unwrap();
    for (miner, power) in [(large, MINIMUM), (small, 7), (other, MINIMUM)] {
        state
            .add_to_claim(&mut claims, &miner, &change(power, power))
            .unwrap();
    }
    state.claims = claims.close().unwrap();
    state.drop_failed(&store, &[large, small]).unwrap();
    assert_eq!(
        totals(&state),
        [MINIMUM, MINIMUM, MINIMUM, MINIMUM, 1].map(BigInt::from)
    );
    assert_eq!((state.miner_count, state.claim(&store, 100)), (1, Ok(None)));
    assert_eq!(state.check_invariants(&store), []);
    // As the protocol counts: without a claim there is nothing to take away, and still one miner less.
    state.drop_failed(&store, &[large]).unwrap();
    assert_eq!(state.miner_count, 0);
}

#[test]
fn who_may_win() {
    let claim = |raw: i64| Claim {
        raw_byte_power: BigIntDe(raw.into()),
        ..Claim::empty(PROOF)
    };
    for (raw, large_miners, may) in [
        (MINIMUM, 0, true),
        (MINIMUM, 4, true),
        (MINIMUM - 1, 3, true),
        (MINIMUM - 1, 4, false),
        (1, 3, true),
        (0, 3, false),
        (0, 4, false),
    ] {
        assert_eq!(
            claim(raw).may_win(large_miners),
            Ok(may),
            "{raw} {large_miners}"
        );
    }
    let unknown = Claim::empty(RegisteredPoStProof::Invalid(5));
    assert_eq!(
        unknown.may_win(0).unwrap_err().code,
        ExitCode::USR_ILLEGAL_STATE
    );
}
