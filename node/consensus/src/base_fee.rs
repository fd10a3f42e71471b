//! The base fee of the next blocks, from what is in a tipset.
//!
//! Up to network version 27 it follows how full blocks are (EIP-1559): gas limits above half of a block's gas raise it, less
//! lower it, by an eighth at most. From 28 on (FIP-0115) it follows what senders bid: it rises where the gas with the highest
//! premiums, four fifths of one block's worth, is bid for at more than an eighth of it.
//! Facts: Lotus, `chain/store/basefee.go`.

use std::cmp::{max, min};
use std::collections::HashSet;

use filigree_blocks::{ChainMessage, Tipset};
use fvm_shared::bigint::{BigInt, Integer, Zero};
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;
use fvm_shared::version::NetworkVersion;

use crate::config::ChainConfig;
use crate::limits::BLOCK_GAS;

/// The lowest base fee, attoFIL per gas.
pub const MINIMUM: u64 = 100;
/// The base fee of a network's first block, attoFIL per gas.
pub const INITIAL: u64 = 100_000_000;

/// Gas of a block at which the base fee stays as it is.
const TARGET: u64 = BLOCK_GAS / 2;
/// A base fee changes by one part in so many, at most.
const MAX_CHANGE: u32 = 8;
/// The gas with the highest premiums, of which the last unit's premium counts.
const PREMIUM_GAS: u64 = BLOCK_GAS / 5 * 4;

/// Base fee for the blocks on `parents`, whose messages these are: block by block, in the order of the tipset.
pub fn next<'a>(
    config: &ChainConfig,
    parents: &Tipset,
    messages: impl IntoIterator<Item = &'a ChainMessage>,
) -> TokenAmount {
    let epoch = parents.height();
    let current = parents.parent_base_fee();
    let pause = config.history.base_fee_pause;
    if pause.is_some_and(|(from, to)| from < epoch && epoch < to) {
        return TokenAmount::from_atto(MINIMUM);
    }
    let after = config.version_at(epoch.saturating_add(1));
    if after < NetworkVersion::V28 {
        let used = gas_used(messages);
        by_utilisation(config, current, used, parents.blocks().len(), epoch)
    } else {
        by_premiums(current, &premiums(current, messages))
    }
}

/// Sum of the gas limits of the messages, each counted once.
fn gas_used<'a>(messages: impl IntoIterator<Item = &'a ChainMessage>) -> u64 {
    let mut seen = HashSet::new();
    let new = |message: &&ChainMessage| seen.insert(message.cid());
    let messages = messages.into_iter().filter(new);
    messages.fold(0, |sum: u64, message| {
        sum.saturating_add(message.message().gas_limit)
    })
}

fn by_utilisation(
    config: &ChainConfig,
    current: &TokenAmount,
    used: u64,
    blocks: usize,
    epoch: ChainEpoch,
) -> TokenAmount {
    let blocks = max(blocks, 1) as u64;
    let per_block = if config.chains_tickets(epoch) {
        used / blocks
    } else {
        // Blocks overlapped, so that only four fifths of their room was thought to be used.
        let used = u128::from(used) * 5 / (u128::from(blocks) * 4);
        u64::try_from(used).unwrap_or(u64::MAX)
    };
    let target = BigInt::from(TARGET);
    let delta = min(BigInt::from(per_block) - &target, target.clone());
    let change = (current.atto() * delta)
        .div_floor(&target)
        .div_floor(&BigInt::from(MAX_CHANGE));
    at_least_minimum(current.atto() + change)
}

/// Premium, attoFIL per gas, and gas limit of the messages, of which those of one sender with one sequence number are counted
/// once.
fn premiums<'a>(
    base_fee: &TokenAmount,
    messages: impl IntoIterator<Item = &'a ChainMessage>,
) -> Vec<(TokenAmount, u64)> {
    let mut seen = HashSet::new();
    let messages = messages.into_iter().map(ChainMessage::message);
    messages
        .filter(|message| seen.insert((message.from, message.sequence)))
        .map(|message| (effective_premium(message, base_fee), message.gas_limit))
        .collect()
}

/// What a message pays to the miner, attoFIL per gas: its premium, or what its fee cap leaves above the base fee.
pub fn effective_premium(message: &Message, base_fee: &TokenAmount) -> TokenAmount {
    let left = max(
        TokenAmount::zero(),
        message.gas_fee_cap.clone() - base_fee.clone(),
    );
    min(message.gas_premium.clone(), left)
}

fn by_premiums(current: &TokenAmount, premiums: &[(TokenAmount, u64)]) -> TokenAmount {
    let premium = premium_at(premiums, PREMIUM_GAS);
    let step = current.atto().div_ceil(&BigInt::from(MAX_CHANGE));
    let change = min(step.clone(), premium.atto() - &step);
    at_least_minimum(current.atto() + change)
}

/// The premium of the last unit of the `gas` with the highest premiums; zero if there is less gas than that.
fn premium_at(premiums: &[(TokenAmount, u64)], gas: u64) -> TokenAmount {
    let mut ordered: Vec<_> = premiums.iter().collect();
    ordered.sort_by(|(a, _), (b, _)| b.cmp(a));
    let mut sum: u64 = 0;
    let reached = ordered.into_iter().find(|(_, limit)| {
        sum = sum.saturating_add(*limit);
        sum >= gas
    });
    reached.map_or_else(TokenAmount::zero, |(premium, _)| premium.clone())
}

