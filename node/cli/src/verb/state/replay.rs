//! Messages that are executed for trial, or once more: what came of them, and, as a tree, what happened.

use std::process::ExitCode;

use anyhow::Result;
use cid::Cid;
use filigree_blocks::{Tipset, TipsetKey};
use filigree_rpc::json::call::{ExecutionTrace, InvocResult};
use filigree_rpc::method::chain::ChainGetTipSetAfterHeight;
use filigree_rpc::method::state::call::{StateCall, StateCompute, StateReplay};
use filigree_schema::Schema;
use fvm_shared::address::Address;
use fvm_shared::error::ExitCode as ActorExit;
use fvm_shared::message::Message;
use serde_json::{Value, json};

use super::Call;
use crate::node::Node;
use crate::{print, schema, show};

/// Depth of calls that is shown. Chains allow 1024.
const MAX_DEPTH: usize = 64;

/// Tries a call.
pub fn call(node: &Node, call: &Call, at: Option<&str>) -> Result<ExitCode> {
    let to = node.address(&call.to)?;
    let known = match call.method.as_str() {
        "0" | "Send" | "send" => None,
        _ => schema::of_actor(node, &to)?,
    };
    let prepared = schema::prepare(known.as_ref(), &call.method, call.params.as_deref())?;
    let from = match &call.from {
        Some(from) => node.address(from)?,
        None => Address::new_id(0),
    };
    let message = Message {
        version: 0,
        from,
        to,
        sequence: 0,
        value: call.value.clone().unwrap_or_default(),
        method_num: prepared.number,
        params: prepared.params,
        gas_limit: 0,
        gas_fee_cap: Default::default(),
        gas_premium: Default::default(),
    };
    let tipset = node.key(at)?;
    let result = node.call(StateCall { message, tipset })?;
    let returned = returned(known.as_ref(), prepared.number, &result);
    show_result(node, &result, &returned, call.trace)
}

/// Executes a message once more.
pub fn message(node: &Node, message: Cid, is_traced: bool) -> Result<ExitCode> {
    let tipset = TipsetKey::new([]);
    let result = node.call(StateReplay { tipset, message })?;
    // The code may be another one by now: then what it returned is shown as it is.
    let known = schema::of_actor(node, &result.message.to).ok().flatten();
    let returned = returned(known.as_ref(), result.message.method_num, &result);
    show_result(node, &result, &returned, is_traced)
}

/// Executes a tipset once more, and compares the state's root with that on chain.
pub fn tipset(node: &Node, name: &str, is_traced: bool) -> Result<ExitCode> {
    let tipset = node.tipset(Some(name))?;
    let output = node.call(StateCompute {
        epoch: tipset.height(),
        messages: None,
        tipset: tipset.key().clone(),
    })?;
    let is_same = root_on_chain(node, &tipset)?.map(|root| root == output.root);
    let text = || {
        let verdict = match is_same {
            Some(true) => "as on chain",
            Some(false) => "not what is on chain",
            None => "no tipset on top of it says whether it is right",
        };
        let facts = print::facts([
            ("height", tipset.height().to_string()),
            ("state", format!("{} ({verdict})", output.root)),
            ("messages", output.trace.len().to_string()),
        ]);
        let mut text = facts;
        for result in &output.trace {
            text += &format!(
                "{} {} -> {} method {}: exit {}, gas {}\n",
                result.cid,
                result.message.from,
                result.message.to,
                result.message.method_num,
                show::exit(result.receipt.exit_code),
                print::digits(result.receipt.gas_used),
            );
            if is_traced {
                tree(&result.trace, 1, &mut text);
            }
        }
        text
    };
    let mut json = match is_traced {
        true => print::of_rpc(&output)?,
        false => {
            json!({ "Root": { "/": output.root.to_string() }, "Messages": output.trace.len() })
        }
    };
    json["OnChain"] = is_same.into();
    json["Height"] = tipset.height().into();
    node.show_value(json, text)?;
    Ok(match is_same {
        Some(false) => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    })
}

/// The state's root after a tipset, as the one on top of it says.
fn root_on_chain(node: &Node, tipset: &Tipset) -> Result<Option<Cid>> {
    let head = node.head()?;
    if head.height() <= tipset.height() {
        return Ok(None);
    }
    let child = node.call(ChainGetTipSetAfterHeight {
        epoch: tipset.height() + 1,
        from: head.key().clone(),
    })?;
    // Of a tipset that left the chain nobody says what came of it.
    Ok((child.parents() == tipset.key()).then(|| child.parent_state()))
}

/// What came back, by the schema; as hex without one.
fn returned(schema: Option<&Schema>, method: u64, result: &InvocResult) -> Value {
    let bytes = result.receipt.return_data.bytes();
    if result.receipt.exit_code != ActorExit::OK {
        return Value::Null;
    }
    let method = schema.and_then(|schema| schema.method(method));
    let decoded = method.and_then(|method| {
        let block = (!bytes.is_empty()).then_some(bytes);
        method.decode_return(block).ok()
    });
    decoded.unwrap_or_else(|| match bytes {
        [] => Value::Null,
        bytes => format!("0x{}", hex::encode(bytes)).into(),
    })
}

fn show_result(
    node: &Node,
    result: &InvocResult,
    returned: &Value,
    is_traced: bool,
) -> Result<ExitCode> {
    let receipt = &result.receipt;
    let mut json = json!({
        "exit_code": receipt.exit_code.value(),
        "gas_used": receipt.gas_used,
        "return": returned,
        "return_bytes": format!("0x{}", hex::encode(receipt.return_data.bytes())),
        "error": result.error,
    });
    if is_traced {
        json["trace"] = print::of_rpc(&result.trace)?;
    }
    node.show_value(json, || {
        let mut facts = vec![
            ("exit", show::exit(receipt.exit_code)),
            ("gas used", print::digits(receipt.gas_used)),
        ];
        if !returned.is_null() {
            facts.push(("returned", print::plain(&returned.to_string())));
        }
        if !result.error.is_empty() {
            facts.push(("because", print::plain(&result.error)));
        }
        let mut text = print::facts(facts);
        if is_traced {
            tree(&result.trace, 1, &mut text);
        }
        text
    })?;
    Ok(match receipt.exit_code {
        ActorExit::OK => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

/// Calls within calls, a line for each.
fn tree(trace: &ExecutionTrace, depth: usize, text: &mut String) {
    let call = &trace.message;
    let gas: i64 = trace.gas_charges.iter().map(|charge| charge.total).sum();
    let value = match call.value.is_zero() {
        true => String::new(),
        false => format!(", {}", show::fil(&call.value)),
    };
    *text += &format!(
        "{}{} -> {} method {}{value}: exit {}, own gas {}\n",
        "  ".repeat(depth),
        call.from,
        call.to,
        call.method,
        show::exit(trace.receipt.exit_code),
        print::digits(gas.unsigned_abs()),
    );
    for line in &trace.logs {
        *text += &format!("{}  {}\n", "  ".repeat(depth), print::plain(line));
    }
    if depth >= MAX_DEPTH && !trace.calls.is_empty() {
        *text += &format!("{}  ...\n", "  ".repeat(depth));
        return;
    }
    for call in &trace.calls {
        tree(call, depth + 1, text);
    }
}
