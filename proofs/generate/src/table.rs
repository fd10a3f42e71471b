//! Many multiples of one point.
//!
//! A scalar of 255 bits is written as 16 signed digits of 16 bits (or, for a few scalars, 32 of 8 bits). The table holds
//! each positive digit's multiple of the point at each place, so that a product is a sum of at most 16 of them, with the
//! sign of a digit being that of the ordinate. Sums are computed side by side, place after place (a place's part of the table fits a cache), in
//! affine coordinates: adding two points needs one division, and the divisions of all sums at one place share one
//! inversion (Montgomery's trick). That is six multiplications of the coordinate field for an addition, where
//! projective coordinates need eleven, and the result needs no normalisation.

use blstrs::{Fp, Fp2, G1Affine, G2Affine, Scalar};
use ff::Field;
use group::Curve as _;
use group::prime::PrimeCurveAffine;
use rayon::prelude::*;

/// Bits of all digits of a scalar.
const SCALAR_BITS: usize = 256;
/// Up to so many scalars, a small table costs less than it saves.
const FEW: usize = 1 << 14;
/// Sums computed side by side: enough to make the shared inversion cheap.
const BATCH: usize = 2048;

/// A curve whose points have coordinates in a field.
pub trait Curve: PrimeCurveAffine<Scalar = Scalar> + Send + Sync {
    /// The field.
    type Base: Field + Send + Sync;

    /// The coordinates of a point other than the identity.
    fn coordinates(&self) -> (Self::Base, Self::Base);

    /// The point of given coordinates, which must be on the curve.
    fn at(x: Self::Base, y: Self::Base) -> Self;
}

impl Curve for G1Affine {
    type Base = Fp;

    fn coordinates(&self) -> (Fp, Fp) {
        (self.x(), self.y())
    }

    fn at(x: Fp, y: Fp) -> G1Affine {
        G1Affine::from_raw_unchecked(x, y, false)
    }
}

impl Curve for G2Affine {
    type Base = Fp2;

    fn coordinates(&self) -> (Fp2, Fp2) {
        (self.x(), self.y())
    }

    fn at(x: Fp2, y: Fp2) -> G2Affine {
        G2Affine::from_raw_unchecked(x, y, false)
    }
}

/// A point by its coordinates. The identity, which has none, is (0, 0): no point of prime order has a zero ordinate.
#[derive(Clone, Copy)]
struct Point<F> {
    x: F,
    y: F,
}

impl<F: Field> Point<F> {
    const IDENTITY: Point<F> = Point {
        x: F::ZERO,
        y: F::ZERO,
    };

    fn is_identity(&self) -> bool {
        self.y.is_zero_vartime()
    }

    fn negated(self) -> Point<F> {
        Point {
            x: self.x,
            y: -self.y,
        }
    }

    /// What adding `other` divides by; one if it divides by nothing.
    fn denominator(&self, other: &Point<F>) -> F {
        if self.is_identity() || other.is_identity() {
            F::ONE
        } else if self.x != other.x {
            other.x - self.x
        } else if self.y == other.y {
            self.y.double()
        } else {
            F::ONE
        }
    }

    /// The sum, given the inverse of the denominator.
    fn plus(&self, other: &Point<F>, inverse: F) -> Point<F> {
        if other.is_identity() {
            return *self;
        }
        if self.is_identity() {
            return *other;
        }
        let slope = if self.x != other.x {
            (other.y - self.y) * inverse
        } else if self.y == other.y {
            let square = self.x.square();
            (square.double() + square) * inverse
        } else {
            return Point::IDENTITY;
        };
        let x = slope.square() - self.x - other.x;
        let y = slope * (self.x - x) - self.y;
        Point { x, y }
    }
}

