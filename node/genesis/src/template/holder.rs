//! An account or a wallet of several signers, where either may stand.

use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use serde::{Deserialize, Serialize};

use super::Multisig;
use crate::text;

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
