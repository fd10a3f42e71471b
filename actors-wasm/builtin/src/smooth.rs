//! The alpha-beta filter: estimates a noisy figure and how fast it changes, from one observation for each epoch that had a block.
//! Rewards and power are smoothed by it before pledges and fees are computed from them. No FIP and no section of the specification
//! describes it: its constants and how it rounds are those of release 18, `runtime/src/builtin/reward/smooth`.

use filigree_sdk::prelude::*;
use fvm_shared::bigint::bigint_ser::BigIntDe;
use fvm_shared::bigint::{BigInt, Integer};

use crate::q128;

mod ratio;

pub use ratio::extrapolated_cum_sum_of_ratio;

/// Share of the difference between observation and estimate that corrects the position: 9.25e-4, Q.128.
pub const ALPHA: u128 = 314_760_000_000_000_000_000_000_000_000_000_000;

/// Share of that difference, for each epoch, that corrects the velocity: 2.84e-7, Q.128.
pub const BETA: u128 = 96_640_100_000_000_000_000_000_000_000_000;

/// An estimate. Both parts are Q.128.
#[tuple]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilterEstimate {
    /// The figure.
    pub position: BigIntDe,
    /// Its change in an epoch.
    pub velocity: BigIntDe,
}

impl FilterEstimate {
    /// The estimate with these whole numbers.
    pub fn new(position: BigInt, velocity: BigInt) -> Self {
        Self {
            position: BigIntDe(q128::whole(position)),
            velocity: BigIntDe(q128::whole(velocity)),
        }
    }

    /// The figure, rounded down.
    pub fn estimate(&self) -> BigInt {
        q128::floor(self.position.0.clone())
    }

    /// The estimate after an observation an epoch after the one before.
    pub fn next_epoch(&self, observed: &BigInt) -> Self {
        self.corrected(&self.position.0 + &self.velocity.0, observed, |change| {
            change
        })
    }

    /// The estimate after an observation, `epochs` (at least 1) after the one before.
    pub fn next(&self, observed: &BigInt, epochs: ChainEpoch) -> Self {
        if epochs == 1 {
            return self.next_epoch(observed);
        }
        let predicted = &self.position.0 + &self.velocity.0 * epochs;
        self.corrected(predicted, observed, |change| {
            change.div_floor(&BigInt::from(epochs))
        })
    }

    /// Corrects what was predicted by what was observed; `in_an_epoch` divides a change by the epochs it took. Rounding down twice is
    /// rounding down once.
    fn corrected(
        &self,
        predicted: BigInt,
        observed: &BigInt,
        in_an_epoch: impl FnOnce(BigInt) -> BigInt,
    ) -> Self {
        let residual = q128::whole(observed.clone()) - &predicted;
        let position = predicted + q128::mul(&ALPHA.into(), &residual);
        let velocity = in_an_epoch(q128::mul(&BETA.into(), &residual)) + &self.velocity.0;
        Self {
            position: BigIntDe(position),
            velocity: BigIntDe(velocity),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_is_its_own_estimate() {
        let estimate = FilterEstimate::new(BigInt::from(1_000), BigInt::from(0));
        assert_eq!(estimate.next(&BigInt::from(1_000), 7), estimate);
        assert_eq!(estimate.estimate(), BigInt::from(1_000));
    }

    #[test]
    fn the_estimate_moves_toward_what_is_observed() {
        // By hand: predicted 1000 + 2·10, residual 2020 - 1020 = 1000; position 1020 + 0.000925·1000, velocity 10 + 2.84e-7·1000/2.
        let next = FilterEstimate::new(BigInt::from(1_000), BigInt::from(10))
            .next(&BigInt::from(2_020), 2);
        let thousandth = |x: &BigIntDe| q128::floor(&x.0 * 1_000_000);
        assert_eq!(thousandth(&next.position), BigInt::from(1_020_924_996));
        assert_eq!(thousandth(&next.velocity), BigInt::from(10_000_141));
    }

    #[test]
    fn rounding_is_that_of_one_division() {
        // Figures of mainnet's reward filter; what comes next is computed by another program with one division by epochs · 2^128.
        let number = |text: &str| BigIntDe(text.parse().unwrap());
        let before = FilterEstimate {
            position: number("12340768897043811082913117521041414330876498465539749838848"),
            velocity: number("-37396269384748225153347462373739139597454335279104"),
        };
        for (epochs, position, velocity) in [
            (
                1,
                "12340768857173130481282620527693951957137358868085414559744",
                "-37397029098013699242935862373739139597454335279104",
            ),
            (
                3,
                "12340768782449774548722755900999027209659079673176744001536",
                "-37396515542149801792802995707072472930787668612438",
            ),
        ] {
            let next = before.next(&BigInt::from(36_266_252_337_034_982_540u128), epochs);
            assert_eq!(next.position, number(position));
            assert_eq!(next.velocity, number(velocity));
        }
    }

    #[test]
    fn velocity_rounds_down_below_zero() {
        // One unit of the last digit too high, over three epochs: -β/3 of a digit is a whole digit down.
        let estimate = FilterEstimate::default();
        let next = estimate.next(&BigInt::from(-1), 3);
        let exact = -BigInt::from(BETA);
        assert_eq!(next.velocity.0, exact.div_floor(&BigInt::from(3)));
        assert!(next.velocity.0 < -BigInt::from(BETA / 3));
    }
}
