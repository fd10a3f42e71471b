//! Sectors that are proven.

use std::fmt;

use filigree_sdk::describe::{Field, Type};
use filigree_sdk::prelude::*;
use fvm_shared::deal::DealID;
use fvm_shared::sector::{RegisteredSealProof, SectorNumber};
use serde::de::{self, SeqAccess, Visitor};
use serde::ser::SerializeTuple;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::int::Int;
use crate::power::DealWeight;

/// A sector that is proven. It stays until its partition is compacted, even if it was terminated.
///
/// It is an array of sixteen. Those written before FIP-0100 lack the last, the daily fee, which is zero then.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SectorOnChainInfo {
    /// The sector.
    pub sector_number: SectorNumber,
    /// How it is sealed; that implies how it is proven later.
    pub seal_proof: RegisteredSealProof,
    /// Commitment to the sealed sector (CommR).
    pub sealed_cid: Cid,
    /// Its deals, in sectors from before FIP-0076.
    pub deprecated_deal_ids: Vec<DealID>,
    /// When it was proven.
    pub activation: ChainEpoch,
    /// Until when it is stored.
    pub expiration: ChainEpoch,
    /// Bytes × epochs of deals that are not verified.
    pub deal_weight: DealWeight,
    /// Bytes × epochs of verified data.
    pub verified_deal_weight: DealWeight,
    /// What is pledged for it, attoFIL.
    pub initial_pledge: TokenAmount,
    /// No longer used; zero or null in new sectors.
    pub expected_day_reward: Option<TokenAmount>,
    /// No longer used; zero or null in new sectors.
    pub expected_storage_pledge: Option<TokenAmount>,
    /// When its power was last computed.
    pub power_base_epoch: ChainEpoch,
    /// No longer used; zero or null in new sectors.
    pub replaced_day_reward: Option<TokenAmount>,
    /// The commitment it had before its data was replaced for the first time.
    pub sector_key_cid: Option<Cid>,
    /// How its power is computed.
    pub flags: SectorOnChainInfoFlags,
    /// What is paid for it a day, attoFIL (FIP-0100). It is part of its deadline's fee.
    pub daily_fee: TokenAmount,
}

/// Flags of a sector.
#[tuple(transparent)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SectorOnChainInfoFlags(pub u32);

impl SectorOnChainInfoFlags {
    /// Its power counts verified data as if it were there all the time (FIP-0045).
    pub const SIMPLE_QA_POWER: Self = Self(1);

    /// Whether these flags have all of the others.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A partition that is proven.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoStPartition {
    /// The partition of the deadline.
    pub index: u64,
    /// Its sectors that are not proven, though they were not declared faulty.
    pub skipped: BitField,
}

/// Fields of the array, all but the last always there.
const FIELDS: [Field; 16] = {
    const fn field(name: &'static str, ty: &'static Type) -> Field {
        Field { name, ty }
    }
    [
        field("sector_number", &u64::TYPE),
        field("seal_proof", &RegisteredSealProof::TYPE),
        field("sealed_cid", &Cid::TYPE),
        field("deprecated_deal_ids", &<Vec<DealID>>::TYPE),
        field("activation", &ChainEpoch::TYPE),
        field("expiration", &ChainEpoch::TYPE),
        field("deal_weight", &Int::TYPE),
        field("verified_deal_weight", &Int::TYPE),
        field("initial_pledge", &TokenAmount::TYPE),
        field("expected_day_reward", &<Option<TokenAmount>>::TYPE),
        field("expected_storage_pledge", &<Option<TokenAmount>>::TYPE),
        field("power_base_epoch", &ChainEpoch::TYPE),
        field("replaced_day_reward", &<Option<TokenAmount>>::TYPE),
        field("sector_key_cid", &<Option<Cid>>::TYPE),
        field("flags", &SectorOnChainInfoFlags::TYPE),
        field("daily_fee", &TokenAmount::TYPE),
    ]
};

