//! Which past a block looks back on.

use fvm_shared::clock::ChainEpoch;
use fvm_shared::version::NetworkVersion;

use crate::config::ChainConfig;

/// How many tipsets are searched for a beacon entry before giving up. Where epochs are shorter than the beacon's rounds, not
/// every tipset has one.
pub const MAX_BEACON_SEARCH_TIPSETS: usize = 20;

/// The epoch whose state decides about the power and the worker of a block's miner: a finality before the block, so that
/// nobody can choose his worker, or his power, by forking. 0 if that is before the genesis.
pub fn power_epoch(config: &ChainConfig, epoch: ChainEpoch) -> ChainEpoch {
    let lookback = if config.version_at(epoch) <= NetworkVersion::V3 {
        config.early_power_lookback_epochs
    } else {
        config.power_lookback_epochs
    };
    epoch.saturating_sub(lookback).max(0)
}

/// How randomness is found for an epoch that had no block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BeaconLookup {
    /// The latest entry of the last tipset before it. Up to network version 12.
    Before,
    /// The latest entry of the first tipset after it. Network version 13, and epochs before the genesis.
    After,
    /// The entry of the epoch's own round, from the first tipset after it, which has those of the null rounds before it.
    OfRound(u64),
}

/// How the beacon's randomness of `epoch` is found (Lotus, `chain/rand/rand.go`). None only where
/// [`ChainConfig::check`] fails.
pub fn beacon_lookup(config: &ChainConfig, epoch: ChainEpoch) -> Option<BeaconLookup> {
    let version = config.version_at(epoch);
    if version < NetworkVersion::V13 {
        return Some(BeaconLookup::Before);
    }
    if version == NetworkVersion::V13 || epoch < 0 {
        return Some(BeaconLookup::After);
    }
    let beacon = config.beacons.at(epoch)?;
    Some(BeaconLookup::OfRound(
        beacon.round_at(config, version, epoch),
    ))
}

/// Whether the ticket for an epoch that had no block is of the last tipset before it, not of the first after it.
pub fn ticket_is_before(config: &ChainConfig, epoch: ChainEpoch) -> bool {
    config.version_at(epoch) < NetworkVersion::V13
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn power_is_looked_up_a_finality_ago() {
        let config = ChainConfig::mainnet();
        for (epoch, expected) in [
            (5, 0),
            (100_000, 99_990),
            (138_720, 138_710),
            (138_721, 137_821),
            (6_000_000, 5_999_100),
        ] {
            assert_eq!(power_epoch(&config, epoch), expected);
        }
        let devnet = ChainConfig {
            versions: crate::config::VersionSchedule {
                genesis: NetworkVersion::V28,
                upgrades: vec![],
            },
            ..config
        };
        assert_eq!(power_epoch(&devnet, 900), 0);
        assert_eq!(power_epoch(&devnet, 901), 1);
    }

    #[test]
    fn lookups_changed_with_the_versions() {
        let config = ChainConfig::mainnet();
        let at = |epoch| beacon_lookup(&config, epoch).unwrap();
        assert_eq!(at(892_800), BeaconLookup::Before);
        assert_eq!(at(892_801), BeaconLookup::After);
        assert!(matches!(at(1_231_621), BeaconLookup::OfRound(_)));
        assert!(ticket_is_before(&config, 892_800));
        assert!(!ticket_is_before(&config, 892_801));
        let devnet = ChainConfig {
            versions: crate::config::VersionSchedule {
                genesis: NetworkVersion::V28,
                upgrades: vec![],
            },
            ..config.clone()
        };
        assert_eq!(beacon_lookup(&devnet, -1), Some(BeaconLookup::After));
    }
}
