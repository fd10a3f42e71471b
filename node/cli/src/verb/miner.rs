//! `miner`: a miner as it stands on chain, and how its proving goes.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use filigree_rpc::json::miner::{DeadlineInfo, MinerPower};
use filigree_rpc::method::filigree::{Deadlines, Network};
use filigree_rpc::method::state::miner::{
    StateMinerAvailableBalance, StateMinerDeadlines, StateMinerFaults, StateMinerInfo,
    StateMinerPartitions, StateMinerPower, StateMinerProvingDeadline, StateMinerRecoveries,
};
use filigree_rpc::method::state::sector::{StateMinerSectorCount, StateMinerSectors};
use filigree_rpc::method::wallet::WalletBalance;
use fvm_shared::address::Address;
use serde_json::json;

use crate::node::{Common, Node};
use crate::{print, show};

/// Shown below the verbs.
pub const HELP: &str = "\
Without --miner it is the first miner of the node's process.

Examples:
  filigree miner info
  filigree miner deadlines --miner f01001";

const LIST_HELP: &str = "Examples:\n  filigree miner list";
const INFO_HELP: &str =
    "Examples:\n  filigree miner info\n  filigree miner info --miner f01001 --json";
const SECTORS_HELP: &str = "\
Sectors that are proven, as they stand on chain; those still on their way are in `filigree sector list`.

Examples:
  filigree miner sectors";
const DEADLINES_HELP: &str = "\
With what the node did for each, if the miner is one of its process.

Examples:
  filigree miner deadlines";
const PARTITIONS_HELP: &str = "Examples:\n  filigree miner partitions 12";
const FAULTS_HELP: &str = "Examples:\n  filigree miner faults --json";

/// `miner` with its verb.
#[derive(Debug, Args)]
pub struct Miner {
    #[command(flatten)]
    common: Common,

    /// Which.
    #[arg(long, global = true, value_name = "ADDRESS")]
    miner: Option<String>,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the miners of the node's process.
    #[command(after_help = LIST_HELP)]
    List,

    /// Show who a miner is, and what it has.
    #[command(after_help = INFO_HELP)]
    Info,

    /// List sectors that are proven.
    #[command(after_help = SECTORS_HELP)]
    Sectors,

    /// Show the deadlines of the proving period.
    #[command(after_help = DEADLINES_HELP)]
    Deadlines,

    /// Show the partitions of a deadline.
    #[command(after_help = PARTITIONS_HELP)]
    Partitions {
        /// The deadline, 0 to 47.
        deadline: u64,
    },

    /// Show which sectors are faulty, and which of them are declared to be well again.
    #[command(after_help = FAULTS_HELP)]
    Faults,
}

