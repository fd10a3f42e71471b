//! What is locked: all before the lock starts, nothing once it is over, and in between less from epoch to epoch, in equal steps (Filecoin
//! spec, "Multisig Wallet & Actor").

use std::ops::Neg;

use filigree_sdk::prelude::*;
use fvm_shared::bigint::{BigInt, Sign};

/// The amount locked, attoFIL, `elapsed` epochs after the start of a lock of `amount` for `duration` epochs: `amount` × the part of the
/// duration that is left, rounded up.
pub fn locked(amount: &TokenAmount, duration: ChainEpoch, elapsed: ChainEpoch) -> TokenAmount {
    match duration.checked_sub(elapsed) {
        // Long before the start.
        None if elapsed < 0 => amount.clone(),
        None => TokenAmount::default(),
        Some(left) if left <= 0 => TokenAmount::default(),
        Some(_) if elapsed <= 0 => amount.clone(),
        Some(left) => divide_rounding_up(&(amount * left), duration.unsigned_abs()),
    }
}

/// The quotient, rounded up. Digit by digit, because a divisor of 64 bits needs no division of big integers, which is much code. The divisor is
/// not zero.
fn divide_rounding_up(amount: &TokenAmount, divisor: u64) -> TokenAmount {
    let mut digits: Vec<u32> = amount.atto().iter_u32_digits().collect();
    let mut rest = 0u64;
    for digit in digits.iter_mut().rev() {
        let part = u128::from(rest) << 32 | u128::from(*digit);
        *digit = (part / u128::from(divisor)) as u32;
        rest = (part % u128::from(divisor)) as u64;
    }
    let quotient = BigInt::from_slice(Sign::Plus, &digits);
    // Rounding up a negative number leaves the rest out.
    TokenAmount::from_atto(match (amount.is_negative(), rest) {
        (true, _) => quotient.neg(),
        (false, 0) => quotient,
        (false, _) => quotient + 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fvm_shared::bigint::Integer;

    fn atto(amount: i64) -> TokenAmount {
        TokenAmount::from_atto(amount)
    }

    #[test]
    fn a_tenth_unlocks_each_epoch() {
        for (elapsed, expected) in [
            (ChainEpoch::MIN, 100),
            (-1, 100),
            (0, 100),
            (1, 90),
            (5, 50),
            (9, 10),
            (10, 0),
            (11, 0),
            (ChainEpoch::MAX, 0),
        ] {
            assert_eq!(locked(&atto(100), 10, elapsed), atto(expected), "{elapsed}");
        }
    }

    #[test]
    fn parts_of_an_atto_stay_locked() {
        // 5 atto over 4 epochs: 5, 3.75, 2.5, 1.25, 0.
        let left: Vec<TokenAmount> = (0..=4).map(|epoch| locked(&atto(5), 4, epoch)).collect();
        assert_eq!(left, [5, 4, 3, 2, 0].map(atto));
        // Nothing is locked in no time.
        assert_eq!(locked(&atto(5), 0, 0), atto(0));
    }

    #[test]
    fn large_amounts_are_divided_as_big_integers_are() {
        let mut amount = BigInt::from(1);
        for step in 1..60_i64 {
            amount = amount * (7 * step + 3) + step;
            for duration in [1, 2, step + 1, 1_000_003, 1 << 32, i64::MAX] {
                for elapsed in [1, duration / 3, duration / 2 + 1, duration - 1] {
                    let left = duration - elapsed;
                    let expected = match (left <= 0, elapsed <= 0) {
                        (true, _) => BigInt::from(0),
                        (_, true) => amount.clone(),
                        _ => (&amount * left).div_ceil(&BigInt::from(duration)),
                    };
                    let locked = locked(&TokenAmount::from_atto(amount.clone()), duration, elapsed);
                    assert_eq!(locked.atto(), &expected, "{amount} {duration} {elapsed}");
                }
            }
        }
        // Nobody can lock a negative amount; its part is rounded up too.
        assert_eq!(locked(&atto(-5), 4, 1), atto(-3));
    }
}
