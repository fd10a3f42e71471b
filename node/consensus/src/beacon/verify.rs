//! Whether a beacon signed a round.

use filigree_blocks::{BeaconEntry, Signature, SignatureType};
use filigree_keys::short;
use fvm_shared::address::Address;
use multihash_codetable::{Code, MultihashDigest};

use crate::config::{BeaconChain, Scheme};

/// Whether the beacon said this. `previous_signature` is what it said the round before, which counts if it is chained.
pub fn verify(beacon: &BeaconChain, entry: &BeaconEntry, previous_signature: &[u8]) -> bool {
    match beacon.scheme {
        Scheme::Chained => {
            let text = signed_text(previous_signature, entry.round);
            let signature = Signature::new(SignatureType::Bls, &entry.signature[..]);
            Address::new_bls(&beacon.public_key)
                .is_ok_and(|key| filigree_keys::verify(&signature, &key, &text))
        }
        Scheme::Unchained => {
            let text = signed_text(&[], entry.round);
            short::verify(&beacon.public_key, &text, &entry.signature)
        }
    }
}

/// What a beacon signs: SHA-256 of the signature before, if it is chained, and the number of the round.
pub(super) fn signed_text(previous_signature: &[u8], round: u64) -> Vec<u8> {
    let text = [previous_signature, &round.to_be_bytes()].concat();
    Code::Sha2_256.digest(&text).digest().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ChainConfig;

    fn entry(round: u64, signature: &str) -> BeaconEntry {
        BeaconEntry {
            round,
            signature: hex::decode(signature).unwrap(),
        }
    }

    /// Asserts that the beacon said that, and nothing near it.
    fn check(beacon: &BeaconChain, entry: &BeaconEntry, previous: &[u8]) {
        assert!(verify(beacon, entry, previous));
        let other_round = BeaconEntry {
            round: entry.round + 1,
            ..entry.clone()
        };
        assert!(!verify(beacon, &other_round, previous));
        let mut flipped = entry.clone();
        flipped.signature[20] ^= 1;
        assert!(!verify(beacon, &flipped, previous));
        let mut cut = entry.clone();
        cut.signature.pop();
        assert!(!verify(beacon, &cut, previous));
    }

    /// Rounds that drand published.
    #[test]
    fn rounds_of_the_first_network_hold() {
        let mainnet = ChainConfig::mainnet();
        let beacon = mainnet.beacons.at(60_000).unwrap();
        for (round, previous, signature) in [
            (
                72_785,
                "a609e19a03c2fcc559e8dae14900aaefe517cb55c840f6e69bc8e4f66c8d18e8a609685d9917efbfb0c37f058c2de88f\
                 13d297c7e19e0ab24813079efe57a182554ff054c7638153f9b26a60e7111f71a0ff63d9571704905d3ca6df0b031747",
                "82f5d3d2de4db19d40a6980e8aa37842a0e55d1df06bd68bddc8d60002e8e959eb9cfa368b3c1b77d18f02a54fe047b8\
                 0f0989315f83b12a74fd8679c4f12aae86eaf6ab5690b34f1fddd50ee3cc6f6cdf59e95526d5a5d82aaa84fa6f181e42",
            ),
            (
                3_311_596,
                "8ed588f2a7716fb1349e2d9803da5db0005e98a83783c353d4a08f183236a9ad91d70ddb01266f4b7c576983db464b43\
                 0e65680b9e0098552758afd6c1e6afcb77e3f62fe1b93d42d1cb63abbb2205512fe12fbf74ea9c5ac3b8f5c1e283a1d8",
                "a696b9409ababce45749c3a4ec369074453dd4a79967734e1390d969c8ad8d98897d217b9121e92c8ddebbddda8d92f9\
                 00e3bd6bf9deb166863b1a19390d743f82774001487594c5c09e581db7365f02b70a2c8cc41ce32446ef08e4890c4754",
            ),
        ] {
            let entry = entry(round, signature);
            let previous = hex::decode(previous).unwrap();
            check(beacon, &entry, &previous);
            assert!(!verify(beacon, &entry, &entry.signature));
            assert!(!verify(beacon, &entry, &[]));
            let quicknet = mainnet.beacons.at(5_000_000).unwrap();
            assert!(!verify(quicknet, &entry, &previous));
        }
    }

    /// A round that drand published.
    #[test]
    fn rounds_of_quicknet_hold_whatever_came_before() {
        let mainnet = ChainConfig::mainnet();
        let beacon = mainnet.beacons.at(5_000_000).unwrap();
        let signature = "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b";
        let entry = entry(657_413, signature);
        for previous in [&b""[..], b"anything"] {
            check(beacon, &entry, previous);
        }
    }
}
