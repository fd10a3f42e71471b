//! The call stack of one message: gas, depth, memory, and charged access to state.
//!
//! There is one owner at a time: the executor, then the frame whose actor runs, then the frame it calls. [`Stack`] is
//! the handle that passes from one to the next.

use std::ops::{Deref, DerefMut};
use std::rc::Rc;

use cid::Cid;
use filigree_engine::{Engine, MemoryLimits, Session};
use filigree_gas::{Gas, GasCharge, GasTracker, PriceList};
use filigree_state::{Manifest, WriteBuffer};
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ErrorNumber;
use fvm_shared::message::Message;
use fvm_shared::state::ActorState;

use crate::backtrace::Backtrace;
use crate::frame::Frame;
use crate::journal::{Access, Journal};
use crate::machine::Context;
use crate::network::Rules;
use crate::profile::Recorder;
use crate::stop::{Classify, Outcome, errno};
use crate::trace::TraceEvent;
use crate::{Chain, Verifier};

/// What a machine keeps from message to message.
pub(crate) struct Core {
    pub context: Context,
    pub rules: Rules,
    pub journal: Journal,
    pub store: Rc<WriteBuffer>,
    pub manifest: Manifest,
    pub chain: Box<dyn Chain>,
    pub verifier: Box<dyn Verifier>,
    pub engine: Engine<Frame>,
    /// Actors that are not Wasm.
    #[cfg(feature = "native")]
    pub natives: crate::native::Natives,
}

/// The call stack of one message.
pub(crate) struct CallStack {
    /// The machine's side.
    pub core: Box<Core>,
    /// The right to a full depth of pooled instances.
    pub session: Rc<Session>,
    /// Gas under the limits in force.
    pub gas: GasTracker,
    /// Memory and tables of all running instances.
    pub limits: MemoryLimits,
    /// The sender of the message.
    pub origin: ActorID,
    /// The sender as the message names it: new actor addresses derive from it.
    pub origin_address: Address,
    /// The message's sequence number.
    pub nonce: u64,
    /// The premium the message really pays, per gas.
    pub gas_premium: TokenAmount,
    /// Actors created so far, to make their addresses differ.
    pub actors_created: u64,
    /// Calls open now.
    pub depth: u32,
    /// Actors running now and their entry points, outermost first.
    pub running: Vec<(ActorID, &'static str)>,
    /// The error on its way up.
    pub backtrace: Backtrace,
    /// What gas is used by, where that is recorded.
    pub recorder: Option<Box<Recorder>>,
    /// Recorded steps, if tracing.
    trace: Vec<TraceEvent>,
    /// What they take, and what the first took that was one too many.
    trace_bytes: usize,
}

/// The handle by which a call stack passes from owner to owner; empty while lent to a callee.
pub(crate) struct Stack(Option<Box<CallStack>>);

impl Stack {
    pub fn new(stack: CallStack) -> Self {
        Self(Some(Box::new(stack)))
    }

    /// Lends the stack away.
    pub fn lend(&mut self) -> Self {
        Self(Some(self.take()))
    }

    /// Puts it back.
    pub fn give_back(&mut self, other: Self) {
        debug_assert!(self.0.is_none(), "a call stack came back twice");
        *self = other;
    }

    /// The stack itself, at the end of the message.
    pub fn take(&mut self) -> Box<CallStack> {
        self.0.take().expect("the call stack is lent to a callee")
    }
}

impl Deref for Stack {
    type Target = CallStack;

