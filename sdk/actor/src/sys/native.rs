//! Syscalls of an actor that runs natively: the same calls, answered by the kernel of the host that runs it.
//!
//! The host's syscalls work on a guest memory. A native actor has none, so each call lays its arguments out in a
//! small memory of its own, and copies back what was written.
#![expect(
    unsafe_code,
    reason = "a kernel is lent to the thread for the time of a call"
)]

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::NonNull;

/// The host's side of a native actor.
pub trait Kernel {
    /// Runs one syscall: its Wasm arguments as 64-bit patterns, offsets pointing into `memory`. Gives its error number, 0 for success;
    /// `None` if the actor does not run on (it exited, ran out of gas, or the host failed).
    fn syscall(&mut self, module: &str, name: &str, args: &[u64], memory: &mut [u8])
    -> Option<u32>;
}

/// How a native actor ended without returning.
pub enum Ended {
    /// The kernel asked for it, and knows why.
    ByKernel,
    /// It panicked.
    Panic(String),
}

/// Unwinds an actor whose kernel does not let it run on.
struct Unwind;

thread_local! {
    /// The kernel of the actor that runs on this thread.
    static KERNEL: Cell<Option<NonNull<dyn Kernel>>> = const { Cell::new(None) };
}

/// Runs actor code with `kernel` below it. Runs may nest: an actor calls another.
pub fn run<R>(kernel: &mut dyn Kernel, actor: impl FnOnce() -> R) -> Result<R, Ended> {
    /// Puts the calling actor's kernel back, whatever happens.
    struct Restore(Option<NonNull<dyn Kernel>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            KERNEL.set(self.0);
        }
    }
    let kernel = NonNull::from(kernel);
    // SAFETY: only the lifetime changes. The pointer leaves `KERNEL` before `kernel`'s borrow ends, by `Restore`.
    let kernel =
        unsafe { std::mem::transmute::<NonNull<dyn Kernel + '_>, NonNull<dyn Kernel>>(kernel) };
    let _restore = Restore(KERNEL.replace(Some(kernel)));
    // The actor's memory is not seen again after a panic: its state is what it stored.
    catch_unwind(AssertUnwindSafe(actor)).map_err(ended)
}

fn ended(payload: Box<dyn Any + Send>) -> Ended {
    if payload.is::<Unwind>() {
        return Ended::ByKernel;
    }
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned());
    Ended::Panic(text.unwrap_or_else(|| "a panic without a message".to_owned()))
}

/// An argument of a syscall.
pub(super) enum Arg<'a> {
    /// A number.
    Val(u64),
    /// Bytes to read, and whether their length is an argument too.
    Read(&'a [u8], bool),
    /// Bytes to write, and whether their length is an argument too.
    Write(&'a mut [u8], bool),
}

/// Makes a syscall. `out` is the value behind the out-pointer; empty if there is none.
///
/// # Panics
/// Outside of [`run`]: only a host can answer.
pub(super) fn call(module: &str, name: &str, args: &mut [Arg<'_>], out: &mut [u8]) -> u32 {
    let (mut words, mut memory) = (Vec::new(), Vec::new());
    if !out.is_empty() {
        words.push(0);
        memory.resize(out.len(), 0);
    }
    for arg in args.iter() {
        let (bytes, with_len) = match arg {
            Arg::Val(value) => {
                words.push(*value);
                continue;
            }
            Arg::Read(bytes, with_len) => (*bytes, *with_len),
            Arg::Write(bytes, with_len) => (&**bytes, *with_len),
        };
        words.push(memory.len() as u64);
        if with_len {
            words.push(bytes.len() as u64);
        }
        memory.extend_from_slice(bytes);
    }
    let mut kernel = KERNEL.get().unwrap_or_else(|| {
        panic!("{module}::{name} was called outside of a host: run the actor in a sandbox")
    });
    // SAFETY: set by `run`, whose borrow of the kernel is alive while it is here; a callee's kernel takes its place
    // while this one waits, so there is one reference at a time.
    let answer = unsafe { kernel.as_mut() }.syscall(module, name, &words, &mut memory);
    let Some(number) = answer else {
        resume_unwind(Box::new(Unwind));
    };
    let mut at = out.len();
    if number == 0 {
        out.copy_from_slice(&memory[..at]);
    }
    for arg in args {
        match arg {
            Arg::Val(_) => {}
            Arg::Read(bytes, _) => at += bytes.len(),
            Arg::Write(bytes, _) => {
                bytes.copy_from_slice(&memory[at..][..bytes.len()]);
                at += bytes.len();
            }
        }
    }
    number
}
