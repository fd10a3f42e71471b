//! Tickets: the chain's own randomness, a chain of VRF outputs (Filecoin spec, "Tickets").

use std::cmp::Ordering;

use fvm_ipld_encoding::strict_bytes;
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

/// A VRF proof over the last ticket. Tickets are compared by their digests: the smallest comes first in a tipset.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Ticket {
    /// The VRF's output: a BLS signature of 96 bytes, except in a genesis block.
    #[serde(with = "strict_bytes")]
    pub vrf_proof: Vec<u8>,
}

impl Ticket {
    /// blake2b-256 of the VRF's output: what is random about it.
    pub fn digest(&self) -> [u8; 32] {
        let hash = blake2b_simd::Params::new()
            .hash_length(32)
            .hash(&self.vrf_proof);
        hash.as_bytes().try_into().expect("32 bytes were asked for")
    }

    /// The order of tickets.
    pub fn compare(&self, other: &Self) -> Ordering {
        self.digest().cmp(&other.digest())
    }
}
