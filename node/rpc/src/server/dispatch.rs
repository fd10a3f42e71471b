//! One request: who may make it, within which bounds, and what runs it.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use jsonrpsee::core::middleware::{Batch, BatchEntry, Notification, RpcServiceT};
use jsonrpsee::core::server::{BatchResponseBuilder, MethodResponse, ResponsePayload};
use jsonrpsee::server::middleware::rpc::RpcService;
use jsonrpsee::types::{ErrorObjectOwned, Id, Request};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::OwnedSemaphorePermit;

use super::limits::{ERROR_BYTES, Extent, Limits};
use super::session::Session;
use super::{Shared, kibibytes};
use crate::error::{Reply, RpcError, code};
use crate::openrpc::needed_params;
use crate::table::{Row, Run};

/// Answers the requests of one caller.
#[derive(Clone)]
pub(super) struct Dispatch {
    pub shared: Arc<Shared>,
    pub session: Arc<Session>,
    /// What opens channels, where there can be any.
    pub channels: Option<RpcService>,
}

/// What a request holds until its answer is on its way.
type Held = (Option<OwnedSemaphorePermit>, Option<OwnedSemaphorePermit>);

impl Dispatch {
    async fn answer(&self, request: Request<'_>, in_batch: bool) -> MethodResponse {
        let id = request.id.clone();
        let row = match self.admit(&request) {
            Ok(row) => row,
            Err(error) => return MethodResponse::error(id, error_object(error)),
        };
        if matches!(row.run, Run::Channel(_)) {
            return match &self.channels {
                Some(channels) if !in_batch => channels.call(request).await,
                _ => {
                    let name = row.short_name();
                    let text = format!(
                        "method '{name}' sends values: it needs a WebSocket, and a request that is not in a batch"
                    );
                    MethodResponse::error(
                        id,
                        error_object(RpcError::new(code::METHOD_NOT_FOUND, text)),
                    )
                }
            };
        }
        match self.hold(&request, row).await {
            Ok(held) => {
                let params = request.params.as_ref().map(|params| params.get());
                let start = Instant::now();
                let reply = self.run(row, &id, params).await;
                let counts = &self.shared.counts;
                counts.add(row.name, reply.is_err(), start.elapsed());
                self.respond(id, reply, held)
            }
            Err(error) => MethodResponse::error(id, error_object(error)),
        }
    }

    /// The row of a request, if the caller may make it.
    fn admit(&self, request: &Request<'_>) -> Reply<&'static Row> {
        let row = self.shared.row(&request.method).ok_or_else(|| {
            let name: String = request.method.chars().take(100).collect();
            RpcError::new(code::METHOD_NOT_FOUND, format!("method '{name}' not found"))
        })?;
        if !self.session.permissions.allow(row.permission) {
            let (name, need) = (row.short_name(), row.permission);
            return Err(RpcError::general(format!(
                "missing permission to invoke '{name}' (need '{need}')"
            )));
        }
        Ok(row)
    }

    /// Takes the request's share of what is bounded. A WebSocket that sends faster than its requests are answered waits for its
    /// own, and is closed where even that is too much. (A request over HTTP has its share since it was read.)
    async fn hold(&self, request: &Request<'_>, row: &Row) -> Reply<Held> {
        if !self.session.is_websocket {
            return Ok((None, None));
        }
        let length = request
            .params
            .as_ref()
            .map_or(0, |params| params.get().len());
        // What is kept of a request beside its text, rounded up.
        let share = kibibytes(length) + 4;
        let Ok(bytes) = Arc::clone(&self.shared.bodies).try_acquire_many_owned(share) else {
            self.session.overrun.notify_one();
            return Err(RpcError::busy("too many requests at once"));
        };
        // One that waits for the chain may wait long: it must not keep others from running.
        let running = match row.run {
            Run::Waiting(_) => None,
            _ => Arc::clone(&self.session.running).acquire_owned().await.ok(),
        };
        Ok((Some(bytes), running))
    }

    async fn run(&self, row: &'static Row, id: &Id<'_>, params: Option<&str>) -> Reply<String> {
        let params = params.map(str::to_owned);
        let limits = &self.shared.limits;
        let call = self.session.begin(id);
        let reply = async {
            match row.run {
                Run::Blocking(run) => {
                    let shared = Arc::clone(&self.shared);
                    let reply = self.shared.on_a_thread(move || {
                        let params = parse_params(row, params.as_deref(), &shared.limits)?;
                        run(&shared.services, params)
                    });
                    tokio::time::timeout(limits.run_time, reply)
                        .await
                        .unwrap_or_else(|_| {
                            let seconds = limits.run_time.as_secs();
                            let name = row.short_name();
                            Err(RpcError::busy(format!(
                                "'{name}' has no answer after {seconds} s"
                            )))
                        })
                }
                Run::Waiting(run) => {
                    let params = parse_params(row, params.as_deref(), limits)?;
                    let Ok(_waiting) = self.shared.waiting.try_acquire() else {
                        return Err(RpcError::busy("too many requests wait for the chain"));
                    };
                    run(Arc::clone(&self.shared.services), params).await
                }
                Run::Channel(_) => unreachable!("channels are opened elsewhere"),
            }
        };
        tokio::select! {
            reply = reply => reply,
            () = call.cancelled() => Err(RpcError::general("cancelled by the caller")),
            () = self.shared.stopped() => Err(RpcError::busy("the node is shutting down")),
        }
    }

    fn respond(&self, id: Id<'_>, reply: Reply<String>, held: Held) -> MethodResponse {
        let payload = match reply {
            Ok(text) => ResponsePayload::success(raw(text)),
            Err(error) => ResponsePayload::error(error_object(error)),
        };
        let limit = self.shared.limits.response_bytes as usize;
        if !self.session.is_websocket {
            return MethodResponse::response(id, payload, limit);
        }
        let (payload, sent) = payload.notify_on_completion();
        tokio::spawn(async move {
            _ = sent.await;
            drop(held);
        });
        MethodResponse::response(id, payload, limit)
    }
}

impl RpcServiceT for Dispatch {
    type MethodResponse = MethodResponse;
    type NotificationResponse = MethodResponse;
    type BatchResponse = MethodResponse;

