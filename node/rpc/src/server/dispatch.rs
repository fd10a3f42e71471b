//! One message: who may ask for what is in it, within which bounds, and what runs it.

use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::answer::{self, Answer, AnswerShare, RequestShare};
use super::limits::{Extent, Limits};
use super::message::{Entry, Message, NULL, Request};
use super::session::{Call, Session};
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

/// A message that was read: whatever is asked in it can be cancelled from now on.
pub(super) struct Work {
    calls: Vec<Asked>,
    is_batch: bool,
}

/// A request that waits for an answer, or what stands in its place.
struct Asked {
    id: String,
    call: Reply<(Request, Call)>,
}

/// What a request is part of.
enum Part<'a> {
    /// Of nothing: the share of its message is its own.
    Alone(&'a mut RequestShare),
    /// Of a batch, whose others are held meanwhile: none waits for the chain beyond this.
    Batch(Instant),
}

impl Caller {
    /// Reads a message, and does what is in it that has no answer.
    ///
    /// # Errors
    /// When there is nothing in it that could be answered by itself.
    pub fn begin(&self, bytes: &[u8]) -> Reply<Work> {
        let (entries, is_batch) = match Message::read(bytes, &self.shared.limits)? {
            Message::One(entry) => (vec![entry], false),
            Message::Batch(entries) => (entries, true),
        };
        let calls = entries
            .into_iter()
            .filter_map(|entry| self.begin_one(entry));
        let calls = calls.collect();
        Ok(Work { calls, is_batch })
    }

    fn begin_one(&self, entry: Entry) -> Option<Asked> {
        let (id, call) = match entry {
            Ok(mut request) => {
                let Some(id) = request.id.take() else {
                    self.notification(&request);
                    return None;
                };
                let call = self.session.begin(&id);
                (id, Ok((request, call)))
            }
            Err(refused) => (refused.id, Err(refused.error)),
        };
        Some(Asked { id, call })
    }

    /// The answer to a message; none, where nobody waits for one.
    pub async fn answer(&self, work: Reply<Work>, mut share: RequestShare) -> Option<Answer> {
        let mut room = AnswerShare::new(&self.shared.answers);
        let (text, running) = match work {
            Ok(work) => {
                let running = self.running(&work).await;
                (self.answers(work, &mut share, &mut room).await?, running)
            }
            Err(error) => (answer::text(NULL, Err(error)), None),
        };
        share.cut();
        let mut answer = Answer::new(text);
        answer.hold((share, room, running));
        Some(answer)
    }

    /// A WebSocket's leave to have a message answered. Whoever waits for the chain may wait long, and keeps no others from running.
    async fn running(&self, work: &Work) -> Option<OwnedSemaphorePermit> {
        self.out.as_ref()?;
        if let (
            false,
            [
                Asked {
                    call: Ok((request, _)),
                    ..
                },
            ],
        ) = (work.is_batch, &work.calls[..])
        {
            let row = self.shared.row(&request.method)?;
            if !matches!(row.run, Run::Blocking(_)) {
                return None;
            }
        }
        let running = Arc::clone(&self.session.running);
        running.acquire_owned().await.ok()
    }

    async fn answers(
        &self,
        mut work: Work,
        share: &mut RequestShare,
        room: &mut AnswerShare,
    ) -> Option<String> {
        if work.is_batch {
            return self.batch(work.calls, room).await;
        }
        let asked = work.calls.pop()?;
        let id = asked.id.clone();
        let text = self.one(asked, Part::Alone(share)).await?;
        match room.grow(text.len()) {
            Ok(()) => Some(text),
            Err(error) => Some(answer::text(&id, Err(error))),
        }
    }

    /// The answers to a batch. Once there is no room for one, the others are refused and not run.
    async fn batch(&self, calls: Vec<Asked>, room: &mut AnswerShare) -> Option<String> {
        let limit = self.shared.limits.response_bytes as usize;
        let until = Instant::now() + self.shared.limits.run_time;
        let mut text = String::new();
        let mut full: Option<RpcError> = None;
        for asked in calls {
            let id = asked.id.clone();
            let answer = match &full {
                Some(error) => answer::text(&id, Err(error.clone())),
                None => {
                    let Some(answer) = self.one(asked, Part::Batch(until)).await else {
                        continue;
                    };
                    match room.grow(text.len() + answer.len()) {
                        Ok(()) => answer,
                        Err(error) => answer::text(&id, Err(full.insert(error).clone())),
                    }
                }
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

    /// The answer to one request.
    async fn one(&self, asked: Asked, part: Part<'_>) -> Option<String> {
        let Asked { id, call } = asked;
        let admitted = call.and_then(|(request, call)| {
            let row = self.admit(&request.method)?;
            Ok((row, request.params, call))
        });
        let (row, params, call) = match admitted {
            Ok(admitted) => admitted,
            Err(error) => return Some(answer::text(&id, Err(error))),
        };
        if let Run::Channel(open) = row.run {
            return match part {
                Part::Alone(_) => channel::open(self, row, open, &id, params, call).await,
                Part::Batch(_) => Some(answer::text(&id, Err(channel::misplaced(row)))),
            };
        }
        let start = Instant::now();
        let reply = tokio::select! {
            // Who was quick to cancel has nothing run.
            biased;
            () = call.cancelled() => Err(RpcError::general("cancelled by the caller")),
            () = self.shared.stopped() => Err(RpcError::busy("the node is shutting down")),
            reply = self.run(row, params, part) => reply,
        };
        let counts = &self.shared.counts;
        counts.add(row.name, reply.is_err(), start.elapsed());
        Some(answer::text(&id, self.bounded(reply)))
    }

    /// Only `xrpc.cancel` is one. A method called as a notification is not run: nobody would learn what came of it.
    fn notification(&self, request: &Request) {
        if request.method != "xrpc.cancel" {
            return;
        }
        let params = request.params.as_deref().unwrap_or_default();
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

    async fn run(
        &self,
        row: &'static Row,
        params: Option<String>,
        part: Part<'_>,
    ) -> Reply<String> {
        let limits = &self.shared.limits;
        match row.run {
            Run::Blocking(run) => {
                let shared = Arc::clone(&self.shared);
                let reply = self.shared.on_a_thread(move || {
                    let values = parse_params(row, params.as_deref(), &shared.limits)?;
                    drop(params);
                    run(&shared.services, values)
                });
                self.until(Instant::now() + limits.run_time, row, reply)
                    .await
            }
            Run::Waiting(run) => {
                let values = parse_params(row, params.as_deref(), limits)?;
                drop(params);
                let _waiting = self.waiting()?;
                let reply = run(Arc::clone(&self.shared.services), values);
                match part {
                    // It may wait for ever, and what it waits for is short.
                    Part::Alone(share) => {
                        share.release();
                        reply.await
                    }
                    Part::Batch(until) => self.until(until, row, reply).await,
                }
            }
            Run::Channel(_) => unreachable!("channels are opened elsewhere"),
        }
    }

    /// What a method answers up to then.
    async fn until(
        &self,
        until: Instant,
        row: &Row,
        reply: impl Future<Output = Reply<String>>,
    ) -> Reply<String> {
        let reply = tokio::time::timeout_at(until.into(), reply).await;
        reply.unwrap_or_else(|_| {
            let seconds = self.shared.limits.run_time.as_secs();
            let name = row.short_name();
            let why = format!("'{name}' has no answer after {seconds} s");
            Err(RpcError::busy(why))
        })
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