/// Adds a term to each sum. The scratch is only for its memory.
fn add_all<F: Field>(sums: &mut [Point<F>], terms: &[Point<F>], scratch: &mut Vec<(F, F)>) {
    scratch.clear();
    let mut product = F::ONE;
    for (sum, term) in sums.iter().zip(terms) {
        let denominator = sum.denominator(term);
        scratch.push((denominator, product));
        product *= denominator;
    }
    // No denominator is zero: abscissas differ, or an ordinate is doubled.
    let mut inverse = product.invert().unwrap_or(F::ONE);
    let pairs = sums.iter_mut().zip(terms).zip(&*scratch);
    for ((sum, term), (denominator, before)) in pairs.rev() {
        *sum = sum.plus(term, inverse * before);
        inverse *= denominator;
    }
}

/// How scalars are cut.
#[derive(Clone, Copy)]
enum Digits {
    /// Of 8 bits.
    Short = 8,
    /// Of 16 bits.
    Long = 16,
}

impl Digits {
    const fn bits(self) -> usize {
        self as usize
    }

    /// The largest absolute value of one.
    const fn largest(self) -> usize {
        1 << (self.bits() - 1)
    }

    /// How many a scalar has.
    const fn count(self) -> usize {
        SCALAR_BITS / self.bits()
    }
}

/// The multiples of one point.
pub struct Table<C: Curve> {
    digits: Digits,
    /// For each place, the multiples by 1 to the largest digit.
    places: Vec<Vec<Point<C::Base>>>,
}

impl<C: Curve> Table<C> {
    /// The table of a point other than the identity, for about `count` scalars. That for many has 50 MiB for G1, 100 MiB
    /// for G2.
    pub fn new(point: C, count: usize) -> Table<C> {
        let digits = match count {
            0..=FEW => Digits::Short,
            _ => Digits::Long,
        };
        let step = Scalar::from(1 << digits.bits());
        let mut bases = Vec::with_capacity(digits.count());
        let mut base: C = point;
        for _ in 0..digits.count() {
            let (x, y) = base.coordinates();
            bases.push(Point { x, y });
            base = (base * step).to_affine();
        }
        let bases = bases.into_par_iter();
        let places = bases
            .map(|base| multiples(base, digits.largest()))
            .collect();
        Table { digits, places }
    }

    /// The multiples by each scalar, in order; the multiple by zero is the identity.
    pub fn multiples(&self, scalars: &[Scalar]) -> Vec<C> {
        let batches = scalars.par_chunks(BATCH);
        let points = batches.flat_map_iter(|batch| self.batch(batch));
        points.collect()
    }

    fn batch(&self, scalars: &[Scalar]) -> Vec<C> {
        let cut = |scalar: &Scalar| cut(scalar, self.digits);
        let digits: Vec<i32> = scalars.iter().flat_map(cut).collect();
        let count = self.digits.count();
        let mut sums = vec![Point::IDENTITY; scalars.len()];
        let mut terms = Vec::with_capacity(scalars.len());
        let mut scratch = Vec::with_capacity(scalars.len());
        for (place, multiples) in self.places.iter().enumerate() {
            terms.clear();
            let digits = digits.iter().skip(place).step_by(count);
            terms.extend(digits.map(|digit| term(multiples, *digit)));
            add_all(&mut sums, &terms, &mut scratch);
        }
        let point = |sum: Point<C::Base>| match sum.is_identity() {
            true => C::identity(),
            false => C::at(sum.x, sum.y),
        };
        sums.into_iter().map(point).collect()
    }
}

/// A digit's multiple.
fn term<F: Field>(multiples: &[Point<F>], digit: i32) -> Point<F> {
    let multiple = match digit.unsigned_abs() {
        0 => return Point::IDENTITY,
        size => multiples[size as usize - 1],
    };
    if digit < 0 {
        multiple.negated()
    } else {
        multiple
    }
}

/// A point's multiples by 1 to `largest`, a power of two: the first n, plus the n-th, are the next n.
fn multiples<F: Field>(base: Point<F>, largest: usize) -> Vec<Point<F>> {
    let mut multiples = Vec::with_capacity(largest);
    multiples.push(base);
    let mut last = base;
    let mut scratch = Vec::new();
    while multiples.len() < largest {
        let terms = vec![last; multiples.len()];
        let mut next = multiples.clone();
        add_all(&mut next, &terms, &mut scratch);
        last = *next.last().unwrap_or(&last);
        multiples.append(&mut next);
    }
    multiples
}

