//! `wallet export`, `wallet import`: keys, out of the keystore and into it.

use std::fs;
use std::io::Read;
use std::path::PathBuf;

use anyhow::{Context, Result};
use filigree_keys::{Key, KeyType};
use filigree_rpc::json::Bytes;
use filigree_rpc::json::node::KeyInfo;
use filigree_rpc::method::wallet::{WalletExport, WalletImport};
use filigree_wallet::lotus;
use fvm_shared::address::Address;

use crate::node::Node;
use crate::print;

/// Far more than any exported key.
const MAX_KEY_BYTES: u64 = 64 << 10;

pub(super) fn export(node: &Node, address: &str, format: &str) -> Result<()> {
    let address = node.address(address)?;
    let info = node.call(WalletExport { address })?;
    let key = Key::from_secret(info.kind, &info.secret.0)?;
    let text = match format {
        "json" => lotus::to_json(&key),
        "ethereum" => lotus::to_ethereum(&key)?,
        _ => lotus::to_hex(&key),
    };
    match node.is_json() {
        true => print::text(&lotus::to_json(&key)),
        false => print::text(&text),
    }
}

/// Takes in the key of a file, or of standard input.
pub(super) fn import(
    node: &Node,
    file: Option<&PathBuf>,
    key_type: Option<KeyType>,
) -> Result<Address> {
    let key = read_key(file, key_type)?;
    let info = KeyInfo {
        kind: key.key_type(),
        secret: Bytes(key.secret().to_vec()),
    };
    node.call(WalletImport { key: info })
}

fn read_key(file: Option<&PathBuf>, key_type: Option<KeyType>) -> Result<Key> {
    let mut text = String::new();
    let read = match file {
        Some(path) if path.as_os_str() != "-" => {
            let file = fs::File::open(path);
            let file = file.with_context(|| format!("cannot read {}", path.display()))?;
            file.take(MAX_KEY_BYTES).read_to_string(&mut text)
        }
        _ => std::io::stdin()
            .take(MAX_KEY_BYTES)
            .read_to_string(&mut text),
    };
    read.context("what is to be imported is no text")?;
    Ok(lotus::read(&text, key_type)?)
}
