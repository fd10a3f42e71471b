//! Where the entries of the random beacon come from that a block must have.
//!
//! A development network has its beacon's key here. Entries of drand would come from its servers or from gossip, which this
//! node does not ask yet: it can follow such a chain, and says that it cannot mine on it.

use std::fmt;

use filigree_blocks::BeaconEntry;
use filigree_consensus::ChainConfig;
use filigree_consensus::beacon::{LocalBeacon, rounds_of_block};
use fvm_shared::clock::ChainEpoch;

/// Why there are no entries for a block.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BeaconError {
    /// The network's beacon at that epoch is another one than ours.
    #[error(
        "the beacon of {network} at epoch {epoch} is not a local one whose key is here, and its entries are not fetched yet: \
         this node cannot make blocks there"
    )]
    NotHere {
        /// The network.
        network: String,
        /// The epoch.
        epoch: ChainEpoch,
    },
    /// More epochs went by without a block than a header can hold entries for.
    #[error(
        "a block at epoch {epoch} on parents at epoch {parents} has more beacon entries than a header holds: \
         the network has stood still too long"
    )]
    TooFar {
        /// The block's epoch.
        epoch: ChainEpoch,
        /// Its parents'.
        parents: ChainEpoch,
    },
}

/// The beacon that a miner takes entries from.
pub struct Beacon(Option<LocalBeacon>);

impl Beacon {
    /// The beacon of a development network.
    pub fn local(beacon: LocalBeacon) -> Self {
        Self(Some(beacon))
    }

    /// No beacon: on networks whose entries cannot be had.
    pub fn none() -> Self {
        Self(None)
    }

    /// The entries that a block at `epoch` must have on parents at `parents`. `previous` is the latest round that an ancestor has.
    ///
    /// # Errors
    /// When they cannot be had.
    pub fn entries(
        &self,
        config: &ChainConfig,
        epoch: ChainEpoch,
        parents: ChainEpoch,
        previous: u64,
    ) -> Result<Vec<BeaconEntry>, BeaconError> {
        let local = self.0.as_ref().filter(|local| {
            let chain = config.beacons.at(epoch);
            chain.is_some_and(|chain| {
                !chain.scheme.is_chained() && chain.public_key == local.public()
            })
        });
        let network = || config.name.clone();
        let local = local.ok_or_else(|| BeaconError::NotHere {
            network: network(),
            epoch,
        })?;
        let rounds = rounds_of_block(config, epoch, parents, previous);
        let rounds = rounds.ok_or(BeaconError::TooFar { epoch, parents })?;
        Ok(rounds.into_iter().map(|round| local.entry(round)).collect())
    }
}

impl fmt::Debug for Beacon {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Beacon(local)"
        } else {
            "Beacon(none)"
        })
    }
}

#[cfg(test)]
mod tests {
    use filigree_consensus::config::Devnet;
    use fvm_shared::version::NetworkVersion;

    use super::*;

    fn config(beacon: &LocalBeacon) -> ChainConfig {
        ChainConfig::devnet(Devnet {
            name: "local".to_owned(),
            genesis_timestamp_seconds: 1_760_000_000,
            block_delay_seconds: 4,
            version: NetworkVersion::V28,
            beacon_key: beacon.public(),
        })
    }

    fn local() -> LocalBeacon {
        LocalBeacon::from_seed(&[7; 32])
    }

    #[test]
    fn a_block_has_the_rounds_of_its_epoch_and_of_null_rounds_before() {
        let config = config(&local());
        let entries = Beacon::local(local()).entries(&config, 9, 6, 7).unwrap();
        let rounds: Vec<u64> = entries.iter().map(|entry| entry.round).collect();
        assert_eq!(rounds, [8, 9, 10]);
        assert_eq!(entries[2], local().entry(10));
    }

    #[test]
    fn entries_that_cannot_be_had_are_an_error() {
        let ours = config(&local());
        let other = config(&LocalBeacon::from_seed(&[8; 32]));
        let beacon = Beacon::local(local());
        let missing = |config: &ChainConfig, beacon: &Beacon| {
            let error = beacon.entries(config, 9, 6, 7).unwrap_err();
            assert!(matches!(error, BeaconError::NotHere { epoch: 9, .. }));
        };
        missing(&other, &beacon);
        missing(&ours, &Beacon::none());
        missing(&ChainConfig::mainnet(), &beacon);
        let far = beacon.entries(&ours, 10_000, 6, 7).unwrap_err();
        assert!(matches!(far, BeaconError::TooFar { parents: 6, .. }));
    }
}