/// A scalar's digits, the lowest place first; none is larger than the largest, or smaller than its negative.
fn cut(scalar: &Scalar, digits: Digits) -> impl Iterator<Item = i32> + use<> {
    let bytes = scalar.to_bytes_le();
    let mut carry = 0;
    (0..digits.count()).map(move |place| {
        let value = match digits {
            Digits::Short => i32::from(bytes[place]),
            Digits::Long => i32::from(u16::from_le_bytes([bytes[2 * place], bytes[2 * place + 1]])),
        };
        // A scalar is below 0.46 · 2^256: nothing is carried out of its highest digit.
        let value = value + carry;
        carry = i32::from(value > digits.largest() as i32);
        value - (carry << digits.bits())
    })
}

#[cfg(test)]
mod tests {
    use ff::PrimeField;
    use group::Group;
    use rand_core::RngCore;

    use super::*;
    use crate::seed::stream;

    /// Scalars at the edges of digits, and of the field, and some at random.
    fn scalars() -> Vec<Scalar> {
        let mut scalars: Vec<Scalar> = [
            0,
            1,
            2,
            0x7fff,
            0x8000,
            0x8001,
            0xffff,
            0x1_0000,
            0x8000_8000,
        ]
        .into_iter()
        .map(Scalar::from)
        .collect();
        let edges: Vec<Scalar> = scalars.iter().map(|s| -*s).collect();
        scalars.extend(edges);
        scalars.push(Scalar::TWO_INV);
        // The sum of the lower places is the negative of the highest's term, or equal to it.
        let highest = Scalar::from(2).pow_vartime([240]);
        scalars.push(highest.double());
        let mut rng = stream("scalars");
        scalars.extend((0..3000).map(|_| Scalar::random(&mut rng)));
        scalars.extend((0..50).map(|_| Scalar::from(rng.next_u64())));
        scalars
    }

    #[test]
    fn multiples_are_those_of_double_and_add() {
        let mut rng = stream("points");
        let scalars = scalars();
        let g1 = blstrs::G1Projective::random(&mut rng).to_affine();
        let g2 = blstrs::G2Projective::random(&mut rng).to_affine();
        for count in [1, FEW + 1] {
            let table = Table::new(g1, count);
            for (scalar, point) in scalars.iter().zip(table.multiples(&scalars)) {
                assert_eq!(point, (g1 * scalar).to_affine(), "{scalar}");
            }
            let table = Table::new(g2, count);
            for (scalar, point) in scalars.iter().zip(table.multiples(&scalars)) {
                assert_eq!(point, (g2 * scalar).to_affine(), "{scalar}");
            }
        }
    }

    #[test]
    fn digits_add_up_to_the_scalar() {
        for digits in [Digits::Short, Digits::Long] {
            let base = Scalar::from(1 << digits.bits());
            for scalar in scalars() {
                let all: Vec<i32> = cut(&scalar, digits).collect();
                let mut sum = Scalar::ZERO;
                for digit in all.into_iter().rev() {
                    assert!(digit.unsigned_abs() as usize <= digits.largest());
                    let size = Scalar::from(u64::from(digit.unsigned_abs()));
                    sum = sum * base + if digit < 0 { -size } else { size };
                }
                assert_eq!(sum, scalar);
            }
        }
    }

    #[test]
    fn equal_opposite_and_absent_points_are_added() {
        let (x, y) = G1Affine::generator().coordinates();
        let one = Point { x, y };
        let mut sums = [one, one, Point::IDENTITY, one, Point::IDENTITY];
        let terms = [one, one.negated(), one, Point::IDENTITY, Point::IDENTITY];
        add_all(&mut sums, &terms, &mut Vec::new());
        let double = blstrs::G1Projective::generator().double().to_affine();
        assert_eq!((sums[0].x, sums[0].y), double.coordinates());
        assert!(sums[1].is_identity());
        assert_eq!((sums[2].x, sums[3].x), (x, x));
        assert!(sums[4].is_identity());
    }
}
