//! `wallet`: keys of the node's keystore.
//!
//! Secrets are shown by `export` alone. What is imported comes from a file or from standard input, never from the command line,
//! which other users of the machine can read.

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand};
use filigree_blocks::{Signature, SignatureType, TipsetKey};
use filigree_keys::{EthAddress, Key, KeyType};
use filigree_rpc::json::Bytes;
use filigree_rpc::json::node::KeyInfo;
use filigree_rpc::method::mpool::MpoolGetNonce;
use filigree_rpc::method::names::WalletSetName;
use filigree_rpc::method::state::actors::StateLookupID;
use filigree_rpc::method::wallet::{
    WalletBalance, WalletDefaultAddress, WalletDelete, WalletExport, WalletImport, WalletList,
    WalletNew, WalletSetDefault, WalletSign, WalletVerify,
};
use filigree_wallet::lotus;
use fvm_shared::address::{Address, Protocol};
use serde_json::{Value, json};

use crate::node::{Common, Node};
use crate::{print, show};

/// Far more than any exported key.
const MAX_KEY_BYTES: u64 = 64 << 10;

/// Shown below the verbs.
pub const HELP: &str =
    "Examples:\n  filigree wallet list\n  filigree wallet new --type bls --name savings";

const NEW_HELP: &str = "\
Examples:
  filigree wallet new
  filigree wallet new --type delegated --name eth";
const LIST_HELP: &str = "Examples:\n  filigree wallet list\n  filigree wallet list --json";
const BALANCE_HELP: &str = "\
Examples:
  filigree wallet balance
  filigree wallet balance f01000";
const EXPORT_HELP: &str = "\
Whoever has what is printed has the funds.

Examples:
  filigree wallet export savings
  filigree wallet export savings --format ethereum";
const IMPORT_HELP: &str = "\
Reads what `lotus wallet export` and `filigree wallet export` print, the same as JSON, or a secret of 64 hex digits.
Without a file, or with -, from standard input.

Examples:
  filigree wallet import key.hex --name old
  filigree wallet import secret.txt --type delegated";
const DEFAULT_HELP: &str = "\
Examples:
  filigree wallet default
  filigree wallet default savings";
const NAME_HELP: &str = "\
A name can stand wherever an address is asked for.

Examples:
  filigree wallet name savings f01001
  filigree wallet name savings --remove";
const DELETE_HELP: &str = "\
The key's file, encrypted as it is, goes to the folder `trash` of the keystore.

Examples:
  filigree wallet delete savings --yes";
const SIGN_HELP: &str = "\
Prints the signature as hex: a byte for its type, then its bytes, as Lotus does.

Examples:
  filigree wallet sign savings 0x48656c6c6f
  filigree wallet sign savings --text Hello";
const VERIFY_HELP: &str = "\
The exit code is 1 if the signature is not of that address.

Examples:
  filigree wallet verify savings --text Hello --signature 0x0112ab";

/// `wallet` with its verb.
#[derive(Debug, Args)]
pub struct Wallet {
    #[command(flatten)]
    common: Common,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a key.
    #[command(after_help = NEW_HELP)]
    New {
        /// secp256k1, bls or delegated (for Ethereum's wallets).
        #[arg(long = "type", value_name = "TYPE", default_value_t = KeyType::Secp256k1)]
        key_type: KeyType,

        /// A name for it.
        #[arg(long)]
        name: Option<String>,
    },

    /// Show all addresses with what they have.
    #[command(after_help = LIST_HELP)]
    List,

    /// Show what an address has.
    #[command(after_help = BALANCE_HELP)]
    Balance {
        /// Whose [default: the wallet's default].
        address: Option<String>,
    },

    /// Print the secret of an address.
    #[command(after_help = EXPORT_HELP)]
    Export {
        /// Whose.
        address: String,

        /// hex (of JSON, as Lotus prints it), json, or ethereum (the bare secret).
        #[arg(long, default_value = "hex", value_parser = ["hex", "json", "ethereum"])]
        format: String,
    },

    /// Take a key in.
    #[command(after_help = IMPORT_HELP)]
    Import {
        /// The file.
        file: Option<PathBuf>,

        /// The type, of a bare secret.
        #[arg(long = "type", value_name = "TYPE")]
        key_type: Option<KeyType>,

        /// A name for it.
        #[arg(long)]
        name: Option<String>,

        /// Make it the default.
        #[arg(long)]
        default: bool,
    },

    /// Show or set the address that sends where none is named.
    #[command(after_help = DEFAULT_HELP)]
    Default {
        /// Which.
        address: Option<String>,
    },

    /// Name an address.
    #[command(after_help = NAME_HELP)]
    Name {
        /// The name.
        name: String,

        /// The address.
        #[arg(required_unless_present = "remove", conflicts_with = "remove")]
        address: Option<String>,

        /// Forget the name.
        #[arg(long)]
        remove: bool,
    },

    /// Delete a key.
    #[command(after_help = DELETE_HELP)]
    Delete {
        /// Whose.
        address: String,

        /// Do it.
        #[arg(long)]
        yes: bool,
    },

    /// Sign bytes.
    #[command(after_help = SIGN_HELP)]
    Sign {
        /// Whose key signs.
        address: String,

        #[command(flatten)]
        signed: Signed,
    },

    /// See whether a signature is of an address.
    #[command(after_help = VERIFY_HELP)]
    Verify {
        /// Whose.
        address: String,

        #[command(flatten)]
        signed: Signed,

        /// The signature as `sign` prints it.
        #[arg(long, value_name = "HEX")]
        signature: String,
    },
}

