//! `msg`: calls of any actor's methods, and messages that were sent.

use std::process::ExitCode;

use anyhow::Result;
use cid::Cid;
use clap::{Args, Subcommand};
use filigree_blocks::TipsetKey;
use filigree_rpc::json::ipld::parse_cid;
use filigree_rpc::json::{Bytes, Json};
use filigree_rpc::method::chain::ChainGetMessage;
use filigree_rpc::method::state::actors::StateDecodeParams;
use filigree_rpc::method::state::search::StateSearchMsg;
use fvm_shared::METHOD_SEND;
use fvm_shared::econ::TokenAmount;
use serde_json::{Value, json};

use crate::node::{Common, Node};
use crate::sending::{Sending, Waiting, Wish, amount, executed_facts, executed_json, failure};
use crate::{print, schema, show};

/// Shown below the verbs.
pub const HELP: &str =
    "Examples:\n  filigree msg methods f04\n  filigree msg call f01010 increment 5";

/// Shown below the options of `call`.
pub const CALL_HELP: &str = "\
The actor's code says which methods it has and what they take: `filigree msg methods` shows it. Parameters are JSON, by name,
in order, or alone; a lone word needs no quotes. Of code without a schema, the method is a number and parameters are hex.
To see what a call would do without sending anything: `filigree state call`. The exit code is 1 if the message fails.

Examples:
  filigree msg call f01010 increment 5
  filigree msg call f080 Propose '{\"to\":\"f0101\",\"value\":\"1\",\"method\":0,\"params\":\"0x\"}' --from savings
  filigree msg call f01000 2 --value 1FIL --json";

const METHODS_HELP: &str =
    "Examples:\n  filigree msg methods f04\n  filigree msg methods f01010 --json";
const SHOW_HELP: &str = "\
Examples:
  filigree msg show bafy2bzacecnamqgqmifpluoeldx7zzglxcljo6oja4vrmtj7432rphldpdmm2";
const WAIT_HELP: &str = "\
The exit code is 1 if the message fails.

Examples:
  filigree msg wait bafy2bzacecnamqgqmifpluoeldx7zzglxcljo6oja4vrmtj7432rphldpdmm2 --confidence 5";

/// `msg` with its verb.
#[derive(Debug, Args)]
pub struct Msg {
    #[command(flatten)]
    common: Common,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Call a method of an actor, with parameters as JSON.
    #[command(after_help = CALL_HELP)]
    Call(Call),

    /// Show the methods of an actor, and what they take.
    #[command(after_help = METHODS_HELP)]
    Methods {
        /// The actor.
        actor: String,
    },

    /// Show a message, and what came of it.
    #[command(after_help = SHOW_HELP)]
    Show {
        /// Its CID.
        #[arg(value_parser = parse_cid)]
        cid: Cid,
    },

    /// Wait until a message is executed.
    #[command(after_help = WAIT_HELP)]
    Wait {
        /// Its CID.
        #[arg(value_parser = parse_cid)]
        cid: Cid,

        #[command(flatten)]
        waiting: Waiting,
    },
}

/// Options of a call.
#[derive(Debug, Args)]
pub struct Call {
    /// The actor: an address, or a name of the wallet.
    pub to: String,

    /// The method, by its name or number.
    pub method: String,

    /// The parameters, as JSON.
    #[arg(allow_negative_numbers = true)]
    pub params: Option<String>,

    /// What goes with it: `1.5FIL`, `100nanoFIL`.
    #[arg(long, value_name = "AMOUNT", value_parser = amount)]
    value: Option<TokenAmount>,

    #[command(flatten)]
    sending: Sending,
}

/// Runs the verb.
pub fn run(msg: &Msg) -> Result<ExitCode> {
    let node = msg.common.open()?;
    match &msg.verb {
        Verb::Call(call) => run_call(&node, call),
        Verb::Methods { actor } => methods(&node, actor),
        Verb::Show { cid } => show_message(&node, *cid),
        Verb::Wait { cid, waiting } => {
            let lookup = waiting.wait(&node, *cid, 0)?;
            let failure = failure(&node, &lookup);
            let json = Value::Object(executed_json(&lookup, failure.as_deref()));
            node.show_value(json, || {
                print::facts(executed_facts(&lookup, failure.as_deref()))
            })?;
            Ok(match failure {
                Some(_) => ExitCode::FAILURE,
                None => ExitCode::SUCCESS,
            })
        }
    }
}

