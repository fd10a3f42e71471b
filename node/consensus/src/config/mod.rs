//! What one network has that another has not: parameters and schedules, as data.
//!
//! Everything a rule needs to know of the network it judges for is here; a network is a row ([`ChainConfig::mainnet`],
//! [`ChainConfig::calibnet`], [`ChainConfig::devnet`]). A configuration can be written down and read back, because the schedule
//! of a development network changes while it runs.

pub mod beacons;
mod calibnet;
mod devnet;
pub mod epochs;
mod mainnet;
pub mod versions;

use cid::Cid;
use fvm_shared::address::Network;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::version::NetworkVersion;
use serde::{Deserialize, Serialize};

pub use beacons::{BeaconChain, BeaconPoint, BeaconSchedule, Scheme};
pub use devnet::Devnet;
pub use versions::{Upgrade, VersionSchedule, check_runnable};

/// Longest message that nodes of public networks pass on (Lotus, `messagepool.MaxMessageSize`).
pub const MESSAGE_BYTES: u64 = 64 << 10;

/// The parameters of a network.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainConfig {
    /// What the network is called: in its init actor, and in the topics of its gossip.
    pub name: String,
    /// The block it begins with, where it is the same for everybody.
    pub genesis: Option<Cid>,
    /// Time of epoch 0, seconds since 1970.
    pub genesis_timestamp_seconds: u64,
    /// Seconds from one epoch to the next. At least 1.
    pub block_delay_seconds: u64,
    /// How long after the start of an epoch its blocks are waited for. No rule reads it; mining does.
    pub propagation_delay_seconds: u64,
    /// How far ahead of our clock a block's time may be.
    pub clock_drift_seconds: u64,
    /// How many blocks an epoch has on average. At least 1.
    pub blocks_per_epoch: u64,
    /// Epochs after which a chain is final: no fork goes back behind them.
    pub finality_epochs: ChainEpoch,
    /// How many epochs before a block the randomness of its ticket is of.
    pub ticket_lookback_epochs: ChainEpoch,
    /// How many epochs before a block the state is of in which its miner's power and worker count.
    pub power_lookback_epochs: ChainEpoch,
    /// The same, up to network version 3 (Lotus, `WinningPoStSectorSetLookback`).
    pub early_power_lookback_epochs: ChainEpoch,
    /// Raw power, in bytes, from which on a miner may make blocks.
    pub min_miner_power_bytes: u64,
    /// Most bytes of a message with its signature that nodes take and pass on. No rule of blocks reads it: a block may have a
    /// longer one. At least 1; [`MESSAGE_BYTES`] where others listen.
    pub max_message_bytes: u64,
    /// The network's versions.
    pub versions: VersionSchedule,
    /// The beacons it takes randomness from.
    pub beacons: BeaconSchedule,
    /// Chain id of its Ethereum transactions (EIP-155).
    pub eth_chain_id: u64,
    /// How its addresses begin when written: `f` or `t`.
    #[serde(with = "prefix")]
    pub addresses: Network,
    /// What happened once, and must be known to follow the chain through it.
    pub history: History,
}

/// Episodes of a network's past.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    /// Tickets of blocks after this epoch are chained to their parents' tickets, and the base fee of their children follows
    /// gas limits as they are, not as they could have been packed (FIP-0004's time, "smoke"). Negative: always so.
    pub smoke: ChainEpoch,
    /// Strictly between these epochs the base fee was lowest, whatever its rule said (FIP-0005's time, "breeze").
    pub base_fee_pause: Option<(ChainEpoch, ChainEpoch)>,
    /// A block whose messages nobody checked: its aggregate is of the point at infinity.
    pub unchecked_messages: Option<Cid>,
    /// Blocks within finality of this epoch are no consensus faults: the network had halted there.
    pub faultless_epoch: Option<ChainEpoch>,
}

impl ChainConfig {
    /// The version in force at `epoch`.
    pub fn version_at(&self, epoch: ChainEpoch) -> NetworkVersion {
        self.versions.at(epoch)
    }

    /// Whether tickets of blocks at `epoch` are chained to those of their parents.
    pub fn chains_tickets(&self, epoch: ChainEpoch) -> bool {
        epoch > self.history.smoke
    }

    /// Says what in a configuration, which may have come from a file, no network could run with.
    ///
    /// # Errors
    /// The first such thing.
    pub fn check(&self) -> Result<(), ConfigError> {
        let positive = [
            ("block_delay_seconds", self.block_delay_seconds),
            ("blocks_per_epoch", self.blocks_per_epoch),
            ("max_message_bytes", self.max_message_bytes),
        ];
        for (name, value) in positive {
            if value == 0 {
                return Err(ConfigError::Zero(name));
            }
        }
        let lookbacks = [
            ("finality_epochs", self.finality_epochs),
            ("ticket_lookback_epochs", self.ticket_lookback_epochs),
            ("power_lookback_epochs", self.power_lookback_epochs),
            (
                "early_power_lookback_epochs",
                self.early_power_lookback_epochs,
            ),
        ];
        for (name, value) in lookbacks {
            if value <= 0 {
                return Err(ConfigError::Zero(name));
            }
        }
        self.versions.check()?;
        self.beacons.check()
    }
}