impl Describe for SectorOnChainInfo {
    const TYPE: Type = Type::Tuple {
        name: "SectorOnChainInfo",
        fields: &FIELDS,
    };
}

impl Serialize for SectorOnChainInfo {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(FIELDS.len())?;
        tuple.serialize_element(&self.sector_number)?;
        tuple.serialize_element(&self.seal_proof)?;
        tuple.serialize_element(&self.sealed_cid)?;
        tuple.serialize_element(&self.deprecated_deal_ids)?;
        tuple.serialize_element(&self.activation)?;
        tuple.serialize_element(&self.expiration)?;
        tuple.serialize_element(&Int(self.deal_weight))?;
        tuple.serialize_element(&Int(self.verified_deal_weight))?;
        tuple.serialize_element(&self.initial_pledge)?;
        tuple.serialize_element(&self.expected_day_reward)?;
        tuple.serialize_element(&self.expected_storage_pledge)?;
        tuple.serialize_element(&self.power_base_epoch)?;
        tuple.serialize_element(&self.replaced_day_reward)?;
        tuple.serialize_element(&self.sector_key_cid)?;
        tuple.serialize_element(&self.flags)?;
        tuple.serialize_element(&self.daily_fee)?;
        tuple.end()
    }
}

impl<'de> Deserialize<'de> for SectorOnChainInfo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_seq(Fields)
    }
}

/// Reads the array.
struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = SectorOnChainInfo;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a SectorOnChainInfo, which is an array of 15 or 16")
    }

    fn visit_seq<A: SeqAccess<'de>>(
        self,
        mut seq: A,
    ) -> std::result::Result<SectorOnChainInfo, A::Error> {
        fn next<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(
            seq: &mut A,
        ) -> std::result::Result<T, A::Error> {
            let field = seq.next_element()?;
            field.ok_or_else(|| de::Error::invalid_length(0, &Fields))
        }
        Ok(SectorOnChainInfo {
            sector_number: next(&mut seq)?,
            seal_proof: next(&mut seq)?,
            sealed_cid: next(&mut seq)?,
            deprecated_deal_ids: next(&mut seq)?,
            activation: next(&mut seq)?,
            expiration: next(&mut seq)?,
            deal_weight: next::<Int, A>(&mut seq)?.0,
            verified_deal_weight: next::<Int, A>(&mut seq)?.0,
            initial_pledge: next(&mut seq)?,
            expected_day_reward: next(&mut seq)?,
            expected_storage_pledge: next(&mut seq)?,
            power_base_epoch: next(&mut seq)?,
            replaced_day_reward: next(&mut seq)?,
            sector_key_cid: next(&mut seq)?,
            flags: next(&mut seq)?,
            daily_fee: seq.next_element()?.unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fvm_ipld_encoding::{from_slice, to_vec};

    #[test]
    fn sectors_from_before_daily_fees_are_read() {
        let sector = SectorOnChainInfo {
            sector_number: 7,
            seal_proof: RegisteredSealProof::StackedDRG2KiBV1P1,
            deprecated_deal_ids: vec![1, 2],
            deal_weight: 300,
            expected_day_reward: Some(TokenAmount::from_atto(9)),
            flags: SectorOnChainInfoFlags::SIMPLE_QA_POWER,
            ..Default::default()
        };
        let bytes = to_vec(&sector).unwrap();
        assert_eq!(bytes[0], 0x90);
        assert_eq!(from_slice::<SectorOnChainInfo>(&bytes).unwrap(), sector);
        // The last field is one byte: no fee.
        let older = [&[0x8f], &bytes[1..bytes.len() - 1]].concat();
        assert_eq!(from_slice::<SectorOnChainInfo>(&older).unwrap(), sector);
        for other in [0x8e, 0x91] {
            let other = [&[other], &bytes[1..]].concat();
            assert!(from_slice::<SectorOnChainInfo>(&other).is_err());
        }
    }
}
