//! `mpool`: messages that wait for a block.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use cid::Cid;
use clap::{Args, Subcommand};
use filigree_blocks::{SignedMessage, TipsetKey};
use filigree_rpc::json::Nil;
use filigree_rpc::json::ipld::parse_cid;
use filigree_rpc::method::gas::GasEstimateMessageGas;
use filigree_rpc::method::mpool::{
    MpoolClear, MpoolGetConfig, MpoolGetNonce, MpoolPending, MpoolPush,
};
use filigree_rpc::method::wallet::WalletSignMessage;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use serde_json::json;

use crate::node::{Common, Node};
use crate::sending::amount;
use crate::{print, show};

/// What a message that replaces another offers, in hundredths of that one's premium: nodes take 110.
const REPLACE_PERCENT: u64 = 125;

/// Shown below the verbs.
pub const HELP: &str = "Examples:\n  filigree mpool pending\n  filigree mpool stat";

const PENDING_HELP: &str =
    "Examples:\n  filigree mpool pending\n  filigree mpool pending --from savings --json";
const STAT_HELP: &str = "Examples:\n  filigree mpool stat";
const REPLACE_HELP: &str = "\
Sends the same message once more, with what is offered for its gas raised by a quarter or to what is estimated, whichever is more.

Examples:
  filigree mpool replace bafy2bzacecnamqgqmifpluoeldx7zzglxcljo6oja4vrmtj7432rphldpdmm2
  filigree mpool replace --from savings --nonce 5 --gas-premium 1nanoFIL --gas-fee-cap 10nanoFIL";
const CLEAR_HELP: &str = "\
Messages from this node go only with --local: they may be mined all the same, where others have them.

Examples:
  filigree mpool clear --yes
  filigree mpool clear --local --yes";
const NONCE_HELP: &str = "Examples:\n  filigree mpool nonce savings";

/// `mpool` with its verb.
#[derive(Debug, Args)]
pub struct Mpool {
    #[command(flatten)]
    common: Common,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List messages that wait.
    #[command(after_help = PENDING_HELP)]
    Pending {
        /// Those of this sender.
        #[arg(long, value_name = "ADDRESS")]
        from: Option<String>,
    },

    /// Show how many wait, by sender, and what the pool is set to.
    #[command(after_help = STAT_HELP)]
    Stat,

    /// Offer more for a message that waits.
    #[command(after_help = REPLACE_HELP)]
    Replace {
        /// The message.
        #[arg(conflicts_with_all = ["from", "nonce"], required_unless_present = "from")]
        #[arg(value_parser = parse_cid)]
        cid: Option<Cid>,

        /// Its sender.
        #[arg(long, value_name = "ADDRESS", requires = "nonce")]
        from: Option<String>,

        /// Its number.
        #[arg(long, value_name = "N", requires = "from")]
        nonce: Option<u64>,

        /// What a miner gets for a unit of gas.
        #[arg(long, value_name = "AMOUNT", value_parser = amount)]
        gas_premium: Option<TokenAmount>,

        /// Most that it pays for a unit of gas.
        #[arg(long, value_name = "AMOUNT", value_parser = amount)]
        gas_fee_cap: Option<TokenAmount>,
    },

    /// Drop messages that wait.
    #[command(after_help = CLEAR_HELP)]
    Clear {
        /// Also those that were sent from here.
        #[arg(long)]
        local: bool,

        /// Do it.
        #[arg(long)]
        yes: bool,
    },

    /// Show the number that the next message of a sender has.
    #[command(after_help = NONCE_HELP)]
    Nonce {
        /// The sender.
        address: String,
    },
}

