//! `send`: calling another actor.

use filigree_gas::Gas;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ErrorNumber::{IllegalArgument, LimitExceeded, ReadOnly};
use fvm_shared::sys::SendFlags;
use fvm_shared::sys::out::send::Send;

use super::Context;
use crate::blocks::Block;
use crate::call::{Call, Entrypoint, Returned};
use crate::frame::Frame;
use crate::stop::{Classify, NO_DATA_BLOCK_ID, Outcome, errno};

/// Calls `method` of the actor at an address with value and parameters, under a gas limit (`u64::MAX` for none).
#[allow(clippy::too_many_arguments)] // The ABI's own list.
pub(super) fn send(
    context: &mut Context<'_>,
    to: u32,
    to_len: u32,
    method: u64,
    params_id: u32,
    value_hi: u64,
    value_lo: u64,
    gas_limit: u64,
    flags: u64,
) -> Outcome<Send> {
    let to = context.memory.address(to, to_len)?;
    let value = TokenAmount::from_atto(u128::from(value_hi) << 64 | u128::from(value_lo));
    let gas_limit = (gas_limit < u64::MAX).then(|| Gas::new(gas_limit));
    let flags = SendFlags::from_bits(flags).ok_or_else(|| {
        errno(
            IllegalArgument,
            format_args!("unknown send flags {flags:#x}"),
        )
    })?;

    let frame = &mut *context.frame;
    let read_only = frame.read_only || flags.read_only();
    if read_only && !value.is_zero() {
        return Err(errno(ReadOnly, "a read-only call cannot send value"));
    }
    let params = params_for_callee(frame, params_id)?;
    let call = Call {
        from: frame.receiver,
        to,
        entrypoint: Entrypoint::Invoke(method),
        params,
        value,
        read_only,
    };
    let returned = frame.stack.transact(|stack| stack.call(call, gas_limit))?;
    receive(frame, returned)
}

/// The parameter block, once it is sure that a return block can be taken in.
pub(super) fn params_for_callee(frame: &Frame, params_id: u32) -> Outcome<Option<Block>> {
    let params = match params_id {
        NO_DATA_BLOCK_ID => None,
        id => Some(frame.blocks.get(id)?.clone()),
    };
    if frame.blocks.is_full() {
        return Err(errno(LimitExceeded, "no handle is left for a return block"));
    }
    Ok(params)
}

/// Takes in what a callee returned.
pub(super) fn receive(frame: &mut Frame, returned: Returned) -> Outcome<Send> {
    let (return_id, return_codec, return_size) = match returned.value {
        None => (NO_DATA_BLOCK_ID, 0, 0),
        Some(block) => {
            let (codec, size) = (block.codec, block.size_bytes());
            let id = frame
                .blocks
                .put_reachable(block)
                .or_fatal("taking in a return block")?;
            (id, codec, size)
        }
    };
    Ok(Send {
        exit_code: returned.code.value(),
        return_id,
        return_codec,
        return_size,
    })
}
