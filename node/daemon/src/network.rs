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
mod tests {
    use super::*;

    fn network() -> Network {
        Network {
            format: FORMAT,
            name: "mynet".to_owned(),
            genesis: filigree_blocks::cid_of(b"genesis").to_string(),
            genesis_time: 1_700_000_000,
            block_time: 4,
            version: 28,
            beacon: "07".repeat(96),
            proofs: Mode::Dev,
            virtual_clock: false,
            treasury: Address::new_id(100).to_string(),
            miners: vec![Miner {
                id: 1000,
                worker: Address::new_id(101).to_string(),
                sectors: vec![PreSealed {
                    number: 0,
                    comm_r: filigree_blocks::cid_of(b"replica").to_string(),
                }],
            }],
            fork: None,
            policy: Policy::default(),
            upgrades: vec![
                Scheduled {
                    epoch: 10,
                    version: 28,
                    bundle: Some(filigree_blocks::cid_of(b"bundle").to_string()),
                },
                Scheduled {
                    epoch: 20,
                    version: 28,
                    bundle: None,
                },
            ],
        }
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("network.toml");
        assert_eq!(Network::read(&path).unwrap(), None);
        network().write(&path).unwrap();
        assert_eq!(Network::read(&path).unwrap(), Some(network()));
        let config = network().config().unwrap();
        assert_eq!(config.versions.upgrades.len(), 2);
        assert_eq!(config.genesis, Some(network().genesis().unwrap()));
        let migrations = network().migrations().unwrap();
        assert!(migrations[0].1.bundle.is_some() && migrations[1].1.bundle.is_none());
    }

    #[test]
    fn damage_and_newer_files_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("network.toml");
        network().write(&path).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let error = |text: &str| {
            fs::write(&path, text).unwrap();
            format!("{:#}", Network::read(&path).unwrap_err())
        };
        for format in [0, 3] {
            let other = text.replace("format = 1", &format!("format = {format}"));
            assert!(error(&other).contains("a newer one"));
        }
        assert!(error(&text[..text.len() / 2]).contains("damaged"));
        assert!(error(&text.replace("epoch = 20", "epoch = 5")).contains("in order"));
        assert!(error("").contains("damaged"));
        let unknown = error(&text.replacen("version = 28", "version = 29", 1));
        assert!(unknown.contains("version 29 is not possible"), "{unknown}");
    }

    #[test]
    fn a_fork_is_of_a_format_of_its_own_and_one_of_the_older_format_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("network.toml");
        let format = |path: &Path| {
            let text = fs::read_to_string(path).unwrap();
            let line = text.lines().find(|line| line.starts_with("format = "));
            line.unwrap().to_owned()
        };
        network().write(&path).unwrap();
        assert_eq!(format(&path), "format = 1");
        let fork = Network {
            fork: Some(Fork {
                network: "calibrationnet".to_owned(),
                epoch: 4_000_000,
                head: filigree_blocks::cid_of(b"head").to_string(),
            }),
            ..network()
        };
        fork.write(&path).unwrap();
        assert_eq!(format(&path), "format = 2");
        let text = fs::read_to_string(&path).unwrap();
        // As it was written before.
        fs::write(&path, text.replace("format = 2", "format = 1")).unwrap();
        let read = Network::read(&path).unwrap().unwrap();
        assert_eq!((read.format, &read.fork), (2, &fork.fork));
        assert_eq!(format(&path), "format = 1");
        read.write(&path).unwrap();
        assert_eq!(format(&path), "format = 2");
        assert_eq!(Network::read(&path).unwrap(), Some(read));
    }

    #[test]
    fn versions_are_those_that_are_possible_by_then() {
        let mut network = network();
        network.version = 26;
        network.upgrades[0].version = 27;
        let next = |epoch, version| network.next_version(epoch, version).map(u32::from);
        for (epoch, version, expected) in [
            (5, None, 26),
            (15, None, 27),
            (30, None, 28),
            (15, Some(28), 28),
        ] {
            assert_eq!(next(epoch, version).unwrap(), expected);
        }
        for (epoch, version, possible) in [
            (15, 26, "27, 28"),
            (30, 29, "are: 28"),
            (5, 29, "26, 27, 28"),
            (30, 27, "are: 28"),
        ] {
            let error = next(epoch, Some(version)).unwrap_err().to_string();
            let named = format!("version {version} is not possible");
            assert!(
                error.contains(&named) && error.contains(possible),
                "{error}"
            );
        }
        // What an older program took is read, so that it can be taken back.
        network.upgrades[1].version = 29;
        assert!(network.config().is_ok() && network.upgrades[1].check().is_err());
    }
}
