//! Actors that run natively: Rust in place of Wasm, on the same frames, through the same syscalls. For tests, debuggers and
//! coverage (feature `native`, which nothing that runs a network enables). Only syscalls cost gas.

use std::collections::HashMap;
use std::rc::Rc;

use cid::Cid;
use fvm_shared::error::ExitCode;

use crate::frame::Frame;
use crate::machine::Machine;
use crate::memory::GuestMemory;
use crate::stop::{NO_DATA_BLOCK_ID, Outcome, Stop};
use crate::syscall::{self, Abi, Context};

/// An actor's code as native functions.
pub trait NativeActor {
    /// Runs the export `invoke` or `upgrade` with its arguments (block handles), and gives the handle it returns. The actor makes its
    /// syscalls through `syscalls`.
    fn run(
        &self,
        export: &str,
        args: &[u32],
        syscalls: &mut NativeSyscalls<'_>,
    ) -> Result<u32, NativeEnd>;
}

/// How a native actor ended without returning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NativeEnd {
    /// It has no such export.
    MissingExport,
    /// A syscall did not let it run on.
    Stopped,
    /// It panicked.
    Panicked(String),
}

/// The syscalls of one invocation.
pub struct NativeSyscalls<'a> {
    frame: &'a mut Frame,
    stop: Option<Stop>,
}

impl NativeSyscalls<'_> {
    /// Makes a syscall: its Wasm arguments as 64 bits each, offsets pointing into `memory`. Gives its error number, 0 for success; `None` if
    /// the actor must not run on, and has to come back with [`NativeEnd::Stopped`].
    pub fn call(
        &mut self,
        module: &str,
        name: &str,
        args: &[u64],
        memory: &mut [u8],
    ) -> Option<u32> {
        if self.stop.is_some() {
            return None;
        }
        let core = &self.frame.stack.core;
        let abi = Abi::of(&core.context.network, &core.rules);
        let mut context = Context {
            frame: self.frame,
            memory: GuestMemory::new(memory),
        };
        let outcome = syscall::call(abi, &mut context, (module, name), args).unwrap_or_else(|| {
            Err(Stop::Fatal(anyhow::anyhow!(
                "the network has no syscall {module}::{name}"
            )))
        });
        match outcome {
            Ok(number) => Some(number),
            Err(stop) => {
                self.stop = Some(stop);
                None
            }
        }
    }
}

/// Native code by code CID.
#[derive(Default)]
pub(crate) struct Natives(HashMap<Cid, Rc<dyn NativeActor>>);

impl Natives {
    pub fn get(&self, code: &Cid) -> Option<Rc<dyn NativeActor>> {
        self.0.get(code).cloned()
    }
}

impl Machine {
    /// Runs actors with this code natively from now on.
    ///
    /// # Panics
    /// If a message was torn apart by a bug of the host.
    pub fn install_native(&mut self, code: Cid, actor: Rc<dyn NativeActor>) {
        let core = self.core.as_mut().expect("the machine is poisoned");
        core.natives.0.insert(code, actor);
    }
}

/// Runs an export of a native actor.
pub(crate) fn run(
    mut frame: Frame,
    actor: &dyn NativeActor,
    export: &str,
    args: &[u32],
) -> (Outcome<u32>, Frame) {
    let mut syscalls = NativeSyscalls {
        frame: &mut frame,
        stop: None,
    };
    let ended = actor.run(export, args, &mut syscalls);
    let outcome = match (syscalls.stop, ended) {
        (Some(stop), _) => Err(stop),
        (None, Ok(block_id)) => Ok(block_id),
        (None, Err(NativeEnd::MissingExport)) => Err(exit(
            ExitCode::SYS_INVALID_RECEIVER,
            format!("the actor has no {export}"),
        )),
        (None, Err(NativeEnd::Stopped)) => Err(Stop::Fatal(anyhow::anyhow!(
            "a native actor stopped without being told to"
        ))),
        (None, Err(NativeEnd::Panicked(text))) => Err(exit(ExitCode::USR_ASSERTION_FAILED, text)),
    };
    (outcome, frame)
}

fn exit(code: ExitCode, message: String) -> Stop {
    Stop::Exit {
        code,
        message,
        block_id: NO_DATA_BLOCK_ID,
    }
}
