//! What a network begins with, as a person writes it: TOML, in which a key that is not known is refused.
//!
//! ```toml
//! network_name = "mynet"
//! chain_id = 31415926
//! network_version = 28
//! genesis_time = 1760000000        # seconds since 1970
//! policy = "devnet"                # what the actors were built for
//!
//! [[accounts]]
//! address = "t1…"
//! balance = 1000000                # FIL; fractions as "0.5"
//!
//! [[multisigs]]
//! signers = ["t1…", "t1…"]
//! threshold = 2
//! balance = 500
//! vesting_duration = 2880          # epochs; none if left out
//!
//! [beacon]                         # the first round of a beacon of its own
//! round = 1
//! signature = "8d61d9100567de44…"
//!
//! [verified_registry]
//! root = { address = "t1…" }       # or { signers = […], threshold = 2 }
//! verifiers = [{ address = "t1…", allowance = 1099511627776 }]
//!
//! [reserve]                        # has what nobody else has
//! address = "t1…"
//!
//! [[miners]]
//! owner = "t1…"
//! worker = "t3…"
//! sector_size = "2KiB"
//! sectors = [{ number = 0, comm_r = "bagboea4b5abc…" }]
//! committed_capacity = "sectors.toml"   # more of them, in a file with the list `sectors`
//! ```

use std::collections::BTreeSet;
use std::path::Path;

use cid::Cid;
use filigree_actor_miner::types::{is_sealed_sector, is_unsealed_sector};
use filigree_builtin::Policy;
use filigree_builtin::policy::{CALIBNET, DEVNET, MAINNET};
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::sector::{RegisteredSealProof, SectorNumber, SectorSize};
use fvm_shared::version::NetworkVersion;
use serde::{Deserialize, Serialize};

use crate::error::TemplateError;
use crate::text;

/// Base fee of a genesis block, attoFIL per gas (Lotus, `InitialBaseFee`).
const FIRST_BASE_FEE_ATTO: i64 = 100_000_000;

/// Most accounts and signers together: their ids are 100 to 999.
pub const MAX_ACCOUNTS: usize = 900;

/// A network's beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Its name.
    pub network_name: String,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The network version of the first epoch, 18 to 28.
    pub network_version: u32,
    /// When epoch 0 is, seconds since 1970.
    pub genesis_time: u64,
    /// Base fee of the first epoch, attoFIL per gas.
    #[serde(with = "text::atto", default = "first_base_fee")]
    pub base_fee: TokenAmount,
    /// The limits and periods that the actors were built with.
    pub policy: PolicyName,
    /// The root of the bundle of actors; any bundle, if it is left out.
    #[serde(
        with = "text::optional_cid",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub bundle: Option<Cid>,
    /// The ticket of the genesis block, 32 bytes in hexadecimal. Drawn from the name and the time if it is left out.
    #[serde(
        with = "text::optional_hex",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub ticket: Option<Vec<u8>>,
    /// What the beacon said in the first epoch. Networks with a beacon of their own have its first round here; without it, the
    /// block has what Lotus puts there, a round 0 of zeros.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beacon: Option<Beacon>,
    /// Who makes verifiers, and who is one.
    pub verified_registry: VerifiedRegistry,
    /// Who has what is left.
    pub reserve: Holder,
    /// Accounts: ids from 100 on.
    #[serde(default)]
    pub accounts: Vec<Account>,
    /// Wallets of several signers. Signers that are no accounts get ids after these; the wallets come next.
    #[serde(default)]
    pub multisigs: Vec<Multisig>,
    /// Miners: ids from 1000 on.
    #[serde(default)]
    pub miners: Vec<Miner>,
}

/// A round of the beacon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beacon {
    /// Its number.
    pub round: u64,
    /// Its signature, in hexadecimal.
    #[serde(with = "text::hex")]
    pub signature: Vec<u8>,
}

/// An account and its money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Of a key (f1, f3) or of Ethereum (f410f).
    #[serde(with = "text::address")]
    pub address: Address,
    /// What it has.
    #[serde(with = "text::fil")]
    pub balance: TokenAmount,
}

