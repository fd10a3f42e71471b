//! `actor`: addresses, code and balances of actors; creating, installing and upgrading them.

use filigree_state::INIT_ACTOR_ID;
use fvm_shared::ActorID;
use fvm_shared::address::{Address, PAYLOAD_HASH_LEN};
use fvm_shared::error::ErrorNumber::{BufferTooSmall, Forbidden, IllegalArgument, NotFound};
use fvm_shared::state::ActorState;
use fvm_shared::sys;

use super::self_::writable;
use super::{Context, send};
use crate::frame::Frame;
use crate::stop::{Classify, Outcome, Stop, errno};
use crate::trace::{IpldOp, TraceEvent};

/// The id of the actor with an address.
pub(super) fn resolve_address(context: &mut Context<'_>, address: u32, len: u32) -> Outcome<u64> {
    let address = context.memory.address(address, len)?;
    resolve(context.frame, &address)
}

/// As the syscall, for other syscalls.
pub(super) fn resolve(frame: &mut Frame, address: &Address) -> Outcome<ActorID> {
    let stack = &mut frame.stack;
    stack.pay(|p| p.on_resolve_address())?;
    stack
        .resolve(address)?
        .ok_or_else(|| errno(NotFound, format_args!("no actor has the address {address}")))
}

/// The delegated (f4) address of an actor; length 0 if it has none.
pub(super) fn lookup_delegated_address(
    context: &mut Context<'_>,
    id: u64,
    buf: u32,
    len: u32,
) -> Outcome<u32> {
    context.memory.check(buf, len)?;
    let stack = &mut context.frame.stack;
    stack.pay(|p| p.on_lookup_delegated_address())?;
    let Some(address) = existing(context.frame, id)?.delegated_address else {
        return Ok(0);
    };
    let bytes = address.to_bytes();
    context
        .memory
        .slice_mut(buf, len)?
        .get_mut(..bytes.len())
        .ok_or_else(|| errno(BufferTooSmall, "no room for the address"))?
        .copy_from_slice(&bytes);
    Ok(bytes.len() as u32)
}

/// The code CID of an actor.
pub(super) fn get_actor_code_cid(
    context: &mut Context<'_>,
    id: u64,
    buf: u32,
    len: u32,
) -> Outcome<u32> {
    context.memory.check(buf, len)?;
    let stack = &mut context.frame.stack;
    stack.pay(|p| p.on_get_actor_code_cid())?;
    let code = existing(context.frame, id)?.code;
    context.memory.write_cid(&code, buf, len)
}

/// The balance of an actor.
pub(super) fn balance_of(context: &mut Context<'_>, id: u64) -> Outcome<sys::TokenAmount> {
    let stack = &mut context.frame.stack;
    stack.pay(|p| p.on_balance_of())?;
    existing(context.frame, id)?
        .balance
        .try_into()
        .or_fatal("an actor's balance")
}

fn existing(frame: &mut Frame, id: ActorID) -> Outcome<ActorState> {
    frame
        .stack
        .actor(id)?
        .ok_or_else(|| errno(NotFound, format_args!("actor f0{id} does not exist")))
}

/// A fresh, reorganisation-proof (f2) address.
pub(super) fn next_actor_address(context: &mut Context<'_>, buf: u32, len: u32) -> Outcome<u32> {
    const ADDRESS_BYTES: usize = PAYLOAD_HASH_LEN + 1;
    let out = context.memory.slice_mut(buf, len)?;
    let out = out
        .get_mut(..ADDRESS_BYTES)
        .ok_or_else(|| errno(BufferTooSmall, "an actor address needs 21 bytes"))?;
    let address = context.frame.stack.next_actor_address()?.to_bytes();
    if address.len() != ADDRESS_BYTES {
        return Err(Stop::Fatal(anyhow::anyhow!(
            "an actor address of {} bytes",
            address.len()
        )));
    }
    out.copy_from_slice(&address);
    Ok(ADDRESS_BYTES as u32)
}

