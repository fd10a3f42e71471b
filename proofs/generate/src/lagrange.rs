//! The domain of a constraint system: the roots of unity of an order that is a power of two, one for each constraint,
//! and the values at a secret point of the polynomials that are one at one root and zero at the others.

use blstrs::Scalar;
use ff::{BatchInverter, Field, PrimeField};
use rayon::prelude::*;

/// How many coefficients one task computes.
const CHUNK: usize = 1 << 14;

/// Roots of unity of order 2^`log_order`.
pub struct Domain {
    log_order: u32,
    root: Scalar,
}

impl Domain {
    /// The smallest domain that has a root for each constraint; none if the field has no such roots.
    pub fn of(constraints: usize) -> Option<Domain> {
        let log_order = constraints.checked_next_power_of_two()?.trailing_zeros();
        if log_order > Scalar::S {
            return None;
        }
        let mut root = Scalar::ROOT_OF_UNITY;
        for _ in log_order..Scalar::S {
            root = root.square();
        }
        Some(Domain { log_order, root })
    }

    /// How many roots there are.
    pub fn order(&self) -> usize {
        1 << self.log_order
    }

    /// The value at `tau` of the polynomial that vanishes at all roots: `tau^order - 1`.
    pub fn vanishing(&self, tau: Scalar) -> Scalar {
        let mut power = tau;
        for _ in 0..self.log_order {
            power = power.square();
        }
        power - Scalar::ONE
    }

    /// The values at `tau` of the Lagrange polynomials: `(tau^n - 1) ω^j / (n (tau - ω^j))` for each `j`.
    ///
    /// None if `tau` is itself a root, which a random one is not.
    pub fn lagrange(&self, tau: Scalar) -> Option<Vec<Scalar>> {
        let vanishing = self.vanishing(tau);
        if vanishing.is_zero_vartime() {
            return None;
        }
        let order = Scalar::from(self.order() as u64);
        let factor = vanishing * Option::<Scalar>::from(order.invert())?;
        let mut coefficients = vec![Scalar::ZERO; self.order()];
        let chunks = coefficients.par_chunks_mut(CHUNK).enumerate();
        chunks.for_each(|(chunk, coefficients)| {
            let first = self.root.pow_vartime([(chunk * CHUNK) as u64]);
            let mut root = first;
            for coefficient in &mut *coefficients {
                *coefficient = tau - root;
                root *= self.root;
            }
            let mut scratch = vec![Scalar::ZERO; coefficients.len()];
            BatchInverter::invert_with_external_scratch(coefficients, &mut scratch);
            let mut scaled = first * factor;
            for coefficient in coefficients {
                *coefficient *= scaled;
                scaled *= self.root;
            }
        });
        Some(coefficients)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lagrange_coefficients_interpolate() {
        let domain = Domain::of(5).unwrap();
        assert_eq!(domain.order(), 8);
        let tau = Scalar::from(12345);
        let coefficients = domain.lagrange(tau).unwrap();
        // A polynomial of degree 7 is known by its values at 8 roots.
        let polynomial = |x: Scalar| {
            let powers = (0..8).map(|i| Scalar::from(3 * i + 1) * x.pow_vartime([i]));
            powers.fold(Scalar::ZERO, |sum, term| sum + term)
        };
        let mut sum = Scalar::ZERO;
        for (j, coefficient) in coefficients.iter().enumerate() {
            sum += *coefficient * polynomial(domain.root.pow_vartime([j as u64]));
        }
        assert_eq!(sum, polynomial(tau));
    }

    #[test]
    fn the_secret_must_not_be_a_root() {
        let domain = Domain::of(4).unwrap();
        assert!(domain.lagrange(domain.root).is_none());
        assert!(domain.lagrange(Scalar::ONE).is_none());
    }

    #[test]
    fn a_domain_is_as_large_as_the_field_allows() {
        assert!(Domain::of(1 << 32).is_some());
        assert!(Domain::of((1 << 32) + 1).is_none());
        assert!(Domain::of(usize::MAX).is_none());
    }
}
