//! Amounts that never go below zero.

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
}
