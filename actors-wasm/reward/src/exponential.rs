//! e⁻ˣ in fixed point (Filecoin spec, "Block Reward Minting"): a quotient of two polynomials, exact to 3.4e-30 for x below 1.725 and to
//! 4.6e-15 below 5. Its coefficients are consensus.

use filigree_builtin::q128;
use fvm_shared::bigint::BigInt;

/// The polynomial above the line, from the highest power, Q.128; the constant 1 follows.
const ABOVE: [i128; 7] = [
    -648_770_010_757_830_093_818_553_637_600,
    67_469_480_939_593_786_226_847_644_286_976,
    -3_197_587_544_499_098_424_029_388_939_001_856,
    89_244_641_121_992_890_118_377_641_805_348_864,
    -1_579_656_163_641_440_567_800_982_336_819_953_664,
    17_685_496_037_279_256_458_459_817_590_917_169_152,
    -115_682_590_513_835_356_866_803_355_398_940_131_328,
];

/// The polynomial below the line.
const BELOW: [u128; 13] = [
    1_225_524_182_432_722_209_606_361,
    114_095_592_300_906_098_243_859_450,
    5_665_570_424_063_336_070_530_214_243,
    194_450_132_448_609_991_765_137_938_448,
    5_068_267_641_632_683_791_026_134_915_072,
    104_716_890_604_972_796_896_895_427_629_056,
    1_748_338_658_439_454_459_487_681_798_864_896,
    23_704_654_329_841_312_470_660_182_937_960_448,
    259_380_097_567_996_910_282_699_886_670_381_056,
    2_250_336_698_853_390_384_720_606_936_038_375_424,
    14_978_272_436_876_548_034_486_263_159_246_028_800,
    72_144_088_983_913_131_323_343_765_784_380_833_792,
    224_599_776_407_103_106_596_571_252_037_123_047_424,
];

/// e⁻ˣ; `x` and the result are Q.128.
pub fn exp_neg(x: &BigInt) -> BigInt {
    let (above, below) = (
        q128::polynomial_and_one(&ABOVE, x),
        q128::polynomial_and_one(&BELOW, x),
    );
    q128::div(above, &below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_e() {
        assert_eq!(exp_neg(&BigInt::from(0)), q128::whole(1));
        // 25 digits of e⁻¹ and e^-½, from tables.
        for (x, expected) in [
            (q128::whole(1), 3_678_794_411_714_423_215_955_237u128),
            (q128::whole(1) >> 1u64, 6_065_306_597_126_334_236_037_995),
        ] {
            let digits = q128::floor(exp_neg(&x) * 10u128.pow(25));
            assert_eq!(digits, BigInt::from(expected));
        }
    }

    #[test]
    fn it_falls() {
        let values: Vec<BigInt> = (0..50)
            .map(|tenths| exp_neg(&(q128::whole(tenths) / 10)))
            .collect();
        assert!(values.windows(2).all(|pair| pair[0] > pair[1]));
    }
}
