//! One message: who may ask for what is in it, within which bounds, and what runs it.

use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::answer::{self, Answer};
use super::limits::{Extent, Limits};
use super::message::{Entry, Message, NULL, Request};
use super::session::Session;
use super::{Shared, channel};
use crate::error::{Reply, RpcError, code};
use crate::openrpc::needed_params;
use crate::table::{Row, Run};

/// One who asks.
#[derive(Clone)]
pub(super) struct Caller {
    pub shared: Arc<Shared>,
    pub session: Arc<Session>,
    /// Takes what is sent to a WebSocket; over HTTP there is the answer alone.
    pub out: Option<mpsc::Sender<Answer>>,
}

impl Caller {
    /// The answer to a message; none, where nobody waits for one.
    pub async fn answer(&self, bytes: &[u8]) -> Option<Answer> {
        let message = match Message::read(bytes, &self.shared.limits) {
            Ok(message) => message,
            Err(error) => return Some(short(NULL, error)),
        };
        let running = self.running(&message).await;
        let (id, text) = match message {
            Message::One(entry) => {
                let id = id_of(&entry).to_owned();
                (id, self.entry(entry, false).await?)
            }
            Message::Batch(entries) => (NULL.to_owned(), self.batch(entries).await?),
        };
        let (text, share) = match answer::share(&self.shared.answers, text.len()) {
            Ok(share) => (text, share),
            Err(error) => (answer::text(&id, Err(error)), None),
        };
        let mut answer = Answer::new(text);
        answer.hold((share, running));
        Some(answer)
    }

    /// A WebSocket's leave to have a message answered. Whoever waits for the chain may wait long, and keeps no others from running.
    async fn running(&self, message: &Message<'_>) -> Option<OwnedSemaphorePermit> {
        self.out.as_ref()?;
        if let Message::One(Ok(request)) = message {
            let row = self.shared.row(&request.method)?;
            if !matches!(row.run, Run::Blocking(_)) {
                return None;
            }
        }
        let running = Arc::clone(&self.session.running);
        running.acquire_owned().await.ok()
    }

    async fn batch(&self, entries: Vec<Entry<'_>>) -> Option<String> {
        let limit = self.shared.limits.response_bytes as usize;
        let mut text = String::new();
        for entry in entries {
            let Some(answer) = self.entry(entry, true).await else {
                continue;
            };
            text.push(if text.is_empty() { '[' } else { ',' });
            text.push_str(&answer);
            if text.len() > limit {
                let error = format!("the answers to the batch are longer than {limit} bytes");
                let error = RpcError::new(code::TOO_BIG_BATCH_ANSWER, error);
                return Some(answer::text(NULL, Err(error)));
            }
        }
        if text.is_empty() {
            return None;
        }
        text.push(']');
        Some(text)
    }

    async fn entry(&self, entry: Entry<'_>, in_batch: bool) -> Option<String> {
        let request = match entry {
            Ok(request) => request,
            Err(refused) => return Some(answer::text(refused.id, Err(refused.error))),
        };
        let Some(id) = request.id else {
            self.notification(&request);
            return None;
        };
        let row = match self.admit(&request.method) {
            Ok(row) => row,
            Err(error) => return Some(answer::text(id, Err(error))),
        };
        if let Run::Channel(open) = row.run {
            return match in_batch {
                false => channel::open(self, row, open, id, request.params).await,
                true => Some(answer::text(id, Err(channel::misplaced(row)))),
            };
        }
        let start = Instant::now();
        let reply = self.run(row, id, request.params).await;
        let counts = &self.shared.counts;
        counts.add(row.name, reply.is_err(), start.elapsed());
        Some(answer::text(id, self.bounded(reply)))
    }

    /// Only `xrpc.cancel` is one. A method called as a notification is not run: nobody would learn what came of it.
    fn notification(&self, request: &Request<'_>) {
        if request.method != "xrpc.cancel" {
            return;
        }
        let params = request.params.unwrap_or_default();
        if let Ok([id]) = serde_json::from_str::<[&RawValue; 1]>(params) {
            self.session.cancel(id.get());
        }
    }

    /// The row of a method, if the caller may call it.
    fn admit(&self, method: &str) -> Reply<&'static Row> {
        let row = self.shared.row(method).ok_or_else(|| {
            let name: String = method.chars().take(100).collect();
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

    async fn run(&self, row: &'static Row, id: &str, params: Option<&str>) -> Reply<String> {
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
                    let _waiting = self.waiting()?;
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

    /// A place among those who wait for the chain. Over HTTP each of them keeps a connection, and others shall have some.
    fn waiting(&self) -> Reply<impl Sized + use<>> {
        let waiting = Arc::clone(&self.shared.waiting).try_acquire_owned();
        let waiting =
            waiting.map_err(|_| RpcError::busy("too many requests wait for the chain"))?;
        let over_http = match self.out {
            Some(_) => None,
            None => {
                let over_http = Arc::clone(&self.shared.waiting_over_http).try_acquire_owned();
                Some(over_http.map_err(|_| {
                    RpcError::busy(
                        "too many requests wait for the chain over HTTP: wait over a WebSocket",
                    )
                })?)
            }
        };
        Ok((waiting, over_http))
    }

    /// What may be answered: nothing that is too long.
    fn bounded(&self, reply: Reply<String>) -> Reply<String> {
        let limit = self.shared.limits.response_bytes as usize;
        match reply {
            Ok(result) if result.len() > limit => {
                let length = result.len();
                let error = format!("the answer has {length} bytes: at most {limit} are sent");
                Err(RpcError::new(code::TOO_BIG, error))
            }
            reply => reply,
        }
    }
}

/// An error for an answer that holds nothing.
pub(super) fn short(id: &str, error: RpcError) -> Answer {
    Answer::new(answer::text(id, Err(error)))
}

fn id_of<'a>(entry: &Entry<'a>) -> &'a str {
    match entry {
        Ok(request) => request.id.unwrap_or(NULL),
        Err(refused) => refused.id,
    }
}

/// The parameters of a request: a list of as many as the method takes. How many values they have was seen when the message was read.
pub(super) fn parse_params(row: &Row, text: Option<&str>, limits: &Limits) -> Reply<Vec<Value>> {
    let text = text.unwrap_or("[]");
    let depth = limits.depth;
    if Extent::of(text).depth > depth {
        let error = format!("parameters are nested more than {depth} deep");
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
