//! What one estimated figure is as a share of another, added up over epochs to come: a miner's expected reward is its power times the
//! network's reward divided by the network's power (FIP-0081 and FIP-0098 for what is made of it).
//!
//! With the figures n₀ + n₁t and d₀ + d₁t the sum is the integral ∫ (n₀ + n₁t) / (d₀ + d₁t) dt, which has a logarithm in it unless the
//! divisor hardly changes. All is Q.128; how it is rounded is consensus.

use filigree_sdk::prelude::ChainEpoch;
use fvm_shared::bigint::{BigInt, Integer};

use super::FilterEstimate;
use crate::q128::{self, Q128};

/// ln 2.
const LN_2: u128 = 235_865_763_225_513_294_137_944_142_764_154_484_399;

/// The square of a divisor's change from which on it matters: 2^-50.
const EPSILON: u128 = 1 << 78;

/// The quotient of these polynomials is ln x for x from 1 to 2, exact to 3e-17.
const LN_ABOVE: [Q128; 7] = [
    Q128::new(0, 261_417_938_209_272_870_992_496_419_296_200_268_025),
    Q128::new(21, 120_685_799_803_235_704_177_589_401_987_714_406_321),
    Q128::new(95, 131_959_084_411_339_113_628_806_098_500_070_403_668),
    Q128::new(50, 64_552_220_083_974_047_169_330_015_493_736_292_006),
    Q128::new(-104, 239_012_851_604_733_566_119_165_641_261_255_701_005),
    Q128::new(-60, 65_739_962_398_248_452_099_967_213_780_862_188_380),
    Q128::new(-5, 137_479_244_252_011_636_202_769_031_975_465_706_281),
];

/// The polynomial below the line.
const LN_BELOW: [Q128; 7] = [
    Q128::new(0, 49_928_077_726_659_937_662_124_949_977_867_279_384),
    Q128::new(7, 126_187_308_562_542_684_544_007_376_544_114_103_802),
    Q128::new(63, 319_962_673_575_423_445_544_845_062_001_202_565_393),
    Q128::new(156, 316_586_031_917_523_115_489_137_583_542_776_064_690),
    Q128::new(121, 74_668_351_170_052_524_932_583_515_991_210_762_663),
    Q128::new(26, 167_886_280_378_055_730_388_993_733_141_264_807_681),
    Q128::new(1, 0),
];

/// The sum, over the `delta` epochs after the estimates, of one figure divided by the other; Q.128. The divisor must not be zero.
pub fn extrapolated_cum_sum_of_ratio(
    delta: ChainEpoch,
    numerator: &FilterEstimate,
    denominator: &FilterEstimate,
) -> BigInt {
    let delta = q128::whole(delta);
    let (n0, n1) = (&numerator.position.0, &numerator.velocity.0);
    let (d0, d1) = (&denominator.position.0, &denominator.velocity.0);
    let squared = q128::mul(d1, d1);
    if squared <= EPSILON.into() {
        // The divisor stays as it is; the dividend is taken in the middle.
        let half: BigInt = &delta >> 1u8;
        let dividend = q128::mul(n1, &half) + n0;
        return (dividend * delta).div_floor(d0);
    }
    let growth = ln(&(q128::mul(d1, &delta) + d0)) - ln(d0);
    // d₁² times the integral: n₀d₁·growth + n₁(d₁·delta - d₀·growth).
    let constant = q128::floor(&growth * n0 * d1);
    let linear = q128::mul(&(d1 * delta - growth * d0), n1);
    (linear + constant).div_floor(&squared)
}

