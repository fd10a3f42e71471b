//! Actors that run as part of the test: the bridge between the SDK's syscalls and the host's frames.

use std::marker::PhantomData;

use filigree_sdk::describe::MethodKind;
use filigree_sdk::dispatch::{Actor, run_invoke, run_upgrade};
use filigree_sdk::sys::native::{Ended, Kernel, run};
use filigree_vm::native::{NativeActor, NativeEnd, NativeSyscalls};

/// The code of an actor, as the host calls it.
pub(crate) struct Native<A>(PhantomData<fn() -> A>);

impl<A> Native<A> {
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

impl<A: Actor> NativeActor for Native<A> {
    fn run(
        &self,
        export: &str,
        args: &[u32],
        syscalls: &mut NativeSyscalls<'_>,
    ) -> Result<u32, NativeEnd> {
        let has_upgrade = || {
            A::SCHEMA
                .methods
                .iter()
                .any(|method| method.kind == MethodKind::Upgrade)
        };
        let mut syscalls = Syscalls(syscalls);
        let ended = match (export, args) {
            ("invoke", [params]) => run(&mut syscalls, || run_invoke::<A>(*params)),
            ("upgrade", [params, info]) if has_upgrade() => {
                run(&mut syscalls, || run_upgrade::<A>(*params, *info))
            }
            _ => return Err(NativeEnd::MissingExport),
        };
        ended.map_err(|ended| match ended {
            Ended::ByKernel => NativeEnd::Stopped,
            Ended::Panic(text) => NativeEnd::Panicked(text),
        })
    }
}

/// The host's syscalls, as the SDK asks for them.
struct Syscalls<'a, 'b>(&'a mut NativeSyscalls<'b>);

impl Kernel for Syscalls<'_, '_> {
    fn syscall(
        &mut self,
        module: &str,
        name: &str,
        args: &[u64],
        memory: &mut [u8],
    ) -> Option<u32> {
        self.0.call(module, name, args, memory)
    }
}
