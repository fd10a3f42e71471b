//! `state`: what is on chain, and what would be: actors, calls for trial, replays, the market, the network.

mod replay;

use std::process::ExitCode;

use anyhow::{Result, bail};
use cid::Cid;
use clap::{Args, Subcommand};
use filigree_rpc::json::Json;
use filigree_rpc::json::ipld::parse_cid;
use filigree_rpc::json::market::MarketDeal;
use filigree_rpc::method::state::actors::{
    StateAccountKey, StateGetActor, StateListActors, StateLookupID, StateLookupRobustAddress,
    StateReadState,
};
use filigree_rpc::method::state::market::{
    StateMarketBalance, StateMarketDeals, StateMarketParticipants, StateMarketStorageDeal,
};
use filigree_rpc::method::state::miner::{StateListMiners, StateMinerPower};
use filigree_rpc::method::state::network::{
    StateActorCodeCIDs, StateGetNetworkParams, StateNetworkName, StateNetworkVersion,
    StateVMCirculatingSupplyInternal,
};
use fvm_shared::econ::TokenAmount;
use serde_json::json;

use crate::node::{Common, Node};
use crate::sending::amount;
use crate::{print, show};

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
        Verb::Actor { address } => actor(&node, address, at)?,
        Verb::Read { address } => read(&node, address, at)?,
        Verb::Actors { codes: true } => codes(&node, at)?,
        Verb::Actors { codes: false } => actors(&node, at)?,
        Verb::Lookup { address } => lookup(&node, address, at)?,
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
        Verb::Miners => miners(&node, at)?,
        Verb::Power { miner } => power(&node, miner.as_deref(), at)?,
        Verb::Market { address } => market(&node, address.as_deref(), at)?,
        Verb::Deals { deal } => deals(&node, *deal, at)?,
        Verb::Network => network(&node, at)?,
        Verb::Supply => supply(&node, at)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn actor(node: &Node, address: &str, at: Option<&str>) -> Result<()> {
    let (actor, tipset) = (node.address(address)?, node.key(at)?);
    let state = node.call(StateGetActor {
        actor,
        tipset: tipset.clone(),
    })?;
    let id = node.call(StateLookupID { actor, tipset })?;
    node.show(&state, || {
        let mut facts = vec![
            ("actor", id.to_string()),
            ("balance", show::fil(&state.balance)),
            ("nonce", state.sequence.to_string()),
            ("code", state.code.to_string()),
            ("state", state.state.to_string()),
        ];
        if let Some(delegated) = &state.delegated_address {
            facts.push(("delegated", delegated.to_string()));
        }
        print::facts(facts)
    })
}

/// The CID of a message. Who has an epoch in mind is told how to name it.
fn message_of(text: &str) -> Result<Cid> {
    let is_epoch = text.parse::<u64>().is_ok();
    if is_epoch {
        bail!("{text} is an epoch: for its tipset write --tipset {text}");
    }
    Ok(parse_cid(text)?)
}

fn read(node: &Node, address: &str, at: Option<&str>) -> Result<()> {
    let (actor, tipset) = (node.address(address)?, node.key(at)?);
    let view = node.call(StateReadState { actor, tipset })?;
    node.show(&view, || {
        let state = serde_json::to_string_pretty(&view.state).unwrap_or_default();
        let facts = print::facts([
            ("balance", show::fil(&view.balance)),
            ("code", view.code.to_string()),
        ]);
        facts + &state
    })
}

fn codes(node: &Node, at: Option<&str>) -> Result<()> {
    let tipset = node.key(at)?;
    let version = node.call(StateNetworkVersion { tipset })?;
    let codes = node.call(StateActorCodeCIDs { version })?;
    node.show(&codes, || {
        let rows = codes
            .iter()
            .map(|(name, cid)| vec![print::plain(name), cid.to_string()]);
        print::columns(&["actor", "code"], rows, &[])
    })
}

fn actors(node: &Node, at: Option<&str>) -> Result<()> {
    let tipset = node.key(at)?;
    let actors = node.call(StateListActors { tipset })?;
    node.show(&actors, || {
        let lines: Vec<String> = actors.iter().map(ToString::to_string).collect();
        lines.join("\n")
    })
}

fn lookup(node: &Node, address: &str, at: Option<&str>) -> Result<()> {
    let (actor, tipset) = (node.address(address)?, node.key(at)?);
    let id = node.call(StateLookupID {
        actor,
        tipset: tipset.clone(),
    })?;
    let robust = node.call(StateLookupRobustAddress {
        actor,
        tipset: tipset.clone(),
    });
    let account = actor;
    // Actors that are no accounts have no key, and some have no address but their number.
    let key = node.call(StateAccountKey { account, tipset }).ok();
    let text = |address: Option<fvm_shared::address::Address>| address.map(|a| a.to_string());
    let (robust, key) = (text(robust.ok()), text(key));
    let json = json!({ "id": id.to_string(), "robust": robust, "key": key });
    node.show_value(json, || {
        let none = || "none".to_owned();
        print::facts([
            ("id", id.to_string()),
            ("robust", robust.unwrap_or_else(none)),
            ("key", key.unwrap_or_else(none)),
        ])
    })
}

