//! `wallet`: keys of the node's keystore.
//!
//! Secrets are shown by `export` alone. What is imported comes from a file or from standard input, never from the command line,
//! which other users of the machine can read.

mod accounts;
mod secrets;
mod signed;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::{Args, Subcommand};
use filigree_keys::KeyType;
use filigree_rpc::method::names::WalletSetName;
use filigree_rpc::method::wallet::{
    WalletDefaultAddress, WalletDelete, WalletNew, WalletSetDefault,
};
use fvm_shared::address::Address;

use crate::node::{Common, Node};
use signed::Signed;

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

/// Runs the verb.
pub fn run(wallet: &Wallet) -> Result<ExitCode> {
    let node = wallet.common.open()?;
    match &wallet.verb {
        Verb::New { key_type, name } => {
            let address = node.call(WalletNew { kind: *key_type })?;
            finish(&node, address, name.as_deref(), false)?;
        }
        Verb::List => accounts::list(&node)?,
        Verb::Balance { address } => accounts::balance(&node, address.as_deref())?,
        Verb::Export { address, format } => secrets::export(&node, address, format)?,
        Verb::Import {
            file,
            key_type,
            name,
            default,
        } => {
            let address = secrets::import(&node, file.as_ref(), *key_type)?;
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
        Verb::Sign { address, signed } => signed::sign(&node, address, signed)?,
        Verb::Verify {
            address,
            signed,
            signature,
        } => return signed::verify(&node, address, signed, signature),
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