/// Makes an actor; for the init actor alone.
pub(super) fn create_actor(
    context: &mut Context<'_>,
    id: u64,
    code: u32,
    address: u32,
    len: u32,
) -> Outcome<()> {
    let code = context.memory.cid(code)?;
    let delegated = match len {
        0 => None,
        len => Some(context.memory.address(address, len)?),
    };
    let frame = &mut *context.frame;
    if frame.receiver != INIT_ACTOR_ID {
        return Err(errno(
            Forbidden,
            format_args!(
                "only the init actor creates actors, not f0{}",
                frame.receiver
            ),
        ));
    }
    writable(frame, "create an actor")?;
    frame.stack.create_actor(code, id, delegated)
}

/// The number of a built-in actor's code in the manifest, from 1; 0 for any other code.
pub(super) fn get_builtin_actor_type(context: &mut Context<'_>, code: u32) -> Outcome<i32> {
    let code = context.memory.cid(code)?;
    let stack = &mut context.frame.stack;
    stack.pay(|p| p.on_get_builtin_actor_type())?;
    Ok(stack.core.manifest.id_of(&code) as i32)
}

/// The code behind a number of the manifest.
pub(super) fn get_code_cid_for_type(
    context: &mut Context<'_>,
    typ: i32,
    buf: u32,
    len: u32,
) -> Outcome<u32> {
    context.memory.check(buf, len)?;
    let stack = &mut context.frame.stack;
    stack.pay(|p| p.on_get_code_cid_for_type())?;
    let code = *stack.core.manifest.code_of(typ as u32).ok_or_else(|| {
        errno(
            IllegalArgument,
            format_args!("no built-in actor has the number {typ}"),
        )
    })?;
    context.memory.write_cid(&code, buf, len)
}

/// Checks and compiles code that is in the store (networks that allow user code only).
pub(super) fn install_actor(context: &mut Context<'_>, code: u32) -> Outcome<()> {
    let code = context.memory.cid(code)?;
    let stack = &mut context.frame.stack;
    let module = match stack.core.load_module(&code) {
        Err(Stop::Fatal(e)) => Err(errno(IllegalArgument, format_args!("{e:#}"))),
        other => other,
    }?;
    let size = module.instrumented_size_bytes() as usize;
    stack.pay(|p| p.on_install_actor(size))?;
    stack.trace(|_| TraceEvent::Ipld {
        op: IpldOp::Get,
        cid: code,
        size_bytes: size,
    });
    Ok(())
}

/// Replaces the calling actor's code and runs the new code's `upgrade`. If that succeeds the old code never runs again:
/// the call ends with the new code's result.
pub(super) fn upgrade_actor(
    context: &mut Context<'_>,
    code: u32,
    params_id: u32,
) -> Outcome<sys::out::send::Send> {
    let new_code = context.memory.cid(code)?;
    let frame = &mut *context.frame;
    writable(frame, "upgrade an actor")?;
    check_not_reentered(frame)?;
    let params = send::params_for_callee(frame, params_id)?;
    let (caller, receiver) = (frame.caller, frame.receiver);
    let returned = frame.stack.upgrade(caller, receiver, new_code, params)?;
    let code = returned.code;
    let result = send::receive(frame, returned)?;
    if code.is_success() {
        return Err(Stop::Exit {
            code,
            message: String::new(),
            block_id: result.return_id,
        });
    }
    Ok(result)
}

/// An actor may upgrade only if nothing else runs between its outermost frame and this one (FIP-0077).
fn check_not_reentered(frame: &Frame) -> Outcome<()> {
    let running = &frame.stack.running;
    let first = running
        .iter()
        .position(|entry| *entry == (frame.receiver, "invoke"));
    let Some(first) = first else { return Ok(()) };
    let only_upgrades = running[first + 1..]
        .iter()
        .all(|entry| *entry == (frame.receiver, "upgrade"));
    if !only_upgrades {
        return Err(errno(
            Forbidden,
            "an actor that is on the call stack already cannot be upgraded",
        ));
    }
    Ok(())
}
