//! `wallet sign`, `wallet verify`: what is signed, and signatures as they are written.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use filigree_blocks::{Signature, SignatureType};
use filigree_rpc::json::Bytes;
use filigree_rpc::method::wallet::{WalletSign, WalletVerify};

use crate::node::Node;

/// What is signed.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Signed {
    /// Bytes as hex.
    hex: Option<String>,

    /// Bytes of a text.
    #[arg(long)]
    text: Option<String>,
}

/// Signs, and shows the signature.
pub(super) fn sign(node: &Node, address: &str, signed: &Signed) -> Result<()> {
    let address = node.address(address)?;
    let bytes = Bytes(signed.bytes()?);
    let signature = node.call(WalletSign { address, bytes })?;
    let text = format!("0x{}", hex::encode(tagged(&signature)));
    node.show(&signature, || text)
}

/// Says whether a signature is of an address.
pub(super) fn verify(
    node: &Node,
    address: &str,
    signed: &Signed,
    signature: &str,
) -> Result<ExitCode> {
    let is_good = node.call(WalletVerify {
        address: node.address(address)?,
        bytes: Bytes(signed.bytes()?),
        signature: untagged(signature)?,
    })?;
    let text = match is_good {
        true => "good",
        false => "not of this address",
    };
    node.show(&is_good, || text.to_owned())?;
    Ok(match is_good {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

impl Signed {
    fn bytes(&self) -> Result<Vec<u8>> {
        match (&self.hex, &self.text) {
            (Some(text), _) => bytes(text),
            (None, text) => Ok(text.clone().unwrap_or_default().into_bytes()),
        }
    }
}

/// Bytes of hex, with or without 0x.
fn bytes(text: &str) -> Result<Vec<u8>> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    hex::decode(digits).with_context(|| format!("{text:?} is no hex: write 0x01ff"))
}

/// A byte for the type, then the bytes.
fn tagged(signature: &Signature) -> Vec<u8> {
    [&[signature.sig_type as u8], signature.bytes.as_slice()].concat()
}

fn untagged(text: &str) -> Result<Signature> {
    let bytes = bytes(text)?;
    let Some((&number, rest)) = bytes.split_first() else {
        bail!("the signature is empty");
    };
    let sig_type = SignatureType::from_number(number);
    let sig_type = sig_type.with_context(|| format!("no signature has the type {number}"))?;
    Ok(Signature::new(sig_type, rest))
}
