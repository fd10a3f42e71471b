//! What one network has that another has not, as far as its state is concerned: the consensus parameters, the limits of the
//! host, the policy of the actors, the supply, and what happens at upgrades.

use std::collections::BTreeMap;

use cid::Cid;
use filigree_builtin::Policy;
use filigree_builtin::policy::{CALIBNET, MAINNET};
use filigree_consensus::ChainConfig;
use filigree_vm::Network;
use fvm_ipld_encoding::RawBytes;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::version::NetworkVersion;
use serde::{Deserialize, Serialize};

use crate::supply::Supply;

/// The rules of a network.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Epochs, versions, beacons.
    pub config: ChainConfig,
    /// The limits and periods that the actors were built with.
    pub policy: Policy,
    /// What the host lets actors do.
    pub limits: Limits,
    /// What circulates.
    pub supply: Supply,
    /// What happens to state at upgrades, by the epoch of the schedule.
    pub migrations: BTreeMap<ChainEpoch, Migration>,
}

/// What the host lets actors do; on public networks nothing of this.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Users install code.
    pub allow_install: bool,
    /// Actors replace their code.
    pub allow_upgrade: bool,
    /// Actors log. It costs gas where it is on.
    pub actor_debugging: bool,
}

/// What happens to state at an upgrade.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migration {
    /// The root of the bundle of the new actors, all in the store; the actors stay, if there is none.
    pub bundle: Option<Cid>,
    /// What is given to `upgrade`, encoded, by the names of the actors; nothing to those that are not there.
    pub params: BTreeMap<String, RawBytes>,
}

impl Migration {
    /// To the actors of a bundle.
    pub fn to(bundle: Cid) -> Self {
        Self {
            bundle: Some(bundle),
            params: BTreeMap::new(),
        }
    }
}

/// Versions that came to public networks without a migration, for limits and prices alone (Lotus, `filcns/upgrades.go`: Thunder and
/// Tock). What later repaired them under the same version did migrate.
const NO_MIGRATION: [NetworkVersion; 2] = [NetworkVersion::V20, NetworkVersion::V26];

impl Rules {
    /// Mainnet, from the versions on that the host runs. Of its migrations so far only those are part of this node that change nothing.
    pub fn mainnet() -> Self {
        Self::public(ChainConfig::mainnet(), MAINNET, Supply::mainnet())
    }

    /// The calibration network, likewise.
    pub fn calibnet() -> Self {
        Self::public(ChainConfig::calibnet(), CALIBNET, Supply::calibnet())
    }

    fn public(config: ChainConfig, policy: Policy, supply: Supply) -> Self {
        let upgrades = &config.versions.upgrades;
        let first = |version| upgrades.iter().find(|upgrade| upgrade.version == version);
        let unchanged = NO_MIGRATION.into_iter().filter_map(first);
        let migrations = unchanged.map(|upgrade| (upgrade.epoch, Migration::default()));
        Self {
            migrations: migrations.collect(),
            config,
            policy,
            limits: Limits::default(),
            supply,
        }
    }

    /// The host's rules at an epoch.
    pub fn network_at(&self, epoch: ChainEpoch) -> Network {
        let mut network = Network::new(self.config.version_at(epoch));
        network.chain_id = self.config.eth_chain_id;
        network.allow_install = self.limits.allow_install;
        network.allow_upgrade = self.limits.allow_upgrade;
        network.actor_debugging = self.limits.actor_debugging;
        network
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The epochs of Thunder and Tock, from Lotus' tables.
    #[test]
    fn of_public_upgrades_two_change_no_state_and_the_others_are_unknown() {
        for (rules, unchanged) in [
            (Rules::mainnet(), [2_870_280, 5_138_040]),
            (Rules::calibnet(), [492_214, 2_543_614]),
        ] {
            let known: Vec<ChainEpoch> = rules.migrations.keys().copied().collect();
            assert_eq!(known, unchanged, "{}", rules.config.name);
            let mut migrations = rules.migrations.values();
            assert!(migrations.all(|migration| *migration == Migration::default()));
        }
    }
}
