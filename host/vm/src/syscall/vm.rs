//! `vm`: leaving an actor, and the message it runs for.

use fvm_shared::error::ExitCode;
use fvm_shared::sys::out::vm::{ContextFlags, MessageContext};

use super::Context;
use crate::stop::{Classify, Outcome, Stop};

/// An exit message is kept up to here. What an actor says first says most, and a thousand actors may exit in a message.
const MAX_MESSAGE_BYTES: usize = 800;

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
            message: format!("the actor used exit code {code}, which is the system's"),
            block_id,
        });
    }
    let message = match context.memory.slice(message, message_len) {
        Ok([]) => "without a message".to_owned(),
        Ok(bytes) => abridge(bytes),
        Err(e) => format!("its message is not in its memory: {e}"),
    };
    Err(Stop::Exit {
        code,
        message,
        block_id,
    })
}

fn abridge(bytes: &[u8]) -> String {
    let kept = &bytes[..bytes.len().min(MAX_MESSAGE_BYTES)];
    let mut text = String::from_utf8_lossy(kept).into_owned();
    if kept.len() < bytes.len() {
        text += &format!("… and {} bytes more", bytes.len() - kept.len());
    }
    text
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
