//! One invocation: load the code, pay for its memory, run an export, and turn how it ended into an outcome.

use cid::Cid;
use filigree_engine::{
    CallError, InstantiateError, LoadError, MAX_NATIVE_STACK_BYTES, Module, Running,
};
use filigree_gas::GasCharge;
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::CBOR;
use fvm_shared::ActorID;
use fvm_shared::error::ExitCode;
use std::sync::Arc;
use wasmtime::{Trap, Val};

use crate::backtrace::{Backtrace, FailedCall};
use crate::blocks::{Block, BlockRegistry};
use crate::call::{Call, Entrypoint, Returned};
use crate::frame::{Frame, InstanceHandles};
use crate::stack::{Core, Stack};
use crate::stop::{Classify, NO_DATA_BLOCK_ID, Outcome, Stop};
use crate::trace::TraceEvent;

impl Stack {
    /// Runs an entry point of `code` as actor `to`.
    pub fn invoke(&mut self, to: ActorID, code: &Cid, call: Call) -> Outcome<Returned> {
        let mut blocks = BlockRegistry::default();
        let params_id = match call.params {
            Some(block) => blocks.put_reachable(block)?,
            None => NO_DATA_BLOCK_ID,
        };
        let mut args = vec![Val::I32(params_id as i32)];
        if let Entrypoint::Upgrade(info) = &call.entrypoint {
            let info = fvm_ipld_encoding::to_vec(info).or_fatal("encoding upgrade info")?;
            let id = blocks.put_reachable(Block::leaf(CBOR, info))?;
            args.push(Val::I32(id as i32));
        }

        let method = call.entrypoint.method();
        let open_sites = self.open_sites();
        let frame = Frame::new(
            self.lend(),
            blocks,
            call.from,
            to,
            method,
            call.value,
            call.read_only,
        );
        let (result, frame) = with_native_stack(|| run(frame, code, &call.entrypoint, &args));
        let Frame {
            stack,
            blocks,
            last_error,
            ..
        } = frame;
        self.give_back(stack);
        self.unwind_sites(open_sites);

        let (outcome, end) = self.conclude(result, &blocks);
        if let Some((code, message)) = end {
            self.trace(|_| TraceEvent::Failed {
                code,
                message: message.clone(),
            });
            if self.is_own_call(&call.entrypoint, self.depth.saturating_sub(1)) {
                if let Some(cause) = last_error {
                    self.backtrace = Backtrace::of(cause);
                }
                self.backtrace.calls.push(FailedCall {
                    actor: to,
                    method,
                    code,
                    message,
                });
            }
        }
        // Paid here and not by the caller, so that the call's own gas limit applies.
        let returned = outcome?;
        if let Some(block) = &returned.value {
            let charge = self.core.rules.prices.on_method_return(
                self.depth,
                block.size_bytes(),
                block.links.len(),
            );
            if let Some(charge) = charge {
                self.charge(charge)?;
            }
        }
        Ok(returned)
    }

    /// Turns how Wasm ended into what the caller gets, and into the exit code and message of a failed actor.
    fn conclude(
        &self,
        result: Outcome<u32>,
        blocks: &BlockRegistry,
    ) -> (Outcome<Returned>, Option<(ExitCode, String)>) {
        let exit = |code: ExitCode, value, message| {
            let failed = (!code.is_success()).then_some((code, message));
            (Ok(Returned { code, value }), failed)
        };
        match result {
            Ok(NO_DATA_BLOCK_ID) => exit(ExitCode::OK, None, String::new()),
            Ok(id) => match blocks.get(id) {
                Ok(block) => exit(ExitCode::OK, Some(block.clone()), String::new()),
                Err(_) => exit(
                    ExitCode::SYS_MISSING_RETURN,
                    None,
                    "returned a block that does not exist".to_owned(),
                ),
            },
            Err(Stop::Exit {
                code,
                message,
                block_id: NO_DATA_BLOCK_ID,
            }) => exit(code, None, message),
            Err(Stop::Exit {
                code,
                message,
                block_id,
            }) => match blocks.get(block_id) {
                Ok(block) => exit(code, Some(block.clone()), message),
                Err(e) => (
                    Err(Stop::Fatal(
                        anyhow::Error::new(e).context("exit data block"),
                    )),
                    Some((
                        ExitCode::SYS_MISSING_RETURN,
                        "exited with a block that does not exist".to_owned(),
                    )),
                ),
            },
            Err(Stop::OutOfGas) => (
                Err(Stop::OutOfGas),
                Some((ExitCode::SYS_OUT_OF_GAS, "out of gas".to_owned())),
            ),
            Err(stop) => (
                Err(escalate(stop)),
                Some((ExitCode::SYS_ASSERTION_FAILED, "fatal error".to_owned())),
            ),
        }
    }
}

