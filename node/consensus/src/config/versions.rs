//! Which version of the network is in force at which epoch.

use fvm_shared::clock::ChainEpoch;
use fvm_shared::version::NetworkVersion;
use serde::{Deserialize, Serialize};

use super::ConfigError;

/// A new version. Its migration runs on the state after the tipset at `epoch`, and the epochs after that have the version.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upgrade {
    /// The last epoch of the version before.
    pub epoch: ChainEpoch,
    /// The new version; the same as before where an upgrade repaired something.
    pub version: NetworkVersion,
}

/// The versions of a network, in their order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VersionSchedule {
    /// The version it began with.
    pub genesis: NetworkVersion,
    /// What came after.
    pub upgrades: Vec<Upgrade>,
}

impl VersionSchedule {
    /// A network that began with `genesis`, and what came after as pairs of epoch and version.
    pub(super) fn of(genesis: u32, upgrades: &[(ChainEpoch, u32)]) -> Self {
        let upgrades = upgrades.iter().map(|&(epoch, version)| Upgrade {
            epoch,
            version: NetworkVersion::new(version),
        });
        Self {
            genesis: NetworkVersion::new(genesis),
            upgrades: upgrades.collect(),
        }
    }

    /// The version in force at `epoch`. At the epoch of an upgrade that is still the version before.
    pub fn at(&self, epoch: ChainEpoch) -> NetworkVersion {
        let passed = self.upgrades.partition_point(|u| u.epoch < epoch);
        match passed
            .checked_sub(1)
            .and_then(|last| self.upgrades.get(last))
        {
            Some(upgrade) => upgrade.version,
            None => self.genesis,
        }
    }

    /// The upgrades whose migrations run when a tipset at `epoch` is applied to the state of parents at `parents`: those at
    /// the parents' epoch and at the null rounds after it.
    pub fn between(
        &self,
        parents: ChainEpoch,
        epoch: ChainEpoch,
    ) -> impl Iterator<Item = &Upgrade> {
        let due = move |upgrade: &&Upgrade| (parents..epoch).contains(&upgrade.epoch);
        self.upgrades.iter().filter(due)
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let mut before = Upgrade {
            epoch: ChainEpoch::MIN,
            version: self.genesis,
        };
        for &upgrade in &self.upgrades {
            if upgrade.epoch <= before.epoch || upgrade.version < before.version {
                return Err(ConfigError::Disorder {
                    epoch: upgrade.epoch,
                    version: upgrade.version.into(),
                });
            }
            before = upgrade;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule() -> VersionSchedule {
        VersionSchedule::of(18, &[(10, 19), (20, 21), (25, 21)])
    }

    #[test]
    fn an_upgrade_counts_from_the_epoch_after_its_own() {
        let schedule = schedule();
        for (epoch, version) in [
            (-1, 18),
            (0, 18),
            (10, 18),
            (11, 19),
            (20, 19),
            (21, 21),
            (999, 21),
        ] {
            assert_eq!(schedule.at(epoch), NetworkVersion::new(version), "{epoch}");
        }
    }

    #[test]
    fn migrations_run_once_also_when_their_epoch_is_a_null_round() {
        let due = |parents, epoch| -> Vec<ChainEpoch> {
            let schedule = schedule();
            schedule.between(parents, epoch).map(|u| u.epoch).collect()
        };
        assert!(due(9, 10).is_empty());
        assert_eq!(due(10, 11), [10]);
        assert!(due(11, 12).is_empty());
        assert_eq!(due(9, 26), [10, 20, 25]);
        assert!(due(26, 40).is_empty());
    }
}
