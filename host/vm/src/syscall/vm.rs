//! `vm`: leaving an actor, and the message it runs for.

use fvm_shared::error::ExitCode;
use fvm_shared::sys::out::vm::{ContextFlags, MessageContext};

use super::Context;
use crate::stop::{Classify, NO_DATA_BLOCK_ID, Outcome, Stop};

/// Longer messages keep this many bytes, half from each end.
const MAX_MESSAGE_BYTES: usize = 1024;

/// Ends the actor with a code, a return block and a message. System codes other than 0 belong to the host.
pub(super) fn exit(
    context: &mut Context<'_>,
    code: u32,
    block_id: u32,
    message: u32,
    message_len: u32,
) -> Outcome<()> {
    let code = ExitCode::new(code);
    if !code.is_success() && code.is_system_error() {
        return Err(Stop::Exit {
            code: ExitCode::SYS_ILLEGAL_EXIT_CODE,
            message: format!("actor aborted with the system code {code}"),
            block_id,
        });
    }
    let message = match context.memory.slice(message, message_len) {
        _ if message_len == 0 => "actor aborted".to_owned(),
        Ok(bytes) => abridge(bytes),
        Err(e) => format!("the abort message cannot be read: {e}"),
    };
    Err(Stop::Exit {
        code,
        message,
        block_id,
    })
}

fn abridge(bytes: &[u8]) -> String {
    if bytes.len() <= MAX_MESSAGE_BYTES {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let half = MAX_MESSAGE_BYTES / 2;
    format!(
        "{} ... ({} bytes left out) ... {}",
        String::from_utf8_lossy(&bytes[..half]),
        bytes.len() - MAX_MESSAGE_BYTES,
        String::from_utf8_lossy(&bytes[bytes.len() - half..])
    )
}

/// Who called whom, with what value, in which message.
pub(super) fn message_context(context: &mut Context<'_>) -> Outcome<MessageContext> {
    let frame = &mut *context.frame;
    frame.stack.pay(|p| p.on_message_context())?;
    Ok(MessageContext {
        origin: frame.stack.origin,
        nonce: frame.stack.nonce,
        caller: frame.caller,
        receiver: frame.receiver,
        method_number: frame.method,
        value_received: (&frame.value).try_into().or_fatal("value received")?,
        gas_premium: (&frame.stack.gas_premium)
            .try_into()
            .or_fatal("gas premium")?,
        flags: if frame.read_only {
            ContextFlags::READ_ONLY
        } else {
            ContextFlags::empty()
        },
    })
}

const _: () = assert!(NO_DATA_BLOCK_ID == 0);
