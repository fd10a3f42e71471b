//! A network of one's own, on one machine.

use fvm_shared::address::Network;
use fvm_shared::version::NetworkVersion;

use super::beacons::{BeaconChain, BeaconPoint, BeaconSchedule, Scheme};
use super::versions::VersionSchedule;
use super::{ChainConfig, History};

/// Longest message: code of actors comes in one, and where nobody else listens it may be long. The host takes no longer blocks.
const DEVNET_MESSAGE_BYTES: u64 = 1 << 20;

/// What may differ from one development network to the next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Devnet {
    /// Its name.
    pub name: String,
    /// Time of epoch 0, seconds since 1970.
    pub genesis_timestamp_seconds: u64,
    /// Seconds from one epoch to the next. At least 1.
    pub block_delay_seconds: u64,
    /// The version it begins with.
    pub version: NetworkVersion,
    /// Public key of its beacon ([`LocalBeacon::public`](crate::beacon::LocalBeacon::public)).
    pub beacon_key: [u8; 96],
}

impl ChainConfig {
    /// A development network: one round of a local beacon for each epoch, any power is enough to make blocks, and the chain id
    /// of Lotus' development networks.
    pub fn devnet(devnet: Devnet) -> Self {
        let genesis = devnet.genesis_timestamp_seconds;
        let delay = devnet.block_delay_seconds;
        Self {
            name: devnet.name,
            genesis: None,
            genesis_timestamp_seconds: genesis,
            block_delay_seconds: delay,
            propagation_delay_seconds: (delay / 4).clamp(1, 10),
            clock_drift_seconds: 1,
            blocks_per_epoch: 5,
            finality_epochs: 900,
            ticket_lookback_epochs: 1,
            power_lookback_epochs: 900,
            early_power_lookback_epochs: 10,
            min_miner_power_bytes: 2048,
            max_message_bytes: DEVNET_MESSAGE_BYTES,
            versions: VersionSchedule {
                genesis: devnet.version,
                upgrades: Vec::new(),
            },
            beacons: BeaconSchedule(vec![BeaconPoint {
                from: 0,
                beacon: BeaconChain {
                    scheme: Scheme::Unchained,
                    public_key: devnet.beacon_key.to_vec(),
                    // Round 1 is that of epoch 0.
                    genesis_timestamp_seconds: genesis.saturating_sub(delay),
                    period_seconds: delay,
                },
            }]),
            eth_chain_id: 31_415_926,
            addresses: Network::Testnet,
            history: History {
                smoke: -1,
                ..History::default()
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_epoch_has_a_round_of_its_own() {
        let config = ChainConfig::devnet(Devnet {
            name: "local".to_owned(),
            genesis_timestamp_seconds: 1_700_000_000,
            block_delay_seconds: 7,
            version: NetworkVersion::V28,
            beacon_key: [0; 96],
        });
        let beacon = config.beacons.at(0).unwrap();
        for epoch in 0..40 {
            let round = beacon.round_at(&config, config.version_at(epoch), epoch);
            assert_eq!(round, epoch as u64 + 1);
        }
    }
}
