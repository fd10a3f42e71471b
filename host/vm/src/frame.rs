//! One invocation of an actor: who called whom with what, and the host's side of its Wasm instance.

use filigree_engine::{GasCell, HostState, MemoryLimits};
use filigree_gas::{Gas, GasCharge};
use fvm_shared::econ::TokenAmount;
use fvm_shared::{ActorID, MethodNum};
use wasmtime::{AsContextMut, Caller, Memory};

use crate::backtrace::Cause;
use crate::blocks::BlockRegistry;
use crate::profile::Site;
use crate::stack::Stack;
use crate::stop::{Outcome, Stop};

/// The data of an instance's store.
pub(crate) struct Frame {
    /// The call stack, lent to this frame while its actor runs, and lent on to callees.
    pub stack: Stack,
    /// The calling actor.
    pub caller: ActorID,
    /// The actor that runs.
    pub receiver: ActorID,
    /// The method called.
    pub method: MethodNum,
    /// The value that came with the call.
    pub value: TokenAmount,
    /// Whether state may not change.
    pub read_only: bool,
    /// The blocks the actor holds.
    pub blocks: BlockRegistry,
    /// The last refused syscall: the cause, if the actor exits without calling another.
    pub last_error: Option<Cause>,
    /// Handles of the instance, set once it exists.
    pub instance: Option<InstanceHandles>,
    /// Gas the instance was last given. The difference to its counter is what it used since.
    given: Gas,
    /// Memory already paid for; only traces tell it apart.
    memory_bytes: u64,
}

/// What a host function needs of the running instance.
#[derive(Clone, Copy)]
pub(crate) struct InstanceHandles {
    /// The exported memory; a start function runs without.
    pub memory: Option<Memory>,
    /// The gas counter inside the module.
    pub gas: GasCell,
}

impl HostState for Frame {
    fn limits(&mut self) -> &mut MemoryLimits {
        &mut self.stack.limits
    }
}

impl Frame {
    #[allow(clippy::too_many_arguments)] // The parts of a call, each named at the one place that makes frames.
    pub fn new(
        stack: Stack,
        blocks: BlockRegistry,
        caller: ActorID,
        receiver: ActorID,
        method: MethodNum,
        value: TokenAmount,
        read_only: bool,
    ) -> Self {
        Self {
            memory_bytes: stack.limits.used_bytes(),
            given: Gas::ZERO,
            stack,
            caller,
            receiver,
            method,
            value,
            read_only,
            blocks,
            last_error: None,
            instance: None,
        }
    }

    /// Gas to put into the instance's counter, in milligas, before Wasm runs.
    pub fn give_gas(&mut self) -> i64 {
        self.given = self.stack.gas.available();
        self.memory_bytes = self.stack.limits.used_bytes();
        i64::try_from(self.given.as_milligas()).unwrap_or(i64::MAX)
    }

    /// Notes memory paid for at instantiation.
    pub fn note_initial_memory(&mut self, bytes: u64) {
        self.memory_bytes += bytes;
    }

    /// What Wasm used since it last got gas, given its counter in milligas.
    pub fn used(&self, counter: i64) -> Gas {
        match u64::try_from(counter) {
            Ok(left) => self.given - Gas::from_milligas(left),
            Err(_) => self.given + Gas::from_milligas(counter.unsigned_abs()),
        }
    }

    /// Charges what Wasm used, given its counter in milligas; a negative counter is out of gas.
    pub fn take_gas(&mut self, counter: i64) -> Outcome<()> {
        self.book_wasm(counter);
        let used = self.used(counter);
        if !self.stack.core.context.tracing {
            return self
                .stack
                .charge(GasCharge::new("wasm_exec", used, Gas::ZERO));
        }
        let grown = self
            .stack
            .limits
            .used_bytes()
            .saturating_sub(self.memory_bytes);
        let for_memory = self
            .stack
            .core
            .rules
            .prices
            .wasm
            .grow_memory_gas(grown)
            .min(used);
        self.stack
            .charge(GasCharge::new("wasm_exec", used - for_memory, Gas::ZERO))?;
        if !for_memory.is_zero() {
            self.stack
                .charge(GasCharge::new("wasm_memory_grow", for_memory, Gas::ZERO))?;
        }
        Ok(())
    }
}

/// Settles gas on the way into a syscall: what Wasm used, then the call itself.
pub(crate) fn enter(
    caller: &mut Caller<'_, Frame>,
    handles: InstanceHandles,
    (module, function): (&'static str, &'static str),
) -> Outcome<()> {
    let counter = handles.gas.get(caller.as_context_mut());
    let frame = caller.data_mut();
    frame.take_gas(counter)?;
    frame.stack.enter_site(|| Site::Syscall(module, function));
    frame.stack.pay(|p| p.on_syscall())
}

/// Gives the instance what is left, on the way back from a syscall.
pub(crate) fn leave(caller: &mut Caller<'_, Frame>, handles: InstanceHandles) {
    let milligas = caller.data_mut().give_gas();
    handles.gas.set(caller.as_context_mut(), milligas);
}

impl InstanceHandles {
    /// Guest memory and frame, side by side.
    pub fn split<'a>(self, caller: &'a mut Caller<'_, Frame>) -> (&'a mut [u8], &'a mut Frame) {
        match self.memory {
            Some(memory) => memory.data_and_store_mut(caller),
            None => (&mut [], caller.data_mut()),
        }
    }
}

/// The instance's handles; a syscall cannot happen before they are set.
pub(crate) fn handles(frame: &Frame) -> Outcome<InstanceHandles> {
    frame
        .instance
        .ok_or_else(|| Stop::Fatal(anyhow::anyhow!("a syscall before the instance was ready")))
}
