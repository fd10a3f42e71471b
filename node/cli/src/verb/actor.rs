//! `actor`: code of one's own on chain: installed, made an actor of, called, upgraded.
//!
//! It is the init actor that installs code and creates actors (methods InstallCode and Exec), on networks that let users do so:
//! development networks.

mod code;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use filigree_rpc::method::names::WalletSetName;
use fvm_ipld_encoding::{RawBytes, from_slice, to_vec};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use serde_json::{Value, json};

use self::code::{Given, code_cid, install, max_wasm_bytes, read_wasm};
use super::msg::{self, Call};
use crate::node::{Common, Node};
use crate::sending::{Outcome, Sending, Wish, amount};
use crate::{print, schema};

/// The init actor.
const INIT: Address = Address::new_id(1);
/// Its method Exec.
const EXEC: u64 = 2;

/// Shown below the verbs.
pub const HELP: &str = "\
How to write one: sdk/README.md, and `filigree-actor new`.

Examples:
  filigree actor create tally.wasm f0101
  filigree actor call f01010 increment 5";

const INSTALL_HELP: &str = "\
The same code is installed once, whoever installs it again.

Examples:
  filigree actor install target/filigree/tally.wasm";
const CREATE_HELP: &str = "\
Of a Wasm file, which is installed if it is not yet, or of code that is. Parameters of the constructor are JSON.

Examples:
  filigree actor create target/filigree/tally.wasm '{\"owner\":\"f0101\"}' --name tally
  filigree actor create bafk2bzacecnamqgqmifpluoeldx7zzglxcljo6oja4vrmtj7432rphldpdmm2 f0101 --value 1FIL";
const METHODS_HELP: &str = "Examples:\n  filigree actor methods f01010";
const UPGRADE_HELP: &str = "\
An actor upgrades itself: it has a method that takes the CID of the new code and parameters for the new code's `upgrade`, as
bytes, and calls `Context::upgrade` (see sdk/examples/counter). The new code is installed if it is not yet. Parameters of
`upgrade` are JSON.

Examples:
  filigree actor upgrade f01010 tally-v2.wasm 5
  filigree actor upgrade f01010 tally-v2.wasm '{\"step_limit\":5}' --method ChangeCode";

/// `actor` with its verb.
#[derive(Debug, Args)]
pub struct Actor {
    #[command(flatten)]
    common: Common,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Put Wasm on chain.
    #[command(after_help = INSTALL_HELP)]
    Install {
        /// The Wasm.
        wasm: PathBuf,

        #[command(flatten)]
        sending: Sending,
    },

    /// Make an actor.
    #[command(after_help = CREATE_HELP)]
    Create {
        /// A Wasm file, or the CID of code that is installed.
        code: String,

        /// Parameters of the constructor, as JSON.
        #[arg(allow_negative_numbers = true)]
        params: Option<String>,

        /// What it gets.
        #[arg(long, value_name = "AMOUNT", value_parser = amount)]
        value: Option<TokenAmount>,

        /// A name for it, which can stand wherever an address is asked for.
        #[arg(long, conflicts_with = "no_wait")]
        name: Option<String>,

        #[command(flatten)]
        sending: Sending,
    },

    /// Call a method of an actor, with parameters as JSON.
    #[command(after_help = msg::CALL_HELP)]
    Call(Call),

    /// Show the methods of an actor, and what they take.
    #[command(after_help = METHODS_HELP)]
    Methods {
        /// The actor.
        actor: String,
    },

    /// Have an actor upgrade itself to new code.
    #[command(after_help = UPGRADE_HELP)]
    Upgrade {
        /// The actor.
        actor: String,

        /// A Wasm file, or the CID of code that is installed.
        code: String,

        /// Parameters of the new code's `upgrade`, as JSON.
        #[arg(allow_negative_numbers = true)]
        params: Option<String>,

        /// The actor's method that upgrades it.
        #[arg(long, default_value = "ChangeCode")]
        method: String,

        #[command(flatten)]
        sending: Sending,
    },
}

