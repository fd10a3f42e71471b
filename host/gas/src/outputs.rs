//! Who gets which tokens for the gas of a message.
//!
//! The sender reserved `gas_fee_cap * gas_limit`. From that: the base fee of the gas used is burnt, the miner gets a
//! tip for the whole limit, a limit set far too high is fined by burning base fee for a part of the unused gas, and
//! the rest goes back. Where the fee cap is below the base fee the miner, who should not have included the message,
//! pays the difference. Spec: filecoin-project/specs, "Gas fee"; FIP-0009 and EIP-1559 for the base fee.

use fvm_shared::econ::TokenAmount;

/// The outcome for every party. Token amounts in attoFIL, gas in whole units.
///
/// `base_fee_burn + over_estimation_burn + miner_tip + refund = gas_fee_cap * gas_limit`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GasOutputs {
    /// Burnt for the gas used.
    pub base_fee_burn: TokenAmount,
    /// Burnt for asking for much more gas than needed.
    pub over_estimation_burn: TokenAmount,
    /// Owed by the miner for a fee cap below the base fee.
    pub miner_penalty: TokenAmount,
    /// Earned by the miner.
    pub miner_tip: TokenAmount,
    /// Returned to the sender.
    pub refund: TokenAmount,
    /// Unused gas that is refunded.
    pub gas_refund: u64,
    /// Unused gas that is burnt.
    pub gas_burned: u64,
}

impl GasOutputs {
    /// Divides the reserved tokens. Gas in whole units; amounts are big integers, so nothing overflows. `gas_used`
    /// above `gas_limit` does not happen after a correct execution; it then counts as a limit fully used.
    pub fn compute(
        gas_used: u64,
        gas_limit: u64,
        base_fee: &TokenAmount,
        gas_fee_cap: &TokenAmount,
        gas_premium: &TokenAmount,
    ) -> Self {
        // The sender pays at most its cap per unit of gas; first the base fee, then the tip from what remains.
        let paid_fee = base_fee.min(gas_fee_cap);
        let unpaid_fee = base_fee - paid_fee;
        let tip_room = gas_fee_cap - paid_fee;
        let tip = gas_premium.min(&tip_room);

        let unused = divide_unused(gas_used, gas_limit);
        let base_fee_burn = paid_fee * gas_used;
        let over_estimation_burn = paid_fee * unused.burned;
        let miner_tip = tip * gas_limit;
        let reserved = gas_fee_cap * gas_limit;

        Self {
            refund: reserved - &base_fee_burn - &over_estimation_burn - &miner_tip,
            miner_penalty: &unpaid_fee * gas_used + &unpaid_fee * unused.burned,
            base_fee_burn,
            over_estimation_burn,
            miner_tip,
            gas_refund: unused.refunded,
            gas_burned: unused.burned,
        }
    }
}

/// The two parts of the gas that was reserved and not used.
struct Unused {
    refunded: u64,
    burned: u64,
}

