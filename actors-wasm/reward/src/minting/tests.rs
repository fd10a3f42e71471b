//! Expected amounts are computed from the formulas of the spec with 80 decimal digits, by another program, and rounded down.

use super::*;

/// Epochs of a year of 365 days.
const YEAR: ChainEpoch = 365 * 24 * 60 * 2;

fn totals() -> [TokenAmount; 2] {
    [SIMPLE_TOTAL_FIL, BASELINE_TOTAL_FIL].map(TokenAmount::from_whole)
}

#[test]
fn the_simple_part_halves_in_six_years() {
    let [simple, baseline] = totals();
    let nothing = BigInt::from(0);
    for (epoch, atto) in [
        (0, 36_266_264_293_777_134_739u128),
        (1, 36_266_260_308_195_979_333),
        (5_000, 36_246_341_860_983_438_171),
        (6 * YEAR, 18_133_132_146_888_567_369),
        (10 * YEAR, 11_423_157_446_195_159_618),
    ] {
        let minted = reward(epoch, (&nothing, &nothing), &simple, &baseline);
        assert_eq!(minted, TokenAmount::from_atto(atto), "epoch {epoch}");
    }
}

#[test]
fn the_baseline_part_follows_effective_time() {
    let [_, baseline] = totals();
    let none = TokenAmount::default();
    let half = q128::whole(1) >> 1u64;
    for (from, to, atto) in [
        (
            q128::whole(0),
            q128::whole(1),
            84_621_274_052_457_285_111u128,
        ),
        (q128::whole(0), half, 42_310_638_188_689_749_006),
        (
            q128::whole(5_000),
            q128::whole(5_001),
            84_574_788_381_047_331_439,
        ),
        (
            q128::whole(6 * YEAR),
            q128::whole(6 * YEAR + 1),
            42_310_637_026_228_642_555,
        ),
        (q128::whole(77), q128::whole(77), 0),
    ] {
        let minted = reward(0, (&from, &to), &none, &baseline);
        assert_eq!(minted, TokenAmount::from_atto(atto), "from {from} to {to}");
    }
}

#[test]
fn the_baseline_doubles_in_a_year() {
    let start = BigInt::from(BASELINE_AT_START);
    let end = (0..YEAR).fold(start.clone(), |power, _| next_baseline(&power));
    // A byte is lost to rounding in some epochs.
    let lost = start * 2 - end;
    assert!(
        lost >= BigInt::from(0) && lost < BigInt::from(2 * YEAR),
        "{lost}"
    );
    assert_eq!(
        next_baseline(&baseline_before_start()),
        BigInt::from(BASELINE_AT_START - 1)
    );
}

#[test]
fn effective_time_lies_between_epochs() {
    // A baseline of 10, 20, 30 … bytes: 10 + 20 + 30 + 40 byte-epochs up to epoch 4.
    let time = |realized: u64| {
        let progress = Progress {
            epoch: 4,
            power: &BigInt::from(40),
            target: &BigInt::from(100),
            realized: &BigInt::from(realized),
        };
        progress.effective_time()
    };
    assert_eq!(time(100), q128::whole(4));
    assert_eq!(time(60), q128::whole(3));
    assert_eq!(time(70), q128::whole(3) + (q128::whole(1) >> 2u64));
    // Nothing has been realized before the first epoch.
    let zero = BigInt::from(0);
    let start = Progress {
        epoch: 0,
        power: &zero,
        target: &zero,
        realized: &zero,
    };
    assert_eq!(start.effective_time(), zero);
}
