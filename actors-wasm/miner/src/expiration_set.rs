//! Sectors of a partition that end at an epoch. Most end on time. Those that are faulty for too long end early, without their pledge, which
//! pays for the termination later (Filecoin spec, "Storage Deal Flow", "Sector Expiration"; FIP-0100 for the fee).

use std::fmt;

use filigree_sdk::describe::{Field, Type};
use filigree_sdk::prelude::*;
use serde::de::{self, SeqAccess, Visitor};
use serde::ser::SerializeTuple;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::power::PowerPair;

/// Sectors that end, and what goes with them.
///
/// It is an array of six. Those written before FIP-0100 lack the last, the fee, which is zero then.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExpirationSet {
    /// Sectors that end on time, faulty or not.
    pub on_time_sectors: BitField,
    /// Sectors that end early; all are faulty.
    pub early_sectors: BitField,
    /// Pledge of those that end on time, attoFIL.
    pub on_time_pledge: TokenAmount,
    /// Power of those that are not faulty.
    pub active_power: PowerPair,
    /// Power of those that are faulty.
    pub faulty_power: PowerPair,
    /// Daily fee of all, attoFIL.
    pub fee_deduction: TokenAmount,
}

impl ExpirationSet {
    /// Without sectors.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Adds others.
    pub fn add(&mut self, other: &Self) -> Result<()> {
        self.on_time_sectors |= &other.on_time_sectors;
        self.early_sectors |= &other.early_sectors;
        self.on_time_pledge += &other.on_time_pledge;
        self.active_power += other.active_power;
        self.faulty_power += other.faulty_power;
        self.fee_deduction += &other.fee_deduction;
        self.validate_state()
    }

    /// Removes some that are in it.
    pub fn remove(&mut self, other: &Self) -> Result<()> {
        let are_there = self.on_time_sectors.contains_all(&other.on_time_sectors)
            && self.early_sectors.contains_all(&other.early_sectors);
        ensure!(
            are_there,
            illegal_state,
            "sectors do not end when they should"
        );
        self.on_time_sectors -= &other.on_time_sectors;
        self.early_sectors -= &other.early_sectors;
        self.on_time_pledge -= &other.on_time_pledge;
        self.active_power -= other.active_power;
        self.faulty_power -= other.faulty_power;
        self.fee_deduction -= &other.fee_deduction;
        self.validate_state()
    }

    /// Whether no sectors are in it; power and money should be zero then.
    pub fn is_empty(&self) -> bool {
        self.on_time_sectors.is_empty() && self.early_sectors.is_empty()
    }

    /// How many sectors are in it.
    pub fn len(&self) -> u64 {
        self.on_time_sectors.len() + self.early_sectors.len()
    }

    /// Fails with `USR_ILLEGAL_STATE` if an amount or a power is negative.
    pub fn validate_state(&self) -> Result<()> {
        let is_negative = self.on_time_pledge.is_negative()
            || self.active_power.is_negative()
            || self.faulty_power.is_negative()
            || self.fee_deduction.is_negative();
        ensure!(
            !is_negative,
            illegal_state,
            "sectors that end have less than no pledge, power or fee"
        );
        Ok(())
    }
}

/// Fields of the array, all but the last always there.
const FIELDS: [Field; 6] = {
    const fn field(name: &'static str, ty: &'static Type) -> Field {
        Field { name, ty }
    }
    [
        field("on_time_sectors", &BitField::TYPE),
        field("early_sectors", &BitField::TYPE),
        field("on_time_pledge", &TokenAmount::TYPE),
        field("active_power", &PowerPair::TYPE),
        field("faulty_power", &PowerPair::TYPE),
        field("fee_deduction", &TokenAmount::TYPE),
    ]
};

impl Describe for ExpirationSet {
    const TYPE: Type = Type::Tuple {
        name: "ExpirationSet",
        fields: &FIELDS,
    };
}

impl Serialize for ExpirationSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(FIELDS.len())?;
        tuple.serialize_element(&self.on_time_sectors)?;
        tuple.serialize_element(&self.early_sectors)?;
        tuple.serialize_element(&self.on_time_pledge)?;
        tuple.serialize_element(&self.active_power)?;
        tuple.serialize_element(&self.faulty_power)?;
        tuple.serialize_element(&self.fee_deduction)?;
        tuple.end()
    }
}

