//! `db`: the database of a node: whether it is whole, what it takes up, and what of it can go.

use std::ops::ControlFlow;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use filigree_daemon::operator::{checked, usage};
use filigree_rpc::json::filigree::{StoreChecked, StoreUsage};
use filigree_rpc::method::filigree::{DbCheck, DbGc, DbUsage};
use filigree_store::Extent;
use filigree_store::check::{CheckProgress, check};

use super::snapshot::{open_db, open_home};
use crate::node::Common;
use crate::progress::Line;
use crate::task::beside;
use crate::{print, show};

/// Shown below the verbs.
pub const HELP: &str = "Examples:\n  filigree db check\n  filigree db usage";

const CHECK_HELP: &str = "\
Every header, message and state is read and compared with its CID, and receipts as far as they are there: those of an imported chain
are computed when they are asked for. Beside the running node, or in the directory of one
that is stopped. The exit code is 1 if something is missing or wrong.

Examples:
  filigree db check
  filigree db check --light --data copy --json";
const GC_HELP: &str = "\
Beside the running node, which knows what is still needed. With --light messages and states older than 2,000 epochs go as
well. What is kept is whole at every moment, also if the node is killed meanwhile.

Examples:
  filigree db gc
  filigree db gc --light --json";
const USAGE_HELP: &str = "Examples:\n  filigree db usage";

/// `db` with its verb.
#[derive(Debug, Args)]
pub struct Db {
    #[command(flatten)]
    common: Common,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// See whether the chain is complete.
    #[command(after_help = CHECK_HELP)]
    Check {
        /// Messages and states of the last 2,000 epochs only.
        #[arg(long)]
        light: bool,
    },

    /// Delete what the chain does not lead to.
    #[command(after_help = GC_HELP)]
    Gc {
        /// Old messages and states as well.
        #[arg(long)]
        light: bool,
    },

    /// Show what the database takes up.
    #[command(after_help = USAGE_HELP)]
    Usage,
}

/// Runs the verb.
pub fn run(db: &Db) -> Result<ExitCode> {
    let common = &db.common;
    match &db.verb {
        Verb::Check { light } => {
            let light = *light;
            let checked = match common.open_if_running()? {
                Some(node) => beside(&node, "checking", |task| node.call(DbCheck { light, task }))?,
                None => check_here(common, light)?,
            };
            common.show(&checked, || check_text(&checked))?;
            if !checked.good {
                return Ok(ExitCode::FAILURE);
            }
        }
        Verb::Gc { light } => {
            let node = common.open_if_running()?;
            let node = node.context(
                "garbage is collected beside the running node, which knows what is still needed: start it first",
            )?;
            let light = *light;
            let collected = beside(&node, "collecting", |task| node.call(DbGc { light, task }))?;
            common.show(&collected, || {
                print::facts([
                    ("blocks kept", print::digits(collected.kept_blocks)),
                    ("blocks deleted", print::digits(collected.deleted_blocks)),
                    ("bytes deleted", print::digits(collected.deleted_bytes)),
                    ("disk before", show::size_u64(collected.disk_bytes_before)),
                    ("disk after", show::size_u64(collected.disk_bytes_after)),
                    ("took", format!("{} ms", collected.millis)),
                ])
            })?;
        }
        Verb::Usage => {
            let usage = match common.open_if_running()? {
                Some(node) => node.call(DbUsage {})?,
                None => usage_here(common)?,
            };
            common.show(&usage, || {
                print::facts([
                    ("files", show::size_u64(usage.files_bytes)),
                    ("of blocks", show::size_u64(usage.blocks_bytes)),
                    ("blocks, about", print::digits(usage.blocks_estimate)),
                    ("cache", show::size_u64(usage.cache_bytes)),
                    ("writes in memory", show::size_u64(usage.write_buffer_bytes)),
                ])
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn check_text(checked: &StoreChecked) -> String {
    let verdict = match checked.good {
        true => "complete".to_owned(),
        false => format!(
            "{} blocks are missing or damaged",
            print::digits(checked.missing_count)
        ),
    };
    let mut facts = vec![("the chain is", verdict)];
    if checked.floor > 0 {
        facts.push((
            "without",
            format!(
                "states and messages up to epoch {}, which were deleted or not imported",
                checked.floor
            ),
        ));
    }
    facts.extend([
        ("headers", print::digits(checked.headers)),
        ("blocks", print::digits(checked.blocks)),
        ("bytes", print::digits(checked.bytes)),
    ]);
    let facts = print::facts(facts);
    let findings: Vec<String> = checked
        .findings
        .iter()
        .map(|finding| print::plain(finding))
        .collect();
    facts + &findings.join("\n")
}

fn check_here(common: &Common, light: bool) -> Result<StoreChecked> {
    let home = open_home(common)?;
    let db = open_db(&home)?;
    let extent = if light { Extent::LIGHT } else { Extent::FULL };
    let line = Line::default();
    let report = check(&db, None, extent, &[], &mut |progress: &CheckProgress| {
        line.counts(progress.counts());
        ControlFlow::Continue(())
    });
    line.clear();
    let report = report?;
    Ok(checked(&report))
}

fn usage_here(common: &Common) -> Result<StoreUsage> {
    let home = open_home(common)?;
    Ok(usage(open_db(&home)?.usage()))
}
