//! Money behind sectors: deposits, pledges and penalties, in attoFIL. Most are some days' worth of the reward that a sector is expected to
//! earn, "BR(t)" in the specification (Filecoin spec, "Miner Collaterals"; FIP-0081 for the pledge, FIP-0098 for terminations, FIP-0002 for
//! faults).

use filigree_builtin::network::{EPOCHS_IN_DAY, EXPECTED_LEADERS_PER_EPOCH};
use filigree_builtin::q128;
use filigree_builtin::smooth::{FilterEstimate, extrapolated_cum_sum_of_ratio};
use filigree_sdk::prelude::*;
use fvm_shared::bigint::{BigInt, Integer};

/// A pre-commit deposits the reward of this many days.
pub const PRE_COMMIT_DEPOSIT_PROJECTION_PERIOD: ChainEpoch = 20 * EPOCHS_IN_DAY;

/// A pledge begins with the reward of this many days.
pub const INITIAL_PLEDGE_PROJECTION_PERIOD: ChainEpoch = 20 * EPOCHS_IN_DAY;

/// A faulty sector costs the reward of 3.51 days a day.
pub const CONTINUED_FAULT_PROJECTION_PERIOD: ChainEpoch = EPOCHS_IN_DAY * 351 / 100;

/// An invalid proof costs the reward of two days more, and [`BASE_PENALTY_FOR_DISPUTED_WINDOW_POST_FIL`].
const INVALID_WINDOW_POST_PROJECTION_PERIOD: ChainEpoch =
    CONTINUED_FAULT_PROJECTION_PERIOD + 2 * EPOCHS_IN_DAY;

/// Days after which terminating a sector costs no more (FIP-0098).
pub const TERMINATION_LIFETIME_CAP: ChainEpoch = 140;

/// What terminating a sector costs then, as a share of its pledge.
const TERM_FEE_PLEDGE_MULTIPLE: (u32, u32) = (85, 1_000);

/// What terminating a sector costs at least, as a share of its pledge.
const TERM_FEE_MIN_PLEDGE_MULTIPLE: (u32, u32) = (2, 100);

/// What terminating a sector costs at least, as a multiple of what a fault costs.
const TERM_FEE_MAX_FAULT_FEE_MULTIPLE: (u32, u32) = (105, 100);

/// Share of the circulating supply that pledges aim at, in tenths.
const LOCK_TARGET: (u32, u32) = (3, 10);

/// Share of the pledge that does not depend on the baseline when FIP-0081 is in force, in thousandths.
const FIP_0081_ACTIVATION_PERMILLE: u64 = 300;

/// The most that is pledged for a byte: 1 FIL for 32 GiB, rounded down, attoFIL.
const INITIAL_PLEDGE_MAX_PER_BYTE: u64 = 29_103_830;

/// A consensus fault costs this many blocks' reward.
const CONSENSUS_FAULT_FACTOR: u64 = 5;

/// Who reports a consensus fault gets a share of a block's reward: one of this many.
const CONSENSUS_FAULT_REPORTER_DEFAULT_SHARE: u64 = 4;

/// Who disputes an invalid proof gets this much, in FIL.
const BASE_REWARD_FOR_DISPUTED_WINDOW_POST_FIL: u64 = 4;

/// What an invalid proof costs at least, in FIL.
const BASE_PENALTY_FOR_DISPUTED_WINDOW_POST_FIL: u64 = 20;

/// Share of a reward that is locked.
const LOCKED_REWARD_FACTOR: (u32, u32) = (3, 4);

/// The part of an amount, rounded down.
fn share(amount: &TokenAmount, (num, denom): (u32, u32)) -> TokenAmount {
    (amount * num).div_floor(denom)
}

/// What quality-adjusted power, in bytes, is expected to earn in some epochs from now on. If the network has no power, an epoch's whole reward.
pub fn expected_reward_for_power(
    reward: &FilterEstimate,
    network_qa_power: &FilterEstimate,
    qa_power: impl Into<BigInt>,
    epochs: ChainEpoch,
) -> TokenAmount {
    expected_reward(reward, network_qa_power, qa_power.into(), epochs)
}

fn expected_reward(
    reward: &FilterEstimate,
    network_qa_power: &FilterEstimate,
    qa_power: BigInt,
    epochs: ChainEpoch,
) -> TokenAmount {
    let zero = BigInt::from(0u8);
    if network_qa_power.estimate() == zero {
        return TokenAmount::from_atto(reward.estimate());
    }
    let of_a_byte = extrapolated_cum_sum_of_ratio(epochs, reward, network_qa_power);
    TokenAmount::from_atto(q128::floor(qa_power * of_a_byte).max(zero))
}

/// The same, but at least 1 attoFIL: what is deposited or pledged shows that there are sectors.
fn positive_reward(
    reward: &FilterEstimate,
    network_qa_power: &FilterEstimate,
    qa_power: BigInt,
    epochs: ChainEpoch,
) -> TokenAmount {
    let reward = expected_reward(reward, network_qa_power, qa_power, epochs);
    reward.max(TokenAmount::from_atto(1))
}

