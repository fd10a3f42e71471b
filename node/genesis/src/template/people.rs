//! Who has money, and who gives datacap.

use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use serde::{Deserialize, Serialize};

use super::Holder;
use crate::text;

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
    /// Whom it has given some of that already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<Client>,
}

/// A verified client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// One of the accounts, and no verifier.
    #[serde(with = "text::address")]
    pub address: Address,
    /// What it may have stored as verified, bytes.
    pub datacap: u64,
}
