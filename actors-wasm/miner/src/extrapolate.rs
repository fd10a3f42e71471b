//! The sum, over epochs to come, of one smoothed figure divided by another: of the network's reward by its power, as far as both go on as
//! they do now (Filecoin spec, "Alpha Beta Filters", "Extrapolation").
//!
//! With position p and velocity v of the figures 1 and 2, the sum over Δ epochs is the integral
//! `∫ (p1 + v1·t) / (p2 + v2·t) dt = p1/v2 · ln((p2 + v2·Δ) / p2) + v1/v2² · (v2·Δ - p2 · ln((p2 + v2·Δ) / p2))`; with v2 next to
//! nothing, `Δ · (p1 + v1·Δ/2) / p2`. All numbers are Q.128.

use filigree_builtin::q128;
use filigree_builtin::smooth::FilterEstimate;
use filigree_sdk::prelude::*;
use fvm_shared::bigint::{BigInt, Integer};

/// A coefficient beyond 128 bits: its whole part and its fraction.
type Coefficient = (i64, u128);

/// ln between 1 and 2 is a quotient of polynomials: this is above the line, the highest power first.
const LN_NUMERATOR: [Coefficient; 7] = [
    (0, 261_417_938_209_272_870_992_496_419_296_200_268_025),
    (21, 120_685_799_803_235_704_177_589_401_987_714_406_321),
    (95, 131_959_084_411_339_113_628_806_098_500_070_403_668),
    (50, 64_552_220_083_974_047_169_330_015_493_736_292_006),
    (-104, 239_012_851_604_733_566_119_165_641_261_255_701_005),
    (-60, 65_739_962_398_248_452_099_967_213_780_862_188_380),
    (-5, 137_479_244_252_011_636_202_769_031_975_465_706_281),
];

/// And this below.
const LN_DENOMINATOR: [Coefficient; 7] = [
    (0, 49_928_077_726_659_937_662_124_949_977_867_279_384),
    (7, 126_187_308_562_542_684_544_007_376_544_114_103_802),
    (63, 319_962_673_575_423_445_544_845_062_001_202_565_393),
    (156, 316_586_031_917_523_115_489_137_583_542_776_064_690),
    (121, 74_668_351_170_052_524_932_583_515_991_210_762_663),
    (26, 167_886_280_378_055_730_388_993_733_141_264_807_681),
    (1, 0),
];

/// ln 2.
const LN_2: u128 = 235_865_763_225_513_294_137_944_142_764_154_484_399;

/// A squared velocity that is next to nothing.
const EPSILON: u128 = 302_231_454_903_657_293_676_544;

/// Sum of `num / denom` over the `delta` epochs from now on, Q.128.
pub fn extrapolated_cum_sum_of_ratio(
    delta: ChainEpoch,
    num: &FilterEstimate,
    denom: &FilterEstimate,
) -> BigInt {
    let delta = q128::whole(delta);
    let (pos_1, velo_1) = (&num.position.0, &num.velocity.0);
    let (pos_2, velo_2) = (&denom.position.0, &denom.velocity.0);
    let squared_velo_2 = q128::mul(velo_2, velo_2);
    if squared_velo_2 > EPSILON.into() {
        let growth = ln(&(q128::mul(velo_2, &delta) + pos_2)) - ln(pos_2);
        let m1 = q128::floor(&growth * pos_1 * velo_2);
        let m2 = q128::mul(&(velo_2 * delta - growth * pos_2), velo_1);
        return (m2 + m1).div_floor(&squared_velo_2);
    }
    let half: BigInt = &delta >> 1u8;
    let middle = q128::mul(velo_1, &half) + pos_1;
    (middle * delta).div_floor(pos_2)
}

/// The natural logarithm: `ln(x · 2^k) = k · ln 2 + ln x`, with x between 1 and 2.
fn ln(z: &BigInt) -> BigInt {
    let k = z.bits() as i64 - 1 - q128::DIGITS as i64;
    let x = if k > 0 { z >> k } else { z << -k };
    let above = q128::whole(polynomial(&LN_NUMERATOR, &x));
    let below = polynomial(&LN_DENOMINATOR, &x);
    BigInt::from(k) * LN_2 + above.div_floor(&below)
}

fn polynomial(coefficients: &[Coefficient], x: &BigInt) -> BigInt {
    let mut value = BigInt::from(0u8);
    for (whole, fraction) in coefficients {
        value = q128::mul(&value, x) + q128::whole(*whole) + *fraction;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(position: f64, velocity: f64) -> FilterEstimate {
        let fixed = |number: f64| {
            let digits = BigInt::from((number * 2f64.powi(64)) as i128);
            fvm_shared::bigint::bigint_ser::BigIntDe(digits << 64u8)
        };
        FilterEstimate {
            position: fixed(position),
            velocity: fixed(velocity),
        }
    }

    fn float(number: &BigInt) -> f64 {
        i128::try_from(number >> 64u8).unwrap() as f64 / 2f64.powi(64)
    }

    #[test]
    fn logarithms_are_those_of_floats() {
        for number in [1e-9, 0.5, 1.0, 1.000_001, 1.5, 1.999, 2.0, 3.0, 1e6, 8.1e18] {
            let found = float(&ln(&estimate(number, 0.0).position.0));
            assert!((found - number.ln()).abs() < 1e-9, "ln {number}: {found}");
        }
    }

    /// Sum over small steps.
    fn sum_of_ratio(delta: ChainEpoch, (p1, v1): (f64, f64), (p2, v2): (f64, f64)) -> f64 {
        let steps = 2_000_000;
        let width = delta as f64 / f64::from(steps);
        let ratio = |step: i32| {
            let time = (f64::from(step) + 0.5) * width;
            (p1 + v1 * time) / (p2 + v2 * time)
        };
        (0..steps).map(ratio).sum::<f64>() * width
    }

    #[test]
    fn sums_are_those_of_small_steps() {
        let cases = [
            // Constant, growing, falling, and both.
            (1_000, (4e6, 0.0), (1e6, 0.0)),
            (10_000, (111.0, 33.0), (3_456.0, 8.0)),
            (100_000, (1e6, -9.0), (7e4, 1_100.0)),
            (57_600, (3.6e13, -1e5), (5e12, 3.2e6)),
            (2_880, (3.6e13, 1e5), (5e12, -1e6)),
            // A velocity next to nothing.
            (2_880, (3.6e13, 1e5), (5e12, 1e-9)),
        ];
        for (delta, num, denom) in cases {
            let (a, b) = (estimate(num.0, num.1), estimate(denom.0, denom.1));
            let found = float(&extrapolated_cum_sum_of_ratio(delta, &a, &b));
            let expected = sum_of_ratio(delta, num, denom);
            let error = (found / expected - 1.0).abs();
            assert!(error < 1e-6, "{found} instead of {expected}");
        }
    }

    #[test]
    fn constants_are_exact() {
        let (four, one) = (estimate(4e6, 0.0), estimate(1.0, 0.0));
        let sum = extrapolated_cum_sum_of_ratio(1_000, &four, &one);
        assert_eq!(sum, q128::whole(4_000_000_000u64));
    }
}
