//! `status`, `version` and `stop`: the node as a whole.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use filigree_blocks::TipsetKey;
use filigree_rpc::ClientError;
use filigree_rpc::json::filigree::{MinerRounds, TaskStatus};
use filigree_rpc::method::common::{Shutdown, Version};
use filigree_rpc::method::filigree::{Mining, Network, Tasks};
use filigree_rpc::method::mpool::MpoolPending;
use filigree_rpc::method::net::NodeStatus;
use serde_json::{Value, json};

use crate::node::Common;
use crate::task::amount;
use crate::{print, show};

/// Shown below the options of `status`.
pub const STATUS_HELP: &str = "Examples:\n  filigree status\n  filigree status --json";
/// Shown below the options of `version`.
pub const VERSION_HELP: &str = "\
That of this program, and that of the node if one runs.

Examples:
  filigree version
  filigree version --json";
/// Shown below the options of `stop`.
pub const STOP_HELP: &str = "\
It writes what it has in memory and ends, as it does after Ctrl-C.

Examples:
  filigree stop
  filigree stop --data copy";

/// Options of all three.
#[derive(Debug, Args)]
pub struct Plain {
    #[command(flatten)]
    common: Common,
}

/// Runs `status`.
pub fn status(verb: &Plain) -> Result<ExitCode> {
    let node = verb.common.open()?;
    let version = node.call(Version {})?;
    let network = node.call(Network {})?;
    let status = node.call(NodeStatus { chain: true })?;
    let mining = node.call(Mining {})?;
    let tasks = node.call(Tasks {})?;
    let head = node.head()?;
    let pending = node.call(MpoolPending {
        tipset: TipsetKey::new([]),
    })?;
    let json = json!({
        "version": version.version,
        "api": node.url,
        "network": print::of_rpc(&network)?,
        "head": print::of_rpc(head.key())?,
        "height": head.height(),
        "behind_seconds": status.sync.behind_seconds,
        "blocks_per_tipset": status.chain.last_100,
        "pending": pending.0.len(),
        "mining": print::of_rpc(&mining)?,
        "tasks": print::of_rpc(&tasks)?,
    });
    node.show_value(json, || {
        // A virtual clock shows no time of day, and one that stood still over night not that of the wall.
        let age = match network.clock.as_str() {
            "virtual" => String::new(),
            _ => format!(" ({} s old)", status.sync.behind_seconds),
        };
        let miners: Vec<String> = network.miners.iter().map(ToString::to_string).collect();
        let mut facts = vec![
            ("node", print::plain(&version.version)),
            ("api", node.url.clone()),
            ("data", print::plain(&network.data_directory)),
            ("network", print::plain(&network.name)),
            ("clock", print::plain(&network.clock)),
            ("proofs", print::plain(&network.proofs)),
        ];
        facts.extend(network.mock.iter().map(|mock| ("mock", print::plain(mock))));
        facts.extend([
            (
                "miners",
                if miners.is_empty() {
                    "none".to_owned()
                } else {
                    miners.join(" ")
                },
            ),
            (
                "head",
                format!("{}{age} {}", head.height(), show::key(head.key())),
            ),
            ("blocks per tipset", format!("{:.2}", status.chain.last_100)),
            ("messages waiting", pending.0.len().to_string()),
        ]);
        facts.extend(mining.iter().filter_map(trouble));
        facts.extend(tasks.iter().map(work));
        print::facts(facts)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Long work: `snapshot export chain.car.zst, writing, 3 of 10 epochs`.
fn work(task: &TaskStatus) -> (&'static str, String) {
    let name = format!("{} {}", task.name, task.about);
    let stage = match task.cancelled {
        true => "stopping",
        false => &task.stage,
    };
    let parts = [name.trim(), stage, &amount(task)].map(print::plain);
    let told: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    ("at work on", told.join(", "))
}

/// Why a miner makes no blocks, if it makes none.
fn trouble(miner: &MinerRounds) -> Option<(&'static str, String)> {
    let why = print::plain(&miner.trouble);
    (!why.is_empty()).then(|| {
        let text = format!(
            "{} made none at epoch {}: {why}",
            miner.miner, miner.last_round
        );
        ("blocks", text)
    })
}

/// Runs `version`.
pub fn version(verb: &Plain) -> Result<ExitCode> {
    let own = env!("CARGO_PKG_VERSION");
    let node = match verb.common.open_if_running() {
        Ok(Some(node)) => Some(node.call(Version {})?),
        Ok(None) => None,
        // Whoever named a node wants to hear of it.
        Err(error) if verb.common.names_url() => return Err(error),
        Err(_) => None,
    };
    let of_node = match &node {
        Some(version) => print::of_rpc(version)?,
        None => Value::Null,
    };
    let json = json!({ "program": own, "node": of_node });
    verb.common.show_value(json, || {
        print::facts([
            ("program", own.to_owned()),
            (
                "node",
                node.map_or_else(
                    || "none runs".to_owned(),
                    |version| print::plain(&version.version),
                ),
            ),
        ])
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Runs `stop`.
pub fn stop(verb: &Plain) -> Result<ExitCode> {
    let node = verb.common.open()?;
    match node.call(Shutdown {}) {
        // It may be gone before it has answered.
        Err(error) if !is_going(&error) => return Err(error),
        _ => {}
    }
    node.show_value(Value::Bool(true), || "the node is shutting down".to_owned())?;
    Ok(ExitCode::SUCCESS)
}

/// Whether a node ends its work, or has ended it.
fn is_going(error: &anyhow::Error) -> bool {
    match error.downcast_ref::<ClientError>() {
        Some(ClientError::NoAnswer { .. }) => true,
        Some(ClientError::Failed { message, .. }) => message.contains("shutting down"),
        _ => false,
    }
}