/// Runs the verb.
pub fn run(verb: &Miner) -> Result<ExitCode> {
    let node = verb.common.open()?;
    if let Verb::List = &verb.verb {
        let miners = node.call(Network {})?.miners;
        node.show(&miners, || {
            let lines: Vec<String> = miners.iter().map(ToString::to_string).collect();
            lines.join("\n")
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    let miner = choose(&node, verb.miner.as_deref())?;
    match &verb.verb {
        Verb::List | Verb::Info => info(&node, miner)?,
        Verb::Sectors => sectors(&node, miner)?,
        Verb::Deadlines => deadlines(&node, miner)?,
        Verb::Partitions { deadline } => partitions(&node, miner, *deadline)?,
        Verb::Faults => faults(&node, miner)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The miner that is meant: the one that is named, or the first of the node's process.
pub fn choose(node: &Node, named: Option<&str>) -> Result<Address> {
    if let Some(named) = named {
        return node.address(named);
    }
    let miners = node.call(Network {})?.miners;
    let first = miners.first().copied();
    first.context("there is no miner in the node's process: name one with --miner")
}

fn info(node: &Node, miner: Address) -> Result<()> {
    let tipset = node.key(None)?;
    let info = node.call(StateMinerInfo {
        miner,
        tipset: tipset.clone(),
    })?;
    let power = node.call(StateMinerPower {
        miner,
        tipset: tipset.clone(),
    })?;
    let count = node.call(StateMinerSectorCount {
        miner,
        tipset: tipset.clone(),
    })?;
    let available = node.call(StateMinerAvailableBalance {
        miner,
        tipset: tipset.clone(),
    })?;
    let deadline = node.call(StateMinerProvingDeadline { miner, tipset })?;
    let balance = node.call(WalletBalance { address: miner })?;
    let json = json!({
        "miner": miner.to_string(),
        "info": print::of_rpc(&info)?,
        "power": print::of_rpc(&power)?,
        "sectors": print::of_rpc(&count)?,
        "balance": balance.atto().to_string(),
        "available": available.atto().to_string(),
        "deadline": print::of_rpc(&deadline)?,
    });
    node.show_value(json, || {
        let mut facts = vec![
            ("miner", miner.to_string()),
            ("owner", info.owner.to_string()),
            ("worker", info.worker.to_string()),
            ("control", listed(&info.control_addresses)),
            ("beneficiary", info.beneficiary.to_string()),
            ("sector size", show::size_u64(info.sector_size_bytes)),
            ("power, raw", show::size(&power.miner.raw_bytes)),
            ("power, adjusted", show::size(&power.miner.quality_adjusted)),
            ("of the network", show::size(&power.total.quality_adjusted)),
            ("makes blocks", makes_blocks(&power)),
            (
                "sectors",
                format!(
                    "{} live, {} active, {} faulty",
                    count.live, count.active, count.faulty
                ),
            ),
            ("balance", show::fil(&balance)),
            ("available", show::fil(&available)),
            ("deadline", shown(&deadline)),
        ];
        if let Some(peer) = &info.peer_id {
            facts.push(("peer", print::plain(peer)));
        }
        print::facts(facts)
    })
}

fn listed(addresses: &[Address]) -> String {
    let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    match addresses.is_empty() {
        true => "none".to_owned(),
        false => addresses.join(" "),
    }
}

fn makes_blocks(power: &MinerPower) -> String {
    let makes = match power.has_min_power {
        true => "yes",
        false => "no: too little power",
    };
    makes.to_owned()
}

fn shown(deadline: &DeadlineInfo) -> String {
    format!(
        "{} of {}, epochs {} to {} (now {})",
        deadline.index,
        deadline.period_deadlines,
        deadline.open,
        deadline.close - 1,
        deadline.current_epoch
    )
}

fn sectors(node: &Node, miner: Address) -> Result<()> {
    let sectors = node.call(StateMinerSectors {
        miner,
        sectors: None,
        tipset: node.key(None)?,
    })?;
    node.show(&sectors, || {
        let rows = sectors.0.iter().map(|sector| {
            vec![
                sector.number.to_string(),
                sector.activation.to_string(),
                sector.expiration.to_string(),
                show::fil(&sector.initial_pledge),
                sector.sealed.to_string(),
            ]
        });
        let names = ["sector", "since", "expires", "pledge", "sealed"];
        print::columns(&names, rows, &[0, 1, 2, 3])
    })
}

fn deadlines(node: &Node, miner: Address) -> Result<()> {
    let is_here = node.call(Network {})?.miners.contains(&miner);
    if is_here {
        let deadlines = node.call(Deadlines { miner })?;
        return node.show(&deadlines, || {
            let rows = deadlines.iter().map(|deadline| {
                vec![
                    deadline.index.to_string(),
                    deadline.open.to_string(),
                    deadline.close.to_string(),
                    format!("{}/{}", deadline.proven, deadline.partitions),
                    deadline.sectors.to_string(),
                    deadline.faults.to_string(),
                    print::plain(&deadline.last_result),
                ]
            });
            let names = [
                "deadline", "opens", "closes", "proven", "sectors", "faults", "last",
            ];
            print::columns(&names, rows, &[0, 1, 2, 3, 4, 5])
        });
    }
    let tipset = node.key(None)?;
    let deadlines = node.call(StateMinerDeadlines {
        miner,
        tipset: tipset.clone(),
    })?;
    let mut rows = Vec::new();
    for (index, deadline) in (0..).zip(&deadlines) {
        let partitions = node.call(StateMinerPartitions {
            miner,
            deadline: index,
            tipset: tipset.clone(),
        })?;
        let count = |get: fn(&filigree_rpc::json::miner::Partition) -> u64| -> u64 {
            partitions.0.iter().map(get).sum()
        };
        rows.push(vec![
            index.to_string(),
            format!("{}/{}", deadline.proven.len(), partitions.0.len()),
            count(|partition| partition.live.len()).to_string(),
            count(|partition| partition.faulty.len()).to_string(),
        ]);
    }
    node.show(&deadlines, || {
        print::columns(
            &["deadline", "proven", "sectors", "faults"],
            rows,
            &[0, 1, 2, 3],
        )
    })
}

fn partitions(node: &Node, miner: Address, deadline: u64) -> Result<()> {
    let partitions = node.call(StateMinerPartitions {
        miner,
        deadline,
        tipset: node.key(None)?,
    })?;
    node.show(&partitions, || {
        let rows = (0..).zip(&partitions.0).map(|(index, partition)| {
            let index: u64 = index;
            vec![
                index.to_string(),
                show::numbers(&partition.live),
                show::numbers(&partition.active),
                show::numbers(&partition.faulty),
                show::numbers(&partition.recovering),
            ]
        });
        let names = ["partition", "live", "active", "faulty", "recovering"];
        print::columns(&names, rows, &[0])
    })
}

fn faults(node: &Node, miner: Address) -> Result<()> {
    let tipset = node.key(None)?;
    let faulty = node.call(StateMinerFaults {
        miner,
        tipset: tipset.clone(),
    })?;
    let recovering = node.call(StateMinerRecoveries { miner, tipset })?;
    let json = json!({
        "faulty": faulty.iter().collect::<Vec<u64>>(),
        "recovering": recovering.iter().collect::<Vec<u64>>(),
    });
    node.show_value(json, || {
        print::facts([
            ("faulty", show::numbers(&faulty)),
            ("recovering", show::numbers(&recovering)),
        ])
    })
}