/// Runs the verb.
pub fn run(mpool: &Mpool) -> Result<ExitCode> {
    let node = mpool.common.open()?;
    match &mpool.verb {
        Verb::Pending { from } => {
            let from = from.as_deref().map(|from| node.address(from)).transpose()?;
            list(&node, from)?;
        }
        Verb::Stat => stat(&node)?,
        Verb::Replace {
            cid,
            from,
            nonce,
            gas_premium,
            gas_fee_cap,
        } => {
            let from = from.as_deref().map(|from| node.address(from)).transpose()?;
            let old = find(&node, *cid, from, *nonce)?;
            replace(&node, old, gas_premium.as_ref(), gas_fee_cap.as_ref())?;
        }
        Verb::Clear { local, yes } => {
            let waiting = pending(&node)?.len();
            ensure!(*yes, "to drop messages ({waiting} wait), say --yes");
            node.call(MpoolClear { local: *local })?;
        }
        Verb::Nonce { address } => {
            let sender = node.address(address)?;
            let nonce = node.call(MpoolGetNonce { sender })?;
            node.show(&nonce, || nonce.to_string())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn pending(node: &Node) -> Result<Vec<SignedMessage>> {
    let Nil(pending) = node.call(MpoolPending {
        tipset: TipsetKey::new([]),
    })?;
    Ok(pending)
}

fn list(node: &Node, from: Option<Address>) -> Result<()> {
    let mut pending = pending(node)?;
    pending.retain(|signed| from.is_none_or(|from| from == signed.message.from));
    node.show(&pending, || {
        let rows = pending.iter().map(|signed| {
            let message = &signed.message;
            vec![
                signed.cid().to_string(),
                message.from.to_string(),
                message.sequence.to_string(),
                message.to.to_string(),
                message.method_num.to_string(),
                show::fil(&message.value),
                show::fil(&message.gas_premium),
            ]
        });
        let names = [
            "message", "from", "nonce", "to", "method", "value", "premium",
        ];
        print::columns(&names, rows, &[2, 5, 6])
    })
}

fn stat(node: &Node) -> Result<()> {
    let pending = pending(node)?;
    let config = node.call(MpoolGetConfig {})?;
    let mut senders: BTreeMap<String, (u64, u64, u64)> = BTreeMap::new();
    for signed in &pending {
        let message = &signed.message;
        let sender = senders.entry(message.from.to_string());
        let of_sender = sender.or_insert((0, message.sequence, message.sequence));
        of_sender.0 += 1;
        of_sender.1 = of_sender.1.min(message.sequence);
        of_sender.2 = of_sender.2.max(message.sequence);
    }
    let json = json!({
        "messages": pending.len(),
        "senders": senders.iter().map(|(sender, (count, first, last))| {
            (sender.clone(), json!({ "messages": count, "first_nonce": first, "last_nonce": last }))
        }).collect::<serde_json::Map<_, _>>(),
        "config": print::of_rpc(&config)?,
    });
    node.show_value(json, || {
        let facts = print::facts([
            ("messages", pending.len().to_string()),
            ("senders", senders.len().to_string()),
            ("at most", config.size_limit_high.to_string()),
        ]);
        let rows = senders.iter().map(|(sender, (count, first, last))| {
            vec![
                sender.clone(),
                count.to_string(),
                first.to_string(),
                last.to_string(),
            ]
        });
        let names = ["sender", "messages", "first nonce", "last nonce"];
        format!("{facts}\n{}", print::columns(&names, rows, &[1, 2, 3]))
    })
}

/// The message that is meant, among those that wait.
fn find(
    node: &Node,
    cid: Option<Cid>,
    from: Option<Address>,
    nonce: Option<u64>,
) -> Result<SignedMessage> {
    let is_meant = |signed: &SignedMessage| match cid {
        Some(cid) => signed.cid() == cid,
        None => from == Some(signed.message.from) && nonce == Some(signed.message.sequence),
    };
    let found = pending(node)?.into_iter().find(is_meant);
    found.context("no such message waits; `filigree mpool pending` lists those that do")
}

fn replace(
    node: &Node,
    old: SignedMessage,
    premium: Option<&TokenAmount>,
    fee_cap: Option<&TokenAmount>,
) -> Result<()> {
    let old = old.message;
    let raised = |amount: &TokenAmount| (amount * REPLACE_PERCENT).div_ceil(100_u64);
    let mut message = old.clone();
    message.gas_premium = TokenAmount::default();
    message.gas_fee_cap = TokenAmount::default();
    // Its gas limit is tried and good.
    let tipset = TipsetKey::new([]);
    let spec = None;
    let estimated = node.call(GasEstimateMessageGas {
        message,
        spec,
        tipset,
    })?;
    let mut message = old.clone();
    message.gas_premium = match premium {
        Some(premium) => premium.clone(),
        None => raised(&old.gas_premium).max(estimated.gas_premium),
    };
    message.gas_fee_cap = match fee_cap {
        Some(fee_cap) => fee_cap.clone(),
        None => raised(&old.gas_fee_cap)
            .max(estimated.gas_fee_cap)
            .max(message.gas_premium.clone()),
    };
    if message.gas_fee_cap < message.gas_premium {
        bail!("the fee cap is less than the premium: raise --gas-fee-cap");
    }
    let address = message.from;
    let signed = node.call(WalletSignMessage { address, message })?;
    let cid = node.call(MpoolPush { message: signed })?;
    node.show(&cid, || cid.to_string())
}
