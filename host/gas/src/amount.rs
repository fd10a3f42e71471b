//! An amount of gas, counted in milligas.
//!
//! Messages, receipts and the `gas` syscalls speak whole gas; the host counts thousandths, because a Wasm byte copied
//! costs 0.4 gas. All arithmetic saturates at 0 and at `u64::MAX` milligas, as the protocol requires: a price that
//! overflows is simply more than anyone can pay. Prices and the milligas unit: FIP-0032.

use std::fmt;
use std::ops::{Add, AddAssign, Mul, Sub, SubAssign};

/// Milligas in one gas.
pub const MILLIGAS_PER_GAS: u64 = 1000;

/// An amount of gas with a precision of one milligas. Cannot be mixed up with a plain number, nor multiplied by
/// another amount of gas.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gas(u64);

impl Gas {
    /// No gas.
    pub const ZERO: Gas = Gas(0);

    /// `gas` whole units; saturates at `u64::MAX` milligas.
    pub const fn new(gas: u64) -> Gas {
        Gas(gas.saturating_mul(MILLIGAS_PER_GAS))
    }

    /// `milligas` thousandths.
    pub const fn from_milligas(milligas: u64) -> Gas {
        Gas(milligas)
    }

    /// The amount in milligas, exact.
    pub const fn as_milligas(self) -> u64 {
        self.0
    }

    /// Whole gas, a started unit counting as one. This is what a receipt shows.
    pub const fn round_up(self) -> u64 {
        self.0.div_ceil(MILLIGAS_PER_GAS)
    }

    /// Whole gas, a started unit left away.
    pub const fn round_down(self) -> u64 {
        self.0 / MILLIGAS_PER_GAS
    }

    /// Whether this is nothing at all, not even a milligas.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl Add for Gas {
    type Output = Gas;

    #[inline]
    fn add(self, other: Gas) -> Gas {
        Gas(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Gas {
    #[inline]
    fn add_assign(&mut self, other: Gas) {
        *self = *self + other;
    }
}

impl Sub for Gas {
    type Output = Gas;

    #[inline]
    fn sub(self, other: Gas) -> Gas {
        Gas(self.0.saturating_sub(other.0))
    }
}

impl SubAssign for Gas {
    #[inline]
    fn sub_assign(&mut self, other: Gas) {
        *self = *self - other;
    }
}

impl Mul<u64> for Gas {
    type Output = Gas;

    #[inline]
    fn mul(self, times: u64) -> Gas {
        Gas(self.0.saturating_mul(times))
    }
}

/// Gas with three decimals: `1.234`. Zero is `0`.
impl fmt::Display for Gas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_zero() {
            return f.write_str("0");
        }
        let fraction = self.0 % MILLIGAS_PER_GAS;
        write!(f, "{}.{fraction:03}", self.round_down())
    }
}

impl fmt::Debug for Gas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gas({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: Gas = Gas::from_milligas(u64::MAX);

    #[test]
    fn rounds_to_whole_gas() {
        let check = |milligas, down, up| {
            let gas = Gas::from_milligas(milligas);
            assert_eq!(
                (gas.round_down(), gas.round_up()),
                (down, up),
                "{milligas} milligas"
            );
        };
        check(0, 0, 0);
        check(1, 0, 1);
        check(999, 0, 1);
        check(1000, 1, 1);
        check(1001, 1, 2);
        check(u64::MAX, 18_446_744_073_709_551, 18_446_744_073_709_552);
    }

    #[test]
    fn saturates_everywhere() {
        assert_eq!(Gas::new(u64::MAX), MOST);
        assert_eq!(Gas::new(u64::MAX / 1000 + 1), MOST);
        assert_eq!(
            Gas::new(u64::MAX / 1000).as_milligas(),
            u64::MAX / 1000 * 1000
        );
        assert_eq!(MOST + Gas::from_milligas(1), MOST);
        assert_eq!(Gas::new(1) - Gas::new(2), Gas::ZERO);
        assert_eq!(Gas::from_milligas(1 << 63) * 2, MOST);
        assert_eq!(Gas::from_milligas(400) * 3, Gas::from_milligas(1_200));

        let mut gas = MOST;
        gas += MOST;
        assert_eq!(gas, MOST);
        gas -= MOST;
        gas -= Gas::new(1);
        assert_eq!(gas, Gas::ZERO);
    }

    #[test]
    fn prints_gas_with_three_decimals() {
        let check =
            |milligas, text: &str| assert_eq!(Gas::from_milligas(milligas).to_string(), text);
        check(0, "0");
        check(7, "0.007");
        check(1_234, "1.234");
        check(20_000, "20.000");
        assert_eq!(format!("{:?}", Gas::from_milligas(400)), "Gas(0.400)");
    }
}