/// What is wrong with a configuration.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ConfigError {
    /// A number that must be at least 1.
    #[error("{0} must be at least 1")]
    Zero(&'static str),
    /// Upgrades whose epochs or versions go down.
    #[error(
        "the upgrade to network version {version} at epoch {epoch} comes after a later one: upgrades stand in order"
    )]
    Disorder {
        /// Its epoch.
        epoch: ChainEpoch,
        /// Its version.
        version: u32,
    },
    /// A version that the network cannot go to.
    #[error(
        "network version {version} is not possible here; possible are: {}",
        listed(possible)
    )]
    Version {
        /// The version.
        version: u32,
        /// Those that the host runs and that are none of the network's past.
        possible: Vec<u32>,
    },
    /// No beacon for the first epoch, or beacons not in order.
    #[error("beacons must stand in the order of their first epochs, and the first from epoch 0")]
    Beacons,
    /// A public key has another length.
    #[error("the public key of a {scheme} beacon has {expected} bytes, this one has {found}")]
    BeaconKey {
        /// The scheme.
        scheme: Scheme,
        /// The bytes it needs.
        expected: usize,
        /// The bytes there are.
        found: usize,
    },
}

fn listed(versions: &[u32]) -> String {
    match versions {
        [] => "none".to_owned(),
        versions => {
            let versions = versions.iter().map(ToString::to_string);
            versions.collect::<Vec<_>>().join(", ")
        }
    }
}

/// `Network` in a file: the letter its addresses begin with.
mod prefix {
    use fvm_shared::address::Network;
    use serde::de::{Error, Unexpected};
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(network: &Network, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match network {
            Network::Mainnet => "f",
            Network::Testnet => "t",
        })
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Network, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "f" => Ok(Network::Mainnet),
            "t" => Ok(Network::Testnet),
            other => Err(Error::invalid_value(Unexpected::Str(other), &"f or t")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> [ChainConfig; 3] {
        let devnet = ChainConfig::devnet(Devnet {
            name: "local".to_owned(),
            genesis_timestamp_seconds: 1_700_000_000,
            block_delay_seconds: 4,
            version: NetworkVersion::V28,
            beacon_key: [7; 96],
        });
        [ChainConfig::mainnet(), ChainConfig::calibnet(), devnet]
    }

    #[test]
    fn the_rows_are_in_order() {
        for row in rows() {
            row.check().unwrap();
        }
    }

    #[test]
    fn messages_are_short_where_others_listen() {
        let [mainnet, calibnet, devnet] = rows().map(|row| row.max_message_bytes);
        assert_eq!((mainnet, calibnet), (65_536, 65_536));
        // Large actors are tried out on one's own network.
        assert_eq!(devnet, 1 << 20);
    }

    #[test]
    fn a_configuration_is_read_as_it_was_written() {
        for row in rows() {
            let text = serde_json::to_string(&row).unwrap();
            assert_eq!(serde_json::from_str::<ChainConfig>(&text).unwrap(), row);
            let spoilt = text.replace("\"finality_epochs\"", "\"finality\"");
            assert!(serde_json::from_str::<ChainConfig>(&spoilt).is_err());
        }
    }

    #[test]
    fn what_no_network_could_run_with_is_refused() {
        let broken = |spoil: fn(&mut ChainConfig)| {
            let mut config = ChainConfig::mainnet();
            spoil(&mut config);
            config.check().unwrap_err()
        };
        assert_eq!(
            broken(|c| c.block_delay_seconds = 0),
            ConfigError::Zero("block_delay_seconds")
        );
        assert_eq!(
            broken(|c| c.finality_epochs = 0),
            ConfigError::Zero("finality_epochs")
        );
        assert_eq!(
            broken(|c| c.max_message_bytes = 0),
            ConfigError::Zero("max_message_bytes")
        );
        assert!(matches!(
            broken(|c| c.versions.upgrades.swap(3, 4)),
            ConfigError::Disorder { .. }
        ));
        assert_eq!(broken(|c| c.beacons.0[0].from = 1), ConfigError::Beacons);
        assert_eq!(broken(|c| c.beacons.0.clear()), ConfigError::Beacons);
        assert!(matches!(
            broken(|c| c.beacons.0[2].beacon.public_key.truncate(48)),
            ConfigError::BeaconKey {
                expected: 96,
                found: 48,
                ..
            }
        ));
    }
}
