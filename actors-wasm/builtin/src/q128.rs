//! Numbers with 128 binary digits after the point ("Q.128"): what the reward and power actors count fractions in, so that every node
//! rounds alike. Products have 256 such digits until they are shifted back; shifts and divisions round down, also below zero.

use fvm_shared::bigint::{BigInt, Integer, Sign};

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

/// A constant in Q.128, as big integers are made of it without arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Q128 {
    sign: Sign,
    /// The lowest digits first.
    magnitude: [u32; 5],
}

impl Q128 {
    /// The constant with this whole part, and the digits after the point that are added to it.
    pub const fn new(whole_part: i32, digits: u128) -> Self {
        let (sign, whole_part, digits) = if whole_part >= 0 {
            (Sign::Plus, whole_part.unsigned_abs(), digits)
        } else if digits == 0 {
            (Sign::Minus, whole_part.unsigned_abs(), 0)
        } else {
            let (whole_part, digits) = (whole_part.unsigned_abs() - 1, digits.wrapping_neg());
            (Sign::Minus, whole_part, digits)
        };
        let magnitude = [
            digits as u32,
            (digits >> 32) as u32,
            (digits >> 64) as u32,
            (digits >> 96) as u32,
            whole_part,
        ];
        Self { sign, magnitude }
    }
}

impl From<Q128> for BigInt {
    fn from(constant: Q128) -> Self {
        BigInt::from_slice(constant.sign, &constant.magnitude)
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
        assert_eq!(BigInt::from(Q128::new(3, half)), (whole(7) >> 1u64));
        assert_eq!(BigInt::from(Q128::new(-1, half)), -(whole(1) >> 1u64));
        for whole_part in [i32::MIN, -1_000, -1, 0, 1, i32::MAX] {
            for digits in [0, 1, 0x0123_4567_89ab_cdef << 60, u128::MAX] {
                let constant = BigInt::from(Q128::new(whole_part, digits));
                assert_eq!(
                    constant,
                    whole(whole_part) + digits,
                    "{whole_part} {digits}"
                );
            }
        }
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