    fn deref(&self) -> &CallStack {
        self.0.as_ref().expect("the call stack is lent to a callee")
    }
}

impl DerefMut for Stack {
    fn deref_mut(&mut self) -> &mut CallStack {
        self.0.as_mut().expect("the call stack is lent to a callee")
    }
}

impl CallStack {
    /// The stack of `message` from `origin`, with the receiver looked up beforehand if it exists.
    pub fn new(
        mut core: Box<Core>,
        message: &Message,
        origin: ActorID,
        receiver: Option<ActorID>,
        gas_premium: TokenAmount,
    ) -> Self {
        core.journal
            .begin_message(core.rules.prices.preloaded_actors());
        // Sender and receiver were resolved, and the sender updated, before the message ran: paid by inclusion.
        core.journal.mark_updated(origin);
        core.journal.mark_resolved(&message.from);
        if let Some(id) = receiver {
            core.journal.mark_read(id);
        }
        core.journal.mark_resolved(&message.to);
        Self {
            session: Rc::new(core.engine.session()),
            gas: GasTracker::new(Gas::new(message.gas_limit), core.context.tracing),
            limits: MemoryLimits::new(core.context.network.max_memory_bytes),
            origin,
            origin_address: message.from,
            nonce: message.sequence,
            gas_premium,
            actors_created: 0,
            depth: 0,
            running: Vec::new(),
            backtrace: Backtrace::default(),
            recorder: Self::recorder(core.engine.config().profiling),
            trace: Vec::new(),
            trace_bytes: 0,
            core,
        }
    }

