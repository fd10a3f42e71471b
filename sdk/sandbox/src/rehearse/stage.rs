//! One actor's upgrade: a host on the state as it is, the upgrade, and what must hold afterwards.

use std::rc::Rc;
use std::time::Instant;

use anyhow::Context as _;
use cid::Cid;
use filigree_schema::{Limits, Method, Schema};
use filigree_sdk::call::Call;
use filigree_state::ActorState;
use filigree_vm::native::NativeActor;
use filigree_vm::{CallTrace, Kind, Machine, SharedVerifier};
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::ipld_block::IpldBlock;
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::error::ExitCode;
use serde_json::Value;

use super::changes::changes;
use super::report::Rehearsed;
use crate::engines::engines;
use crate::outcome::exit_text;
use crate::sandbox::{Point, message, run};
use crate::store::{Frozen, Store};

/// How much of a state is read. Larger ones are checked up to here, and the report says so.
const LIMITS: Limits = Limits {
    entries: 1 << 20,
    bytes: 256 << 20,
};

/// Native code, which no other thread may run.
pub(super) type Natives = [(Cid, Rc<dyn NativeActor>)];

/// What all upgrades have in common. Threads share it.
pub(super) struct Stage {
    pub blocks: Frozen,
    pub point: Point,
    pub seed: u64,
    pub verifier: SharedVerifier,
    pub caller: Address,
    pub new: Cid,
    pub params: Option<IpldBlock>,
    pub old_schema: Option<Schema>,
    pub new_schema: Option<Schema>,
    /// Views of the new code that must succeed.
    pub views: Vec<Method>,
}

impl Stage {
    /// Upgrades an actor in a state of its own.
    pub fn rehearse(&self, id: ActorID, natives: &Natives) -> Rehearsed {
        let mut told = Rehearsed::new(id);
        if let Err(e) = self.try_rehearse(&mut told, natives) {
            told.broken.push(format!("the host cannot tell: {e:#}"));
        }
        told
    }

    fn try_rehearse(&self, told: &mut Rehearsed, natives: &Natives) -> anyhow::Result<()> {
        let store = Store::over(self.blocks.clone());
        let (seed, verifier) = (self.seed, self.verifier.clone());
        let mut machine = self
            .point
            .machine(engines(false), seed, verifier, store.clone())?;
        for (code, native) in natives {
            machine.install_native(*code, Rc::clone(native));
        }
        let before = actor(&machine, told.id)?;
        told.before = self.state_before(&before, &store, told)?;

        let begin = Instant::now();
        let mut upgrade = message(self.caller, &self.call(told.id, 0, self.params.clone()), 0);
        upgrade.sequence = before.sequence;
        let (applied, _) = run(&mut machine, &upgrade, Kind::Upgrade(self.new))?;
        told.time = begin.elapsed();
        told.gas = applied.receipt.gas_used;
        told.exit_code = Some(applied.receipt.exit_code.value());
        if !applied.receipt.exit_code.is_success() {
            let root = CallTrace::from_events(&applied.trace).1;
            told.message = root.map(|root| root.message).unwrap_or_default();
            return Ok(());
        }

        let after = actor(&machine, told.id).context("after the upgrade")?;
        self.check_actor(&before, &after, told);
        self.check_state(&after, &store, told)?;
        for view in &self.views {
            self.ask(&mut machine, view, told)?;
        }
        Ok(())
    }

    fn call(&self, id: ActorID, method: u64, params: Option<IpldBlock>) -> Call<()> {
        Call::new(Address::new_id(id), method, params)
    }

    /// The state as the old schema shows it. That it does not is for the upgrade to handle.
    fn state_before(
        &self,
        actor: &ActorState,
        store: &Store,
        told: &mut Rehearsed,
    ) -> anyhow::Result<Option<Value>> {
        let Some(schema) = &self.old_schema else {
            return Ok(None);
        };
        let block = store.get(&actor.state)?;
        let block = block.with_context(|| format!("the state {} is not there", actor.state))?;
        match schema.decode_state_deep(&block, store, LIMITS) {
            Ok(state) => Ok(Some(state.map_or(Value::Null, |state| state.value))),
            Err(e) => {
                told.notes.push(format!(
                    "the state before is not what the old schema says: {e}"
                ));
                Ok(None)
            }
        }
    }

    /// What no upgrade may change.
    fn check_actor(&self, before: &ActorState, after: &ActorState, told: &mut Rehearsed) {
        if after.code != self.new {
            told.broken
                .push(format!("its code is {}, not the new one", after.code));
        }
        if after.balance != before.balance {
            let (before, after) = (&before.balance, &after.balance);
            told.broken
                .push(format!("its balance went from {before} to {after} FIL"));
        }
        if after.sequence != before.sequence {
            let (before, after) = (before.sequence, after.sequence);
            told.broken
                .push(format!("its sequence number went from {before} to {after}"));
        }
        if after.delegated_address != before.delegated_address {
            let shown = |address: Option<Address>| {
                address.map_or_else(|| "none".to_owned(), |address| address.to_string())
            };
            told.broken.push(format!(
                "its delegated address was {} and is {}",
                shown(before.delegated_address),
                shown(after.delegated_address)
            ));
        }
    }

    /// Whether the new state is what the new schema says.
    fn check_state(
        &self,
        actor: &ActorState,
        store: &Store,
        told: &mut Rehearsed,
    ) -> anyhow::Result<()> {
        let Some(schema) = &self.new_schema else {
            return Ok(());
        };
        let block = store.get(&actor.state)?;
        let block = block.with_context(|| format!("the new state {} is not there", actor.state))?;
        match schema.decode_state_deep(&block, store, LIMITS) {
            Ok(state) => {
                for note in state.iter().flat_map(|state| &state.notes) {
                    match note.is_missing {
                        true => told.broken.push(format!("its new {note}")),
                        false => told.notes.push(note.to_string()),
                    }
                }
                told.after = Some(state.map_or(Value::Null, |state| state.value));
            }
            Err(e) => told
                .broken
                .push(format!("its new state is not what the schema says: {e}")),
        }
        if let (Some(before), Some(after)) = (&told.before, &told.after) {
            told.changes = changes(before, after);
        }
        Ok(())
    }

    /// Asks a view that must hold.
    fn ask(
        &self,
        machine: &mut Machine,
        view: &Method,
        told: &mut Rehearsed,
    ) -> anyhow::Result<()> {
        let question = message(self.caller, &self.call(told.id, view.number, None), 0);
        let applied = machine.execute(&question, Kind::View, 0)?;
        let code = applied.receipt.exit_code;
        if code != ExitCode::OK {
            let root = CallTrace::from_events(&applied.trace).1;
            let said = root.map(|root| root.message).unwrap_or_default();
            let code = exit_text(code);
            told.broken.push(match said.as_str() {
                "" => format!("{} fails with exit code {code}", view.name),
                said => format!("{} fails with exit code {code}: {said}", view.name),
            });
            return Ok(());
        }
        let data = applied.receipt.return_data.bytes();
        match view.decode_return(Some(data)) {
            Ok(Value::Bool(false)) => told.broken.push(format!("{} returns false", view.name)),
            Ok(_) => {}
            Err(e) => told
                .broken
                .push(format!("{} returns something else: {e}", view.name)),
        }
        Ok(())
    }
}

fn actor(machine: &Machine, id: ActorID) -> anyhow::Result<ActorState> {
    let actor = machine.state().get_actor(id)?;
    actor.with_context(|| format!("there is no actor f0{id}"))
}
