//! Which beacon a network takes randomness from at which epoch, and which of its rounds an epoch has.

use std::fmt;

use fvm_shared::clock::ChainEpoch;
use fvm_shared::version::NetworkVersion;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{ChainConfig, ConfigError};

/// How a beacon signs its rounds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Scheme {
    /// A round's signature is over the one before it; keys in G1, signatures in G2. drand's first networks.
    #[serde(rename = "pedersen-bls-chained")]
    Chained,
    /// A round's signature is over its number alone; keys in G2, signatures in G1. drand's quicknet, and local beacons.
    #[serde(rename = "bls-unchained-g1-rfc9380")]
    Unchained,
}

impl Scheme {
    /// Whether a round can be checked only with the round before it.
    pub fn is_chained(self) -> bool {
        self == Self::Chained
    }

    /// Bytes of a public key.
    pub fn public_key_bytes(self) -> usize {
        match self {
            Self::Chained => 48,
            Self::Unchained => 96,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chained => "chained",
            Self::Unchained => "unchained",
        })
    }
}

/// A beacon: who signs, and when (what drand calls a chain's info).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BeaconChain {
    /// How it signs.
    pub scheme: Scheme,
    /// Its public key, compressed: 48 bytes if chained, 96 if not.
    #[serde(serialize_with = "as_hex", deserialize_with = "of_hex")]
    pub public_key: Vec<u8>,
    /// Time of its first round, seconds since 1970.
    pub genesis_timestamp_seconds: u64,
    /// Seconds from one round to the next. At least 1.
    pub period_seconds: u64,
}

impl BeaconChain {
    /// The round that blocks of an epoch end with: the last that was out when the epoch before began.
    ///
    /// Up to network version 15 a round was counted too few (Lotus, `MaxBeaconRoundForEpoch`).
    pub fn round_at(
        &self,
        config: &ChainConfig,
        version: NetworkVersion,
        epoch: ChainEpoch,
    ) -> u64 {
        let epochs = u64::try_from(epoch).unwrap_or(0);
        let latest_seconds = epochs
            .saturating_mul(config.block_delay_seconds)
            .saturating_add(config.genesis_timestamp_seconds)
            .saturating_sub(config.block_delay_seconds);
        let periods = latest_seconds
            .checked_sub(self.genesis_timestamp_seconds)
            .and_then(|seconds| seconds.checked_div(self.period_seconds));
        match periods {
            Some(periods) if version <= NetworkVersion::V15 => periods,
            Some(periods) => periods.saturating_add(1),
            None => 1,
        }
    }
}

/// From which epoch on a beacon is used.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BeaconPoint {
    /// The first epoch.
    pub from: ChainEpoch,
    /// The beacon.
    pub beacon: BeaconChain,
}

/// The beacons of a network, in the order of their first epochs; the first from epoch 0.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BeaconSchedule(pub Vec<BeaconPoint>);

impl BeaconSchedule {
    /// The beacon of an epoch; none only where [`ChainConfig::check`] fails. Epochs before 0 have the first.
    pub fn at(&self, epoch: ChainEpoch) -> Option<&BeaconChain> {
        let begun = self.0.partition_point(|point| point.from <= epoch);
        let point = self.0.get(begun.saturating_sub(1))?;
        Some(&point.beacon)
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let ordered = self.0.is_sorted_by(|a, b| a.from < b.from);
        if !ordered || self.0.first().is_none_or(|point| point.from != 0) {
            return Err(ConfigError::Beacons);
        }
        for BeaconPoint { beacon, .. } in &self.0 {
            if beacon.period_seconds == 0 {
                return Err(ConfigError::Zero("period_seconds"));
            }
            let expected = beacon.scheme.public_key_bytes();
            let found = beacon.public_key.len();
            if found != expected {
                let scheme = beacon.scheme;
                return Err(ConfigError::BeaconKey {
                    scheme,
                    expected,
                    found,
                });
            }
        }
        Ok(())
    }
}

/// drand's network of Filecoin's test time, the first that mainnet used.
pub(super) fn incentinet() -> BeaconChain {
    let key = "8cad0c72c606ab27d36ee06de1d5b2db1faf92e447025ca37575ab3a8aac2eaae83192f846fc9e158bc738423753d000";
    drand(Scheme::Chained, key, 1_595_873_820, 30)
}

/// drand's first network (chain hash `8990e7a9…`).
pub(super) fn league_of_entropy() -> BeaconChain {
    let key = "868f005eb8e6e4ca0a47c8a77ceaa5309a47978a7c71bc5cce96366b5d7a569937c529eeda66c7293784a9402801af31";
    drand(Scheme::Chained, key, 1_595_431_050, 30)
}

/// drand's quicknet (chain hash `52db9ba7…`; FIP-0063).
pub(super) fn quicknet() -> BeaconChain {
    let key = "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451\
               0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a";
    drand(Scheme::Unchained, key, 1_692_803_367, 3)
}

fn drand(scheme: Scheme, key: &str, genesis: u64, period: u64) -> BeaconChain {
    BeaconChain {
        scheme,
        public_key: hex::decode(key).expect("keys above are hexadecimal"),
        genesis_timestamp_seconds: genesis,
        period_seconds: period,
    }
}

fn as_hex<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex::encode(bytes))
}

fn of_hex<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    hex::decode(text).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beacons_change_at_their_epochs() {
        let mainnet = ChainConfig::mainnet();
        let at = |epoch| mainnet.beacons.at(epoch).unwrap().clone();
        assert_eq!(at(-1), incentinet());
        assert_eq!(at(50_999), incentinet());
        assert_eq!(at(51_000), league_of_entropy());
        assert_eq!(at(3_855_479), league_of_entropy());
        assert_eq!(at(3_855_480), quicknet());
    }

    /// Rounds by the times at which drand published them: a round is out at its genesis and every period after it.
    #[test]
    fn a_round_was_out_one_epoch_before_its_block() {
        let mainnet = ChainConfig::mainnet();
        for epoch in [200_000, 2_000_000, 4_000_000, 6_060_000] {
            let beacon = mainnet.beacons.at(epoch).unwrap();
            let version = mainnet.version_at(epoch);
            let round = beacon.round_at(&mainnet, version, epoch);
            let counted = if version <= NetworkVersion::V15 {
                round + 1
            } else {
                round
            };
            let out = beacon.genesis_timestamp_seconds + (counted - 1) * beacon.period_seconds;
            let begin = mainnet.genesis_timestamp_seconds + (epoch as u64 - 1) * 30;
            assert!(
                out <= begin && begin < out + beacon.period_seconds,
                "{epoch}"
            );
        }
    }

    #[test]
    fn before_a_beacon_began_there_is_its_first_round() {
        let mut config = ChainConfig::calibnet();
        config.genesis_timestamp_seconds = 5;
        let beacon = quicknet();
        for epoch in [-3, 0, 1, 100] {
            assert_eq!(beacon.round_at(&config, NetworkVersion::V28, epoch), 1);
        }
    }
}
