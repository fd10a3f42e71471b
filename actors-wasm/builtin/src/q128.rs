//! Numbers with 128 binary digits after the point ("Q.128"): what the reward and power actors count fractions in, so that every node
//! rounds alike. Products have 256 such digits until they are shifted back; shifts and divisions round down, also below zero.

use fvm_shared::bigint::{BigInt, Integer};

/// Binary digits after the point.
pub const DIGITS: u64 = 128;

/// A whole number in Q.128.
pub fn whole(number: impl Into<BigInt>) -> BigInt {
    number.into() << DIGITS
}

/// The whole part of a number in Q.128, rounded down.
pub fn floor(number: BigInt) -> BigInt {
    number >> DIGITS
}

/// The product of two numbers in Q.128.
pub fn mul(one: &BigInt, other: &BigInt) -> BigInt {
    (one * other) >> DIGITS
}

/// The quotient of two numbers in Q.128, or of two numbers in any other equal format. The divisor must not be zero.
pub fn div(dividend: BigInt, divisor: &BigInt) -> BigInt {
    (dividend << DIGITS).div_floor(divisor)
}

/// A constant in Q.128: its whole part, and the digits after the point that are added to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Q128(pub i64, pub u128);

impl From<Q128> for BigInt {
    fn from(Q128(whole_part, digits): Q128) -> Self {
        whole(whole_part) + digits
    }
}

/// The value of a polynomial at `x`. Coefficients begin with that of the highest power.
pub fn polynomial<T: Into<BigInt> + Copy>(coefficients: &[T], x: &BigInt) -> BigInt {
    let start = BigInt::from(0u8);
    coefficients
        .iter()
        .fold(start, |value, &next| mul(&value, x) + next.into())
}

/// The same, with one more coefficient after them: the constant 1.
pub fn polynomial_and_one<T: Into<BigInt> + Copy>(coefficients: &[T], x: &BigInt) -> BigInt {
    mul(&polynomial(coefficients, x), x) + whole(1u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_rounds_down() {
        let half = whole(1) >> 1u64;
        assert_eq!(floor(whole(7) + &half), BigInt::from(7));
        assert_eq!(floor(whole(-7) - &half), BigInt::from(-8));
        assert_eq!(mul(&half, &half), whole(1) >> 2u64);
        assert_eq!(div(BigInt::from(3), &BigInt::from(2)), whole(1) + &half);
        // -1/3: the last digit goes down.
        let third = div(BigInt::from(1), &BigInt::from(3));
        assert_eq!(div(BigInt::from(-1), &BigInt::from(3)), -third - 1);
    }

    #[test]
    fn digits_are_added_to_the_whole_part() {
        let half = 1u128 << 127;
        assert_eq!(BigInt::from(Q128(3, half)), (whole(7) >> 1u64));
        assert_eq!(BigInt::from(Q128(-1, half)), -(whole(1) >> 1u64));
    }

    #[test]
    fn polynomials_begin_with_the_highest_power() {
        // 3x + 2, then 3x² + 2x + 1, at 5; coefficients in Q.128.
        let coefficients = [3i128, 2].map(|c| c << 100);
        let x = whole(5);
        let scale = BigInt::from(1) << 28u64;
        let expected = whole(3 * 5 + 2) / scale.clone();
        assert_eq!(polynomial(&coefficients, &x), expected);
        let expected = whole(3 * 25 + 2 * 5) / scale + whole(1);
        assert_eq!(polynomial_and_one(&coefficients, &x), expected);
    }
}