/// Runs the verb.
pub fn run(actor: &Actor) -> Result<ExitCode> {
    let node = actor.common.open()?;
    match &actor.verb {
        Verb::Install { wasm, sending } => {
            let wasm = read_wasm(wasm, max_wasm_bytes(&node))?;
            let outcome = install(&node, &wasm, sending)?;
            let code = code_cid(&wasm);
            finish(&node, &outcome, json!({ "code": code.to_string() }), || {
                print::facts([("code", code.to_string())])
            })
        }
        Verb::Create {
            code,
            params,
            value,
            name,
            sending,
        } => {
            let wanted = New {
                code,
                params: params.as_deref(),
                value: value.as_ref(),
                name: name.as_deref(),
            };
            create(&node, &wanted, sending)
        }
        Verb::Call(call) => msg::run_call(&node, call),
        Verb::Methods { actor } => msg::methods(&node, actor),
        Verb::Upgrade {
            actor,
            code,
            params,
            method,
            sending,
        } => upgrade(&node, actor, code, params.as_deref(), method, sending),
    }
}

/// An actor that is wanted, as it was typed.
struct New<'a> {
    code: &'a str,
    params: Option<&'a str>,
    value: Option<&'a TokenAmount>,
    name: Option<&'a str>,
}

fn create(node: &Node, wanted: &New<'_>, sending: &Sending) -> Result<ExitCode> {
    let given = Given::read(node, wanted.code)?;
    // Before anything is sent.
    let constructor = schema::constructor(given.schema.as_ref(), wanted.params)?;
    if let Some(outcome) = given.install(node, sending)?
        && outcome.has_failed()
    {
        return finish(node, &outcome, json!({}), String::new);
    }
    let wish = Wish {
        to: INIT,
        value: wanted.value.cloned().unwrap_or_default(),
        method: EXEC,
        params: RawBytes::new(to_vec(&(given.cid, constructor))?),
    };
    let outcome = sending.send(node, wish)?;
    let created: Option<(Address, Address)> = match &outcome.lookup {
        Some(lookup) if !outcome.has_failed() => {
            Some(from_slice(lookup.receipt.return_data.bytes())?)
        }
        _ => None,
    };
    if let (Some(name), Some((_, robust))) = (wanted.name, created) {
        node.call(WalletSetName {
            name: name.to_owned(),
            address: Some(robust),
        })?;
    }
    let more = json!({
        "code": given.cid.to_string(),
        "actor": created.map(|(id, _)| id.to_string()),
        "robust_address": created.map(|(_, robust)| robust.to_string()),
    });
    finish(node, &outcome, more, || match created {
        Some((id, robust)) => print::facts([
            ("code", given.cid.to_string()),
            ("address", robust.to_string()),
            ("actor", id.to_string()),
            (
                "next",
                format!(
                    "filigree actor methods {}",
                    wanted.name.unwrap_or(&id.to_string())
                ),
            ),
        ]),
        None => String::new(),
    })
}

fn upgrade(
    node: &Node,
    actor: &str,
    code: &str,
    params: Option<&str>,
    method: &str,
    sending: &Sending,
) -> Result<ExitCode> {
    let to = node.address(actor)?;
    let old = schema::of_actor(node, &to)?;
    let old = old.with_context(|| {
        format!("the code of {to} brings no schema: call its method that upgrades it with `filigree msg call`")
    })?;
    let known = old.method_named(method);
    let number = known
        .with_context(|| format!("name the method that upgrades {to} with --method"))?
        .number;
    let given = Given::read(node, code)?;
    let params = schema::upgrade(given.schema.as_ref(), params)?;
    if let Some(outcome) = given.install(node, sending)?
        && outcome.has_failed()
    {
        return finish(node, &outcome, json!({}), String::new);
    }
    let wish = Wish {
        to,
        value: TokenAmount::default(),
        method: number,
        params: RawBytes::new(to_vec(&(given.cid, params))?),
    };
    let outcome = sending.send(node, wish)?;
    finish(
        node,
        &outcome,
        json!({ "code": given.cid.to_string() }),
        || print::facts([("code", given.cid.to_string())]),
    )
}

/// Shows what came of the last message, and what it was for.
fn finish(
    node: &Node,
    outcome: &Outcome,
    more: Value,
    text: impl FnOnce() -> String,
) -> Result<ExitCode> {
    let mut json = outcome.json();
    if let (Some(json), Value::Object(more)) = (json.as_object_mut(), more) {
        json.extend(more);
    }
    node.show_value(json, || outcome.text() + &text())?;
    Ok(outcome.code())
}