/// A wallet of several signers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Multisig {
    /// Who may sign, by their keys' addresses.
    #[serde(with = "text::addresses")]
    pub signers: Vec<Address>,
    /// How many of them a transaction needs.
    pub threshold: u64,
    /// What it has.
    #[serde(with = "text::fil", default)]
    pub balance: TokenAmount,
    /// When the balance begins to be freed.
    #[serde(default)]
    pub vesting_start: ChainEpoch,
    /// How many epochs that takes; 0, and nothing is locked.
    #[serde(default)]
    pub vesting_duration: ChainEpoch,
}

/// An account, or a wallet of several signers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "HolderText", into = "HolderText")]
pub enum Holder {
    /// The account of a key.
    Account(Address),
    /// A wallet.
    Multisig(Multisig),
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HolderText {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signers: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    threshold: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vesting_start: Option<ChainEpoch>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vesting_duration: Option<ChainEpoch>,
}

impl TryFrom<HolderText> for Holder {
    type Error = String;

    fn try_from(text: HolderText) -> Result<Self, String> {
        match text {
            HolderText {
                address: Some(address),
                signers: None,
                threshold: None,
                vesting_start: None,
                vesting_duration: None,
            } => Ok(Self::Account(text::address::parse(&address)?)),
            HolderText {
                address: None,
                signers: Some(signers),
                threshold: Some(threshold),
                vesting_start,
                vesting_duration,
            } => {
                let signers = signers.iter().map(|text| text::address::parse(text));
                Ok(Self::Multisig(Multisig {
                    signers: signers.collect::<Result<_, _>>()?,
                    threshold,
                    balance: TokenAmount::default(),
                    vesting_start: vesting_start.unwrap_or_default(),
                    vesting_duration: vesting_duration.unwrap_or_default(),
                }))
            }
            _ => Err("write either an address, or signers and their threshold".to_owned()),
        }
    }
}

impl From<Holder> for HolderText {
    fn from(holder: Holder) -> Self {
        let empty = Self {
            address: None,
            signers: None,
            threshold: None,
            vesting_start: None,
            vesting_duration: None,
        };
        match holder {
            Holder::Account(address) => Self {
                address: Some(address.to_string()),
                ..empty
            },
            Holder::Multisig(wallet) => Self {
                signers: Some(wallet.signers.iter().map(Address::to_string).collect()),
                threshold: Some(wallet.threshold),
                vesting_start: Some(wallet.vesting_start),
                vesting_duration: Some(wallet.vesting_duration),
                ..empty
            },
        }
    }
}

/// The verified registry's people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifiedRegistry {
    /// Who makes verifiers: the actor f080.
    pub root: Holder,
    /// Who gives datacap to clients.
    #[serde(default)]
    pub verifiers: Vec<Verifier>,
}

/// A verifier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verifier {
    /// One of the accounts.
    #[serde(with = "text::address")]
    pub address: Address,
    /// How much datacap it may give, bytes.
    pub allowance: u64,
}

/// A miner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Miner {
    /// Who owns it and pays its pledges: an account.
    #[serde(with = "text::address")]
    pub owner: Address,
    /// Whose key signs its blocks: an account of a BLS key.
    #[serde(with = "text::address")]
    pub worker: Address,
    /// The size of its sectors.
    #[serde(with = "text::sector_size")]
    pub sector_size: SectorSize,
    /// Its libp2p peer id.
    #[serde(with = "text::peer_id", default, skip_serializing_if = "Vec::is_empty")]
    pub peer_id: Vec<u8>,
    /// A file with the list `sectors`, beside the template; [`Template::load`] takes them over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committed_capacity: Option<String>,
    /// Sectors that are sealed already.
    #[serde(default)]
    pub sectors: Vec<Sector>,
}

/// A sector that is sealed before there is a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sector {
    /// Its number.
    pub number: SectorNumber,
    /// Commitment to the sealed sector.
    #[serde(with = "text::cid")]
    pub comm_r: Cid,
    /// Commitment to its data; zeros, if it is left out.
    #[serde(
        with = "text::optional_cid",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub comm_d: Option<Cid>,
    /// How it was sealed, as a number; version 1.1 for its size, if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal_proof: Option<i64>,
}

/// A file of sectors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommittedCapacity {
    /// The sectors.
    pub sectors: Vec<Sector>,
}

/// Whose limits and periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PolicyName {
    /// Mainnet's.
    Mainnet,
    /// The calibration network's.
    Calibnet,
    /// Those of networks on one machine.
    Devnet,
}

