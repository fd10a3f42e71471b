//! Amounts by hand, and those published with the FIPs.

use super::*;

fn atto(amount: impl Into<BigInt>) -> TokenAmount {
    TokenAmount::from_atto(amount)
}

/// A figure that stays as it is.
fn constant(figure: impl Into<BigInt>) -> FilterEstimate {
    FilterEstimate::new(figure.into(), BigInt::from(0))
}

#[test]
fn power_earns_its_share_of_the_reward() {
    let (reward, network) = (constant(1_000_000), constant(1u64 << 40));
    let earn = |power: i128, epochs| expected_reward_for_power(&reward, &network, power, epochs);
    // A sixteenth of the power, for a hundred epochs.
    assert_eq!(earn(1 << 36, 100), atto(6_250_000));
    assert_eq!(earn(3, 100), atto(0));
    assert_eq!(earn(0, 100), atto(0));
    // A network without power: an epoch's reward.
    let empty = constant(0);
    assert_eq!(
        expected_reward_for_power(&reward, &empty, 7, 100),
        atto(1_000_000)
    );
}

#[test]
fn what_is_expected_is_never_less_than_nothing() {
    // The network loses all its power within the time.
    let network = FilterEstimate::new(BigInt::from(1_024), BigInt::from(-1_024));
    let reward = constant(1u64 << 50);
    let power = 1i128 << 36;
    assert_eq!(
        expected_reward_for_power(&reward, &network, power, 4),
        atto(0)
    );
    let deposit = pre_commit_deposit_for_power(&constant(0), &network, power);
    assert_eq!(deposit, atto(1));
}

#[test]
fn deposits_and_penalties_are_days_of_reward() {
    // An epoch's reward of one byte is one attoFIL.
    let (reward, network) = (constant(1u64 << 40), constant(1u64 << 40));
    let power = 1_000i128;
    let days = |epochs: i64| atto(1_000 * epochs);
    assert_eq!(
        pre_commit_deposit_for_power(&reward, &network, power),
        days(57_600)
    );
    assert_eq!(
        pledge_penalty_for_continued_fault(&reward, &network, power),
        days(10_108)
    );
    assert_eq!(
        pledge_penalty_for_invalid_windowpost(&reward, &network, power),
        days(10_108 + 5_760) + TokenAmount::from_whole(20)
    );
    // Many sectors cost as much as each of them together.
    assert_eq!(
        pledge_penalty_for_continued_fault(&reward, &network, 10 * power),
        pledge_penalty_for_continued_fault(&reward, &network, power) * 10
    );
}

#[test]
fn terminations_cost_more_with_age_up_to_a_limit() {
    let pledge = atto(1_000_000);
    let fee = |days: i64, fault_fee| {
        pledge_penalty_for_termination(&pledge, days * EPOCHS_IN_DAY, &atto(fault_fee))
    };
    // FIP-0098: 8.5 % of the pledge after 140 days; 2 % at least.
    assert_eq!(fee(0, 0), atto(20_000));
    assert_eq!(fee(32, 0), atto(20_000));
    assert_eq!(fee(33, 0), atto(20_035));
    assert_eq!(fee(70, 0), atto(42_500));
    assert_eq!(fee(140, 0), atto(85_000));
    assert_eq!(fee(1_000, 0), atto(85_000));
    // And 5 % more than a fault at least.
    assert_eq!(fee(1_000, 100_000), atto(105_000));
    assert_eq!(fee(0, 20_001), atto(21_001));
}

/// The pledge for 2^36 bytes in a network of 1 KiB that mints nothing, with 1 FIL in circulation: nearly all of it is the share of 30 %.
fn pledge(baseline: u64, since: i64, duration: u64) -> TokenAmount {
    let network = FilterEstimate::new(BigInt::from(1_024), BigInt::from(1_024));
    let supply = TokenAmount::from_whole(1);
    let baseline = BigInt::from(baseline);
    initial_pledge_for_power(
        1i128 << 36,
        &baseline,
        &constant(0),
        &network,
        &supply,
        since,
        duration,
    ) - atto(1)
}

#[test]
fn the_pledge_depends_less_on_the_baseline_as_fip_0081_comes_into_force() {
    let permille = |permille: u64| TokenAmount::from_whole(permille).div_floor(1_000);
    // A baseline of twice the power: half of 30 %, at first.
    assert_eq!(pledge(1 << 37, -100, 100), permille(150));
    assert_eq!(pledge(1 << 37, 0, 100), permille(150));
    // Half way: 85 % of it by the baseline, 15 % without.
    let half =
        (permille(300) * 85u64).div_floor(200u64) + (permille(300) * 15u64).div_floor(100u64);
    assert_eq!(pledge(1 << 37, 50, 100), half);
    // In force: 70 % and 30 %.
    for (since, duration) in [(100, 100), (500, 100), (0, 0), (1, 1)] {
        assert_eq!(pledge(1 << 37, since, duration), permille(105 + 90));
    }
    // A baseline below the power makes no difference.
    for since in [-1, 50, 100] {
        assert_eq!(pledge(1 << 30, since, 100), permille(300));
    }
}

#[test]
fn no_more_is_pledged_than_a_fil_for_32_gib() {
    let (reward, network) = (constant(1u64 << 62), constant(1u64 << 10));
    let supply = TokenAmount::from_whole(1_000_000_000);
    let power = 32i128 << 30;
    let pledge =
        initial_pledge_for_power(power, &BigInt::from(1), &reward, &network, &supply, 0, 0);
    assert_eq!(pledge, atto(29_103_830) * power);
    let fil = TokenAmount::from_whole(1);
    assert!(pledge < fil && &fil - &pledge < atto(power));
}

#[test]
fn the_ramp_is_linear_and_rounded_down() {
    let ramp = |since| ramp_permille(since, 7);
    assert_eq!([-5, 0, 1, 3, 6].map(ramp), [0, 0, 42, 128, 257]);
    assert_eq!([7, 8, i64::MAX].map(ramp), [300; 3]);
    assert_eq!(ramp_permille(0, 0), 300);
    assert_eq!(ramp_permille(-1, 0), 0);
}

#[test]
fn shares_of_an_epochs_reward_are_rounded_down() {
    let reward = atto(1_019);
    assert_eq!(consensus_fault_penalty(&reward), atto(1_019));
    assert_eq!(reward_for_consensus_slash_report(&reward), atto(50));
    assert_eq!(locked_reward_from_reward(&reward), atto(764));
    assert_eq!(
        reward_for_disputed_window_post(),
        TokenAmount::from_whole(4)
    );
}
