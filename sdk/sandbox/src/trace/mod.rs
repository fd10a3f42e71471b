//! The trace of a message as a tree with names: who called whom, with what, for how much gas, and what came of it.

mod json;
mod print;

use std::rc::Rc;

use cid::Cid;
use filigree_gas::GasCharge;
use filigree_schema::Method;
use filigree_state::{Manifest, StateTree, WriteBuffer};
use filigree_vm::{Applied, CallTrace, Failure};
use fvm_ipld_blockstore::Blockstore;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;
use fvm_shared::{ActorID, MethodNum};
use serde_json::Value;

use crate::directory::{Directory, method_name};
use crate::event::{Event, hex};

/// A message. Prints as an indented tree, with colours on a terminal unless `NO_COLOR` is set.
#[derive(Clone, Debug)]
pub struct Tree {
    /// Who sent it.
    pub from: String,
    /// The outermost call; `None` if the message was refused before it.
    pub root: Option<TracedCall>,
    /// The events, each with the name of its emitter.
    pub events: Vec<(String, Event)>,
    /// All gas of the message.
    pub gas: u64,
    /// Gas for including the message in a block.
    pub inclusion_gas: u64,
    /// Why there is no call.
    pub refused: Option<String>,
}

/// What a state's built-in actors are called, and their schemas where they have some.
#[derive(Clone)]
pub struct Codes(Directory);

impl Codes {
    /// Those that the system actor of a state names.
    ///
    /// # Errors
    /// If the state or the code cannot be read.
    pub fn of_state(
        store: &(impl Blockstore + Clone + 'static),
        root: &Cid,
    ) -> anyhow::Result<Self> {
        let buffer = Rc::new(WriteBuffer::new(Box::new(store.clone())));
        let manifest = Manifest::load_from_state(&StateTree::load(buffer, root)?)?;
        Ok(Self(Directory::of_manifest(&manifest, store)?))
    }
}

/// One call of a message.
#[derive(Clone, Debug)]
pub struct TracedCall {
    /// The actor by its name: `Counter(f0102)`.
    pub actor: String,
    /// Its id; `None` if no actor was reached.
    pub id: Option<ActorID>,
    /// The method's number.
    pub number: MethodNum,
    /// The method's name.
    pub method: String,
    /// The parameters as JSON by the schema, else `0x…`. `None` if there are none.
    pub params: Option<Value>,
    /// The value sent, attoFIL.
    pub value: TokenAmount,
    /// Whether nothing could be changed.
    pub read_only: bool,
    /// Gas used, that of calls below among it.
    pub gas: u64,
    /// The exit code.
    pub code: ExitCode,
    /// What came back, as JSON by the schema, else `0x…`. `None` if nothing did.
    pub returned: Option<Value>,
    /// Why it failed or was refused, where that is known.
    pub message: Option<String>,
    /// Whether the host refused the call, so that no actor ran.
    pub is_refused: bool,
    /// What the actor logged.
    pub logs: Vec<String>,
    /// The calls it made.
    pub calls: Vec<TracedCall>,
}

impl Tree {
    pub(crate) fn new(applied: &Applied, directory: &Directory) -> Self {
        let (outside, root) = CallTrace::from_events(&applied.trace);
        let inclusion = milligas(&outside);
        let from = root.as_ref().map(|root| directory.actor(root.from, None));
        let refused = match &applied.failure {
            Some(Failure::Preflight(why)) => Some(why.clone()),
            _ => None,
        };
        let mut actors = Vec::new();
        let root = root.map(|root| name(&root, directory, &mut actors).0);
        let events = applied.events.iter().map(Event::of);
        let events = events.map(|event| {
            let known = actors.iter().find(|(id, _)| *id == event.emitter);
            (
                known.map_or_else(
                    || directory.actor(event.emitter, None),
                    |(_, name)| name.clone(),
                ),
                event,
            )
        });
        Self {
            from: from.unwrap_or_default(),
            root,
            events: events.collect(),
            gas: applied.receipt.gas_used,
            inclusion_gas: inclusion.div_ceil(filigree_gas::MILLIGAS_PER_GAS),
            refused,
        }
    }

    /// All calls, outermost first.
    pub fn calls(&self) -> Vec<&TracedCall> {
        let mut found: Vec<&TracedCall> = Vec::new();
        let mut open: Vec<&TracedCall> = self.root.iter().collect();
        while let Some(call) = open.pop() {
            found.push(call);
            open.extend(call.calls.iter().rev());
        }
        found
    }

    /// The tree of a message that ran outside of a sandbox, with traces.
    pub fn of(applied: &Applied, codes: &Codes) -> Self {
        Self::new(applied, &codes.0)
    }

    /// The tree without colours, wherever it goes.
    pub fn plain(&self) -> String {
        self.text(false)
    }

    /// The tree with or without colours, wherever it goes.
    pub fn text(&self, colours: bool) -> String {
        print::print(self, colours)
    }
}

/// Names a call and those below it; gives its milligas too. Collects the names of the actors reached.
fn name(
    call: &CallTrace,
    directory: &Directory,
    actors: &mut Vec<(ActorID, String)>,
) -> (TracedCall, u64) {
    let code = call.invoked.as_ref().map(|(_, state)| &state.code);
    let id = call.invoked.as_ref().map(|(id, _)| *id);
    let actor = id.map_or_else(|| call.to.to_string(), |id| directory.actor(id, code));
    if let Some(id) = id {
        actors.push((id, actor.clone()));
    }
    let method = code.and_then(|code| directory.method(code, call.method));
    let mut milligas = milligas(&call.gas_charges);
    let mut calls = Vec::new();
    for below in &call.calls {
        let (below, gas) = name(below, directory, actors);
        milligas = milligas.saturating_add(gas);
        calls.push(below);
    }
    let traced = TracedCall {
        actor,
        id,
        number: call.method,
        method: method_name(call.method, method),
        params: call
            .params
            .as_ref()
            .map(|block| params(method, &block.data)),
        value: call.value.clone(),
        read_only: call.read_only,
        gas: milligas.div_ceil(filigree_gas::MILLIGAS_PER_GAS),
        code: call.code,
        returned: call
            .returned
            .as_ref()
            .map(|block| returned(method, call.code, &block.data)),
        message: message(call),
        is_refused: call.refused.is_some(),
        logs: call.logs.clone(),
        calls,
    };
    (traced, milligas)
}

/// Why it failed, also where its caller went on all the same.
fn message(call: &CallTrace) -> Option<String> {
    let said = match &call.refused {
        Some(errno) => &errno.message,
        None => &call.message,
    };
    (!said.is_empty()).then(|| said.clone())
}

/// A price may be the largest number there is.
fn milligas(charges: &[GasCharge]) -> u64 {
    charges.iter().fold(0, |sum, charge| {
        sum.saturating_add(charge.total().as_milligas())
    })
}

fn params(method: Option<&Method>, data: &[u8]) -> Value {
    let decoded = method.and_then(|method| method.decode_params(Some(data)).ok());
    decoded.unwrap_or_else(|| Value::from(hex(data)))
}

/// What a failed call returns has no type.
fn returned(method: Option<&Method>, code: ExitCode, data: &[u8]) -> Value {
    let method = method.filter(|_| code.is_success());
    let decoded = method.and_then(|method| method.decode_return(Some(data)).ok());
    decoded.unwrap_or_else(|| Value::from(hex(data)))
}