fn at_least_minimum(atto: BigInt) -> TokenAmount {
    TokenAmount::from_atto(max(atto, BigInt::from(MINIMUM)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn atto(atto: u64) -> TokenAmount {
        TokenAmount::from_atto(atto)
    }

    /// Values that Lotus holds in tests of its own (`TestBaseFee`): before and after "smoke".
    #[test]
    fn full_blocks_raise_it_and_empty_ones_lower_it() {
        let config = ChainConfig::mainnet();
        let current = atto(100_000_000);
        for (used, blocks, before, after) in [
            (0, 1, 87_500_000, 87_500_000),
            (0, 5, 87_500_000, 87_500_000),
            (TARGET, 1, 103_125_000, 100_000_000),
            (TARGET * 2, 2, 103_125_000, 100_000_000),
            (BLOCK_GAS * 2, 2, 112_500_000, 112_500_000),
            (BLOCK_GAS * 15 / 10, 2, 110_937_500, 106_250_000),
        ] {
            let of = |epoch| by_utilisation(&config, &current, used, blocks, epoch);
            assert_eq!(of(50_999), atto(before), "{used} in {blocks}");
            assert_eq!(of(51_001), atto(after), "{used} in {blocks}");
        }
    }

    /// Go divides towards minus infinity here: 101 loses 12.6, which is 13.
    #[test]
    fn falling_fees_are_rounded_down_and_end_at_the_minimum() {
        let config = ChainConfig::mainnet();
        let fall = |from| by_utilisation(&config, &atto(from), 0, 1, 3_000_000);
        assert_eq!(fall(201), atto(175));
        assert_eq!(fall(101), atto(MINIMUM));
        assert_eq!(fall(0), atto(MINIMUM));
    }

    /// Values that Lotus holds in tests of its own (`TestWeightedQuickSelect`).
    #[test]
    fn the_premium_that_counts_is_that_of_four_fifths_of_a_block() {
        let billions = 1_000_000_000;
        let cases: [(&[(u64, u64)], u64); 8] = [
            (&[], 0),
            (&[(123, 5_999_999_999), (100, 2_000_000_000)], 0),
            (&[(123, 5_999_999_999), (0, 2_000_000_001)], 0),
            (&[(123, 5_999_999_999), (100, 2_000_000_001)], 100),
            (&[(123, 7_999_999_999), (100, 2_000_000_001)], 100),
            (&[(123, 8_000_000_000), (100, 2_000_000_000)], 123),
            (&[(123, 8_000_000_000), (100, 9_000_000_000)], 123),
            (
                &[
                    (100, 4 * billions),
                    (200, billions),
                    (300, 2 * billions),
                    (400, billions),
                    (500, 2 * billions),
                    (600, 2 * billions),
                    (700, 3 * billions),
                ],
                400,
            ),
        ];
        for (premiums, expected) in cases {
            let premiums: Vec<_> = premiums.iter().map(|&(p, gas)| (atto(p), gas)).collect();
            assert_eq!(premium_at(&premiums, PREMIUM_GAS), atto(expected));
        }
    }

    /// Values that Lotus holds in tests of its own (`TestNextBaseFeeFromPremium`).
    #[test]
    fn bids_above_an_eighth_raise_it() {
        for (current, premium, expected) in [
            (100, 0, 100),
            (100, 13, 100),
            (100, 14, 101),
            (100, 26, 113),
            (801, 0, 700),
            (801, 20, 720),
            (801, 100, 800),
            (801, 200, 900),
            (801, 201, 901),
            (808, 0, 707),
            (808, 201, 908),
            (808, 202, 909),
            (808, 203, 909),
        ] {
            let next = by_premiums(&atto(current), &[(atto(premium), BLOCK_GAS)]);
            assert_eq!(next, atto(expected), "{current} {premium}");
        }
    }

    #[test]
    fn a_premium_is_bounded_by_the_fee_cap() {
        let message = samples::message(samples::sender(1), 0);
        for (cap, premium, base, expected) in [
            (1_000, 10, 100, 10),
            (105, 10, 100, 5),
            (100, 10, 100, 0),
            (99, 10, 100, 0),
        ] {
            let message = Message {
                gas_fee_cap: atto(cap),
                gas_premium: atto(premium),
                ..message.clone()
            };
            assert_eq!(effective_premium(&message, &atto(base)), atto(expected));
        }
    }

    #[test]
    fn which_rule_holds_depends_on_the_epoch() {
        let config = ChainConfig::mainnet();
        let at = |epoch, base_fee: u64, messages: &[ChainMessage]| {
            let mut header = samples::header(1000);
            header.height = epoch;
            header.parent_base_fee = atto(base_fee);
            next(&config, &Tipset::new([header]).unwrap(), messages)
        };
        let bid = |premium, sequence| {
            let mut message = samples::message(samples::sender(1), sequence);
            message.gas_limit = PREMIUM_GAS;
            message.gas_fee_cap = atto(1_000_000);
            message.gas_premium = atto(premium);
            ChainMessage::Unsigned(message)
        };
        // The same message twice, and another with its number, count once; by utilisation only the same one does.
        let messages = [bid(500, 0), bid(500, 0), bid(900, 0)];
        assert_eq!(at(41_300, 5_000, &[]), atto(MINIMUM));
        assert_eq!(at(41_280, 8_000, &[]), atto(7_000));
        assert_eq!(at(6_052_799, 8_000, &messages), atto(9_000));
        assert_eq!(at(6_052_800, 8_000, &messages), atto(7_500));
        assert_eq!(at(6_052_800, 8_000, &[]), atto(7_000));
    }
}