fn miners(node: &Node, at: Option<&str>) -> Result<()> {
    let tipset = node.key(at)?;
    let miners = node.call(StateListMiners {
        tipset: tipset.clone(),
    })?;
    let mut rows = Vec::new();
    let mut all = Vec::new();
    for miner in miners.0 {
        let tipset = tipset.clone();
        let power = node.call(StateMinerPower { miner, tipset })?;
        all.push(json!({ "miner": miner.to_string(), "power": print::of_rpc(&power)? }));
        rows.push(vec![
            miner.to_string(),
            show::size(&power.miner.raw_bytes),
            show::size(&power.miner.quality_adjusted),
            if power.has_min_power { "yes" } else { "no" }.to_owned(),
        ]);
    }
    node.show_value(all.into(), || {
        print::columns(&["miner", "raw", "adjusted", "makes blocks"], rows, &[1, 2])
    })
}

fn power(node: &Node, miner: Option<&str>, at: Option<&str>) -> Result<()> {
    let miner = match miner {
        Some(miner) => node.address(miner)?,
        // Who has none is told the network's.
        None => fvm_shared::address::Address::new_id(0),
    };
    let is_of_miner = miner != fvm_shared::address::Address::new_id(0);
    let tipset = node.key(at)?;
    let power = node.call(StateMinerPower { miner, tipset })?;
    node.show(&power, || {
        let mut facts = Vec::new();
        if is_of_miner {
            facts.push(("raw", show::size(&power.miner.raw_bytes)));
            facts.push(("adjusted", show::size(&power.miner.quality_adjusted)));
            let makes = if power.has_min_power { "yes" } else { "no" };
            facts.push(("makes blocks", makes.to_owned()));
        }
        facts.push(("network, raw", show::size(&power.total.raw_bytes)));
        facts.push((
            "network, adjusted",
            show::size(&power.total.quality_adjusted),
        ));
        print::facts(facts)
    })
}

fn market(node: &Node, address: Option<&str>, at: Option<&str>) -> Result<()> {
    let tipset = node.key(at)?;
    if let Some(address) = address {
        let address = node.address(address)?;
        let balance = node.call(StateMarketBalance { address, tipset })?;
        return node.show(&balance, || {
            print::facts([
                ("escrow", show::fil(&balance.escrow)),
                ("locked", show::fil(&balance.locked)),
            ])
        });
    }
    let all = node.call(StateMarketParticipants { tipset })?;
    node.show(&all, || {
        let rows = all.iter().map(|(who, balance)| {
            vec![
                print::plain(who),
                show::fil(&balance.escrow),
                show::fil(&balance.locked),
            ]
        });
        print::columns(&["who", "escrow", "locked"], rows, &[1, 2])
    })
}

fn deals(node: &Node, deal: Option<u64>, at: Option<&str>) -> Result<()> {
    let tipset = node.key(at)?;
    if let Some(deal) = deal {
        let found = node.call(StateMarketStorageDeal { deal, tipset })?;
        return node.show(&found, || {
            let json = print::of_rpc(&found).unwrap_or_default();
            serde_json::to_string_pretty(&json).unwrap_or_default()
        });
    }
    let deals = node.call(StateMarketDeals { tipset })?;
    node.show(&deals, || {
        let row = |(number, deal): (&String, &MarketDeal)| {
            let proposal = &deal.proposal;
            let since = match deal.state.sector_start_epoch {
                -1 => "not yet".to_owned(),
                epoch => epoch.to_string(),
            };
            vec![
                print::plain(number),
                proposal.client.to_string(),
                proposal.provider.to_string(),
                show::size_u64(proposal.piece_size_bytes),
                proposal.start_epoch.to_string(),
                proposal.end_epoch.to_string(),
                since,
            ]
        };
        let names = [
            "deal",
            "client",
            "provider",
            "piece",
            "start",
            "end",
            "stored since",
        ];
        print::columns(&names, deals.iter().map(row), &[0, 3, 4, 5, 6])
    })
}

fn network(node: &Node, at: Option<&str>) -> Result<()> {
    let tipset = node.key(at)?;
    let name = node.call(StateNetworkName {})?;
    let version = u32::from(node.call(StateNetworkVersion { tipset })?);
    let params = node.call(StateGetNetworkParams {})?;
    let json = json!({ "name": name, "version": version, "params": print::of_rpc(&params)? });
    node.show_value(json, || {
        print::facts([
            ("name", print::plain(&name)),
            ("version", version.to_string()),
            ("block time", format!("{} s", params.block_delay_seconds)),
            ("least power", show::size(&params.min_miner_power)),
            (
                "seed after",
                format!("{} epochs", params.pre_commit_challenge_delay),
            ),
            ("Ethereum chain id", params.eth_chain_id.to_string()),
            ("began", show::ago(params.genesis_timestamp_seconds)),
        ])
    })
}

fn supply(node: &Node, at: Option<&str>) -> Result<()> {
    let tipset = node.key(at)?;
    let supply = node.call(StateVMCirculatingSupplyInternal { tipset })?;
    node.show(&supply, || {
        let amounts = print::of_rpc(&supply).unwrap_or_default();
        let amounts = amounts.as_object().cloned().unwrap_or_default();
        print::facts(amounts.into_iter().map(|(name, value)| {
            let name = show::words(name.trim_start_matches("Fil"));
            let amount = TokenAmount::read(value).map(|amount| show::fil(&amount));
            (name, amount.unwrap_or_default())
        }))
    })
}
