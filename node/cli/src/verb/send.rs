//! `send`: FIL from one address to another.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use filigree_blocks::TipsetKey;
use filigree_keys::eth::message::INVOKE_CONTRACT;
use filigree_rpc::method::state::actors::{StateAccountKey, StateLookupID};
use fvm_ipld_encoding::RawBytes;
use fvm_shared::METHOD_SEND;
use fvm_shared::address::{Address, Protocol};

use crate::node::{Common, Node};
use crate::sending::{Sending, Wish, amount};

/// Shown below the options.
pub const HELP: &str = "\
An amount is `1.5 FIL`, `100 nanoFIL`, or digits alone, which are attoFIL. Sending to a new address of a key makes its account.
The exit code is 1 if the message fails.

Examples:
  filigree send f1abjxfbp274xpdqcpuaykwkfb43omjotacm2p3za 1.5 FIL
  filigree send savings 100 nanoFIL --from f0101 --no-wait
  filigree send 0xff000000000000000000000000000000000003e8 1FIL --json";

/// Options of `send`.
#[derive(Debug, Args)]
pub struct Send {
    /// The receiver: an address, or a name of the wallet.
    to: String,

    /// How much.
    #[arg(required = true, num_args = 1..=2, value_names = ["AMOUNT", "UNIT"])]
    amount: Vec<String>,

    #[command(flatten)]
    sending: Sending,

    #[command(flatten)]
    common: Common,
}

/// Runs the verb.
pub fn run(verb: &Send) -> Result<ExitCode> {
    let value = amount(&verb.amount.join(" "))?;
    let node = verb.common.open()?;
    let to = node.address(&verb.to)?;
    let from = verb.sending.sender(&node)?;
    let (to, method) = match is_delegated(&node, from) {
        true => (named_by_ethereum(&node, to)?, INVOKE_CONTRACT),
        false => (to, METHOD_SEND),
    };
    let wish = Wish {
        to,
        value,
        method,
        params: RawBytes::default(),
    };
    let outcome = verb.sending.send(&node, wish)?;
    node.show_value(outcome.json(), || outcome.text())?;
    Ok(outcome.code())
}

/// Whether a message of this sender is signed as a transaction of Ethereum.
fn is_delegated(node: &Node, from: Address) -> bool {
    let key = match from.protocol() {
        Protocol::ID => node.call(StateAccountKey {
            account: from,
            tipset: TipsetKey::new([]),
        }),
        _ => Ok(from),
    };
    // Whoever has no key is told so when he sends.
    key.is_ok_and(|key| key.protocol() == Protocol::Delegated)
}

/// An address that a transaction of Ethereum can name: f410 or f0.
fn named_by_ethereum(node: &Node, to: Address) -> Result<Address> {
    if matches!(to.protocol(), Protocol::ID | Protocol::Delegated) {
        return Ok(to);
    }
    let tipset = TipsetKey::new([]);
    let id = node.call(StateLookupID { actor: to, tipset });
    id.with_context(|| {
        format!("{to} has no number yet, and Ethereum's transactions have no other name for it: send it something from another address first")
    })
}
