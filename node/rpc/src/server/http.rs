//! One HTTP request: its path, its token, its body; and the way to a WebSocket.

use std::sync::Arc;

use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, UPGRADE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;

use super::answer::{self, Answer, RequestShare, request_share};
use super::connections::Connection;
use super::dispatch::Caller;
use super::message::NULL;
use super::session::Session;
use super::{Page, Shared, websocket};
use crate::error::{RpcError, code};
use crate::permission::Permissions;
use crate::token::TokenError;

/// Where the methods are.
pub const PATH: &str = "/rpc/v1";

const JSON: &str = "application/json; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// What is sent back.
pub(super) type HttpResponse = Response<Full<Bytes>>;

/// What comes of a request.
enum Outcome {
    /// A text, with what it holds until it is written.
    Text(StatusCode, &'static str, Answer),
    /// A WebSocket.
    Switched(Response<()>),
}

/// Answers a request.
pub(super) async fn answer(
    shared: Arc<Shared>,
    connection: Arc<Connection>,
    request: Request<Incoming>,
) -> HttpResponse {
    let in_use = connection.begin();
    let answer_time = shared.limits.answer_time;
    match outcome(&shared, &connection, request).await {
        Outcome::Text(status, content_type, mut answer) => {
            let (written, is_written) = oneshot::channel::<()>();
            answer.hold((in_use, written));
            tokio::spawn(async move {
                if tokio::time::timeout(answer_time, is_written).await.is_err() {
                    tracing::warn!("a connection was closed: it does not read what it asked for");
                    connection.close();
                }
            });
            response(status, content_type, answer)
        }
        Outcome::Switched(response) => response.map(|()| Full::default()),
    }
}

/// A response whose text is dropped, with what it holds, when the socket has taken it.
fn response(status: StatusCode, content_type: &'static str, answer: Answer) -> HttpResponse {
    let mut response = Response::new(Full::new(Bytes::from_owner(answer)));
    *response.status_mut() = status;
    if status != StatusCode::NO_CONTENT {
        let content_type = HeaderValue::from_static(content_type);
        response.headers_mut().insert(CONTENT_TYPE, content_type);
    }
    response
}

async fn outcome(
    shared: &Arc<Shared>,
    connection: &Connection,
    request: Request<Incoming>,
) -> Outcome {
    let path = request.uri().path();
    if path != PATH {
        return other_page(shared, path);
    }
    let permissions = match permissions(shared, request.headers(), request.uri().query()) {
        Ok(permissions) => permissions,
        Err(error) => {
            tracing::warn!(%error, "a token was refused");
            let why = "the token is not one of this node's";
            return text(StatusCode::UNAUTHORIZED, why);
        }
    };
    let session = Session::new(permissions, &shared.limits);
    let is_upgrade = |name: &HeaderValue| name.as_bytes().eq_ignore_ascii_case(b"websocket");
    if request.headers().get(UPGRADE).is_some_and(is_upgrade) {
        return upgrade(shared, connection, session, request);
    }
    if request.method() != Method::POST {
        let why = "requests are sent with POST";
        return text(StatusCode::METHOD_NOT_ALLOWED, why);
    }
    // Lotus does not ask of what type the content is.
    call(shared, session, request).await
}

/// What the request's token allows: in the header `Authorization: Bearer TOKEN`, or in the query as `token=TOKEN`.
fn permissions(
    shared: &Shared,
    headers: &HeaderMap,
    query: Option<&str>,
) -> Result<Permissions, TokenError> {
    let from_query = || {
        let pairs = query.unwrap_or_default().split('&');
        let token = pairs.filter_map(|pair| pair.strip_prefix("token=")).next();
        token.filter(|token| !token.is_empty())
    };
    let token = match headers.get(AUTHORIZATION) {
        Some(header) if !header.is_empty() => {
            let header = header.to_str().map_err(|_| TokenError::Malformed)?;
            Some(
                header
                    .strip_prefix("Bearer ")
                    .ok_or(TokenError::Malformed)?,
            )
        }
        _ => from_query(),
    };
    match token {
        Some(token) => shared.services.tokens.verify(token),
        None => Ok(Permissions::without_token()),
    }
}

async fn call(shared: &Arc<Shared>, session: Session, request: Request<Incoming>) -> Outcome {
    let (share, body) = match read_body(shared, request).await {
        Ok(read) => read,
        Err(outcome) => return outcome,
    };
    let caller = Caller {
        shared: Arc::clone(shared),
        session: Arc::new(session),
        out: None,
    };
    let work = caller.begin(&body);
    drop(body);
    match caller.answer(work, share).await {
        Some(answer) => Outcome::Text(StatusCode::OK, JSON, answer),
        // It was notifications alone.
        None => Outcome::Text(StatusCode::NO_CONTENT, TEXT, Answer::default()),
    }
}

/// The body of a request, and its share of what all of them may take.
async fn read_body(
    shared: &Shared,
    request: Request<Incoming>,
) -> Result<(RequestShare, Bytes), Outcome> {
    let (parts, body) = request.into_parts();
    let limits = &shared.limits;
    let most = limits.body_bytes as usize;
    let length = match parts.headers.get(CONTENT_LENGTH) {
        Some(length) => length.to_str().ok().and_then(|text| text.parse().ok()),
        None => Some(most),
    };
    let length = length.filter(|length| *length <= most);
    let share = request_share(length.ok_or_else(|| too_long(most))?);
    let read = tokio::time::timeout(limits.body_time, async {
        let share = Arc::clone(&shared.bodies).acquire_many_owned(share).await;
        (share, Limited::new(body, most).collect().await)
    });
    match read.await {
        Ok((Ok(share), Ok(body))) => Ok((RequestShare::new([share]), body.to_bytes())),
        Ok((_, Err(error))) if error.is::<http_body_util::LengthLimitError>() => {
            Err(too_long(most))
        }
        Ok((_, Err(_))) => Err(text(
            StatusCode::BAD_REQUEST,
            "the request did not arrive whole",
        )),
        Ok((Err(_), _)) | Err(_) => Err(text(
            StatusCode::REQUEST_TIMEOUT,
            "the request did not arrive in time",
        )),
    }
}

fn too_long(most: usize) -> Outcome {
    let error = format!("a request has at most {most} bytes");
    let text = answer::text(NULL, Err(RpcError::new(code::TOO_LONG, error)));
    Outcome::Text(StatusCode::PAYLOAD_TOO_LARGE, JSON, Answer::new(text))
}

fn upgrade(
    shared: &Arc<Shared>,
    connection: &Connection,
    session: Session,
    request: Request<Incoming>,
) -> Outcome {
    let response = match create_response_with_body(&request, || ()) {
        Ok(response) => response,
        Err(error) => {
            tracing::debug!(%error, "a WebSocket was asked for wrongly");
            let why = "this is no request for a WebSocket of version 13";
            return text(StatusCode::BAD_REQUEST, why);
        }
    };
    let Ok(websocket) = Arc::clone(&shared.websockets).try_acquire_owned() else {
        let why = "there are too many WebSockets: calls over HTTP are answered";
        return text(StatusCode::SERVICE_UNAVAILABLE, why);
    };
    let Some(place) = connection.take_place() else {
        let why = "this connection is a WebSocket already";
        return text(StatusCode::BAD_REQUEST, why);
    };
    let shared = Arc::clone(shared);
    tokio::spawn(websocket::serve(
        shared,
        session,
        (place, websocket),
        request,
    ));
    Outcome::Switched(response)
}

/// What is at other paths: pages that the daemon has there (`/metrics`, `/healthz`), or nothing.
fn other_page(shared: &Shared, path: &str) -> Outcome {
    if let Some(page) = shared.pages.as_ref().and_then(|pages| pages(path)) {
        let Page {
            status,
            content_type,
            body,
        } = page;
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return Outcome::Text(status, content_type, Answer::new(body));
    }
    match path {
        "/rpc/v0" => text(
            StatusCode::NOT_FOUND,
            "Lotus' interface v0 is not offered: use /rpc/v1, which has the same names",
        ),
        _ => text(
            StatusCode::NOT_FOUND,
            "there is nothing here: JSON-RPC is at /rpc/v1",
        ),
    }
}

fn text(status: StatusCode, text: &'static str) -> Outcome {
    Outcome::Text(status, TEXT, Answer::new(text.to_owned()))
}
