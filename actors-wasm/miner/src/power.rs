//! Power: how much storage counts for. Raw power is bytes; quality-adjusted power counts bytes with verified data ten times (Filecoin
//! spec, "Sector Quality"; FIP-0045).

use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use filigree_sdk::prelude::*;
use fvm_shared::sector::SectorSize;

use crate::int::Int;
use crate::types::SectorOnChainInfo;

/// Binary digits after the point of a sector's quality.
pub const SECTOR_QUALITY_PRECISION: i64 = 20;

/// What a byte without deals counts for, in tenths.
pub const QUALITY_BASE_MULTIPLIER: i128 = 10;

/// What a byte of verified data counts for, in tenths.
pub const VERIFIED_DEAL_WEIGHT_MULTIPLIER: i128 = 100;

/// Bytes × epochs of data in a sector.
pub type DealWeight = i128;

/// Raw and quality-adjusted power, bytes. Differences may be negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PowerPair {
    /// Bytes.
    pub raw: i128,
    /// Bytes, those of verified data ten times.
    pub qa: i128,
}

impl PowerPair {
    /// These powers.
    pub const fn new(raw: i128, qa: i128) -> Self {
        Self { raw, qa }
    }

    /// No power.
    pub const fn zero() -> Self {
        Self::new(0, 0)
    }

    /// Whether there is no power of either kind.
    pub const fn is_zero(&self) -> bool {
        self.raw == 0 && self.qa == 0
    }

    /// Whether either is below zero.
    pub const fn is_negative(&self) -> bool {
        self.raw < 0 || self.qa < 0
    }
}

/// How a pair is encoded.
#[tuple]
#[derive(Clone, Copy)]
struct Encoded {
    raw: Int,
    qa: Int,
}

impl serde::Serialize for PowerPair {
    fn serialize<S: serde::Serializer>(
        &self,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        let (raw, qa) = (Int(self.raw), Int(self.qa));
        Encoded { raw, qa }.serialize(serializer)
    }
}

impl<'de> serde::Deserialize<'de> for PowerPair {
    fn deserialize<D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<Self, D::Error> {
        let Encoded { raw, qa } = Encoded::deserialize(deserializer)?;
        Ok(Self::new(raw.0, qa.0))
    }
}

impl Describe for PowerPair {
    const TYPE: filigree_sdk::describe::Type = filigree_sdk::describe::Type::Tuple {
        name: "PowerPair",
        fields: match Encoded::TYPE {
            filigree_sdk::describe::Type::Tuple { fields, .. } => fields,
            _ => &[],
        },
    };
}

impl Add for PowerPair {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self::new(self.raw + other.raw, self.qa + other.qa)
    }
}

impl Sub for PowerPair {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self::new(self.raw - other.raw, self.qa - other.qa)
    }
}

impl Neg for PowerPair {
    type Output = Self;

    fn neg(self) -> Self {
        Self::new(-self.raw, -self.qa)
    }
}

