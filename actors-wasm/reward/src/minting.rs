//! Minting: how much is rewarded in an epoch (Filecoin spec, "Block Reward Minting").
//!
//! 30 % of what can be mined is minted as time passes, the simple part: at epoch t, `330M·(1 - e^(-λt))` FIL have been. 70 % is minted
//! as the network grows, the baseline part: `770M·(1 - e^(-λθ))`, where θ is effective network time. That is the epoch by which a network
//! that grows by the baseline, doubling each year, would have had as much storage × time as this one; storage above the baseline does
//! not count. Both halve every six years.
//!
//! Fractions are Q.128 ([`q128`]), powers are bytes, spacetime is byte-epochs.

use filigree_builtin::q128::{self, Q128};
use filigree_sdk::prelude::*;
use fvm_shared::bigint::BigInt;

use crate::exponential::exp_neg;

/// λ = ln 2 / six years of epochs, Q.128.
const LAMBDA: u128 = 37_396_271_439_864_487_274_534_522_888_786;

/// e^λ - 1, Q.128.
const EXP_LAMBDA_LESS_ONE: u128 = 37_396_273_494_747_879_394_193_016_954_629;

/// Growth of the baseline in an epoch: 2^(1 / a year of epochs).
const BASELINE_GROWTH: Q128 = Q128::new(1, 224_377_702_615_002_589_582_494_545_262_197);

/// The baseline at epoch 0, in bytes: 2.5 EiB.
pub const BASELINE_AT_START: u128 = 2_888_888_880_000_000_000;

/// What the simple part mints in all, in FIL.
pub const SIMPLE_TOTAL_FIL: i64 = 330_000_000;

/// What the baseline part mints in all, in FIL.
pub const BASELINE_TOTAL_FIL: i64 = 770_000_000;

/// Blocks that an epoch is expected to have (Filecoin spec, "Expected Consensus").
pub const EXPECTED_BLOCKS: u64 = 5;

/// The baseline an epoch later.
pub fn next_baseline(power: &BigInt) -> BigInt {
    q128::mul(power, &BASELINE_GROWTH.into())
}

/// The baseline an epoch before the first.
pub fn baseline_before_start() -> BigInt {
    q128::floor(q128::whole(q128::whole(BASELINE_AT_START)) / BigInt::from(BASELINE_GROWTH))
}

/// Where the network is on the way along the baseline.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// Effective network time, rounded up to an epoch.
    pub epoch: ChainEpoch,
    /// The baseline at that epoch.
    pub power: &'a BigInt,
    /// Spacetime under the baseline up to that epoch.
    pub target: &'a BigInt,
    /// Spacetime there has been, no more than `target`.
    pub realized: &'a BigInt,
}

impl Progress<'_> {
    /// Effective network time θ, Q.128: the last epoch counts as far as its spacetime has been realized.
    pub fn effective_time(&self) -> BigInt {
        if self.epoch == 0 {
            return BigInt::from(0u8);
        }
        q128::whole(self.epoch) - q128::div(self.target - self.realized, self.power)
    }
}

/// What is minted in an epoch in which effective network time goes from one θ to another.
pub fn reward(
    epoch: ChainEpoch,
    (from, to): (&BigInt, &BigInt),
    simple_total: &TokenAmount,
    baseline_total: &TokenAmount,
) -> TokenAmount {
    // Between epochs t-1 and t: e^(-λ(t-1)) - e^(-λt) = e^(-λt)·(e^λ - 1).
    let decay = exp_neg(&(BigInt::from(LAMBDA) * epoch));
    let simple = q128::mul(&(simple_total.atto() * EXP_LAMBDA_LESS_ONE), &decay);
    let baseline = baseline_supply(to, baseline_total) - baseline_supply(from, baseline_total);
    TokenAmount::from_atto(q128::floor(simple + baseline))
}

/// What the baseline part has minted by effective network time θ: attoFIL in Q.128.
fn baseline_supply(theta: &BigInt, total: &TokenAmount) -> BigInt {
    let decay = exp_neg(&q128::mul(theta, &LAMBDA.into()));
    (q128::whole(1u8) - decay) * total.atto()
}

#[cfg(test)]
mod tests;
