//! A WebSocket: messages in, answers and values of channels out, each in its own time.
//!
//! What a message holds is given back when its answer is written, so that who asks and does not read soon has nothing left to ask
//! with, and is closed when it goes on all the same.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use soketto::connection::Error;
use soketto::data::ByteSlice125;
use soketto::handshake::http::Server as Handshake;
use soketto::{Incoming as Received, Receiver, Sender};
use tokio::io::BufStream;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{interval, timeout};
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt as _};

use super::Shared;
use super::answer::{Answer, request_share, rest_of_share};
use super::dispatch::{Caller, short};
use super::message::NULL;
use super::session::Session;
use crate::error::{RpcError, code};

/// Answers and values that wait to be written.
const WAITING: usize = 16;
/// How often the other side is asked whether it is there.
const PING: Duration = Duration::from_secs(30);
/// How long it may say nothing, not even that it is there.
const SILENCE: Duration = Duration::from_secs(75);
/// How long the last answers and the end of the connection may take when the server stops.
const GRACE: Duration = Duration::from_secs(1);

type Stream = Compat<BufStream<TokioIo<Upgraded>>>;

/// Why a WebSocket is read no more.
#[derive(PartialEq)]
enum End {
    /// The other side is gone, or breaks the rules.
    Gone,
    /// The server stops.
    Stopped,
}

/// The places that it has, until it ends.
pub(super) type Places = (OwnedSemaphorePermit, OwnedSemaphorePermit);

/// Serves the one that comes of a request whose handshake was answered.
pub(super) async fn serve(
    shared: Arc<Shared>,
    session: Session,
    places: Places,
    handshake: Handshake,
    request: Request<Incoming>,
) {
    match hyper::upgrade::on(request).await {
        Ok(upgraded) => serve_upgraded(shared, session, handshake, upgraded).await,
        Err(error) => tracing::debug!(%error, "a WebSocket did not come to be"),
    }
    drop(places);
}

async fn serve_upgraded(
    shared: Arc<Shared>,
    session: Session,
    handshake: Handshake,
    upgraded: Upgraded,
) {
    let stream = BufStream::new(TokioIo::new(upgraded)).compat();
    let mut builder = handshake.into_builder(stream);
    builder.set_max_message_size(shared.limits.body_bytes as usize);
    let (mut sender, receiver) = builder.finish();
    let (out, waiting) = mpsc::channel(WAITING);
    let caller = Caller {
        shared: Arc::clone(&shared),
        session: Arc::new(session),
        out: Some(out),
    };
    {
        let mut writing = pin!(write(&mut sender, waiting, shared.limits.answer_time));
        let end = tokio::select! {
            end = read(receiver, caller) => end,
            () = &mut writing => End::Gone,
        };
        if end == End::Gone {
            return;
        }
        // Whoever still has something to say ends, now that the server stops.
        _ = timeout(GRACE, writing).await;
    }
    // It may be gone meanwhile.
    _ = timeout(GRACE, sender.close()).await;
}

/// Takes messages, and has each answered in a task of its own.
async fn read(mut receiver: Receiver<Stream>, caller: Caller) -> End {
    let shared = &caller.shared;
    loop {
        let mut message = Vec::new();
        let received = tokio::select! {
            received = timeout(SILENCE, receiver.receive(&mut message)) => received,
            () = shared.stopped() => return End::Stopped,
        };
        match received {
            Ok(Ok(Received::Data(_))) => {}
            Ok(Ok(Received::Pong(_))) => continue,
            Ok(Err(Error::MessageTooLarge { .. })) => {
                let most = shared.limits.body_bytes;
                let error = format!("a request has at most {most} bytes");
                let error = RpcError::new(code::TOO_LONG, error);
                if !send(&caller, short(NULL, error)).await {
                    return End::Gone;
                }
                continue;
            }
            Ok(Ok(Received::Closed(_)) | Err(_)) | Err(_) => return End::Gone,
        }
        let share = request_share(message.len());
        let Ok(share) = Arc::clone(&shared.bodies).try_acquire_many_owned(share) else {
            tracing::warn!("a WebSocket was closed: it sent more requests at once than are taken");
            return End::Gone;
        };
        tokio::spawn(answer(caller.clone(), message, share));
    }
}

async fn answer(caller: Caller, message: Vec<u8>, share: OwnedSemaphorePermit) {
    let Some(out) = caller.out.clone() else {
        return;
    };
    let answer = tokio::select! {
        answer = caller.answer(&message) => answer,
        // Nobody is there any more.
        () = out.closed() => return,
    };
    drop(message);
    if let Some(mut answer) = answer {
        answer.hold(rest_of_share(share));
        // If this cannot be sent, there is nobody to read it.
        _ = out.send(answer).await;
    }
}

/// Whether it is on its way.
async fn send(caller: &Caller, answer: Answer) -> bool {
    match &caller.out {
        Some(out) => out.send(answer).await.is_ok(),
        None => false,
    }
}

/// Writes what is sent until nothing more can be, or the other side takes too long.
async fn write(
    sender: &mut Sender<Stream>,
    mut waiting: mpsc::Receiver<Answer>,
    longest: Duration,
) {
    let mut pings = interval(PING);
    loop {
        let next = tokio::select! {
            next = waiting.recv() => next,
            _ = pings.tick() => match timeout(longest, ping(sender)).await {
                Ok(Ok(())) => continue,
                _ => return,
            },
        };
        let Some(mut answer) = next else {
            return;
        };
        let text = std::mem::take(&mut answer.text);
        match timeout(longest, write_one(sender, text)).await {
            Ok(Ok(())) => drop(answer),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a WebSocket ended");
                return;
            }
            Err(_) => {
                tracing::warn!("a WebSocket was closed: it does not read what it asked for");
                return;
            }
        }
    }
}

async fn write_one(sender: &mut Sender<Stream>, text: String) -> Result<(), Error> {
    sender.send_text_owned(text).await?;
    sender.flush().await
}

async fn ping(sender: &mut Sender<Stream>) -> Result<(), Error> {
    let nothing: &[u8] = &[];
    let nothing = ByteSlice125::try_from(nothing).expect("nothing is no longer than 125 bytes");
    sender.send_ping(nothing).await?;
    sender.flush().await
}