    /// Charges the price of an event.
    pub fn pay(&mut self, price: impl FnOnce(&'static PriceList) -> GasCharge) -> Outcome<()> {
        self.charge(price(self.core.rules.prices))
    }

    /// Charges an amount that is not in the price list.
    pub fn charge(&mut self, charge: GasCharge) -> Outcome<()> {
        if self.core.context.tracing {
            self.has_room_for(size_of::<TraceEvent>() + charge.name.len());
        }
        match &mut self.recorder {
            None => Ok(self.gas.charge(charge)?),
            Some(recorder) => Ok(recorder.charge(&mut self.gas, charge)?),
        }
    }

    /// Records a step, after the gas charged up to it.
    pub fn trace(&mut self, event: impl FnOnce(&Self) -> TraceEvent) {
        if self.core.context.tracing {
            let event = event(self);
            if self.has_room_for(event.size_bytes()) {
                self.drain_gas_trace();
                self.trace.push(event);
            }
        }
    }

    /// Counts what a step takes in the trace. Once that is more than it may be, nothing more is recorded.
    fn has_room_for(&mut self, bytes: usize) -> bool {
        let limit = self.core.context.trace_limit_bytes;
        if self.trace_bytes > limit {
            return false;
        }
        self.trace_bytes = self.trace_bytes.saturating_add(bytes);
        if self.trace_bytes > limit {
            self.drain_gas_trace();
            self.gas.stop_tracing();
            return false;
        }
        true
    }

    /// All recorded steps.
    pub fn take_trace(&mut self) -> Vec<TraceEvent> {
        self.drain_gas_trace();
        std::mem::take(&mut self.trace)
    }

    /// What the steps take, in bytes. More than the context allows: not all are recorded.
    pub fn trace_bytes(&self) -> usize {
        self.trace_bytes
    }

    fn drain_gas_trace(&mut self) {
        self.trace
            .extend(self.gas.drain_trace().into_iter().map(TraceEvent::Gas));
    }

    /// Looks up an address, charging once per message.
    pub fn resolve(&mut self, address: &Address) -> Outcome<Option<ActorID>> {
        if let Ok(id) = address.id() {
            return Ok(Some(id));
        }
        if !self.core.journal.is_resolved(address) {
            self.pay(|p| p.on_resolve_address())?;
        }
        let id = self
            .core
            .journal
            .tree
            .lookup_id(address)
            .or_fatal("looking up an address")?;
        if id.is_some() {
            self.core.journal.mark_resolved(address);
        }
        Ok(id)
    }

    /// Reads an actor, charging once per message.
    pub fn actor(&mut self, id: ActorID) -> Outcome<Option<ActorState>> {
        if self.core.journal.access(id).is_none() {
            self.pay(|p| p.on_actor_lookup())?;
        }
        let actor = self
            .core
            .journal
            .tree
            .get_actor(id)
            .or_fatal("reading an actor")?;
        self.core.journal.mark_read(id);
        Ok(actor)
    }

    /// Writes an actor, charging once per message.
    pub fn set_actor(&mut self, id: ActorID, state: ActorState) -> Outcome<()> {
        self.charge_update(id)?;
        self.core.journal.tree.set_actor(id, state);
        self.core.journal.mark_updated(id);
        Ok(())
    }

    /// Removes an actor, charging as for a write.
    pub fn delete_actor(&mut self, id: ActorID) -> Outcome<()> {
        self.charge_update(id)?;
        self.core.journal.tree.delete_actor(id);
        self.core.journal.mark_updated(id);
        Ok(())
    }

    fn charge_update(&mut self, id: ActorID) -> Outcome<()> {
        let access = self.core.journal.access(id);
        if access < Some(Access::Read) {
            self.pay(|p| p.on_actor_lookup())?;
        }
        if access < Some(Access::Updated) {
            self.pay(|p| p.on_actor_update())?;
        }
        Ok(())
    }

    /// Moves value between two actors.
    pub fn transfer(&mut self, from: ActorID, to: ActorID, value: &TokenAmount) -> Outcome<()> {
        if value.is_negative() {
            return Err(errno(
                ErrorNumber::IllegalArgument,
                format_args!("cannot transfer the negative amount {value}"),
            ));
        }
        // A missing sender is a poor one, so that it differs from a missing recipient.
        let Some(mut sender) = self.actor(from)? else {
            return Err(errno(
                ErrorNumber::InsufficientFunds,
                format_args!("f0{from} does not exist and cannot send {value} FIL to f0{to}"),
            ));
        };
        if &sender.balance < value {
            return Err(errno(
                ErrorNumber::InsufficientFunds,
                format_args!(
                    "f0{from} has {} FIL and cannot send {value} FIL",
                    sender.balance
                ),
            ));
        }
        if from == to {
            return Ok(());
        }
        let Some(mut recipient) = self.actor(to)? else {
            return Err(errno(
                ErrorNumber::NotFound,
                format_args!("the recipient f0{to} does not exist"),
            ));
        };
        sender.deduct_funds(value).or_fatal("deducting funds")?;
        recipient
            .deposit_funds(value)
            .or_fatal("depositing funds")?;
        self.set_actor(from, sender)?;
        self.set_actor(to, recipient)
    }

    /// A new actor address that survives reorganisations: it depends on the sender, the sequence number and the count
    /// of actors made, not on state (f2).
    pub fn next_actor_address(&self) -> Outcome<Address> {
        let mut seed = fvm_ipld_encoding::to_vec(&self.origin_address)
            .or_fatal("encoding the origin address")?;
        seed.extend_from_slice(&self.nonce.to_be_bytes());
        seed.extend_from_slice(&self.actors_created.to_be_bytes());
        Ok(Address::new_actor(&seed))
    }

    /// Installs code under an id on behalf of the init actor. A placeholder is taken over, anything else is refused.
    pub fn create_actor(
        &mut self,
        code: Cid,
        id: ActorID,
        delegated_address: Option<Address>,
    ) -> Outcome<()> {
        if self.core.manifest.is_placeholder(&code) {
            return Err(errno(
                ErrorNumber::Forbidden,
                "a placeholder cannot be created explicitly",
            ));
        }
        let actor = match self.actor(id)? {
            Some(mut actor) if self.core.manifest.is_placeholder(&actor.code) => {
                if actor.delegated_address.is_none() {
                    return Err(anyhow::anyhow!(
                        "placeholder f0{id} has no delegated address"
                    ))
                    .or_fatal("creating an actor");
                }
                if actor.delegated_address != delegated_address {
                    return Err(errno(
                        ErrorNumber::Forbidden,
                        "the placeholder has another delegated address",
                    ));
                }
                actor.code = code;
                actor
            }
            Some(_) => {
                return Err(errno(
                    ErrorNumber::Forbidden,
                    format_args!("f0{id} exists already"),
                ));
            }
            None => {
                self.pay(|p| p.on_create_actor(false))?;
                ActorState::new_empty(code, delegated_address)
            }
        };
        self.set_actor(id, actor)?;
        self.actors_created += 1;
        Ok(())
    }
}
