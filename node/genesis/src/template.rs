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
//! verifiers = [{ address = "t1…", allowance = 1099511627776, clients = [{ address = "t1…", datacap = 1048576 }] }]
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
//!
//! In reading order: this file, `people` and `holder`, `miner`, `check`.

mod check;
mod holder;
mod miner;
mod people;

use std::path::Path;

use cid::Cid;
use filigree_builtin::Policy;
use filigree_builtin::policy::{CALIBNET, DEVNET, MAINNET};
use fvm_shared::econ::TokenAmount;
use fvm_shared::version::NetworkVersion;
use serde::{Deserialize, Serialize};

use crate::error::TemplateError;
use crate::{syntax, text};

pub use holder::Holder;
pub use miner::{CommittedCapacity, Miner, Sector};
pub use people::{Account, Client, Multisig, VerifiedRegistry, Verifier};

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

impl Template {
    /// The template of this text.
    ///
    /// # Errors
    /// With the line, if a key is unknown, missing or wrong; if the template contradicts itself.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let template: Self = syntax::read(text, &[])?;
        template.check()?;
        Ok(template)
    }

    /// The template of this file, with the sectors of the files it names.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and if a file cannot be read.
    pub fn load(path: &Path) -> Result<Self, TemplateError> {
        let mut template: Self = syntax::read(&read(path)?, &[])?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for miner in &mut template.miners {
            if let Some(file) = miner.committed_capacity.take() {
                let more: CommittedCapacity = syntax::read(&read(&folder.join(file))?, &[])?;
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
}

pub(crate) fn read(path: &Path) -> Result<String, TemplateError> {
    std::fs::read_to_string(path).map_err(|source| TemplateError::File {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests;
