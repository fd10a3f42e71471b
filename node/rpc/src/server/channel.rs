//! Channels: methods that answer with a number, and then send values under that number, as Lotus' library go-jsonrpc does it
//! over WebSocket. The notifications are `xrpc.ch.val` with `[number, value]`, and at the end `xrpc.ch.close` with `[number]`;
//! the caller ends a channel by the notification `xrpc.cancel` with the id of its request.
//!
//! jsonrpsee's own subscriptions wrap values otherwise. Below them is what is needed here: a callback that gets the sink of the
//! connection.

use std::sync::Arc;

use jsonrpsee::core::server::{
    Extensions, MethodCallback, MethodResponse, MethodSink, Methods, ResponsePayload,
    SubscriptionMethod, SubscriptionState,
};
use jsonrpsee::types::{Id, Params};
use serde_json::value::RawValue;

use super::Shared;
use super::dispatch::{error_object, parse_params, raw};
use super::session::{Call, Session};
use crate::error::{Reply, RpcError};
use crate::table::{Future, OpenChannel, Row, Run, Source};

/// The methods that are channels, as jsonrpsee takes them. Requests bring what is shared and their session along.
pub(super) fn methods<'a>(rows: impl Iterator<Item = &'a &'static Row>) -> Methods {
    let mut methods = Methods::new();
    for &row in rows {
        let Run::Channel(open) = row.run else {
            continue;
        };
        let callback: SubscriptionMethod<'static> = Arc::new(
            move |id: Id<'_>,
                  params: Params<'_>,
                  sink: MethodSink,
                  state: SubscriptionState<'_>,
                  extensions: Extensions|
                  -> Future<MethodResponse> {
                let (id, params) = (id.into_owned(), params.as_str().map(str::to_owned));
                let permit = state.subscription_permit;
                Box::pin(async move {
                    let opened = open_channel(row, open, params, &extensions).await;
                    match opened {
                        Ok((session, source)) => {
                            start(row, id, source, sink, &session, permit).await;
                            // The answer is sent: what is returned here is not.
                            MethodResponse::notification()
                        }
                        Err(error) => MethodResponse::error(id, error_object(error)),
                    }
                })
            },
        );
        methods
            .verify_and_insert(row.name, MethodCallback::Subscription(callback))
            .expect("names of rows differ: they are keys");
    }
    methods
}

/// Opens a channel for the caller whose request this is.
async fn open_channel(
    row: &'static Row,
    open: OpenChannel,
    params: Option<String>,
    extensions: &Extensions,
) -> Reply<(Arc<Session>, Box<dyn Source>)> {
    let shared = extensions.get::<Arc<Shared>>().cloned();
    let session = extensions.get::<Arc<Session>>().cloned();
    let (shared, session) = shared
        .zip(session)
        .ok_or_else(|| RpcError::general("a request of nobody"))?;
    // It may wait for whoever moves the head.
    let opened = tokio::task::spawn_blocking(move || {
        let params = parse_params(row, params.as_deref(), &shared.limits)?;
        open(&shared.services, params)
    });
    Ok((session, opened.await??))
}

/// Answers with the channel's number, and sends its values from then on.
async fn start(
    row: &'static Row,
    id: Id<'static>,
    source: Box<dyn Source>,
    sink: MethodSink,
    session: &Arc<Session>,
    permit: impl Send + 'static,
) {
    let channel = session.next_channel();
    let call = session.begin(&id);
    let answer = MethodResponse::response(id, ResponsePayload::success(channel), usize::MAX);
    if sink.send(answer.into_json()).await.is_err() {
        return;
    }
    tokio::spawn(async move {
        tracing::debug!(method = row.name, channel, "channel opened");
        send_values(channel, source, &sink, &call).await;
        drop(permit);
        tracing::debug!(method = row.name, channel, "channel closed");
    });
}

async fn send_values(channel: u64, mut source: Box<dyn Source>, sink: &MethodSink, call: &Call) {
    loop {
        let value = tokio::select! {
            value = source.next() => value,
            () = call.cancelled() => None,
            () = sink.closed() => return,
        };
        let Some(value) = value else { break };
        let frame = notification("xrpc.ch.val", &format!("[{channel},{value}]"));
        if sink.send(frame).await.is_err() {
            return;
        }
    }
    // If this cannot be sent, there is nobody to read it.
    _ = sink
        .send(notification("xrpc.ch.close", &format!("[{channel}]")))
        .await;
}

fn notification(method: &str, params: &str) -> Box<RawValue> {
    raw(format!(
        r#"{{"jsonrpc":"2.0","method":"{method}","params":{params}}}"#
    ))
}
