//! The FVM syscalls. One file per ABI module; each function reads: check the claims, charge, act.
//!
//! A syscall that returns a value takes an out-pointer as its first Wasm argument and writes the value there; every
//! syscall returns 0 or an error number. `filigree_abi` declares the table; a test holds the linked functions
//! against it for every network version.

mod actor;
mod crypto;
mod debug;
mod event;
mod gas;
mod ipld;
mod link;
mod network;
mod proofs;
mod rand;
mod self_;
mod send;
mod vm;

#[cfg(feature = "native")]
pub(crate) use link::call;
pub(crate) use link::{Abi, link};

use fvm_shared::error::ErrorNumber;
use fvm_shared::sys::SyscallSafe;
use wasmtime::Caller;

use crate::backtrace::Cause;
use crate::frame::{self, Frame};
use crate::memory::GuestMemory;
#[cfg(feature = "native")]
use crate::profile::Site;
use crate::stop::{Errno, Outcome, Stop};

/// What a syscall works on.
pub(crate) struct Context<'a> {
    /// The calling actor's frame.
    pub frame: &'a mut Frame,
    /// The calling actor's memory.
    pub memory: GuestMemory<'a>,
}

/// The name of a syscall.
type Name = (&'static str, &'static str);

/// Runs a syscall without a return value.
fn run(
    caller: &mut Caller<'_, Frame>,
    name: Name,
    syscall: impl FnOnce(&mut Context<'_>) -> Outcome<()>,
) -> wasmtime::Result<u32> {
    let handles = frame::handles(caller.data())?;
    frame::enter(caller, handles, name)?;
    let (memory, data) = handles.split(caller);
    let result = syscall(&mut Context {
        frame: data,
        memory: GuestMemory::new(memory),
    });
    let result = settle(data, name, result);
    frame::leave(caller, handles);
    Ok(result?)
}

/// Runs a syscall that writes a value of type `T` to `out`.
fn run_out<T: SyscallSafe>(
    caller: &mut Caller<'_, Frame>,
    name: Name,
    out: u32,
    syscall: impl FnOnce(&mut Context<'_>) -> Outcome<T>,
) -> wasmtime::Result<u32> {
    let handles = frame::handles(caller.data())?;
    frame::enter(caller, handles, name)?;
    let (memory, data) = handles.split(caller);
    let size = size_of::<T>();
    let fits = (out as usize)
        .checked_add(size)
        .is_some_and(|end| end <= memory.len());
    if !fits {
        // As the reference: returns at once. The instance keeps the gas it had before this call was charged, so the
        // Wasm gas since the last completed syscall is charged once more at the next one.
        let error = Errno {
            number: ErrorNumber::IllegalArgument,
            message: "no room for the return value".to_owned(),
        };
        return Ok(settle(data, name, Err(error.into()))?);
    }
    let result = syscall(&mut Context {
        frame: data,
        memory: GuestMemory::new(memory),
    });
    let result = result.map(|value| write_out(&mut memory[out as usize..][..size], value));
    let result = settle(data, name, result);
    frame::leave(caller, handles);
    Ok(result?)
}

/// Runs a syscall without a return value for a native actor, which uses no gas of its own.
#[cfg(feature = "native")]
fn run_native(
    context: &mut Context<'_>,
    name: Name,
    syscall: impl FnOnce(&mut Context<'_>) -> Outcome<()>,
) -> Outcome<u32> {
    let (module, function) = name;
    let site = || Site::Syscall(module, function);
    context.frame.stack.enter_site(site);
    context.frame.stack.pay(|p| p.on_syscall())?;
    let result = syscall(context);
    settle(context.frame, name, result)
}

/// Runs a syscall that writes a value of type `T` to `out` for a native actor.
#[cfg(feature = "native")]
fn run_native_out<T: SyscallSafe>(
    context: &mut Context<'_>,
    name: Name,
    out: u32,
    syscall: impl FnOnce(&mut Context<'_>) -> Outcome<T>,
) -> Outcome<u32> {
    run_native(context, name, |context| {
        let value = syscall(context)?;
        write_out(context.memory.slice_mut(out, size_of::<T>() as u32)?, value);
        Ok(())
    })
}

/// Remembers or forgets the last error, and makes the ABI's result.
fn settle(frame: &mut Frame, (module, function): Name, result: Outcome<()>) -> Outcome<u32> {
    frame.stack.leave_site();
    match result {
        Ok(()) => {
            frame.last_error = None;
            Ok(0)
        }
        Err(Stop::Errno(error)) => {
            let number = error.number as u32;
            frame.last_error = Some(Cause::Syscall {
                module,
                function,
                error,
            });
            Ok(number)
        }
        Err(stop) => Err(stop),
    }
}

/// Copies an out-struct to guest memory.
#[expect(unsafe_code, reason = "out-structs are written as they lie in memory")]
fn write_out<T: SyscallSafe>(target: &mut [u8], value: T) {
    assert_eq!(target.len(), size_of::<T>());
    // SAFETY: `SyscallSafe` types are packed plain data, so all their bytes are initialised; the lengths are equal,
    // and bytes have no alignment.
    unsafe {
        std::ptr::copy_nonoverlapping(
            (&raw const value).cast::<u8>(),
            target.as_mut_ptr(),
            target.len(),
        );
    }
}
