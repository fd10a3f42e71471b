//! `chain`: tipsets, blocks, messages, and how the head moves.

mod messages;
mod steps;
mod tipsets;

use std::process::ExitCode;

use anyhow::{Result, bail};
use cid::Cid;
use clap::{Args, Subcommand};
use filigree_rpc::json::ipld::parse_cid;
use filigree_rpc::method::chain::{ChainReadObj, ChainSetHead};
use fvm_shared::clock::ChainEpoch;
use serde_json::Value;

use crate::node::{Common, Node};
use crate::show;

/// Shown below the verbs.
pub const HELP: &str = "\
A tipset is named by its height, by CIDs of its blocks with commas between them, or as `head`.

Examples:
  filigree chain head
  filigree chain list --count 20";

const HEAD_HELP: &str = "Examples:\n  filigree chain head\n  filigree chain head --json";
const LIST_HELP: &str =
    "Examples:\n  filigree chain list\n  filigree chain list --from 1000 --count 50 --json";
const TIPSET_HELP: &str =
    "Examples:\n  filigree chain tipset 1000\n  filigree chain tipset head --json";
const BLOCK_HELP: &str = "\
Examples:
  filigree chain block bafy2bzacecnamqgqmifpluoeldx7zzglxcljo6oja4vrmtj7432rphldpdmm2";
const MESSAGES_HELP: &str = "\
Examples:
  filigree chain messages 1000
  filigree chain messages --address f0101 --since 500";
const GET_HELP: &str = "\
Of a message or a block's header there is `filigree msg show` and `filigree chain block`; this is for any other block.

Examples:
  filigree chain get bafy2bzacecnamqgqmifpluoeldx7zzglxcljo6oja4vrmtj7432rphldpdmm2";
const EVENTS_HELP: &str = "\
Examples:
  filigree chain events bafy2bzacecnamqgqmifpluoeldx7zzglxcljo6oja4vrmtj7432rphldpdmm2";
const PATH_HELP: &str = "Examples:\n  filigree chain path 990 head";
const NOTIFY_HELP: &str = "\
A line for each step, until it is stopped; with --json an object a line.

Examples:
  filigree chain notify
  filigree chain notify --count 10 --json";
const SET_HEAD_HELP: &str = "\
For repairs: that tipset becomes the head, whatever it weighs. A miner of this node signs no second block for an epoch that
it has signed one for, since it would be slashed for it: the chain that it makes grows again by the blocks that are there.

Examples:
  filigree chain set-head 1000 --yes";

/// `chain` with its verb.
#[derive(Debug, Args)]
pub struct Chain {
    #[command(flatten)]
    common: Common,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show the head.
    #[command(after_help = HEAD_HELP)]
    Head,

    /// List tipsets, the newest first.
    #[command(after_help = LIST_HELP)]
    List {
        /// The newest [default: the head].
        #[arg(long, value_name = "TIPSET")]
        from: Option<String>,

        /// How many.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        count: u32,
    },

    /// Show a tipset with its blocks.
    #[command(after_help = TIPSET_HELP)]
    Tipset {
        /// Which.
        tipset: String,
    },

    /// Show the header of a block and the messages in it.
    #[command(after_help = BLOCK_HELP)]
    Block {
        /// Its CID.
        #[arg(value_parser = parse_cid)]
        cid: Cid,
    },

    /// List the messages of a tipset, or those from and to an address.
    #[command(after_help = MESSAGES_HELP)]
    Messages {
        /// The tipset [default: the head].
        tipset: Option<String>,

        /// Those from and to this address instead, the newest first.
        #[arg(long)]
        address: Option<String>,

        /// With --address: back to this epoch.
        #[arg(long, value_name = "EPOCH", default_value_t = 0, requires = "address")]
        since: ChainEpoch,
    },

    /// Show a block of the store, as it is.
    #[command(after_help = GET_HELP)]
    Get {
        /// Its CID.
        #[arg(value_parser = parse_cid)]
        cid: Cid,
    },

    /// Show the events under a root that a receipt names.
    #[command(after_help = EVENTS_HELP)]
    Events {
        /// The root's CID.
        #[arg(value_parser = parse_cid)]
        root: Cid,
    },

    /// Show the steps from one tipset to another: what is reverted, what is applied.
    #[command(after_help = PATH_HELP)]
    Path {
        /// From this tipset.
        from: String,

        /// To this one.
        to: String,
    },

    /// Show how the head moves, as it does.
    #[command(after_help = NOTIFY_HELP)]
    Notify {
        /// End after so many steps.
        #[arg(long, value_name = "STEPS")]
        count: Option<u64>,
    },

    /// Make another tipset the head.
    #[command(after_help = SET_HEAD_HELP)]
    SetHead {
        /// Which.
        tipset: String,

        /// Do it.
        #[arg(long)]
        yes: bool,
    },
}

/// Runs the verb.
pub fn run(chain: &Chain) -> Result<ExitCode> {
    let node = chain.common.open()?;
    match &chain.verb {
        Verb::Head => {
            let head = node.head()?;
            node.show(&head, || show::tipset(&head))?;
        }
        Verb::List { from, count } => tipsets::list(&node, from.as_deref(), *count)?,
        Verb::Tipset { tipset } => {
            let tipset = node.tipset(Some(tipset))?;
            tipsets::show_tipset(&node, &tipset)?;
        }
        Verb::Block { cid } => tipsets::show_block(&node, *cid)?,
        Verb::Messages {
            tipset,
            address,
            since,
        } => match address {
            Some(address) => messages::list(&node, tipset.as_deref(), address, *since)?,
            None => messages::of_tipset(&node, tipset.as_deref())?,
        },
        Verb::Get { cid } => {
            let object = node.call(ChainReadObj { cid: *cid })?;
            let bytes = format!("0x{}", hex::encode(&object.0));
            node.show_value(Value::String(bytes.clone()), || bytes)?;
        }
        Verb::Events { root } => messages::events(&node, *root)?,
        Verb::Path { from, to } => steps::path(&node, from, to)?,
        Verb::Notify { count } => steps::notify(&node, *count)?,
        Verb::SetHead { tipset, yes } => set_head(&node, tipset, *yes)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn set_head(node: &Node, tipset: &str, is_sure: bool) -> Result<()> {
    let tipset = node.tipset(Some(tipset))?;
    if !is_sure {
        bail!(
            "this would move the head from {} to {}; to do it, say --yes",
            node.head()?.height(),
            tipset.height()
        );
    }
    node.call(ChainSetHead {
        tipset: tipset.key().clone(),
    })
}