impl<'de> Deserialize<'de> for ExpirationSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_seq(Fields)
    }
}

/// Reads the array.
struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = ExpirationSet;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an ExpirationSet, which is an array of 5 or 6")
    }

    fn visit_seq<A: SeqAccess<'de>>(
        self,
        mut seq: A,
    ) -> std::result::Result<ExpirationSet, A::Error> {
        let missing = |at| de::Error::invalid_length(at, &Self);
        Ok(ExpirationSet {
            on_time_sectors: seq.next_element()?.ok_or_else(|| missing(0))?,
            early_sectors: seq.next_element()?.ok_or_else(|| missing(1))?,
            on_time_pledge: seq.next_element()?.ok_or_else(|| missing(2))?,
            active_power: seq.next_element()?.ok_or_else(|| missing(3))?,
            faulty_power: seq.next_element()?.ok_or_else(|| missing(4))?,
            fee_deduction: seq.next_element()?.unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitfield_queue::bits;
    use fvm_ipld_encoding::{from_slice, to_vec};

    fn set(on_time: &[u64], early: &[u64]) -> ExpirationSet {
        let power = |count: usize| PowerPair::new(count as i128, 10 * count as i128);
        ExpirationSet {
            on_time_sectors: bits(on_time.iter().copied()).unwrap(),
            early_sectors: bits(early.iter().copied()).unwrap(),
            on_time_pledge: TokenAmount::from_atto(1_000 * on_time.len() as u64),
            active_power: power(on_time.len()),
            faulty_power: power(early.len()),
            fee_deduction: TokenAmount::from_atto(7 * (on_time.len() + early.len()) as u64),
        }
    }

    #[test]
    fn sets_are_added_and_removed() {
        let mut sum = set(&[1, 2], &[7]);
        sum.add(&set(&[3], &[8, 9])).unwrap();
        assert_eq!(sum, set(&[1, 2, 3], &[7, 8, 9]));
        assert_eq!((sum.len(), sum.is_empty()), (6, false));
        sum.remove(&set(&[1, 3], &[9])).unwrap();
        assert_eq!(sum, set(&[2], &[7, 8]));
        for stranger in [set(&[1], &[]), set(&[], &[2])] {
            let error = sum.clone().remove(&stranger).unwrap_err();
            assert_eq!(error.code, ExitCode::USR_ILLEGAL_STATE);
        }
        sum.remove(&set(&[2], &[7, 8])).unwrap();
        assert_eq!(sum, ExpirationSet::empty());
    }

    #[test]
    fn nothing_goes_below_zero() {
        let one = PowerPair::new(0, 1);
        let takes: [fn(&mut ExpirationSet, PowerPair); 4] = [
            |set, _| set.on_time_pledge = TokenAmount::from_atto(1),
            |set, _| set.fee_deduction = TokenAmount::from_atto(1),
            |set, one| set.active_power = one,
            |set, one| set.faulty_power = one,
        ];
        for take in takes {
            let mut taken = ExpirationSet::empty();
            take(&mut taken, one);
            assert!(ExpirationSet::empty().remove(&taken).is_err());
            assert!(ExpirationSet::empty().add(&taken).is_ok());
        }
    }

    #[test]
    fn sets_from_before_daily_fees_are_read() {
        let mut set = set(&[1, 2], &[7]);
        set.fee_deduction = TokenAmount::default();
        let bytes = to_vec(&set).unwrap();
        assert_eq!((bytes[0], bytes.last()), (0x86, Some(&0x40)));
        assert_eq!(from_slice::<ExpirationSet>(&bytes).unwrap(), set);
        let older = [&[0x85], &bytes[1..bytes.len() - 1]].concat();
        assert_eq!(from_slice::<ExpirationSet>(&older).unwrap(), set);
        assert!(from_slice::<ExpirationSet>(&[&[0x84], &bytes[1..]].concat()).is_err());
    }
}