impl PolicyName {
    /// The limits and periods.
    pub fn policy(self) -> &'static Policy {
        match self {
            Self::Mainnet => &MAINNET,
            Self::Calibnet => &CALIBNET,
            Self::Devnet => &DEVNET,
        }
    }
}

fn first_base_fee() -> TokenAmount {
    TokenAmount::from_atto(FIRST_BASE_FEE_ATTO)
}

impl Sector {
    /// How it is sealed.
    pub fn seal_proof(&self, size: SectorSize) -> RegisteredSealProof {
        match self.seal_proof {
            Some(number) => number.into(),
            None => RegisteredSealProof::from_sector_size(size, NetworkVersion::V28),
        }
    }
}

impl Template {
    /// The template of this text.
    ///
    /// # Errors
    /// With the line, if a key is unknown, missing or wrong; if the template contradicts itself.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let template: Self = toml::from_str(text)?;
        template.check()?;
        Ok(template)
    }

    /// The template of this file, with the sectors of the files it names.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and if a file cannot be read.
    pub fn load(path: &Path) -> Result<Self, TemplateError> {
        let mut template: Self = toml::from_str(&read(path)?)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for miner in &mut template.miners {
            if let Some(file) = miner.committed_capacity.take() {
                let more: CommittedCapacity = toml::from_str(&read(&folder.join(file))?)?;
                miner.sectors.extend(more.sectors);
            }
        }
        template.check()?;
        Ok(template)
    }

    /// As TOML.
    ///
    /// # Errors
    /// If a number is larger than TOML has, or negative.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }

    /// The network version.
    pub fn version(&self) -> NetworkVersion {
        NetworkVersion::new(self.network_version)
    }

    /// The limits and periods.
    pub fn policy(&self) -> &'static Policy {
        self.policy.policy()
    }

    /// What can be told without making it.
    pub(crate) fn check(&self) -> Result<(), TemplateError> {
        let require = |holds: bool, why: &dyn Fn() -> String| match holds {
            true => Ok(()),
            false => Err(TemplateError::Contradiction(why())),
        };
        require(!self.network_name.is_empty(), &|| {
            "the network has no name".to_owned()
        })?;
        if let Some(ticket) = &self.ticket {
            require(ticket.len() == 32, &|| {
                format!("the ticket has {} bytes, not 32", ticket.len())
            })?;
        }
        let holders = [&self.verified_registry.root, &self.reserve];
        let wallets = holders.into_iter().filter_map(|holder| match holder {
            Holder::Multisig(wallet) => Some(wallet),
            Holder::Account(_) => None,
        });
        for wallet in self.multisigs.iter().chain(wallets) {
            let signers: BTreeSet<_> = wallet.signers.iter().collect();
            let (threshold, count) = (wallet.threshold, wallet.signers.len());
            require(signers.len() == count, &|| {
                "a multisig has a signer twice".to_owned()
            })?;
            require((1..=count as u64).contains(&threshold), &|| {
                format!("a multisig of {count} signers cannot ask for {threshold}")
            })?;
            require(wallet.vesting_duration >= 0, &|| {
                "a multisig vests in less than no time".to_owned()
            })?;
        }
        for (index, miner) in self.miners.iter().enumerate() {
            require(miner.committed_capacity.is_none(), &|| {
                format!(
                    "miner {index} names a file of sectors: read the template from a file as well"
                )
            })?;
            let mut numbers = BTreeSet::new();
            for sector in &miner.sectors {
                let number = sector.number;
                require(numbers.insert(number), &|| {
                    format!("miner {index} has sector {number} twice")
                })?;
                require(is_sealed_sector(&sector.comm_r), &|| {
                    format!("miner {index}, sector {number}: comm_r is no CommR")
                })?;
                require(
                    sector.comm_d.as_ref().is_none_or(is_unsealed_sector),
                    &|| format!("miner {index}, sector {number}: comm_d is no CommD"),
                )?;
                let size = sector.seal_proof(miner.sector_size).sector_size();
                require(size == Ok(miner.sector_size), &|| {
                    format!("miner {index}, sector {number}: sealed for another size")
                })?;
            }
        }
        Ok(())
    }
}

fn read(path: &Path) -> Result<String, TemplateError> {
    std::fs::read_to_string(path).map_err(|source| TemplateError::File {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests;
