//! What somebody wants a network of their own to begin with: TOML, in which a key that is not known is refused, and all may be left
//! out. It differs from a [`Template`] in that it names keys which are made with the network, and counts sectors which are sealed then.
//!
//! [`EXAMPLE`] shows all of it. In reading order: [`account`] (whose money), [`miner`], [`policy`] (rules that a network may choose),
//! `keys` (which keys there will be), `resolve` (from names to a template).

pub mod account;
mod keys;
pub mod miner;
pub mod policy;
mod resolve;

use std::path::Path;

use fvm_shared::econ::TokenAmount;
use serde::{Deserialize, Serialize};

use crate::error::TemplateError;
use crate::template::{self, Template};
use crate::{syntax, text};

pub use account::{Account, Client, KeyKind, Multisig, Owner, Party, Verifier};
pub use keys::{BEACON, Key, TREASURY, worker_name};
pub use miner::{Miner, SealType};
pub use policy::Policy;
pub use resolve::Made;

/// A template with all that can stand in one, as comments: what `filigree genesis template` prints.
pub const EXAMPLE: &str = include_str!("devnet/example.toml");

/// The chain id of development networks. Mock proofs and parameters for development are good on networks with this one alone.
pub const CHAIN_ID: u64 = 31_415_926;
/// The network version that they begin with.
pub const VERSION: u32 = 28;
/// The first version on which the actors run: before, actors were linked and took events otherwise.
const FIRST_VERSION: u32 = 21;
/// Base fee of their first epoch, attoFIL per gas.
const BASE_FEE_ATTO: u64 = 100;
/// Most miners: they are all in one process.
pub const MAX_MINERS: usize = 20;
/// Most seconds from one epoch to the next.
pub const MAX_BLOCK_SECONDS: u64 = 3_600;
/// The keys outside of all tables.
const TOP: &[&str] = &[
    "network_name",
    "network_version",
    "chain_id",
    "block_time",
    "base_fee",
];

/// See the head of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DevnetTemplate {
    /// What it is called; of its time, if this is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_name: Option<String>,
    /// The network version of the first epoch. Whether the host knows one so late is not asked here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_version: Option<u32>,
    /// EIP-155 chain id: [`CHAIN_ID`], and no other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain_id: Option<u64>,
    /// Seconds from one epoch to the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block_time: Option<u64>,
    /// Base fee of the first epoch, attoFIL per gas.
    #[serde(with = "text::optional_atto", skip_serializing_if = "Option::is_none")]
    pub base_fee: Option<TokenAmount>,
    /// Rules that a network may choose.
    #[serde(skip_serializing_if = "Policy::is_usual")]
    pub policy: Policy,
    /// Who has money, beside those who have it on every such network.
    pub accounts: Vec<Account>,
    /// Wallets of several signers.
    pub multisigs: Vec<Multisig>,
    /// Who gives datacap to clients, beside the treasury.
    pub verifiers: Vec<Verifier>,
    /// Who makes blocks; whoever starts the network says how many there are, if this is left out.
    pub miners: Vec<Miner>,
}

impl DevnetTemplate {
    /// The template of this text.
    ///
    /// # Errors
    /// With the line, if a key is unknown or its value wrong; if the template contradicts itself.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let template: Self = syntax::read(text, TOP)?;
        template.check()?;
        Ok(template)
    }

    /// The template of this file.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and if the file cannot be read.
    pub fn load(path: &Path) -> Result<Self, TemplateError> {
        Self::parse(&template::read(path)?)
    }

    /// Says in what it contradicts itself, or asks for what no network can be.
    fn check(&self) -> Result<(), TemplateError> {
        let require = |holds: bool, why: String| match holds {
            true => Ok(()),
            false => Err(TemplateError::Contradiction(why)),
        };
        let id = self.chain_id.unwrap_or(CHAIN_ID);
        require(
            id == CHAIN_ID,
            format!(
                "chain_id {id}: networks of one's own have {CHAIN_ID}, the only one that mock proofs and parameters for \
                 development are good for; it is compiled into the node"
            ),
        )?;
        let version = self.network_version.unwrap_or(VERSION);
        require(
            version >= FIRST_VERSION,
            format!("network_version {version}: the actors run from {FIRST_VERSION} on"),
        )?;
        let seconds = self.block_time.unwrap_or(1);
        require(
            (1..=MAX_BLOCK_SECONDS).contains(&seconds),
            format!("block_time: 1 to {MAX_BLOCK_SECONDS} seconds, not {seconds}"),
        )?;
        let miners = self.miners.len();
        require(
            miners <= MAX_MINERS,
            format!("there are {miners} miners; {MAX_MINERS} are the most that one process has"),
        )?;
        self.policy.check()?;
        self.check_miners()?;
        self.dry_run()
    }

    fn check_miners(&self) -> Result<(), TemplateError> {
        for (index, miner) in self.miners.iter().enumerate() {
            miner.check(index)?;
        }
        let Some(most) = self.miners.iter().map(Miner::power_bytes).max() else {
            return Ok(());
        };
        if most == 0 {
            return Err(TemplateError::Contradiction(
                "no miner has sectors, so nobody could make a block: give one of them some"
                    .to_owned(),
            ));
        }
        self.policy.check_power(self.miners.len(), most)
    }

    /// All that can be told of the template that comes of it, before a key is made and a sector sealed.
    fn dry_run(&self) -> Result<(), TemplateError> {
        let mut tried = self.clone();
        if tried.miners.is_empty() {
            tried.miners.push(Miner::default());
        }
        let first_miner = crate::ids::FIRST_MINER;
        let keys = tried.keys(first_miner);
        let template: Template = tried.resolve(Made {
            first_miner,
            genesis_time: 0,
            bundle: None,
            beacon: None,
            keys: keys.iter().map(Key::stand_in).collect(),
            sectors: vec![Vec::new(); tried.miners.len()],
        })?;
        template.check()?;
        let ids = crate::ids::Ids::of(&template)?;
        for verifier in &template.verified_registry.verifiers {
            ids.require(&verifier.address, "a verifier")?;
            for client in &verifier.clients {
                ids.require(&client.address, "a client")?;
            }
        }
        for miner in &template.miners {
            ids.require(&miner.owner, "an owner")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
