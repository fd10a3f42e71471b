//! A beacon of one's own, for networks on one machine: drand's unchained scheme with a key that the machine has.
//!
//! Who has the key knows all randomness of the network's future. It is for networks whose miners are one person.

use filigree_blocks::BeaconEntry;
use filigree_keys::short::{PUBLIC_BYTES, ShortKey};

use super::verify::signed_text;

/// A beacon that says what is asked, also of the future.
pub struct LocalBeacon(ShortKey);

impl LocalBeacon {
    /// The beacon of a seed of 32 bytes: equal seeds give equal beacons.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ShortKey::from_seed(seed))
    }

    /// Its public key, for [`Devnet::beacon_key`](crate::config::Devnet::beacon_key).
    pub fn public(&self) -> [u8; PUBLIC_BYTES] {
        self.0.public()
    }

    /// What it says in a round.
    pub fn entry(&self, round: u64) -> BeaconEntry {
        BeaconEntry {
            round,
            signature: self.0.sign(&signed_text(&[], round)).to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::verify;
    use super::*;
    use crate::config::{BeaconChain, Scheme};

    #[test]
    fn what_it_says_holds_as_what_drand_says() {
        let beacon = LocalBeacon::from_seed(&[1; 32]);
        let chain = |beacon: &LocalBeacon| BeaconChain {
            scheme: Scheme::Unchained,
            public_key: beacon.public().to_vec(),
            genesis_timestamp_seconds: 0,
            period_seconds: 1,
        };
        let entry = beacon.entry(5);
        assert!(verify(&chain(&beacon), &entry, &[]));
        assert_eq!(LocalBeacon::from_seed(&[1; 32]).entry(5), entry);
        let other = LocalBeacon::from_seed(&[2; 32]);
        assert!(!verify(&chain(&other), &entry, &[]));
    }
}