/// What a fault of this power costs each day it goes on.
pub fn pledge_penalty_for_continued_fault(
    reward: &FilterEstimate,
    network_qa_power: &FilterEstimate,
    qa_power: impl Into<BigInt>,
) -> TokenAmount {
    let epochs = CONTINUED_FAULT_PROJECTION_PERIOD;
    expected_reward(reward, network_qa_power, qa_power.into(), epochs)
}

/// What an invalid proof of this power costs.
pub fn pledge_penalty_for_invalid_windowpost(
    reward: &FilterEstimate,
    network_qa_power: &FilterEstimate,
    qa_power: impl Into<BigInt>,
) -> TokenAmount {
    let epochs = INVALID_WINDOW_POST_PROJECTION_PERIOD;
    expected_reward(reward, network_qa_power, qa_power.into(), epochs)
        + TokenAmount::from_whole(BASE_PENALTY_FOR_DISPUTED_WINDOW_POST_FIL)
}

/// What terminating a sector costs, by its pledge, its age in epochs, and what a fault of it costs a day (FIP-0098). It grows with the age up
/// to [`TERMINATION_LIFETIME_CAP`], and is never less than what the minima say.
pub fn pledge_penalty_for_termination(
    initial_pledge: &TokenAmount,
    age: ChainEpoch,
    fault_fee: &TokenAmount,
) -> TokenAmount {
    let full = share(initial_pledge, TERM_FEE_PLEDGE_MULTIPLE);
    let by_age = (&full * age).div_floor(TERMINATION_LIFETIME_CAP * EPOCHS_IN_DAY);
    full.min(by_age)
        .max(share(initial_pledge, TERM_FEE_MIN_PLEDGE_MULTIPLE))
        .max(share(fault_fee, TERM_FEE_MAX_FAULT_FEE_MULTIPLE))
}

/// What pre-committing a sector of this power deposits.
pub fn pre_commit_deposit_for_power(
    reward: &FilterEstimate,
    network_qa_power: &FilterEstimate,
    qa_power: impl Into<BigInt>,
) -> TokenAmount {
    let epochs = PRE_COMMIT_DEPOSIT_PROJECTION_PERIOD;
    positive_reward(reward, network_qa_power, qa_power.into(), epochs)
}

/// What is pledged for new power: some days' reward, and a share of the circulating supply. The share is that of the power in the network,
/// or, as far as FIP-0081 is not in force, in what the network should have (the baseline) if that is more.
pub fn initial_pledge_for_power(
    qa_power: impl Into<BigInt>,
    baseline_power: &BigInt,
    reward: &FilterEstimate,
    network_qa_power: &FilterEstimate,
    circulating_supply: &TokenAmount,
    epochs_since_ramp_start: ChainEpoch,
    ramp_duration_epochs: u64,
) -> TokenAmount {
    let qa_power: BigInt = qa_power.into();
    let epochs = INITIAL_PLEDGE_PROJECTION_PERIOD;
    let storage = positive_reward(reward, network_qa_power, qa_power.clone(), epochs);

    let simple = ramp_permille(epochs_since_ramp_start, ramp_duration_epochs);
    let network = network_qa_power.estimate().max(qa_power.clone());
    let num = circulating_supply.atto() * LOCK_TARGET.0 * &qa_power;
    let part = |permille: u64, of: &BigInt| -> BigInt {
        (&num * permille).div_floor(&(of * LOCK_TARGET.1 * 1_000u32))
    };
    let consensus = part(1_000 - simple, baseline_power.max(&network)) + part(simple, &network);
    let nominal = storage + TokenAmount::from_atto(consensus);
    nominal.min(TokenAmount::from_atto(
        qa_power * INITIAL_PLEDGE_MAX_PER_BYTE,
    ))
}

/// How far FIP-0081 is in force, in thousandths of the pledge.
fn ramp_permille(epochs_since_start: ChainEpoch, duration: u64) -> u64 {
    match u64::try_from(epochs_since_start) {
        Err(_) => 0,
        Ok(epochs) if epochs >= duration => FIP_0081_ACTIVATION_PERMILLE,
        Ok(epochs) => epochs * FIP_0081_ACTIVATION_PERMILLE / duration,
    }
}

/// What a consensus fault costs, by an epoch's reward.
pub fn consensus_fault_penalty(epoch_reward: &TokenAmount) -> TokenAmount {
    (epoch_reward * CONSENSUS_FAULT_FACTOR).div_floor(EXPECTED_LEADERS_PER_EPOCH)
}

/// What reporting a consensus fault earns, by an epoch's reward.
pub fn reward_for_consensus_slash_report(epoch_reward: &TokenAmount) -> TokenAmount {
    epoch_reward.div_floor(EXPECTED_LEADERS_PER_EPOCH * CONSENSUS_FAULT_REPORTER_DEFAULT_SHARE)
}

/// What disputing an invalid proof earns.
pub fn reward_for_disputed_window_post() -> TokenAmount {
    TokenAmount::from_whole(BASE_REWARD_FOR_DISPUTED_WINDOW_POST_FIL)
}

/// What of a reward is locked.
pub fn locked_reward_from_reward(reward: &TokenAmount) -> TokenAmount {
    share(reward, LOCKED_REWARD_FACTOR)
}

#[cfg(test)]
mod tests;
