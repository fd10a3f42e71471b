//! One call on a saved state, as `profile` and `trace` take it: its options, and running it.
//!
//! The state file stays as it is; what the call does is forgotten.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use filigree_sandbox::{Outcome, Sandbox};
use filigree_schema::{Method, MethodKind, Schema, Type, parse_amount};
use filigree_sdk::call::Call;
use fvm_ipld_encoding::ipld_block::IpldBlock;
use fvm_shared::address::{Address, Network};
use fvm_shared::econ::TokenAmount;
use fvm_shared::version::NetworkVersion;
use fvm_shared::{METHOD_CONSTRUCTOR, METHOD_SEND};
use serde_json::Value;

use crate::state;

/// Which call, on which state.
#[derive(Debug, Args)]
pub struct CallOptions {
    /// The state: a sandbox saved by `sandbox.save(..)`, or a chain's snapshot.
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,

    /// The bundle of the network's actors, where the state's file has not their code. May be repeated.
    #[arg(long, value_name = "FILE")]
    pub bundle: Vec<PathBuf>,

    /// The actor to call.
    #[arg(long, value_name = "ADDRESS", requires = "state", value_parser = address)]
    to: Option<Address>,

    /// The method, by its name in the actor's schema or by its number.
    #[arg(long, value_name = "METHOD", requires = "state")]
    method: Option<String>,

    /// The parameters as JSON, by the schema; without a schema their bytes as 0x….
    #[arg(
        long,
        value_name = "JSON",
        requires = "state",
        allow_hyphen_values = true
    )]
    params: Option<String>,

    /// The account that sends the message [default: the first account made in the sandbox].
    #[arg(long, value_name = "ADDRESS", requires = "state", value_parser = address)]
    from: Option<Address>,

    /// The value that goes with it: `1.5 FIL`, `7 attoFIL`.
    #[arg(long, value_name = "AMOUNT", requires = "state", value_parser = amount)]
    value: Option<TokenAmount>,

    /// The gas limit of the message.
    #[arg(long, value_name = "GAS", requires = "state")]
    gas_limit: Option<u64>,

    /// The network version of a snapshot; a saved sandbox knows its own.
    #[arg(long, short, value_name = "VERSION", requires = "state", value_parser = clap::value_parser!(u32).range(18..=28))]
    network_version: Option<u32>,
}

/// A call that can be made.
pub struct Prepared {
    /// Where.
    pub sandbox: Sandbox,
    from: Address,
    call: Call<()>,
}

impl CallOptions {
    /// Opens the state and encodes the call.
    pub fn prepare(&self) -> Result<Prepared> {
        let state = self.state.as_ref().context("name a state with --state")?;
        let to = self.to.context("name the actor to call with --to")?;
        let method = self.method.as_deref();
        let method = method.context("name the method with --method")?;
        let mut builder = Sandbox::builder();
        if let Some(version) = self.network_version {
            builder = builder.network_version(NetworkVersion::from(version));
        }
        for bundle in &self.bundle {
            builder = builder.bundle(bundle);
        }
        let sandbox = state::open(builder, state)?;
        let schema = match method {
            // A send runs no code, and makes accounts that are not there.
            "0" | "Send" | "send" => None,
            _ => {
                let (_, actor) = sandbox.find_actor(&to)?;
                sandbox.schema_of(&actor)?
            }
        };
        let (number, method) = find(schema.as_ref(), method)?;
        let from = match self.from {
            Some(from) => from,
            None => {
                let first = sandbox.first_account()?;
                first.context("no account was made in this sandbox: name a sender with --from")?
            }
        };
        let mut call = Call::new(to, number, None);
        call.params = self.encode(method)?;
        call.value = self.value.clone().unwrap_or_default();
        call.gas_limit = self.gas_limit;
        Ok(Prepared {
            sandbox,
            from,
            call,
        })
    }

    /// The block of parameters.
    fn encode(&self, method: Option<&Method>) -> Result<Option<IpldBlock>> {
        let json = match &self.params {
            None => Value::Null,
            Some(text) => serde_json::from_str(text).with_context(|| {
                format!(
                    "--params {text} is not JSON; write texts and addresses in quotes: '\"f0100\"'"
                )
            })?,
        };
        // Whatever block there is.
        let any = Method {
            name: "a method without a schema".to_owned(),
            number: 0,
            kind: MethodKind::Fallback,
            params: Vec::new(),
            returns: Type::Unit,
        };
        let method = method.unwrap_or(&any);
        let block = method.encode_params_block(&json);
        block.with_context(|| match self.params {
            Some(_) => format!("--params for {}", method.name),
            None => format!("give the parameters with --params: {}", parameters(method)),
        })
    }
}

impl Prepared {
    /// Makes the call.
    pub fn run(&mut self) -> Result<Outcome<()>> {
        self.sandbox.try_call(&self.from, self.call.clone())
    }
}

/// What a method takes: `by (u64)`.
fn parameters(method: &Method) -> String {
    let names = method.params.iter();
    let names: Vec<String> = names
        .map(|param| format!("{} ({})", param.name, param.ty))
        .collect();
    names.join(", ")
}

/// The method of that name or number: its number, and what the schema says of it.
fn find<'s>(schema: Option<&'s Schema>, method: &str) -> Result<(u64, Option<&'s Method>)> {
    let number = match method {
        "Send" | "send" => Some(METHOD_SEND),
        number => number.parse().ok(),
    };
    match (number, schema) {
        (Some(number), schema) => Ok((number, schema.and_then(|schema| schema.method(number)))),
        (None, Some(schema)) => {
            let method = schema.method_named(method)?;
            Ok((method.number, Some(method)))
        }
        (None, None) if method.eq_ignore_ascii_case("constructor") => {
            Ok((METHOD_CONSTRUCTOR, None))
        }
        (None, None) => bail!("the actor's code has no schema: give the number of {method}"),
    }
}

/// An address of any network.
pub fn address(text: &str) -> Result<Address> {
    // The letters of both networks name the same actors.
    let network = match text.starts_with('t') {
        true => Network::Testnet,
        false => Network::Mainnet,
    };
    let address = network.parse_address(text);
    address.with_context(|| format!("{text} is no address; write f01234, f1…, f2…, f3… or f410f…"))
}

fn amount(text: &str) -> Result<TokenAmount> {
    Ok(parse_amount(text)?)
}
