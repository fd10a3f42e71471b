//! `state`: what is on chain, and what would be: actors, calls for trial, replays, the market, the network.

mod actors;
mod market;
mod miners;
mod network;
mod replay;

use std::process::ExitCode;

use anyhow::{Result, bail};
use cid::Cid;
use clap::{Args, Subcommand};
use filigree_rpc::json::ipld::parse_cid;
use fvm_shared::econ::TokenAmount;

use crate::node::Common;
use crate::sending::amount;

/// Shown below the verbs.
pub const HELP: &str = "\
State is that of the head, or of a tipset named with --at: by its height, or by CIDs of its blocks with commas between them.

Examples:
  filigree state actor f04
  filigree state call f01010 value";

const ACTOR_HELP: &str =
    "Examples:\n  filigree state actor f01000\n  filigree state actor savings --at 1000 --json";
const READ_HELP: &str = "\
The state's root as JSON, by the schema that the actor's code brings; null where it brings none.

Examples:
  filigree state read f04
  filigree state read f01010 --at 1000";
const ACTORS_HELP: &str =
    "Examples:\n  filigree state actors\n  filigree state actors --codes --json";
const LOOKUP_HELP: &str =
    "Examples:\n  filigree state lookup f0101\n  filigree state lookup savings";
const CALL_HELP: &str = "\
Nothing is sent, and nothing of it is kept. The exit code is 1 if the call fails.

Examples:
  filigree state call f01010 value
  filigree state call f01010 increment 5 --from savings --trace
  filigree state call f04 CurrentTotalPower --at 1000 --json";
const REPLAY_HELP: &str = "\
A message, or a whole tipset with all it does, is executed once more; the roots must come out that are on chain.

Examples:
  filigree state replay bafy2bzacecnamqgqmifpluoeldx7zzglxcljo6oja4vrmtj7432rphldpdmm2 --trace
  filigree state replay --tipset 1000";
const MINERS_HELP: &str = "Examples:\n  filigree state miners";
const POWER_HELP: &str =
    "Examples:\n  filigree state power\n  filigree state power f01000 --at 1000";
const MARKET_HELP: &str = "Examples:\n  filigree state market\n  filigree state market f01000";
const DEALS_HELP: &str = "Examples:\n  filigree state deals\n  filigree state deals 7 --json";
const NETWORK_HELP: &str =
    "Examples:\n  filigree state network\n  filigree state network --at 1000 --json";
const SUPPLY_HELP: &str = "Examples:\n  filigree state supply";

/// `state` with its verb.
#[derive(Debug, Args)]
pub struct State {
    #[command(flatten)]
    common: Common,

    /// The tipset whose state it is [default: the head].
    #[arg(long, global = true, value_name = "TIPSET")]
    at: Option<String>,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show an actor: code, state root, nonce, balance.
    #[command(after_help = ACTOR_HELP)]
    Actor {
        /// Which.
        address: String,
    },

    /// Show an actor's state.
    #[command(after_help = READ_HELP)]
    Read {
        /// Which.
        address: String,
    },

    /// List all actors, or the code of the built-in ones.
    #[command(after_help = ACTORS_HELP)]
    Actors {
        /// The code of the built-in actors instead.
        #[arg(long)]
        codes: bool,
    },

    /// Show all addresses of an actor.
    #[command(after_help = LOOKUP_HELP)]
    Lookup {
        /// One of them.
        address: String,
    },

    /// Try a call of any actor's method, with parameters as JSON.
    #[command(after_help = CALL_HELP)]
    Call(Call),

    /// Execute a message or a tipset once more.
    #[command(after_help = REPLAY_HELP)]
    Replay {
        /// The message.
        #[arg(conflicts_with = "tipset", required_unless_present = "tipset")]
        #[arg(value_parser = message_of)]
        message: Option<Cid>,

        /// The tipset.
        #[arg(long, value_name = "TIPSET")]
        tipset: Option<String>,

        /// Show what happened in each message.
        #[arg(long)]
        trace: bool,
    },

    /// List miners with their power.
    #[command(after_help = MINERS_HELP)]
    Miners,

    /// Show the power of the network, and of a miner.
    #[command(after_help = POWER_HELP)]
    Power {
        /// The miner.
        miner: Option<String>,
    },

    /// Show what somebody has in the market, or everybody.
    #[command(after_help = MARKET_HELP)]
    Market {
        /// Who.
        address: Option<String>,
    },

    /// Show deals.
    #[command(after_help = DEALS_HELP)]
    Deals {
        /// The number of one.
        deal: Option<u64>,
    },

    /// Show the network: name, version, parameters.
    #[command(after_help = NETWORK_HELP)]
    Network,

    /// Show where all FIL is.
    #[command(after_help = SUPPLY_HELP)]
    Supply,
}

/// Options of a call for trial.
#[derive(Debug, Args)]
pub struct Call {
    /// The actor: an address, or a name of the wallet.
    to: String,

    /// The method, by its name or number.
    method: String,

    /// The parameters, as JSON.
    #[arg(allow_negative_numbers = true)]
    params: Option<String>,

    /// Who would send it [default: f00, the system].
    #[arg(long, value_name = "ADDRESS")]
    from: Option<String>,

    /// What would go with it: `1.5FIL`, `100nanoFIL`.
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    value: Option<TokenAmount>,

    /// Show what happened in it.
    #[arg(long)]
    trace: bool,
}

/// Runs the verb.
pub fn run(state: &State) -> Result<ExitCode> {
    let node = state.common.open()?;
    let at = state.at.as_deref();
    match &state.verb {
        Verb::Actor { address } => actors::actor(&node, address, at)?,
        Verb::Read { address } => actors::read(&node, address, at)?,
        Verb::Actors { codes: true } => actors::codes(&node, at)?,
        Verb::Actors { codes: false } => actors::actors(&node, at)?,
        Verb::Lookup { address } => actors::lookup(&node, address, at)?,
        Verb::Call(call) => return replay::call(&node, call, at),
        Verb::Replay {
            message,
            tipset,
            trace,
        } => {
            return match (message, tipset) {
                (Some(message), _) => replay::message(&node, *message, *trace),
                (None, Some(tipset)) => replay::tipset(&node, tipset, *trace),
                (None, None) => bail!("name a message, or a tipset with --tipset"),
            };
        }
        Verb::Miners => miners::miners(&node, at)?,
        Verb::Power { miner } => miners::power(&node, miner.as_deref(), at)?,
        Verb::Market { address } => market::market(&node, address.as_deref(), at)?,
        Verb::Deals { deal } => market::deals(&node, *deal, at)?,
        Verb::Network => network::network(&node, at)?,
        Verb::Supply => network::supply(&node, at)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The CID of a message. Who has an epoch in mind is told how to name it.
fn message_of(text: &str) -> Result<Cid> {
    let is_epoch = text.parse::<u64>().is_ok();
    if is_epoch {
        bail!("{text} is an epoch: for its tipset write --tipset {text}");
    }
    Ok(parse_cid(text)?)
}
