//! Amounts that never go below zero, and what is often done with amounts, in less code than big integers need for it: their
//! division and their `Display` make an actor 40 KB larger.

use fvm_shared::econ::TokenAmount;

use crate::error::Result;

/// Arithmetic on amounts that must not be negative.
pub trait CheckedTokens: Sized {
    /// The difference, unless it is negative.
    fn minus(&self, other: &Self) -> Result<Self>;

    /// The sum of two amounts, neither of which may be negative.
    fn plus(&self, other: &Self) -> Result<Self>;

    /// The amount itself, unless it is negative.
    fn not_negative(self) -> Result<Self>;

    /// Whether the amount is a multiple of `unit` attoFIL. Only zero is one of zero.
    fn is_multiple_of(&self, unit: u64) -> bool;

    /// The amount in attoFIL, for messages.
    fn atto_text(&self) -> String;
}

impl CheckedTokens for TokenAmount {
    fn minus(&self, other: &Self) -> Result<Self> {
        crate::ensure!(!other.is_negative(), illegal_argument, "a negative amount");
        crate::ensure!(self >= other, insufficient_funds, "more than there is");
        Ok(self - other)
    }

    fn plus(&self, other: &Self) -> Result<Self> {
        crate::ensure!(
            !self.is_negative() && !other.is_negative(),
            illegal_argument,
            "a negative amount"
        );
        Ok(self + other)
    }

    fn not_negative(self) -> Result<Self> {
        crate::ensure!(!self.is_negative(), illegal_argument, "a negative amount");
        Ok(self)
    }

    fn is_multiple_of(&self, unit: u64) -> bool {
        if unit == 0 {
            return self.is_zero();
        }
        let digits = self.atto().iter_u32_digits().rev();
        let rest = digits.fold(0, |rest: u64, digit| {
            ((u128::from(rest) << 32 | u128::from(digit)) % u128::from(unit)) as u64
        });
        rest == 0
    }

    fn atto_text(&self) -> String {
        const GROUP: u64 = 1_000_000_000;
        let mut digits: Vec<u32> = self.atto().iter_u32_digits().collect();
        // Decimal digits, the last one first, with zeros at the end.
        let mut text = Vec::new();
        while !digits.is_empty() {
            let mut rest = 0;
            for digit in digits.iter_mut().rev() {
                let high = rest << 32 | u64::from(*digit);
                *digit = (high / GROUP) as u32;
                rest = high % GROUP;
            }
            while digits.last() == Some(&0) {
                digits.pop();
            }
            for _ in 0..9 {
                text.push(b'0' + (rest % 10) as u8);
                rest /= 10;
            }
        }
        while text.len() > 1 && text.last() == Some(&b'0') {
            text.pop();
        }
        if text.is_empty() {
            text.push(b'0');
        }
        if self.is_negative() {
            text.push(b'-');
        }
        text.iter().rev().copied().map(char::from).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fvm_shared::error::ExitCode;

    #[test]
    fn amounts_do_not_go_below_zero() {
        let [none, one, two] = [0, 1, 2].map(TokenAmount::from_atto);
        assert_eq!(two.minus(&one), Ok(one.clone()));
        assert_eq!(one.minus(&one), Ok(none.clone()));
        assert_eq!(
            one.minus(&two).unwrap_err().code,
            ExitCode::USR_INSUFFICIENT_FUNDS
        );
        let debt = &none - &one;
        assert!(one.plus(&debt).is_err() && debt.plus(&one).is_err() && two.minus(&debt).is_err());
        assert!(debt.not_negative().is_err());
        assert_eq!(one.plus(&one), Ok(two));
    }

    #[test]
    fn texts_and_multiples_are_those_of_big_integers() {
        let mut amount = TokenAmount::from_atto(1);
        for step in 1..40u64 {
            for more in [-1, 0, 1] {
                let amount = &amount + TokenAmount::from_atto(more);
                for amount in [&amount, &-&amount] {
                    assert_eq!(amount.atto_text(), amount.atto().to_string());
                    for unit in [1, 2, step, 1_000_000_007, 1_000_000_000_000, u64::MAX] {
                        let rest = amount.atto() % unit;
                        assert_eq!(
                            amount.is_multiple_of(unit),
                            rest == 0.into(),
                            "{amount} {unit}"
                        );
                    }
                    assert_eq!(amount.is_multiple_of(0), amount.is_zero());
                }
            }
            amount = &amount * (1_000 * step);
        }
    }
}
