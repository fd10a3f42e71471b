//! `genesis`: the file a network begins with, looked at without a node. Also of networks that are older than what nodes run.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use cid::Cid;
use clap::{Args, Subcommand, ValueEnum};
use filigree_genesis::check::check;
use filigree_genesis::devnet::EXAMPLE;
use filigree_genesis::inspect::{Inspection, inspect};
use filigree_genesis::{PolicyName, car};
use filigree_store::links;
use fvm_ipld_blockstore::{Blockstore as _, MemoryBlockstore};
use fvm_shared::IDENTITY_HASH;
use fvm_shared::address::{Address, Network, set_current_network};
use serde_json::{Value, json};

use crate::node::Common;
use crate::print;

/// What mainnet is called in its init actor.
const MAINNET: &str = "testnetnet";
/// The same of the calibration network.
const CALIBNET: &str = "calibrationnet";

/// Shown below the verbs.
pub const HELP: &str =
    "Examples:\n  filigree genesis show genesis.car\n  filigree genesis template > mine.toml";

const SHOW_HELP: &str = "\
A CAR file whose root is the first block, compressed or not: `genesis.car` of a data directory, or that of mainnet or calibnet.
All of it is read, and every block compared with its CID.

Examples:
  filigree genesis show genesis.car
  filigree genesis show mainnet.car --json";

const WALK_HELP: &str = "\
Every link is followed, from the first block to the last leaf of each actor's state. The exit code is 1 if a block is missing.

Examples:
  filigree genesis walk genesis.car
  filigree genesis walk mainnet.car --json";
const CHECK_HELP: &str = "\
The invariants of all actors, those between them, and that all money is there. Of networks whose actors are of the versions that
nodes run. The exit code is 1 if something is wrong.

Examples:
  filigree genesis check genesis.car
  filigree genesis check genesis.car --policy mainnet";
const TEMPLATE_HELP: &str = "\
All that a network of your own can begin with: name, versions, rules, accounts, wallets of several signers, verifiers and their clients,
miners with their sectors. Every key is explained; what is left out is as usual.

Examples:
  filigree genesis template > mine.toml
  filigree devnet --genesis mine.toml --bundle devnet.car";

/// `genesis` with its verb.
#[derive(Debug, Args)]
pub struct Genesis {
    #[command(flatten)]
    common: Common,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show the first block of a network, and every actor of its first state.
    #[command(after_help = SHOW_HELP)]
    Show {
        /// The file.
        file: PathBuf,
    },

    /// Follow every link, and show how much of the first state is whose.
    #[command(after_help = WALK_HELP)]
    Walk {
        /// The file.
        file: PathBuf,
    },

    /// See whether the first state holds together.
    #[command(after_help = CHECK_HELP)]
    Check {
        /// The file.
        file: PathBuf,

        /// The limits and periods that the actors were built for [default: by the network's name].
        #[arg(long, value_name = "NAME")]
        policy: Option<Policy>,
    },

    /// Print a template for a network of your own.
    #[command(after_help = TEMPLATE_HELP)]
    Template,
}

/// Whose limits and periods.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Policy {
    Mainnet,
    Calibnet,
    Devnet,
}

