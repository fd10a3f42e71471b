//! `network.toml`: the network that was made in a data directory, and what has been decided for it since.
//!
//! It is written whole or not at all. An upgrade stands in it before the chain is told: a node that is killed between the two
//! knows of it when it starts again.

use std::fs;
use std::path::Path;
use std::str::FromStr as _;

use anyhow::{Context as _, Result, bail};
use cid::Cid;
use filigree_blocks::TipsetKey;
use filigree_consensus::ChainConfig;
use filigree_consensus::config::{Devnet, Upgrade, check_runnable};
use filigree_genesis::devnet::Policy;
use filigree_node_state::Migration;
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::version::NetworkVersion;
use serde::{Deserialize, Serialize};

use crate::home::write_private;
use crate::policy;
use crate::proofs::Mode;

/// The shape of the file.
const FORMAT: u32 = 1;
/// The same, of a network that began with the state of another, or chose rules of its own: programs that know of no such thing must
/// not take it for one that did not.
const FORMAT_OF_OTHERS: u32 = 2;

/// A network of one's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Shape of this file.
    pub format: u32,
    /// The network's name.
    pub name: String,
    /// Its first block.
    pub genesis: String,
    /// Time of epoch 0, seconds since 1970.
    pub genesis_time: u64,
    /// Seconds from one epoch to the next.
    pub block_time: u64,
    /// The network version of epoch 0.
    pub version: u32,
    /// The public key of its beacon, in hexadecimal.
    pub beacon: String,
    /// How proofs are made and judged.
    pub proofs: Mode,
    /// Whether epochs come when they are asked for, or by the clock on the wall.
    pub virtual_clock: bool,
    /// The account that has the money.
    pub treasury: String,
    /// Its miners.
    pub miners: Vec<Miner>,
    /// What it began with, if that was another network's state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fork: Option<Fork>,
    /// In which rules it differs from other development networks.
    #[serde(default, skip_serializing_if = "Policy::is_usual")]
    pub policy: Policy,
    /// Upgrades, in their order.
    #[serde(default)]
    pub upgrades: Vec<Scheduled>,
}

/// A miner of the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Miner {
    /// Its id.
    pub id: ActorID,
    /// The address of the key that signs its blocks.
    pub worker: String,
    /// The sectors it began with, and their commitments.
    pub sectors: Vec<PreSealed>,
}

/// A sector that was sealed before there was a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreSealed {
    /// Its number.
    pub number: u64,
    /// Commitment to the replica.
    pub comm_r: String,
}

/// Another network's state that a network began with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fork {
    /// What that network is called.
    pub network: String,
    /// The epoch of its head.
    pub epoch: ChainEpoch,
    /// The head that its snapshot was about, commas between the CIDs. The state is the one that this built on.
    pub head: String,
}

/// An upgrade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheduled {
    /// The last epoch before it.
    pub epoch: ChainEpoch,
    /// The version from then on.
    pub version: u32,
    /// The root of the new actors; they stay, if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<String>,
}

impl Network {
    /// The shape of the file of a network that began so.
    pub fn format(fork: Option<&Fork>, policy: &Policy) -> u32 {
        match fork.is_some() || !policy.is_usual() {
            true => FORMAT_OF_OTHERS,
            false => FORMAT,
        }
    }