impl Core {
    /// The compiled module behind a code CID. Code that is not there or does not load ends the message, unless it is a
    /// built-in actor's: every node has those.
    pub fn load_module(&self, code: &Cid) -> Outcome<Arc<Module<Frame>>> {
        let wasm = || self.store.get(code);
        let failure = match self.engine.load(&code.to_bytes(), wasm) {
            Ok(Some(module)) => return Ok(module),
            Ok(None) => anyhow::anyhow!("actor code {code} is not in the store"),
            Err(LoadError::Read(e)) => return Err(e).or_node("reading actor code"),
            Err(e) => anyhow::anyhow!("actor code {code} does not load: {e}"),
        };
        Err(match self.manifest.id_of(code) {
            0 => Stop::Fatal(failure),
            _ => Stop::Node(failure),
        })
    }
}

/// Native stack the host's own functions need between two activations, with a wide margin.
const HOST_STACK_BYTES: usize = 1 << 20;

/// Native stack taken at a time, where a thread's own does not suffice.
const STACK_SEGMENT_BYTES: usize = 64 << 20;

/// Runs `f` with the native stack one more activation may use, however deep the call stack is.
fn with_native_stack<T>(f: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(
        MAX_NATIVE_STACK_BYTES + HOST_STACK_BYTES,
        STACK_SEGMENT_BYTES,
        f,
    )
}

/// From here on there are no errnos, only ends of the actor. Always gives the frame back.
fn run(
    mut frame: Frame,
    code: &Cid,
    entrypoint: &Entrypoint,
    args: &[Val],
) -> (Outcome<u32>, Frame) {
    #[cfg(feature = "native")]
    if let Some(actor) = frame.stack.core.natives.get(code) {
        let args: Vec<u32> = args.iter().map(|arg| arg.unwrap_i32() as u32).collect();
        return crate::native::run(frame, &*actor, entrypoint.export(), &args);
    }
    let module = match prepare(&mut frame, code) {
        Ok(module) => module,
        Err(stop) => return (Err(stop), frame),
    };
    let engine = frame.stack.core.engine.clone();
    let session = frame.stack.session.clone();
    let mut running = match engine.instantiate(&session, &module, frame) {
        Ok(running) => running,
        Err((frame, InstantiateError::Failed(error))) => {
            return (Err(not_instantiated(error)), frame);
        }
        Err((frame, error)) => return (Err(Stop::Fatal(error.into())), frame),
    };
    let result = start_and_call(&mut running, code, entrypoint, args);
    (result, running.into_data())
}

/// Runs the module's start function, which counts as instantiation and sees no memory, then the entry point.
fn start_and_call(
    running: &mut Running<Frame>,
    code: &Cid,
    entrypoint: &Entrypoint,
    args: &[Val],
) -> Outcome<u32> {
    let mut handles = InstanceHandles {
        memory: None,
        gas: running.gas_cell(),
    };
    metered(running, handles, Running::start)?.map_err(not_instantiated)?;
    handles.memory = running.memory();
    let strict = running.data().stack.core.rules.missing_invoke_is_fatal;
    let ended = metered(running, handles, |running| {
        running.call(entrypoint.export(), args, strict)
    })?;
    ended.map_err(|error| stop_of(error, code, strict))
}