/// What is signed.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Signed {
    /// Bytes as hex.
    hex: Option<String>,

    /// Bytes of a text.
    #[arg(long)]
    text: Option<String>,
}

/// Runs the verb.
pub fn run(wallet: &Wallet) -> Result<ExitCode> {
    let node = wallet.common.open()?;
    match &wallet.verb {
        Verb::New { key_type, name } => {
            let address = node.call(WalletNew { kind: *key_type })?;
            finish(&node, address, name.as_deref(), false)?;
        }
        Verb::List => list(&node)?,
        Verb::Balance { address } => balance(&node, address.as_deref())?,
        Verb::Export { address, format } => export(&node, address, format)?,
        Verb::Import {
            file,
            key_type,
            name,
            default,
        } => {
            let key = read_key(file.as_ref(), *key_type)?;
            let info = KeyInfo {
                kind: key.key_type(),
                secret: Bytes(key.secret().to_vec()),
            };
            let address = node.call(WalletImport { key: info })?;
            finish(&node, address, name.as_deref(), *default)?;
        }
        Verb::Default { address } => {
            if let Some(address) = address {
                let address = node.address(address)?;
                node.call(WalletSetDefault { address })?;
            }
            let address = node.call(WalletDefaultAddress {})?;
            node.show(&address, || address.to_string())?;
        }
        Verb::Name { name, address, .. } => {
            let address = match address {
                Some(address) => Some(node.address(address)?),
                None => None,
            };
            set_name(&node, name, address)?;
        }
        Verb::Delete { address, yes } => {
            let address = node.address(address)?;
            ensure!(*yes, "to delete the key of {address}, say --yes");
            node.call(WalletDelete { address })?;
        }
        Verb::Sign { address, signed } => {
            let address = node.address(address)?;
            let bytes = Bytes(signed.bytes()?);
            let signature = node.call(WalletSign { address, bytes })?;
            let text = format!("0x{}", hex::encode(tagged(&signature)));
            node.show(&signature, || text)?;
        }
        Verb::Verify {
            address,
            signed,
            signature,
        } => {
            let is_good = node.call(WalletVerify {
                address: node.address(address)?,
                bytes: Bytes(signed.bytes()?),
                signature: untagged(signature)?,
            })?;
            let text = if is_good {
                "good"
            } else {
                "not of this address"
            };
            node.show(&is_good, || text.to_owned())?;
            if !is_good {
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Names a new key, makes it the default if asked, and shows its address.
fn finish(node: &Node, address: Address, name: Option<&str>, is_default: bool) -> Result<()> {
    if let Some(name) = name {
        set_name(node, name, Some(address))?;
    }
    if is_default {
        node.call(WalletSetDefault { address })?;
    }
    node.show(&address, || address.to_string())
}

fn set_name(node: &Node, name: &str, address: Option<Address>) -> Result<()> {
    node.call(WalletSetName {
        name: name.to_owned(),
        address,
    })
}

fn list(node: &Node) -> Result<()> {
    let default = node.call(WalletDefaultAddress {}).ok();
    let names = node.names().unwrap_or_default();
    let mut rows = Vec::new();
    let mut all = Vec::new();
    for address in node.call(WalletList {})? {
        let balance = node.call(WalletBalance { address })?;
        let nonce = node.call(MpoolGetNonce { sender: address }).unwrap_or(0);
        let tipset = TipsetKey::new([]);
        let id = node
            .call(StateLookupID {
                actor: address,
                tipset,
            })
            .ok();
        let named = names.iter().filter(|(_, named)| *named == address);
        let named: Vec<&str> = named.map(|(name, _)| name.as_str()).collect();
        let is_default = default == Some(address);
        rows.push(vec![
            if is_default { "*" } else { "" }.to_owned(),
            address.to_string(),
            id.map_or_else(String::new, |id| id.to_string()),
            show::fil(&balance),
            nonce.to_string(),
            print::plain(&named.join(", ")),
        ]);
        all.push(json!({
            "address": address.to_string(),
            "eth_address": eth(&address),
            "id": id.map(|id| id.to_string()),
            "balance": balance.atto().to_string(),
            "nonce": nonce,
            "names": named,
            "is_default": is_default,
        }));
    }
    node.show_value(Value::Array(all), || {
        let columns = ["", "address", "id", "balance", "nonce", "name"];
        print::columns(&columns, rows, &[3, 4])
    })
}

/// The address as Ethereum's wallets know it.
fn eth(address: &Address) -> Option<String> {
    let is_delegated = address.protocol() == Protocol::Delegated;
    let eth = EthAddress::from_filecoin(address).filter(|_| is_delegated);
    eth.map(|eth| eth.to_string())
}

fn balance(node: &Node, address: Option<&str>) -> Result<()> {
    let address = match address {
        Some(address) => node.address(address)?,
        None => node.call(WalletDefaultAddress {})?,
    };
    let balance = node.call(WalletBalance { address })?;
    node.show(&balance, || show::fil(&balance))
}

fn export(node: &Node, address: &str, format: &str) -> Result<()> {
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

impl Signed {
    fn bytes(&self) -> Result<Vec<u8>> {
        match (&self.hex, &self.text) {
            (Some(text), _) => bytes(text),
            (None, text) => Ok(text.clone().unwrap_or_default().into_bytes()),
        }
    }
}

/// Bytes of hex, with or without 0x.
pub fn bytes(text: &str) -> Result<Vec<u8>> {
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
