//! `chain`: tipsets, blocks, messages, and how the head moves.

use std::net::TcpStream;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use cid::Cid;
use clap::{Args, Subcommand};
use filigree_blocks::Tipset;
use filigree_rpc::json::Json;
use filigree_rpc::json::call::MessageMatch;
use filigree_rpc::json::chain::MaybeAddress;
use filigree_rpc::json::ipld::parse_cid;
use filigree_rpc::json::node::HeadChange;
use filigree_rpc::method::chain::{
    ChainGetBlock, ChainGetBlockMessages, ChainGetEvents, ChainGetMessagesInTipset, ChainGetPath,
    ChainGetTipSet, ChainReadObj, ChainSetHead, ChainTipSetWeight,
};
use filigree_rpc::method::state::search::StateListMessages;
use fvm_shared::clock::ChainEpoch;
use serde_json::{Value, json};
use tungstenite::client::IntoClientRequest;
use tungstenite::http::HeaderValue;

use crate::node::{Common, Node};
use crate::{print, show};

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
        Verb::List { from, count } => list(&node, from.as_deref(), *count)?,
        Verb::Tipset { tipset } => {
            let tipset = node.tipset(Some(tipset))?;
            show_tipset(&node, &tipset)?;
        }
        Verb::Block { cid } => show_block(&node, *cid)?,
        Verb::Messages {
            tipset,
            address,
            since,
        } => match address {
            Some(address) => list_messages(&node, tipset.as_deref(), address, *since)?,
            None => messages(&node, tipset.as_deref())?,
        },
        Verb::Get { cid } => {
            let object = node.call(ChainReadObj { cid: *cid })?;
            let bytes = format!("0x{}", hex::encode(&object.0));
            node.show_value(Value::String(bytes.clone()), || bytes)?;
        }
        Verb::Events { root } => events(&node, *root)?,
        Verb::Path { from, to } => {
            let path = node.call(ChainGetPath {
                from: node.tipset(Some(from))?.key().clone(),
                to: node.tipset(Some(to))?.key().clone(),
            })?;
            node.show(&path, || {
                let lines: Vec<String> = path.0.iter().map(step_line).collect();
                lines.join("\n")
            })?;
        }
        Verb::Notify { count } => notify(&node, *count)?,
        Verb::SetHead { tipset, yes } => {
            let tipset = node.tipset(Some(tipset))?;
            let head = node.head()?;
            if !yes {
                bail!(
                    "this would move the head from {} to {}; to do it, say --yes",
                    head.height(),
                    tipset.height()
                );
            }
            node.call(ChainSetHead {
                tipset: tipset.key().clone(),
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(node: &Node, from: Option<&str>, count: u32) -> Result<()> {
    let mut tipset = node.tipset(from)?;
    let mut tipsets = Vec::new();
    loop {
        let (height, parents) = (tipset.height(), tipset.parents().clone());
        tipsets.push(tipset);
        if height == 0 || tipsets.len() >= count as usize {
            break;
        }
        tipset = node.call(ChainGetTipSet { tipset: parents })?;
    }
    node.show(&tipsets, || {
        let rows = tipsets.iter().map(|tipset| {
            let miners: Vec<String> = tipset
                .headers()
                .map(|header| header.miner.to_string())
                .collect();
            vec![
                tipset.height().to_string(),
                show::ago(tipset.min_timestamp_seconds()),
                tipset.blocks().len().to_string(),
                miners.join(" "),
                tipset.blocks()[0].cid().to_string(),
            ]
        });
        print::columns(
            &["height", "made", "blocks", "miners", "first block"],
            rows,
            &[0, 2],
        )
    })
}

fn show_tipset(node: &Node, tipset: &Tipset) -> Result<()> {
    let weight = node.call(ChainTipSetWeight {
        tipset: tipset.key().clone(),
    })?;
    node.show(tipset, || {
        let facts = print::facts([
            ("height", tipset.height().to_string()),
            ("made", show::ago(tipset.min_timestamp_seconds())),
            ("parents", show::key(tipset.parents())),
            ("parent state", tipset.parent_state().to_string()),
            ("parent receipts", tipset.parent_receipts().to_string()),
            ("base fee", show::fil(tipset.parent_base_fee())),
            ("weight", weight.to_string()),
        ]);
        let rows = tipset.blocks().iter().map(|block| {
            let wins = block
                .header()
                .election_proof
                .as_ref()
                .map_or(0, |proof| proof.win_count);
            vec![
                block.cid().to_string(),
                block.header().miner.to_string(),
                wins.to_string(),
            ]
        });
        format!(
            "{facts}\n{}",
            print::columns(&["block", "miner", "wins"], rows, &[2])
        )
    })
}

fn show_block(node: &Node, cid: Cid) -> Result<()> {
    let header = node.call(ChainGetBlock { block: cid })?;
    let messages = node.call(ChainGetBlockMessages { block: cid })?;
    let cids: Vec<String> = messages.cids.iter().map(Cid::to_string).collect();
    let json = json!({ "header": print::of_rpc(&header)?, "messages": cids });
    node.show_value(json, || {
        let facts = print::facts([
            ("block", cid.to_string()),
            ("miner", header.miner.to_string()),
            ("height", header.height.to_string()),
            ("made", show::ago(header.timestamp_seconds)),
            ("parents", show::key(&header.parents)),
            ("parent state", header.parent_state.to_string()),
            ("messages", cids.len().to_string()),
        ]);
        let list: Vec<String> = cids.iter().map(|cid| format!("  {cid}\n")).collect();
        facts + &list.concat()
    })
}

fn messages(node: &Node, tipset: Option<&str>) -> Result<()> {
    let tipset = node.tipset(tipset)?;
    let messages = node.call(ChainGetMessagesInTipset {
        tipset: tipset.key().clone(),
    })?;
    node.show(&messages, || {
        let rows = messages.0.iter().map(|entry| {
            let message = &entry.message;
            vec![
                entry.cid.to_string(),
                message.from.to_string(),
                message.sequence.to_string(),
                message.to.to_string(),
                message.method_num.to_string(),
                show::fil(&message.value),
            ]
        });
        let names = ["message", "from", "nonce", "to", "method", "value"];
        print::columns(&names, rows, &[2, 5])
    })
}

fn list_messages(
    node: &Node,
    tipset: Option<&str>,
    address: &str,
    since: ChainEpoch,
) -> Result<()> {
    let tipset = node.key(tipset)?;
    let address = Some(node.address(address)?);
    let find = |from, to| {
        node.call(StateListMessages {
            matching: MessageMatch {
                to: MaybeAddress(to),
                from: MaybeAddress(from),
            },
            tipset: tipset.clone(),
            to_epoch: since,
        })
    };
    let mut cids = find(address, None)?.0;
    for cid in find(None, address)?.0 {
        if !cids.contains(&cid) {
            cids.push(cid);
        }
    }
    node.show(&cids, || {
        let lines: Vec<String> = cids.iter().map(Cid::to_string).collect();
        lines.join("\n")
    })
}

fn events(node: &Node, root: Cid) -> Result<()> {
    let events = node.call(ChainGetEvents { root })?;
    node.show(&events, || {
        let mut rows = Vec::new();
        for event in &events.0 {
            for entry in &event.entries {
                rows.push(vec![
                    format!("f0{}", event.emitter),
                    print::plain(&entry.key),
                    format!("0x{}", hex::encode(&entry.value.0)),
                ]);
            }
        }
        print::columns(&["emitter", "key", "value"], rows, &[])
    })
}

/// Subscribes and prints what comes.
fn notify(node: &Node, count: Option<u64>) -> Result<()> {
    let address = node.url.strip_prefix("http://");
    let address = address.context("the head can be watched over http:// only")?;
    let authority = address.split('/').next().unwrap_or(address);
    let stream = TcpStream::connect(authority).with_context(|| authority.to_owned())?;
    let mut request = format!("ws://{address}").into_client_request()?;
    if let Some(token) = &node.token {
        let value = HeaderValue::from_str(&format!("Bearer {token}"))?;
        request.headers_mut().insert("Authorization", value);
    }
    let (mut socket, _) = tungstenite::client(request, stream)
        .map_err(|e| anyhow::anyhow!("{authority} takes no WebSocket: {e}"))?;
    let subscribe =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "Filecoin.ChainNotify", "params": [] });
    socket.send(tungstenite::Message::text(subscribe.to_string()))?;
    let mut left = count.unwrap_or(u64::MAX);
    while left > 0 {
        let message = socket.read().context("the node ended the connection")?;
        let tungstenite::Message::Text(text) = message else {
            continue;
        };
        let mut message: Value = serde_json::from_str(&text)?;
        if let Some(error) = message.get("error").filter(|error| !error.is_null()) {
            bail!("{}", error["message"].as_str().unwrap_or("refused"));
        }
        match message["method"].as_str() {
            Some("xrpc.ch.val") => {
                for step in Vec::<HeadChange>::read(message["params"][1].take())? {
                    print_step(node, &step)?;
                    left = left.saturating_sub(1);
                }
            }
            Some("xrpc.ch.close") => {
                bail!("the node closed the channel: too much was missed; start again")
            }
            _ => {}
        }
    }
    Ok(())
}

fn print_step(node: &Node, step: &HeadChange) -> Result<()> {
    if node.is_json() {
        return print::text(&print::of_rpc(step)?.to_string());
    }
    print::text(&step_line(step))
}

fn step_line(step: &HeadChange) -> String {
    format!(
        "{:<8} {}",
        print::plain(&step.kind),
        show::tipset(&step.tipset)
    )
}