/// The natural logarithm of a positive number.
fn ln(x: &BigInt) -> BigInt {
    // x = 2^k · y with y from 1 to 2.
    let k = x.bits() as i64 - 1 - q128::DIGITS as i64;
    let y = if k > 0 { x >> k } else { x << -k };
    let above = q128::polynomial(&LN_ABOVE, &y);
    let below = q128::polynomial(&LN_BELOW, &y);
    BigInt::from(k) * LN_2 + q128::div(above, &below)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fvm_shared::bigint::bigint_ser::BigIntDe;

    /// 15 digits after the point, rounded down.
    fn digits(x: BigInt) -> BigInt {
        q128::floor(x * 10u64.pow(15))
    }

    #[test]
    fn logarithms() {
        for (x, expected) in [
            (q128::whole(1), 0),
            (q128::whole(2), 693_147_180_559_945i64),
            (q128::whole(3), 1_098_612_288_668_109),
            (q128::whole(10), 2_302_585_092_994_045),
            (q128::whole(1u128 << 72), 49_906_597_000_316_062),
            (q128::whole(1) >> 1u8, -693_147_180_559_946),
        ] {
            assert_eq!(digits(ln(&x)), BigInt::from(expected), "ln {x}");
        }
    }

    fn sum(delta: i64, numerator: [i64; 2], denominator: [i64; 2]) -> BigInt {
        let estimate = |[position, velocity]: [i64; 2]| {
            FilterEstimate::new(BigInt::from(position), BigInt::from(velocity))
        };
        extrapolated_cum_sum_of_ratio(delta, &estimate(numerator), &estimate(denominator))
    }

    /// Six digits after the point, rounded down.
    fn millionths(sum: BigInt) -> BigInt {
        q128::floor(sum * 1_000_000)
    }

    #[test]
    fn figures_that_stay_are_divided_once() {
        assert_eq!(
            sum(1_000, [4_000_000, 0], [1, 0]),
            q128::whole(4_000_000_000i64)
        );
        // (1000 + 2·50) / 10 · 100
        assert_eq!(sum(100, [1_000, 2], [10, 0]), q128::whole(11_000));
    }

    #[test]
    fn a_divisor_that_hardly_changes_stays() {
        // Squared, 2^-25 is the bound. A little more, and there are logarithms.
        let change = |digits: u128| FilterEstimate {
            position: BigIntDe(q128::whole(1_000)),
            velocity: BigIntDe(digits.into()),
        };
        let dividend = FilterEstimate::new(BigInt::from(5), BigInt::from(0));
        let below = extrapolated_cum_sum_of_ratio(200, &dividend, &change(1 << 103));
        assert_eq!(below, q128::whole(1));
        let above = extrapolated_cum_sum_of_ratio(200, &dividend, &change((1 << 103) + (1 << 60)));
        assert_eq!(above.to_string(), "340282365906820667656697755591349600016");
    }

    #[test]
    fn figures_that_change_are_integrated() {
        // From the integral, with 120 decimal digits, by another program.
        for (delta, numerator, denominator, expected) in [
            (10_000, [111, 12], [3_456, 8], 12_980_814_294i64),
            (100_000, [1_000_000, -100], [70_000, 1_000], -2_684_014_113),
            (2_880, [4_000_000, 3], [1_000, 2], 3_824_932_512_942),
            (
                2_880,
                [36_000_000_000_000, 100_000],
                [5_000_000_000_000, -1_000_000],
                20_742_057_238,
            ),
            (
                57_600,
                [36_000_000_000_000, -100_000],
                [5_000_000_000_000, 3_200_000],
                407_226_313_314,
            ),
        ] {
            assert_eq!(
                millionths(sum(delta, numerator, denominator)),
                BigInt::from(expected)
            );
        }
    }

    #[test]
    fn rounding_is_that_of_the_protocol() {
        // Computed by another program, with the protocol's polynomials.
        for (delta, numerator, denominator, expected) in [
            (
                2_880,
                [4_000_000, 3],
                [1_000, 2],
                "1301557088816826321269874774662921738013763420",
            ),
            (
                57_600,
                [36_000_000_000_000, -100_000],
                [5_000_000_000_000, 3_200_000],
                "138571933767226220001579148663731942197689746",
            ),
        ] {
            assert_eq!(sum(delta, numerator, denominator).to_string(), expected);
        }
    }
}
