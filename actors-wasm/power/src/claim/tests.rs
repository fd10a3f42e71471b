//! Totals follow claims across the minimum.

use fvm_ipld_blockstore::MemoryBlockstore;
use proptest::prelude::*;

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
    assert_eq!(state.check_invariants(&POLICY, &store), []);
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
            claim(raw).may_win(&POLICY, large_miners),
            Ok(may),
            "{raw} {large_miners}"
        );
    }
    let unknown = Claim::empty(RegisteredPoStProof::Invalid(5));
    assert_eq!(
        unknown.may_win(&POLICY, 0).unwrap_err().code,
        ExitCode::USR_ILLEGAL_STATE
    );
}

#[derive(Clone, Debug)]
enum Op {
    Create(ActorID),
    Change(ActorID, i64),
    Pledge(ActorID, i64),
    Enroll(ActorID, ChainEpoch),
    Fail(ActorID),
    Tick(ChainEpoch),
}

fn op() -> impl Strategy<Value = Op> {
    let miner = 100..108u64;
    let power = prop_oneof![-5..5i64, -MINIMUM..=MINIMUM];
    prop_oneof![
        2 => miner.clone().prop_map(Op::Create),
        6 => (miner.clone(), power).prop_map(|(miner, raw)| Op::Change(miner, raw)),
        1 => (miner.clone(), -10..20i64).prop_map(|(miner, atto)| Op::Pledge(miner, atto)),
        2 => (miner.clone(), 0..60i64).prop_map(|(miner, epoch)| Op::Enroll(miner, epoch)),
        1 => miner.prop_map(Op::Fail),
        2 => (1..5i64).prop_map(Op::Tick),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever miners do, and whatever is refused, the totals are those of the claims and no event is missed.
    #[test]
    fn totals_are_those_of_claims(ops in prop::collection::vec(op(), 1..80)) {
        let store = MemoryBlockstore::new();
        let mut state = Power::empty(&store).unwrap();
        let mut now = 0;
        for op in ops {
            let mut next = state.clone();
            let done = match op {
                Op::Create(id) if state.claim(&store, id).unwrap().is_some() => Ok(()),
                Op::Create(id) => next.add_miner(&store, &Address::new_id(id), PROOF),
                Op::Change(id, raw) => {
                    let mut claims = next.claims.open_in(&store).unwrap();
                    // A miner's sectors are all of one quality.
                    let quality = (id % 10 + 1) as i64;
                    let change = change(raw, raw.saturating_mul(quality));
                    next.add_to_claim(&mut claims, &Address::new_id(id), &change)
                        .and_then(|()| {
                            next.claims = claims.close()?;
                            Ok(())
                        })
                }
                Op::Pledge(id, atto) => {
                    next.add_pledge(&store, &Address::new_id(id), &TokenAmount::from_atto(atto))
                }
                Op::Enroll(id, epoch) => {
                    let event = crate::CronEvent {
                        miner_addr: Address::new_id(id),
                        callback_payload: RawBytes::default(),
                    };
                    next.enroll(&store, epoch, &event)
                }
                Op::Fail(id) if state.claim(&store, id).unwrap().is_none() => Ok(()),
                Op::Fail(id) => next.drop_failed(&store, &[Address::new_id(id)]),
                Op::Tick(epochs) => {
                    now += epochs;
                    let due = next.take_due(&store, now).unwrap();
                    next.close_epoch();
                    prop_assert!(next.first_cron_epoch == now + 1);
                    for event in due {
                        let id = event.miner_addr.id().unwrap();
                        prop_assert!(next.claim(&store, id).unwrap().is_some());
                    }
                    Ok(())
                }
            };
            if done.is_ok() {
                state = next;
            }
            prop_assert_eq!(state.check_invariants(&POLICY, &store), []);
        }
    }
}
