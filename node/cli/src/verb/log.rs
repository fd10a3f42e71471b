//! `log`: what the node says, and from which level on.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use filigree_rpc::method::log::{LogAlerts, LogList, LogSetLevel};
use serde_json::Value;

use crate::node::Common;
use crate::print;

/// Shown below the verbs.
pub const HELP: &str = "Examples:\n  filigree log list\n  filigree log set-level filigree_mine debug\n  filigree log alerts";

const LIST_HELP: &str = "Examples:\n  filigree log list\n  filigree log list --json";
const SET_LEVEL_HELP: &str = "\
It holds until the node ends; `log.filter` in its configuration is what it starts with.

Examples:
  filigree log set-level filigree_mine debug
  filigree log set-level filigree_rpc::server trace
  filigree log set-level '*' info";
const ALERTS_HELP: &str = "\
Upgrades that failed, window proofs that are late or were missed, threads that have died: as they are now. The exit code is 1 if
there is any.

Examples:
  filigree log alerts
  filigree log alerts --json";

/// `log` with its verb.
#[derive(Debug, Args)]
pub struct Log {
    #[command(flatten)]
    common: Common,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the parts of the node whose log has a level of its own.
    #[command(after_help = LIST_HELP)]
    List,

    /// Set from which level on a part of the running node is logged.
    #[command(after_help = SET_LEVEL_HELP)]
    SetLevel {
        /// One that `log list` shows, or a module of it; `*` for all.
        part: String,
        /// off, error, warn, info, debug or trace.
        level: String,
    },

    /// Show what is wrong with the node now.
    #[command(after_help = ALERTS_HELP)]
    Alerts,
}

/// Runs the verb.
pub fn run(log: &Log) -> Result<ExitCode> {
    let node = log.common.open()?;
    match &log.verb {
        Verb::List => {
            let parts = node.call(LogList {})?;
            node.show(&parts, || parts.join("\n"))?;
        }
        Verb::SetLevel { part, level } => {
            node.call(LogSetLevel {
                subsystem: part.clone(),
                level: level.clone(),
            })?;
            let text = format!("{part} is logged from {level} on");
            node.show_value(Value::Bool(true), || text)?;
        }
        Verb::Alerts => {
            let alerts = node.call(LogAlerts {})?;
            node.show(&alerts, || {
                let rows = alerts.iter().map(|alert| {
                    let event = alert.last_active.as_ref();
                    let why = event.and_then(|event| event.message["why"].as_str());
                    let why = why.unwrap_or_default().to_owned();
                    vec![alert.kind.system.clone(), alert.kind.subsystem.clone(), why]
                });
                match alerts.is_empty() {
                    true => "nothing is wrong".to_owned(),
                    false => print::columns(&["part", "what", "why"], rows, &[]),
                }
            })?;
            if !alerts.is_empty() {
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
