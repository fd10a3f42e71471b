//! `sector`: sectors that the node's miners seal and prove.

use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use clap::{Args, Subcommand};
use filigree_rpc::json::filigree::SectorStatus;
use filigree_rpc::method::filigree::{Sector, SectorPledge, SectorRemove, SectorRetry, Sectors};
use fvm_shared::address::Address;

use super::miner::choose;
use crate::node::{Common, Node};
use crate::progress::Line;
use crate::{print, show};

/// Between two looks at a sector.
const LOOK: Duration = Duration::from_millis(500);
/// The state of a sector that is proven for as long as it lives.
const PROVING: &str = "Proving";

/// Shown below the verbs.
pub const HELP: &str = "\
Without --miner it is the first miner of the node's process.

Examples:
  filigree sector pledge
  filigree sector list";

const PLEDGE_HELP: &str = "\
Of committed capacity: it holds nothing, and gives its miner power. Sealing takes minutes, and the first sector of a development
network hundreds of CPU seconds more, for its parameters.

Examples:
  filigree sector pledge
  filigree sector pledge --wait --miner f01001";
const LIST_HELP: &str = "Examples:\n  filigree sector list\n  filigree sector list --json";
const STATUS_HELP: &str = "Examples:\n  filigree sector status 3";
const RETRY_HELP: &str = "Examples:\n  filigree sector retry 3";
const REMOVE_HELP: &str = "\
Only a sector that is not on chain; one that is has to be terminated first.

Examples:
  filigree sector remove 3 --yes";

/// `sector` with its verb.
#[derive(Debug, Args)]
pub struct SectorVerb {
    #[command(flatten)]
    common: Common,

    /// Whose.
    #[arg(long, global = true, value_name = "ADDRESS")]
    miner: Option<String>,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Begin a sector of committed capacity.
    #[command(after_help = PLEDGE_HELP)]
    Pledge {
        /// Wait until it is proven.
        #[arg(long)]
        wait: bool,
    },

    /// List the sectors that the node works on.
    #[command(after_help = LIST_HELP)]
    List,

    /// Show one of them.
    #[command(after_help = STATUS_HELP)]
    Status {
        /// Its number.
        number: u64,
    },

    /// Try at once what a sector waits to try again.
    #[command(after_help = RETRY_HELP)]
    Retry {
        /// Its number.
        number: u64,
    },

    /// Forget a sector, and delete its files.
    #[command(after_help = REMOVE_HELP)]
    Remove {
        /// Its number.
        number: u64,

        /// Do it.
        #[arg(long)]
        yes: bool,
    },
}

/// Runs the verb.
pub fn run(verb: &SectorVerb) -> Result<ExitCode> {
    let node = verb.common.open()?;
    let miner = choose(&node, verb.miner.as_deref())?;
    match &verb.verb {
        Verb::Pledge { wait } => {
            let number = node.call(SectorPledge { miner })?;
            if *wait {
                wait_for(&node, miner, number)?;
            }
            show_sector(&node, miner, number)?;
        }
        Verb::List => list(&node, miner)?,
        Verb::Status { number } => show_sector(&node, miner, *number)?,
        Verb::Retry { number } => {
            let number = *number;
            node.call(SectorRetry { miner, number })?;
        }
        Verb::Remove { number, yes } => {
            let number = *number;
            ensure!(
                *yes,
                "to delete the files of sector {number} of {miner}, say --yes"
            );
            node.call(SectorRemove { miner, number })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn wait_for(node: &Node, miner: Address, number: u64) -> Result<()> {
    let line = Line::default();
    loop {
        let sector = node.call(Sector { miner, number })?;
        if sector.state == PROVING {
            line.clear();
            return Ok(());
        }
        let mut what = format!("sector {number}: {}", print::plain(&sector.state));
        if !sector.error.is_empty() {
            what += &format!(" ({})", print::plain(&sector.error));
        }
        line.show(&what, 0, 0);
        if sector.state.starts_with("Fail") && sector.retry_at_seconds == 0 {
            line.clear();
            bail!("{what}; `filigree sector retry {number}` tries again");
        }
        sleep(LOOK);
    }
}

fn list(node: &Node, miner: Address) -> Result<()> {
    let sectors = node.call(Sectors { miner })?;
    node.show(&sectors, || {
        let rows = sectors.iter().map(|sector| {
            vec![
                sector.number.to_string(),
                print::plain(&sector.state),
                print::plain(&sector.doing),
                retry(sector),
                print::plain(&sector.error),
            ]
        });
        print::columns(
            &["sector", "state", "doing", "again", "because"],
            rows,
            &[0],
        )
    })
}

fn show_sector(node: &Node, miner: Address, number: u64) -> Result<()> {
    let sector = node.call(Sector { miner, number })?;
    node.show(&sector, || {
        let mut facts = vec![
            ("miner", miner.to_string()),
            ("sector", number.to_string()),
            ("state", print::plain(&sector.state)),
        ];
        if !sector.error.is_empty() {
            facts.push(("because", print::plain(&sector.error)));
            facts.push(("again", retry(&sector)));
        }
        for (name, cid) in [
            ("data", &sector.comm_d),
            ("sealed", &sector.comm_r),
            ("announced by", &sector.pre_commit_message),
            ("proven by", &sector.commit_message),
        ] {
            if let Some(cid) = cid {
                facts.push((name, cid.to_string()));
            }
        }
        print::facts(facts)
    })
}

/// How often something was tried, and when it is tried again.
fn retry(sector: &SectorStatus) -> String {
    match (sector.retries, sector.retry_at_seconds) {
        (0, _) => String::new(),
        (tried, 0) => format!("tried {tried} times"),
        (tried, at) => format!("tried {tried} times, next {}", show::ago(at)),
    }
}