/// A tenth of the gas used is free to overestimate. Beyond it, the burnt share of the unused gas is the excess
/// divided by the gas used, at most all of it; so everything burns from 210 % of the gas used on.
fn divide_unused(gas_used: u64, gas_limit: u64) -> Unused {
    let unused = gas_limit.saturating_sub(gas_used);
    if gas_used == 0 {
        return Unused {
            refunded: 0,
            burned: gas_limit,
        };
    }
    // 128 bits hold any product of two 64-bit factors, and 11 times a 64-bit number.
    let used = u128::from(gas_used);
    let free = used * 11 / 10;
    let excess = u128::from(gas_limit).saturating_sub(free).min(used);
    // excess <= used, so the share is at most `unused` and fits 64 bits.
    let burned = u64::try_from(u128::from(unused) * excess / used).unwrap_or(unused);
    Unused {
        refunded: unused.saturating_sub(burned),
        burned,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unused_gas_burns_by_overestimation() {
        let check = |used, limit, refunded, burned| {
            let unused = divide_unused(used, limit);
            assert_eq!(
                (unused.refunded, unused.burned),
                (refunded, burned),
                "{used} of {limit}"
            );
        };
        check(200, 200, 0, 0);
        // Up to 110 % of the used gas nothing burns; one unit more, and 1/100 of 11 unused rounds down to 0.
        check(100, 110, 10, 0);
        check(100, 111, 11, 0);
        // 20 over the free 110: 20/100 of the 30 unused.
        check(100, 130, 24, 6);
        check(1_000, 1_300, 240, 60);
        // 101 over the free 550: 101 * 151 / 500 = 30.502.
        check(500, 651, 121, 30);
        // 210 %: the excess reaches the used gas, and all burns.
        check(100, 210, 0, 110);
        check(500, 5_000, 0, 4_500);
        // Of 15 used, 16 are free: 11 * 15 / 10 rounds down.
        check(15, 20, 4, 1);
        check(0, 2_000, 0, 2_000);
        check(0, 0, 0, 0);
        check(300, 200, 0, 0);
        check(1, u64::MAX, 0, u64::MAX - 1);
        check(u64::MAX, u64::MAX, 0, 0);
        // Half of 2^64 - 1 rounded down, u: limit 2u + 1, free u + u/10, unused u + 1.
        let u = u64::MAX / 2;
        let excess = (2 * u128::from(u) + 1) - (u128::from(u) * 11 / 10);
        let burned = (u128::from(u) + 1) * excess / u128::from(u);
        check(u, u64::MAX, u + 1 - burned as u64, burned as u64);
    }

    /// Arguments and outcome in attoFIL and gas, the base fee being 10.
    struct Case {
        used: u64,
        limit: u64,
        cap: u64,
        premium: u64,
        burn: u64,
        over: u64,
        penalty: u64,
        tip: u64,
        refund: u64,
    }

    #[test]
    fn reserved_tokens_are_divided_exactly() {
        #[rustfmt::skip]
        let cases = [
            // Cap with room for the whole premium.
            Case { used: 100, limit: 110, cap: 11, premium: 1, burn: 1_000, over: 0, penalty: 0, tip: 110, refund: 100 },
            // Overestimated: 6 gas burn, as above.
            Case { used: 100, limit: 130, cap: 11, premium: 1, burn: 1_000, over: 60, penalty: 0, tip: 130, refund: 240 },
            // Cap equal to the base fee: no room for a tip.
            Case { used: 100, limit: 110, cap: 10, premium: 1, burn: 1_000, over: 0, penalty: 0, tip: 0, refund: 100 },
            // Room for a part of the premium.
            Case { used: 100, limit: 110, cap: 13, premium: 5, burn: 1_000, over: 0, penalty: 0, tip: 330, refund: 100 },
            // Cap below the base fee: the miner owes 4 per gas used.
            Case { used: 100, limit: 110, cap: 6, premium: 1, burn: 600, over: 0, penalty: 400, tip: 0, refund: 60 },
            // The same overestimated: the miner owes 4 per gas burnt too.
            Case { used: 100, limit: 130, cap: 6, premium: 1, burn: 600, over: 36, penalty: 424, tip: 0, refund: 144 },
            Case { used: 0, limit: 100, cap: 12, premium: 1, burn: 0, over: 1_000, penalty: 0, tip: 100, refund: 100 },
            Case { used: 0, limit: 0, cap: 12, premium: 1, burn: 0, over: 0, penalty: 0, tip: 0, refund: 0 },
        ];
        for case in cases {
            let atto = |amount: u64| TokenAmount::from_atto(amount);
            let out = GasOutputs::compute(
                case.used,
                case.limit,
                &atto(10),
                &atto(case.cap),
                &atto(case.premium),
            );
            let title = format!("{} of {} gas, cap {}", case.used, case.limit, case.cap);
            assert_eq!(out.base_fee_burn, atto(case.burn), "{title}");
            assert_eq!(out.over_estimation_burn, atto(case.over), "{title}");
            assert_eq!(out.miner_penalty, atto(case.penalty), "{title}");
            assert_eq!(out.miner_tip, atto(case.tip), "{title}");
            assert_eq!(out.refund, atto(case.refund), "{title}");
            let parts = out.base_fee_burn + out.over_estimation_burn + out.miner_tip + out.refund;
            assert_eq!(
                parts,
                atto(case.cap * case.limit),
                "{title}: nothing made, nothing lost"
            );
        }
    }
}
