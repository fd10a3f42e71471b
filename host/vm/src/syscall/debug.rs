//! `debug`: logs and artifacts, on networks that debug actors; otherwise all is silent and unchecked.

use fvm_shared::error::ErrorNumber::IllegalArgument;

use super::Context;
use crate::stop::{Classify, Outcome, errno};
use crate::trace::TraceEvent;

const MAX_ARTIFACT_NAME_BYTES: usize = 256;

fn is_enabled(context: &Context<'_>) -> bool {
    context.frame.stack.core.context.network.actor_debugging
}

/// Adds a line to the trace.
pub(super) fn log(context: &mut Context<'_>, message: u32, len: u32) -> Outcome<()> {
    if !is_enabled(context) {
        return Ok(());
    }
    let line = String::from_utf8(context.memory.slice(message, len)?.to_vec())
        .or_errno(IllegalArgument)?;
    tracing::debug!(target: "actor", id = context.frame.receiver, "{line}");
    context.frame.stack.trace(|_| TraceEvent::Log(line));
    Ok(())
}

/// 0 if the network debugs actors, -1 if not.
pub(super) fn enabled(context: &mut Context<'_>) -> Outcome<i32> {
    Ok(if is_enabled(context) { 0 } else { -1 })
}

/// Adds a named artifact to the trace.
pub(super) fn store_artifact(
    context: &mut Context<'_>,
    name: u32,
    name_len: u32,
    data: u32,
    data_len: u32,
) -> Outcome<()> {
    if !is_enabled(context) {
        return Ok(());
    }
    let data = context.memory.slice(data, data_len)?;
    let name =
        std::str::from_utf8(context.memory.slice(name, name_len)?).or_errno(IllegalArgument)?;
    let wrong = if name.is_empty() {
        Some("is empty")
    } else if name.len() > MAX_ARTIFACT_NAME_BYTES {
        Some("is longer than 256 bytes")
    } else if name.contains(std::path::is_separator) {
        Some("has a path separator")
    } else if name.starts_with('.') {
        Some("starts with a dot")
    } else {
        None
    };
    if let Some(wrong) = wrong {
        return Err(errno(
            IllegalArgument,
            format_args!("the artifact's name {wrong}"),
        ));
    }
    let (name, data) = (name.to_owned(), data.to_vec());
    context
        .frame
        .stack
        .trace(|_| TraceEvent::Artifact { name, data });
    Ok(())
}
