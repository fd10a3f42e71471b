//! Which version of the network is in force at which epoch.

use filigree_gas::PriceList;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::version::NetworkVersion;
use serde::{Deserialize, Serialize};

use super::ConfigError;

/// Among the versions below this one those are looked for that the host runs.
const MOST_VERSIONS: u32 = 100;

/// That the host has prices and rules for a version.
///
/// # Errors
/// [`ConfigError::Version`], with the versions that it has them for.
pub fn check_runnable(version: NetworkVersion) -> Result<(), ConfigError> {
    check_from(NetworkVersion::V0, version)
}

/// That a version is none before `least`, and one that the host runs.
fn check_from(least: NetworkVersion, version: NetworkVersion) -> Result<(), ConfigError> {
    let is_possible = |version| version >= least && PriceList::for_version(version).is_some();
    if is_possible(version) {
        return Ok(());
    }
    let possible = (0..MOST_VERSIONS).filter(|number| is_possible(NetworkVersion::new(*number)));
    Err(ConfigError::Version {
        version: version.into(),
        possible: possible.collect(),
    })
}

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

    /// That an upgrade leads to a version that the host runs, and not back to an earlier one.
    ///
    /// # Errors
    /// [`ConfigError::Version`], with the versions that are possible.
    pub fn check_next(&self, upgrade: &Upgrade) -> Result<(), ConfigError> {
        check_from(self.at(upgrade.epoch), upgrade.version)
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

    #[test]
    fn versions_that_the_host_cannot_run_or_that_are_past_are_refused_with_those_that_are_possible()
    {
        let next = |epoch, version| {
            let version = NetworkVersion::new(version);
            let refused = schedule().check_next(&Upgrade { epoch, version }).err();
            refused.map(|error| error.to_string())
        };
        for version in 21..=28 {
            assert_eq!(next(30, version), None, "{version}");
        }
        assert_eq!(next(5, 18), None);
        for (version, possible) in [(20, "21, 22, 23"), (29, "26, 27, 28"), (0, "21, 22")] {
            let refused = next(30, version).unwrap();
            let named = format!("network version {version} is not possible");
            assert!(
                refused.contains(&named) && refused.contains(possible),
                "{refused}"
            );
            assert!(
                !refused.contains("20,") && !refused.contains("29,"),
                "{refused}"
            );
        }
        for version in [0, 17, 29, 99] {
            let refused = check_runnable(NetworkVersion::new(version)).unwrap_err();
            assert!(refused.to_string().contains("18, 19"), "{refused}");
        }
        assert_eq!(check_runnable(NetworkVersion::V18), Ok(()));
    }
}