    /// The network of a file; none if there is no such file.
    ///
    /// # Errors
    /// When it cannot be read, or is of a newer program.
    pub fn read(path: &Path) -> Result<Option<Self>> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e).with_context(|| format!("{} cannot be read", path.display())),
        };
        let is_damaged = || {
            format!(
                "{} is damaged; restore it, or make a new network with --reset",
                path.display()
            )
        };
        #[derive(Deserialize)]
        struct Shape {
            format: u32,
        }
        let shape: Shape = toml::from_str(&text).with_context(is_damaged)?;
        if !(FORMAT..=FORMAT_OF_OTHERS).contains(&shape.format) {
            bail!(
                "{} is of format {}, this program knows {FORMAT} and {FORMAT_OF_OTHERS}: run the program that made it, or a newer one",
                path.display(),
                shape.format
            );
        }
        let mut network: Self = toml::from_str(&text).with_context(is_damaged)?;
        network.config().with_context(is_damaged)?;
        // Forks were written down as format 1 once. They are of format 2 from the next time on that they are written.
        network.format = Self::format(network.fork.as_ref(), &network.policy);
        Ok(Some(network))
    }

    /// Writes it, in the format that it has by what is in it.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn write(&self, path: &Path) -> Result<()> {
        let network = Self {
            format: Self::format(self.fork.as_ref(), &self.policy),
            ..self.clone()
        };
        let text = toml::to_string(&network).context("the network cannot be written down")?;
        let head = "# The network that this directory has, as it was made. Changing it breaks the chain.\n";
        Ok(write_private(path, format!("{head}{text}").as_bytes())?)
    }

    /// Writes it in the place of another one. If that fails, the other is written back: the new one may be there already, though not on
    /// the disk for good.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn replace(&self, other: &Self, path: &Path) -> Result<()> {
        self.replace_by(other, |network| network.write(path))
    }

    fn replace_by(&self, other: &Self, mut write: impl FnMut(&Self) -> Result<()>) -> Result<()> {
        let Err(error) = write(self) else {
            return Ok(());
        };
        match write(other) {
            Ok(()) => Err(error),
            Err(back) => Err(error.context(format!(
                "what was there could not be written back ({back:#}), so that the next start may find the change"
            ))),
        }
    }

    /// Its first block.
    ///
    /// # Errors
    /// When the file says something else there.
    pub fn genesis(&self) -> Result<Cid> {
        Cid::from_str(&self.genesis).with_context(|| format!("genesis: {:?}", self.genesis))
    }

    /// Its parameters, with all upgrades.
    ///
    /// # Errors
    /// When no network could run with them.
    pub fn config(&self) -> Result<ChainConfig> {
        let mut key = [0; 96];
        hex::decode_to_slice(&self.beacon, &mut key).context("beacon")?;
        let mut config = ChainConfig::devnet(Devnet {
            name: self.name.clone(),
            genesis_timestamp_seconds: self.genesis_time,
            block_delay_seconds: self.block_time,
            version: NetworkVersion::new(self.version),
            beacon_key: key,
        });
        config.genesis = Some(self.genesis()?);
        policy::apply(&self.policy, &mut config);
        check_runnable(config.versions.genesis)?;
        // An upgrade to a version that cannot be run is none that is scheduled here; where there is one, it can be taken back.
        config.versions.upgrades = self.upgrades.iter().map(Scheduled::upgrade).collect();
        config.check()?;
        Ok(config)
    }

    /// The version that an upgrade leads to, which may be left out.
    ///
    /// # Errors
    /// When the host cannot run it, or the network has a later one by then; with those that are possible.
    pub fn next_version(&self, epoch: ChainEpoch, version: Option<u32>) -> Result<NetworkVersion> {
        let versions = self.config()?.versions;
        let upgrade = Upgrade {
            epoch,
            version: version.map_or_else(|| versions.at(epoch), NetworkVersion::new),
        };
        versions.check_next(&upgrade)?;
        Ok(upgrade.version)
    }

    /// What happens to state at its upgrades.
    ///
    /// # Errors
    /// When a bundle is not named by a CID.
    pub fn migrations(&self) -> Result<Vec<(ChainEpoch, Migration)>> {
        let of = |scheduled: &Scheduled| Ok((scheduled.epoch, scheduled.migration()?));
        self.upgrades.iter().map(of).collect()
    }
}

impl Miner {
    /// The address of the key that signs its blocks.
    ///
    /// # Errors
    /// When the file says something else there.
    pub fn worker(&self) -> Result<Address> {
        address(&self.worker)
    }
}

impl Scheduled {
    /// That its version is one that the host can run.
    ///
    /// # Errors
    /// With those that it can.
    pub fn check(&self) -> Result<()> {
        Ok(check_runnable(NetworkVersion::new(self.version))?)
    }

    fn upgrade(&self) -> Upgrade {
        Upgrade {
            epoch: self.epoch,
            version: NetworkVersion::new(self.version),
        }
    }

    /// The root of the new actors.
    ///
    /// # Errors
    /// When it is no CID.
    pub fn bundle(&self) -> Result<Option<Cid>> {
        let bundle = self.bundle.as_deref().map(Cid::from_str);
        bundle.transpose().context("the bundle of an upgrade")
    }

    /// What happens to state.
    ///
    /// # Errors
    /// As [`bundle`](Self::bundle).
    pub fn migration(&self) -> Result<Migration> {
        Ok(Migration {
            bundle: self.bundle()?,
            ..Migration::default()
        })
    }
}

/// The public network that begins with these blocks, if it is one that is known.
pub fn public_network(genesis: &TipsetKey) -> Option<ChainConfig> {
    let known = [ChainConfig::mainnet(), ChainConfig::calibnet()];
    let begins = |config: &ChainConfig| config.genesis.as_ref() == genesis.cids().first();
    known.into_iter().find(begins)
}

/// An address, however it begins.
///
/// # Errors
/// When it is none.
pub fn address(text: &str) -> Result<Address> {
    let read = |network: fvm_shared::address::Network| network.parse_address(text);
    read(fvm_shared::address::Network::Testnet)
        .or_else(|_| read(fvm_shared::address::Network::Mainnet))
        .with_context(|| format!("{text:?} is no address"))
}

#[cfg(test)]
mod tests;