impl AddAssign for PowerPair {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for PowerPair {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

/// Quality of a sector: the average of what its bytes count for over its time, with [`SECTOR_QUALITY_PRECISION`] binary digits. It
/// must last at least an epoch.
pub fn quality_for_weight(
    size: SectorSize,
    duration: ChainEpoch,
    verified_weight: DealWeight,
) -> i128 {
    let spacetime = i128::from(size as u64) * i128::from(duration);
    let base = (spacetime - verified_weight) * QUALITY_BASE_MULTIPLIER;
    let sum = base + verified_weight * VERIFIED_DEAL_WEIGHT_MULTIPLIER;
    div_floor(
        div_floor(sum << SECTOR_QUALITY_PRECISION, spacetime),
        QUALITY_BASE_MULTIPLIER,
    )
}

/// The quotient, rounded down.
fn div_floor(dividend: i128, divisor: i128) -> i128 {
    let rounds_up = dividend % divisor != 0 && (dividend < 0) != (divisor < 0);
    dividend / divisor - i128::from(rounds_up)
}

/// The most quality-adjusted power a sector can have.
pub fn qa_power_max(size: SectorSize) -> i128 {
    i128::from(size as u64) * VERIFIED_DEAL_WEIGHT_MULTIPLIER / QUALITY_BASE_MULTIPLIER
}

/// Quality-adjusted power of a sector with verified data of this weight.
pub fn qa_power_for_weight(
    size: SectorSize,
    duration: ChainEpoch,
    verified_weight: DealWeight,
) -> i128 {
    if verified_weight == 0 && duration > 0 {
        return i128::from(size as u64);
    }
    let quality = quality_for_weight(size, duration, verified_weight);
    (i128::from(size as u64) * quality) >> SECTOR_QUALITY_PRECISION
}

/// Quality-adjusted power of a sector.
pub fn qa_power_for_sector(size: SectorSize, sector: &SectorOnChainInfo) -> i128 {
    let duration = sector.expiration - sector.power_base_epoch;
    qa_power_for_weight(size, duration, sector.verified_deal_weight)
}

/// Raw power of a sector.
pub fn raw_power_for_sector(size: SectorSize) -> i128 {
    i128::from(size as u64)
}

/// Both powers of a sector.
pub fn power_for_sector(size: SectorSize, sector: &SectorOnChainInfo) -> PowerPair {
    PowerPair::new(
        raw_power_for_sector(size),
        qa_power_for_sector(size, sector),
    )
}

/// Both powers of some sectors together.
pub fn power_for_sectors<'a>(
    size: SectorSize,
    sectors: impl IntoIterator<Item = &'a SectorOnChainInfo>,
) -> PowerPair {
    let mut sum = PowerPair::zero();
    for sector in sectors {
        sum += power_for_sector(size, sector);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use fvm_ipld_encoding::{from_slice, to_vec};

    const SIZE: SectorSize = SectorSize::_32GiB;
    const GIB: i128 = 1 << 30;

    #[test]
    fn verified_data_counts_ten_times() {
        let year = 1_051_897;
        let full = 32 * GIB * i128::from(year);
        for (weight, tenths) in [(0, 10), (full / 2, 55), (full, 100)] {
            let quality = quality_for_weight(SIZE, year, weight);
            assert_eq!(quality, (tenths << 20) / 10);
            assert_eq!(
                qa_power_for_weight(SIZE, year, weight),
                32 * GIB * tenths / 10
            );
        }
        assert_eq!(qa_power_max(SIZE), 320 * GIB);
        assert_eq!(qa_power_for_weight(SIZE, year, full), qa_power_max(SIZE));
    }

    #[test]
    fn quality_is_rounded_down_to_a_millionth_or_so() {
        // 7 byte-epochs of 2048 · 3: 1 + 9 · 7/6144 = 1.010253…, times 2^20: 1059327.999…
        let quality = quality_for_weight(SectorSize::_2KiB, 3, 7);
        assert_eq!(quality, 1_059_328 - i128::from((1 << 20) * 63 % 6144 != 0));
        assert_eq!(
            qa_power_for_weight(SectorSize::_2KiB, 3, 7),
            (2048 * quality) >> 20
        );
    }

    #[test]
    fn sectors_without_verified_data_have_the_power_of_their_bytes() {
        for size in [SectorSize::_2KiB, SectorSize::_64GiB] {
            for duration in [1, 2, 777, 5_000_000] {
                let quality = quality_for_weight(size, duration, 0);
                assert_eq!(quality, 1 << SECTOR_QUALITY_PRECISION);
                assert_eq!(
                    qa_power_for_weight(size, duration, 0),
                    raw_power_for_sector(size)
                );
            }
        }
    }

    #[test]
    fn a_pair_is_two_big_integers() {
        let pair = PowerPair::new(2 << 10, -(20 << 10));
        let bytes = to_vec(&pair).unwrap();
        assert_eq!(bytes, [0x82, 0x43, 0, 8, 0, 0x43, 1, 0x50, 0]);
        assert_eq!(from_slice::<PowerPair>(&bytes).unwrap(), pair);
        assert!(pair.is_negative() && !(pair + -pair).is_negative());
    }
}
