//! Miners and the sectors they begin with.

use cid::Cid;
use fvm_shared::address::Address;
use fvm_shared::sector::{RegisteredSealProof, SectorNumber, SectorSize};
use fvm_shared::version::NetworkVersion;
use serde::{Deserialize, Serialize};

use crate::text;

/// A miner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Miner {
    /// Who owns it and pays its pledges: an account.
    #[serde(with = "text::address")]
    pub owner: Address,
    /// Whose key signs its blocks: an account of a BLS key.
    #[serde(with = "text::address")]
    pub worker: Address,
    /// The size of its sectors.
    #[serde(with = "text::sector_size")]
    pub sector_size: SectorSize,
    /// Its libp2p peer id.
    #[serde(with = "text::peer_id", default, skip_serializing_if = "Vec::is_empty")]
    pub peer_id: Vec<u8>,
    /// A file with the list `sectors`, beside the template; [`Template::load`] takes them over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committed_capacity: Option<String>,
    /// Sectors that are sealed already.
    #[serde(default)]
    pub sectors: Vec<Sector>,
}

/// A sector that is sealed before there is a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sector {
    /// Its number.
    pub number: SectorNumber,
    /// Commitment to the sealed sector.
    #[serde(with = "text::cid")]
    pub comm_r: Cid,
    /// Commitment to its data; zeros, if it is left out.
    #[serde(
        with = "text::optional_cid",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub comm_d: Option<Cid>,
    /// How it was sealed, as a number; version 1.1 for its size, if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal_proof: Option<i64>,
}

/// A file of sectors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommittedCapacity {
    /// The sectors.
    pub sectors: Vec<Sector>,
}

impl Sector {
    /// How it is sealed.
    pub fn seal_proof(&self, size: SectorSize) -> RegisteredSealProof {
        match self.seal_proof {
            Some(number) => number.into(),
            None => RegisteredSealProof::from_sector_size(size, NetworkVersion::V28),
        }
    }
}
