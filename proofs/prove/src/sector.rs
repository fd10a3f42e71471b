//! Which sector: its name, its type and its randomness.

use std::fmt;
use std::str::FromStr;

use filecoin_proofs_api::{self as lib, ApiFeature, ProverId, RegisteredSealProof};
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::sector::SectorNumber;
use serde::{Deserialize, Serialize};

/// CommD or CommR.
pub type Commitment = [u8; 32];

/// Whose sector, and which. Its text is that of the network's tools: `s-t01000-7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SectorId {
    /// The miner actor.
    pub miner: ActorID,
    /// Its number among the miner's sectors.
    pub number: SectorNumber,
}

impl SectorId {
    /// The miner as proofs name it: the payload of its id address (LEB128), then zeros.
    pub fn prover(&self) -> ProverId {
        prover(self.miner)
    }

    /// The number as the library has it.
    pub(crate) fn number(&self) -> lib::SectorId {
        lib::SectorId::from(self.number)
    }
}

/// A miner as proofs name it.
pub(crate) fn prover(miner: ActorID) -> ProverId {
    let payload = Address::new_id(miner).payload_bytes();
    let mut id = ProverId::default();
    id[..payload.len()].copy_from_slice(&payload);
    id
}

impl fmt::Display for SectorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s-t0{}-{}", self.miner, self.number)
    }
}

impl FromStr for SectorId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = || {
            let (miner, number) = text.strip_prefix("s-t0")?.split_once('-')?;
            let id = Self {
                miner: miner.parse().ok()?,
                number: number.parse().ok()?,
            };
            // One name for one sector: no signs, no leading zeros.
            (id.to_string() == text).then_some(id)
        };
        parsed().ok_or_else(|| format!("{text:?} is no name of a sector, such as s-t01000-7"))
    }
}

/// A sector to seal, or sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sector {
    /// Its type: size and version.
    pub proof: RegisteredSealProof,
    /// Its name.
    pub id: SectorId,
    /// Randomness of the chain from before it was sealed.
    pub ticket: [u8; 32],
}

impl Sector {
    /// Bytes of the sector, padding of field elements included.
    pub fn size_bytes(&self) -> u64 {
        self.proof.sector_size().into()
    }

    /// Whether it draws its challenges itself, so that what it is proved with is an aggregate (FIP-0092).
    pub fn is_without_interaction(&self) -> bool {
        self.proof.feature_enabled(ApiFeature::NonInteractivePoRep)
    }

    /// Whether all its challenges are known before the chain draws from them (FIP-0059).
    pub fn is_synthetic(&self) -> bool {
        self.proof.feature_enabled(ApiFeature::SyntheticPoRep)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sector_is_named_as_the_tools_name_it() {
        let id = SectorId {
            miner: 1_000,
            number: 7,
        };
        assert_eq!(id.to_string(), "s-t01000-7");
        assert_eq!("s-t01000-7".parse(), Ok(id));
        for text in [
            "s-t01000-",
            "s-t01000-07",
            "s-t01000-+7",
            "t01000-7",
            "s-t01000-7 ",
            "",
        ] {
            assert!(text.parse::<SectorId>().is_err(), "{text:?}");
        }
    }
}
