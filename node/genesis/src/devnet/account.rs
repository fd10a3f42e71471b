//! Whose money, and who may use whose name.

use std::fmt;

use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use serde::{Deserialize, Serialize};

use crate::text;

/// Longest name of a key, as keystores have it.
const MAX_NAME_BYTES: usize = 64;

/// An account and its money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "AccountText", into = "AccountText")]
pub struct Account {
    /// Whose it is.
    pub owner: Owner,
    /// What it has.
    pub balance: TokenAmount,
}

/// Whose an account is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Of a key that is made with the network, and has this name in its keystore.
    Key {
        /// The name.
        name: String,
        /// What kind of key.
        kind: KeyKind,
    },
    /// Of a key that is elsewhere: f1, f3 or f410f.
    Address(Address),
}

/// A kind of key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyKind {
    /// Addresses f1.
    #[default]
    Secp256k1,
    /// Addresses f3. Workers of miners have one.
    Bls,
    /// Ethereum's: addresses f410f.
    Delegated,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountText {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<KeyKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(with = "text::fil", default)]
    balance: TokenAmount,
}

impl TryFrom<AccountText> for Account {
    type Error = String;

    fn try_from(text: AccountText) -> Result<Self, String> {
        let owner = match (text.key, text.kind, text.address) {
            (Some(name), kind, None) => Owner::Key {
                name: checked_name(name)?,
                kind: kind.unwrap_or_default(),
            },
            (None, None, Some(address)) => Owner::Address(text::address::parse(&address)?),
            _ => {
                return Err(
                    "write either the key that shall be made, and its type, or an address"
                        .to_owned(),
                );
            }
        };
        Ok(Self {
            owner,
            balance: text.balance,
        })
    }
}

impl From<Account> for AccountText {
    fn from(account: Account) -> Self {
        let (key, kind, address) = match account.owner {
            Owner::Key { name, kind } => (Some(name), Some(kind), None),
            Owner::Address(address) => (None, None, Some(address.to_string())),
        };
        Self {
            key,
            kind,
            address,
            balance: account.balance,
        }
    }
}

/// Somebody: by the name of a key that is made with the network, or by an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Party {
    /// The name of a key.
    Name(String),
    /// An address.
    Address(Address),
}

impl TryFrom<String> for Party {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match looks_like_address(&text) {
            true => Ok(Self::Address(text::address::parse(&text)?)),
            false => Ok(Self::Name(checked_name(text)?)),
        }
    }
}

impl From<Party> for String {
    fn from(party: Party) -> Self {
        party.to_string()
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(address) => write!(f, "{address}"),
        }
    }
}

fn checked_name(name: String) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let fits = (1..=MAX_NAME_BYTES).contains(&name.len()) && name.chars().all(is_plain);
    match fits && !looks_like_address(&name) {
        true => Ok(name),
        false => Err(format!(
            "{name:?} is no name of a key: it has 1 to {MAX_NAME_BYTES} letters, digits and -_. and does not begin as addresses do"
        )),
    }
}

fn looks_like_address(text: &str) -> bool {
    let mut chars = text.chars();
    matches!(chars.next(), Some('f' | 't')) && matches!(chars.next(), Some('0'..='4'))
}

/// A wallet of several signers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Multisig {
    /// Who may sign.
    pub signers: Vec<Party>,
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

/// Who gives datacap to clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verifier {
    /// One of the accounts.
    pub address: Party,
    /// How much it may give, bytes.
    pub allowance: u64,
    /// Whom it has given some of that already.
    #[serde(default)]
    pub clients: Vec<Client>,
}

/// A verified client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// One of the accounts, and no verifier.
    pub address: Party,
    /// What it may have stored as verified, bytes.
    pub datacap: u64,
}
