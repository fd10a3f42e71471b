//! Channels: methods that answer with a number, and then send values under that number, as Lotus' library go-jsonrpc does it
//! over WebSocket. The notifications are `xrpc.ch.val` with `[number, value]`, and at the end `xrpc.ch.close` with `[number]`;
//! the caller ends a channel by the notification `xrpc.cancel` with the id of its request.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::answer::{self, Answer};
use super::dispatch::{Caller, parse_params};
use super::session::Call;
use crate::error::{Reply, RpcError, code};
use crate::table::{OpenChannel, Row, Source};

/// Opens a channel. Its number is sent before its values, and only what keeps it from being opened is given back as an answer.
pub(super) async fn open(
    caller: &Caller,
    row: &'static Row,
    open: OpenChannel,
    id: &str,
    params: Option<String>,
    call: Call,
) -> Option<String> {
    let Some(out) = caller.out.clone() else {
        return Some(answer::text(id, Err(misplaced(row))));
    };
    let permit = Arc::clone(&caller.session.channels).try_acquire_owned();
    let Ok(permit) = permit else {
        let most = caller.shared.limits.channels_per_connection;
        let error = RpcError::busy(format!("a WebSocket has at most {most} channels"));
        return Some(answer::text(id, Err(error)));
    };
    let source = match open_source(caller, row, open, params).await {
        Ok(source) => source,
        Err(error) => return Some(answer::text(id, Err(error))),
    };
    let channel = caller.session.next_channel();
    let number = answer::text(id, Ok(channel.to_string()));
    if out.send(Answer::new(number)).await.is_err() {
        return None;
    }
    let caller = caller.clone();
    tokio::spawn(async move {
        tracing::debug!(method = row.name, channel, "channel opened");
        tokio::select! {
            () = send_values(channel, source, &out, &call) => {}
            // The end of the connection says it as well.
            () = caller.shared.stopped() => {}
        }
        drop(permit);
        tracing::debug!(method = row.name, channel, "channel closed");
    });
    None
}

/// A channel was asked for where there can be none.
pub(super) fn misplaced(row: &Row) -> RpcError {
    let name = row.short_name();
    let text = format!(
        "method '{name}' sends values: it needs a WebSocket, and a request that is not in a batch"
    );
    RpcError::new(code::METHOD_NOT_FOUND, text)
}

/// Where the values of a channel come from.
async fn open_source(
    caller: &Caller,
    row: &'static Row,
    open: OpenChannel,
    params: Option<String>,
) -> Reply<Box<dyn Source>> {
    let shared = Arc::clone(&caller.shared);
    // It may wait for whoever moves the head.
    let opened = tokio::task::spawn_blocking(move || {
        let params = parse_params(row, params.as_deref(), &shared.limits)?;
        open(&shared.services, params)
    });
    opened.await?
}

async fn send_values(
    channel: u64,
    mut source: Box<dyn Source>,
    out: &mpsc::Sender<Answer>,
    call: &Call,
) {
    loop {
        let value = tokio::select! {
            value = source.next() => value,
            () = call.cancelled() => None,
            () = out.closed() => return,
        };
        let Some(value) = value else { break };
        let value = notification("xrpc.ch.val", &format!("[{channel},{value}]"));
        if out.send(value).await.is_err() {
            return;
        }
    }
    // If this cannot be sent, there is nobody to read it.
    let close = notification("xrpc.ch.close", &format!("[{channel}]"));
    _ = out.send(close).await;
}

fn notification(method: &str, params: &str) -> Answer {
    Answer::new(format!(
        r#"{{"jsonrpc":"2.0","method":"{method}","params":{params}}}"#
    ))
}