/// Gives the instance gas, runs `f` in it and charges what it used. Running out of gas hides any other end.
fn metered<T>(
    running: &mut Running<Frame>,
    handles: InstanceHandles,
    f: impl FnOnce(&mut Running<Frame>) -> T,
) -> Outcome<T> {
    let frame = running.data_mut();
    frame.instance = Some(handles);
    let gas = frame.give_gas();
    running.set_gas(gas);
    let result = f(running);
    let counter = running.gas();
    running.data_mut().take_gas(counter)?;
    Ok(result)
}

/// Loads the module and charges for the memory and table it starts with.
fn prepare(frame: &mut Frame, code: &Cid) -> Outcome<Arc<Module<Frame>>> {
    let module = frame.stack.core.load_module(code)?;
    if !module.has_memory() {
        return Err(Stop::Fatal(anyhow::anyhow!("{code} exports no memory")));
    }
    let wasm = &frame.stack.core.rules.prices.wasm;
    let memory_bytes = module.min_memory_bytes();
    let memory = wasm.init_memory_gas(memory_bytes);
    let table = module
        .table_min_elements()
        .map(|elements| wasm.init_table_gas(elements));
    frame.note_initial_memory(memory_bytes);
    if let Some(gas) = table {
        frame.stack.charge(GasCharge::new(
            "wasm_table_init",
            gas,
            filigree_gas::Gas::ZERO,
        ))?;
    }
    frame.stack.charge(GasCharge::new(
        "wasm_memory_init",
        memory,
        filigree_gas::Gas::ZERO,
    ))?;
    Ok(module)
}

fn not_instantiated(error: impl std::fmt::Display) -> Stop {
    Stop::Exit {
        code: ExitCode::SYS_ILLEGAL_INSTRUCTION,
        message: format!("the module could not start: {error}"),
        block_id: NO_DATA_BLOCK_ID,
    }
}

/// How a call into Wasm that did not return is to be understood.
fn stop_of(error: CallError, code: &Cid, missing_is_fatal: bool) -> Stop {
    match error {
        CallError::MissingExport if missing_is_fatal => {
            Stop::Fatal(anyhow::anyhow!("{code} has no entry point"))
        }
        CallError::MissingExport => Stop::Exit {
            code: ExitCode::SYS_INVALID_RECEIVER,
            message: format!("{code} has no such entry point"),
            block_id: NO_DATA_BLOCK_ID,
        },
        CallError::Trap(trap) if is_actor_fault(trap) => Stop::Exit {
            code: ExitCode::SYS_ILLEGAL_INSTRUCTION,
            message: trap.to_string(),
            block_id: NO_DATA_BLOCK_ID,
        },
        CallError::Trap(trap) => Stop::Fatal(anyhow::anyhow!("unexpected trap: {trap}")),
        CallError::Host(error) => match error.downcast::<Stop>() {
            Ok(stop) => escalate(stop),
            Err(error) => Stop::Fatal(anyhow::anyhow!("{error:#}")),
        },
    }
}

/// Traps that an actor's own code can cause.
fn is_actor_fault(trap: Trap) -> bool {
    matches!(
        trap,
        Trap::MemoryOutOfBounds
            | Trap::TableOutOfBounds
            | Trap::IndirectCallToNull
            | Trap::BadSignature
            | Trap::IntegerOverflow
            | Trap::IntegerDivisionByZero
            | Trap::BadConversionToInteger
            | Trap::UnreachableCodeReached
            | Trap::HeapMisaligned
            | Trap::AtomicWaitNonSharedMemory
            | Trap::StackOverflow
    )
}

/// An errno where no actor waits for one is a bug of the host.
fn escalate(stop: Stop) -> Stop {
    match stop {
        Stop::Errno(error) => Stop::Fatal(anyhow::Error::new(error).context("unexpected errno")),
        other => other,
    }
}
