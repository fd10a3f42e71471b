//! A WebSocket: messages in, answers and values of channels out, each in its own time.
//!
//! What a message holds is given back when its answer is written, so that who asks and does not read soon has nothing left to ask
//! with, is read no more, and is closed when its answer is not taken in time. Whoever is closed for another reason is told it by a
//! code (RFC 6455, section 7.4).

use std::borrow::Cow;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use http::Request;
use hyper::body::{Bytes, Incoming};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{interval, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::Shared;
use super::answer::{Answer, RequestShare, request_share};
use super::dispatch::{Caller, Work, short};
use super::heard::{Heard, Listened};
use super::message::NULL;
use super::session::Session;
use crate::error::{Reply, RpcError, code};

/// Answers and values that wait to be written.
const WAITING: usize = 16;
/// How often the other side is asked whether it is there.
const PING: Duration = Duration::from_secs(30);
/// How long the last answers, and then the end of the connection, may take.
const GRACE: Duration = Duration::from_secs(1);
/// How long it may take to hang up, once it was told the end.
const LINGER: Duration = Duration::from_secs(5);
/// What is read from the connection at once, in bytes.
const READ_BYTES: usize = 16 << 10;
/// Longest frame that is written, in bytes; longer texts have several. What is under way is copied, and the copy's place is kept.
const FRAME_BYTES: usize = 256 << 10;

type Stream = WebSocketStream<Listened<TokioIo<Upgraded>>>;

/// Why a WebSocket is read no more.
enum End {
    /// The other side is gone, or has said that it goes.
    Gone,
    /// It is told why.
    Told(CloseCode, Cow<'static, str>),
}

impl End {
    fn because(code: CloseCode, why: &'static str) -> Self {
        Self::Told(code, Cow::Borrowed(why))
    }

    fn stopped() -> Self {
        Self::because(CloseCode::Away, "the node is shutting down")
    }
}

/// The places that it has, until it ends.
pub(super) type Places = (OwnedSemaphorePermit, OwnedSemaphorePermit);

/// Serves the one that comes of a request whose handshake was answered.
pub(super) async fn serve(
    shared: Arc<Shared>,
    session: Session,
    places: Places,
    request: Request<Incoming>,
) {
    match hyper::upgrade::on(request).await {
        Ok(upgraded) => serve_upgraded(shared, session, upgraded).await,
        Err(error) => tracing::debug!(%error, "a WebSocket did not come to be"),
    }
    drop(places);
}

async fn serve_upgraded(shared: Arc<Shared>, session: Session, upgraded: Upgraded) {
    let heard = Heard::now();
    let stream = Listened {
        stream: TokioIo::new(upgraded),
        heard: heard.clone(),
    };
    let longest = Some(shared.limits.body_bytes as usize);
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(0)
        .max_message_size(longest)
        .max_frame_size(longest);
    let stream = Stream::from_raw_socket(stream, Role::Server, Some(config)).await;
    let (mut sink, mut messages) = stream.split();
    let (out, waiting) = mpsc::channel(WAITING);
    let caller = Caller {
        shared: Arc::clone(&shared),
        session: Arc::new(session),
        out: Some(out),
    };
    let end = {
        let mut writing = pin!(write(&mut sink, waiting, shared.limits.answer_time));
        let end = tokio::select! {
            end = read(&mut messages, &heard, caller) => end,
            () = &mut writing => return,
        };
        if matches!(end, End::Told(..)) {
            // Answers that are ready, or soon will be.
            _ = timeout(GRACE, writing).await;
        }
        end
    };
    let Ok(mut stream) = sink.reunite(messages) else {
        unreachable!("they are halves of one");
    };
    // It may be gone meanwhile.
    _ = timeout(GRACE, close(&mut stream, end)).await;
    // The server need not stay for this.
    drop(shared);
    _ = timeout(LINGER, drain(&mut stream)).await;
}

/// Says why, and that nothing more is written.
async fn close(stream: &mut Stream, end: End) {
    if let End::Told(code, why) = end {
        tracing::debug!(%code, %why, "a WebSocket is closed");
        let reason = why.into_owned().into();
        let frame = CloseFrame { code, reason };
        _ = stream.send(Message::Close(Some(frame))).await;
    } else {
        // What the library has to say to a Close frame.
        _ = stream.flush().await;
    }
    _ = stream.get_mut().shutdown().await;
}

/// Takes what was still under way: if it were left unread, what was written last would be lost with the connection.
async fn drain(stream: &mut Stream) {
    let mut bytes = vec![0; READ_BYTES];
    while let Ok(1..) = stream.get_mut().read(&mut bytes).await {}
}

/// Takes messages, and has each answered in a task of its own.
async fn read(messages: &mut SplitStream<Stream>, heard: &Heard, caller: Caller) -> End {
    let shared = &caller.shared;
    loop {
        let received = tokio::select! {
            received = messages.next() => received,
            () = heard.silence(shared.limits.silence) => {
                return End::because(CloseCode::Policy, "nothing was heard for too long");
            }
            () = shared.stopped() => return End::stopped(),
        };
        let message = match received {
            Some(Ok(Message::Text(text))) => Bytes::from(text),
            Some(Ok(Message::Binary(bytes))) => bytes,
            Some(Ok(Message::Close(_))) | None => return End::Gone,
            // The library answers pings; that there was a pong was noted.
            Some(Ok(_)) => continue,
            Some(Err(error)) => return failed(&caller, error).await,
        };
        let share = tokio::select! {
            share = share(&caller, message.len()) => share,
            () = shared.stopped() => return End::stopped(),
        };
        let Some(share) = share else {
            return End::stopped();
        };
        heard.note();
        let work = caller.begin(&message);
        drop(message);
        tokio::spawn(answer(caller.clone(), work, share));
    }
}

/// The end that an error of the framing is.
async fn failed(caller: &Caller, error: Error) -> End {
    match error {
        Error::Capacity(_) => {
            let most = caller.shared.limits.body_bytes;
            let why = format!("a request has at most {most} bytes");
            let error = RpcError::new(code::TOO_LONG, why.clone());
            if let Some(out) = &caller.out {
                // If this cannot be sent, there is nobody to read it.
                _ = out.send(short(NULL, error)).await;
            }
            End::Told(CloseCode::Size, why.into())
        }
        // It has hung up.
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => End::Gone,
        Error::Protocol(error) => End::Told(CloseCode::Protocol, error.to_string().into()),
        Error::Utf8(_) => End::because(CloseCode::Invalid, "text is UTF-8"),
        error => {
            tracing::debug!(%error, "a WebSocket ended");
            End::Gone
        }
    }
}

/// The share of a message of this length: of what this WebSocket may hold, and of what all may. It is waited for, and meanwhile nothing
/// more is read: what others hold is not this one's fault. None: the server has ended.
async fn share(caller: &Caller, length: usize) -> Option<RequestShare> {
    let size = request_share(length);
    let own = Arc::clone(&caller.session.messages).acquire_many_owned(size);
    let own = own.await.ok()?;
    let of_all = Arc::clone(&caller.shared.messages).acquire_many_owned(size);
    Some(RequestShare::new([own, of_all.await.ok()?]))
}

async fn answer(caller: Caller, work: Reply<Work>, share: RequestShare) {
    let Some(out) = caller.out.clone() else {
        return;
    };
    let answer = tokio::select! {
        answer = caller.answer(work, share) => answer,
        // Nobody is there any more.
        () = out.closed() => return,
    };
    if let Some(answer) = answer {
        // If this cannot be sent, there is nobody to read it.
        _ = out.send(answer).await;
    }
}

/// Writes what is sent until nothing more can be, or the other side takes too long.
async fn write(
    sink: &mut SplitSink<Stream, Message>,
    mut waiting: mpsc::Receiver<Answer>,
    longest: Duration,
) {
    let mut pings = interval(PING);
    loop {
        let next = tokio::select! {
            next = waiting.recv() => next,
            _ = pings.tick() => match timeout(longest, sink.send(Message::Ping(Bytes::new()))).await {
                Ok(Ok(())) => continue,
                _ => return,
            },
        };
        let Some(mut answer) = next else {
            return;
        };
        let text = std::mem::take(&mut answer.text);
        match timeout(longest, write_one(sink, text)).await {
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

/// Writes a text, in several frames if it is long.
async fn write_one(sink: &mut SplitSink<Stream, Message>, text: String) -> Result<(), Error> {
    let mut rest = Bytes::from(text);
    let mut kind = Data::Text;
    loop {
        let part = rest.split_to(rest.len().min(FRAME_BYTES));
        let frame = Frame::message(part, OpCode::Data(kind), rest.is_empty());
        sink.feed(Message::Frame(frame)).await?;
        if rest.is_empty() {
            return sink.flush().await;
        }
        kind = Data::Continue;
    }
}