/// Makes a call.
pub fn run_call(node: &Node, call: &Call) -> Result<ExitCode> {
    let to = node.address(&call.to)?;
    // A send runs no code, and makes accounts that are not there.
    let schema = match call.method.as_str() {
        "0" | "Send" | "send" => None,
        _ => schema::of_actor(node, &to)?,
    };
    let prepared = schema::prepare(schema.as_ref(), &call.method, call.params.as_deref())?;
    let wish = Wish {
        to,
        value: call.value.clone().unwrap_or_default(),
        method: prepared.number,
        params: prepared.params,
    };
    let outcome = call.sending.send(node, wish)?;
    node.show_value(outcome.json(), || outcome.text())?;
    Ok(outcome.code())
}

/// Shows what an actor can be asked.
pub fn methods(node: &Node, actor: &str) -> Result<ExitCode> {
    let address = node.address(actor)?;
    let Some(schema) = schema::of_actor(node, &address)? else {
        node.show_value(Value::Null, || {
            format!("the code of {address} brings no schema")
        })?;
        return Ok(ExitCode::FAILURE);
    };
    node.show_value(serde_json::to_value(&schema)?, || {
        let rows = schema.methods.iter().map(|method| {
            let kind = serde_json::to_value(method.kind).ok();
            let kind = kind.and_then(|kind| kind.as_str().map(str::to_owned));
            vec![
                method.number.to_string(),
                kind.unwrap_or_default(),
                print::plain(&schema::signature(method)),
            ]
        });
        let rows: Vec<_> = rows.collect();
        format!(
            "{}\n{}",
            print::plain(&schema.actor),
            print::table(&rows, &[0])
        )
    })?;
    Ok(ExitCode::SUCCESS)
}

fn show_message(node: &Node, cid: Cid) -> Result<ExitCode> {
    let message = node.call(ChainGetMessage { message: cid })?;
    let lookup = node.call(StateSearchMsg {
        from: TipsetKey::new([]),
        message: cid,
        limit: -1,
        allow_replaced: true,
    })?;
    let params = match message.method_num {
        METHOD_SEND => None,
        method_number => node
            .call(StateDecodeParams {
                receiver: message.to,
                method_number,
                params: Bytes(message.params.to_vec()),
                tipset: TipsetKey::new([]),
            })
            .ok(),
    };
    let failure = lookup.as_ref().and_then(|lookup| failure(node, lookup));
    let mut json = json!({
        "message": print::of_rpc(&message)?,
        "params": params,
        "executed": lookup.is_some(),
    });
    if let (Some(lookup), Some(object)) = (&lookup, json.as_object_mut()) {
        object.extend(executed_json(lookup, failure.as_deref()));
    }
    node.show_value(json, || {
        let mut facts = vec![
            ("message", cid.to_string()),
            ("from", message.from.to_string()),
            ("to", message.to.to_string()),
            ("value", show::fil(&message.value)),
            ("nonce", message.sequence.to_string()),
            ("method", message.method_num.to_string()),
        ];
        match &params {
            Some(params) if !params.is_zero() => {
                facts.push(("parameters", print::plain(&params.to_string())));
            }
            _ if !message.params.is_empty() => {
                facts.push((
                    "parameters",
                    format!("0x{}", hex::encode(message.params.bytes())),
                ));
            }
            _ => {}
        }
        facts.push(("gas limit", print::digits(message.gas_limit)));
        facts.push(("fee cap", show::fil(&message.gas_fee_cap)));
        facts.push(("premium", show::fil(&message.gas_premium)));
        match &lookup {
            Some(lookup) => facts.extend(executed_facts(lookup, failure.as_deref())),
            None => facts.push(("executed", "not yet".to_owned())),
        }
        print::facts(facts)
    })?;
    Ok(ExitCode::SUCCESS)
}