    fn call<'a>(&self, request: Request<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let this = self.clone();
        async move { this.answer(request, false).await }
    }

    fn batch<'a>(&self, batch: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let this = self.clone();
        async move {
            let limit = this.shared.limits.response_bytes as usize;
            let mut answers = BatchResponseBuilder::new_with_limit(limit);
            let mut notifications = 0;
            for entry in batch {
                let answer = match entry {
                    Ok(BatchEntry::Call(request)) => this.answer(request, true).await,
                    Ok(BatchEntry::Notification(notification)) => {
                        this.notification(notification).await;
                        notifications += 1;
                        continue;
                    }
                    Err(error) => {
                        let (error, id) = error.into_parts();
                        MethodResponse::error(id, error)
                    }
                };
                if let Err(too_big) = answers.append(answer) {
                    return too_big;
                }
            }
            if answers.is_empty() && notifications > 0 {
                return MethodResponse::notification();
            }
            MethodResponse::from_batch(answers.finish())
        }
    }

    /// Only `xrpc.cancel` is one. A method called as a notification is not run: nobody would learn what came of it.
    fn notification<'a>(
        &self,
        notification: Notification<'a>,
    ) -> impl Future<Output = MethodResponse> + Send + 'a {
        if notification.method == "xrpc.cancel" {
            let params = notification.params.as_ref();
            let params =
                params.and_then(|params| serde_json::from_str::<Vec<Value>>(params.get()).ok());
            let id = match params.as_deref() {
                Some([Value::String(id)]) => Some(Id::Str(id.as_str().into()).into_owned()),
                Some([Value::Number(id)]) => id.as_u64().map(Id::Number),
                _ => None,
            };
            if let Some(id) = id {
                self.session.cancel(&id);
            }
        }
        async { MethodResponse::notification() }
    }
}

/// The parameters of a request: a list of as many as the method takes.
pub(super) fn parse_params(row: &Row, text: Option<&str>, limits: &Limits) -> Reply<Vec<Value>> {
    let text = text.unwrap_or("[]");
    let Limits { depth, values, .. } = *limits;
    let found = Extent::of(text);
    if found.depth > depth {
        let error = format!("parameters are nested more than {depth} deep");
        return Err(RpcError::params(error));
    }
    if found.values > values {
        let found = found.values;
        let error = format!("parameters have {found} values: at most {values} are taken at once");
        return Err(RpcError::params(error));
    }
    let mut params = match serde_json::from_str(text) {
        Ok(Value::Array(params)) => params,
        Ok(Value::Null) => Vec::new(),
        Ok(_) => {
            return Err(RpcError::params(
                "parameters are passed as a list, by position",
            ));
        }
        Err(e) => return Err(RpcError::params(e.to_string())),
    };
    // Who leaves out what may be null at the end means null. Lotus wants it said.
    if params.len() < row.params.len() && params.len() >= needed_params(row) {
        params.resize(row.params.len(), Value::Null);
    }
    if params.len() != row.params.len() {
        let (name, found, takes) = (row.name, params.len(), row.params.len());
        return Err(RpcError::params(format!(
            "wrong param count (method '{name}'): {found} != {takes}"
        )));
    }
    Ok(params)
}

pub(super) fn error_object(error: RpcError) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(error.code, shortened(error.message), error.data)
}

/// What an error says, without its middle where that is long: some crates below give back whole what they were asked.
fn shortened(message: String) -> String {
    if message.len() <= ERROR_BYTES {
        return message;
    }
    let begin = message.floor_char_boundary(ERROR_BYTES / 2);
    let end = message.ceil_char_boundary(message.len() - ERROR_BYTES / 2);
    let left_out = end - begin;
    format!(
        "{} … ({left_out} bytes left out) … {}",
        &message[..begin],
        &message[end..]
    )
}

/// JSON that this crate wrote.
pub(super) fn raw(text: String) -> Box<RawValue> {
    RawValue::from_string(text).expect("what Json writes is JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_error_loses_its_middle() {
        assert_eq!(shortened("short".to_owned()), "short");
        let whole = "é".repeat(ERROR_BYTES / 2);
        assert_eq!(shortened(whole.clone()), whole);
        let long = format!("x{}: too long", "é".repeat(4 << 20));
        let error = shortened(long);
        assert!(error.len() < ERROR_BYTES + 100, "{}", error.len());
        assert!(error.starts_with("xé") && error.ends_with("é: too long"));
    }
}