/// Runs the verb.
pub fn run(genesis: &Genesis) -> Result<ExitCode> {
    let common = &genesis.common;
    match &genesis.verb {
        Verb::Show { file } => {
            let (_, inspection) = read(file)?;
            common.show_value(json(&inspection), || format!("{inspection}\n"))?;
            Ok(ExitCode::SUCCESS)
        }
        Verb::Walk { file } => walk(common, file),
        Verb::Check { file, policy } => check_state(common, file, *policy),
        Verb::Template => {
            common.show_value(EXAMPLE.into(), || EXAMPLE.to_owned())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// A file's blocks, and what they are. From then on addresses print as that network prints them.
fn read(file: &Path) -> Result<(MemoryBlockstore, Inspection)> {
    let read = || -> Result<_> {
        let store = MemoryBlockstore::new();
        let first = car::load(&store, file)?;
        let inspection = inspect(&store, &first)?;
        Ok((store, inspection))
    };
    let (store, inspection) =
        read().with_context(|| format!("{} is no genesis", file.display()))?;
    set_current_network(match inspection.network_name == MAINNET {
        true => Network::Mainnet,
        false => Network::Testnet,
    });
    Ok((store, inspection))
}

fn walk(common: &Common, file: &Path) -> Result<ExitCode> {
    let (store, inspection) = read(file)?;
    let header = &inspection.header;
    let mut walk = Walk {
        store: &store,
        seen: HashSet::new(),
        missing: Vec::new(),
    };
    let mut rows = Vec::new();
    for actor in &inspection.actors {
        let whose = Address::new_id(actor.id).to_string();
        rows.push((whose, actor.code.clone(), walk.below(actor.state)?));
    }
    // What is left: the tree that the actors are in, and what the first block has beside it.
    for (name, root) in [
        ("state tree", header.parent_state),
        ("messages", header.messages),
        ("receipts", header.parent_receipts),
    ] {
        rows.push((String::new(), name.to_owned(), walk.below(root)?));
    }
    let of = |(whose, what, (blocks, bytes)): &(String, String, (u64, u64))| json!({ "whose": whose, "what": what, "blocks": blocks, "bytes": bytes });
    let missing: Vec<String> = walk.missing.iter().map(ToString::to_string).collect();
    let json = json!({ "parts": rows.iter().map(of).collect::<Vec<_>>(), "missing": missing });
    common.show_value(json, || {
        let lines = rows.iter().map(|(whose, what, (blocks, bytes))| {
            let counts = [print::digits(*blocks), print::digits(*bytes)];
            [&[whose.clone(), what.clone()][..], &counts].concat()
        });
        let mut text = print::columns(&["actor", "what", "blocks", "bytes"], lines, &[2, 3]);
        for cid in &missing {
            text += &format!("{cid} is missing\n");
        }
        text
    })?;
    Ok(match missing.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// A walk over blocks, each met once.
struct Walk<'a> {
    store: &'a MemoryBlockstore,
    seen: HashSet<Cid>,
    missing: Vec<Cid>,
}

impl Walk<'_> {
    /// How many blocks there are from one down that were not met before, and their bytes.
    fn below(&mut self, root: Cid) -> Result<(u64, u64)> {
        let (mut blocks, mut bytes) = (0, 0);
        let mut open = vec![root];
        while let Some(cid) = open.pop() {
            if cid.hash().code() == IDENTITY_HASH || !self.seen.insert(cid) {
                continue;
            }
            let Some(block) = self.store.get(&cid)? else {
                self.missing.push(cid);
                continue;
            };
            blocks += 1;
            bytes += block.len() as u64;
            links(&cid, &block, &mut open).with_context(|| cid.to_string())?;
        }
        Ok((blocks, bytes))
    }
}

fn check_state(common: &Common, file: &Path, policy: Option<Policy>) -> Result<ExitCode> {
    let (store, inspection) = read(file)?;
    let policy = match (policy, inspection.network_name.as_str()) {
        (Some(Policy::Mainnet), _) | (None, MAINNET) => PolicyName::Mainnet,
        (Some(Policy::Calibnet), _) | (None, CALIBNET) => PolicyName::Calibnet,
        (Some(Policy::Devnet), _) | (None, _) => PolicyName::Devnet,
    };
    let root = inspection.header.parent_state;
    // Before the first epoch cron has run for none.
    let found = check(store, &root, policy.policy(), -1).with_context(|| {
        format!(
            "the state, a tree of version {}, cannot be read as actors of today have it",
            inspection.state_version
        )
    })?;
    common.show_value(json!(found), || match found.as_slice() {
        [] => "the first state holds together".to_owned(),
        found => found.join("\n"),
    })?;
    Ok(match found.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn json(inspection: &Inspection) -> Value {
    let actors = inspection.actors.iter().map(|actor| {
        json!({
            "id": Address::new_id(actor.id).to_string(),
            "code": actor.code,
            "state": actor.state.to_string(),
            "balance": actor.balance.atto().to_string(),
        })
    });
    json!({
        "network": inspection.network_name,
        "block": inspection.header.cid().to_string(),
        "timestamp": inspection.header.timestamp_seconds,
        "state": inspection.header.parent_state.to_string(),
        "state_version": inspection.state_version,
        "actors": actors.collect::<Vec<_>>(),
        "total": inspection.total().atto().to_string(),
    })
}
