//! One HTTP request: its path, its token, its body; and the way to a WebSocket.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use jsonrpsee::core::middleware::RpcServiceBuilder;
use jsonrpsee::core::server::MethodResponse;
use jsonrpsee::server::http::{call_with_service, response};
use jsonrpsee::server::middleware::rpc::RpcService;
use jsonrpsee::server::{ConnectionState, HttpBody, HttpResponse, ws};
use jsonrpsee::types::Id;
use serde_json::value::RawValue;
use tokio::sync::OwnedSemaphorePermit;

use super::connections::Connection;
use super::dispatch::{Dispatch, error_object};
use super::session::Session;
use super::{Shared, kibibytes};
use crate::error::{RpcError, code};
use crate::permission::Permissions;
use crate::token::TokenError;

/// Where the methods are.
pub const PATH: &str = "/rpc/v1";

/// Answers a request.
pub(super) async fn answer(
    shared: Arc<Shared>,
    connection: Arc<Connection>,
    request: Request<Incoming>,
) -> HttpResponse {
    let path = request.uri().path();
    if path != PATH {
        return other_page(&shared, path);
    }
    let permissions = match permissions(&shared, request.headers(), request.uri().query()) {
        Ok(permissions) => permissions,
        Err(error) => {
            tracing::warn!(%error, "a token was refused");
            return text(
                StatusCode::UNAUTHORIZED,
                "the token is not one of this node's",
            );
        }
    };
    let is_websocket = ws::is_upgrade_request(&request);
    let session = Arc::new(Session::new(permissions, is_websocket, &shared.limits));
    if is_websocket {
        upgrade(shared, &connection, session, request).await
    } else {
        call(shared, session, request).await
    }
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

async fn call(
    shared: Arc<Shared>,
    session: Arc<Session>,
    request: Request<Incoming>,
) -> HttpResponse {
    let (mut parts, body) = request.into_parts();
    let limits = &shared.limits;
    let Some(share) = body_share(&shared, &parts.headers) else {
        return response::too_large(limits.body_bytes);
    };
    let read = Limited::new(body, limits.body_bytes as usize).collect();
    let body = tokio::time::timeout(limits.body_time, async {
        let share: OwnedSemaphorePermit = Arc::clone(&shared.bodies)
            .acquire_many_owned(share)
            .await
            .ok()?;
        Some((share, read.await))
    });
    let (_share, body) = match body.await {
        Ok(Some((share, Ok(body)))) => (share, body.to_bytes()),
        Ok(Some((_, Err(error)))) if error.is::<http_body_util::LengthLimitError>() => {
            return response::too_large(limits.body_bytes);
        }
        Ok(Some((_, Err(_)))) => return response::malformed(),
        Ok(None) | Err(_) => {
            return text(
                StatusCode::REQUEST_TIMEOUT,
                "the request did not arrive in time",
            );
        }
    };
    match Frame::of(&body) {
        Frame::Other => {}
        Frame::Notification => return empty(),
        Frame::StrangeId => return strange_id(),
    }
    // Lotus does not ask of what type the content is; the framing below does.
    parts
        .headers
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let request = Request::from_parts(parts, HttpBody::from(Vec::<u8>::from(body)));
    let dispatch = Dispatch {
        shared: Arc::clone(&shared),
        session,
        channels: None,
    };
    call_with_service(request, limits.batches(), limits.body_bytes, dispatch).await
}

/// What the framing takes for something else than it is.
enum Frame {
    /// Nobody waits for its answer, and what it could cancel is another caller's: it is not run.
    Notification,
    /// An id is text, a number or null.
    StrangeId,
    /// A request, a batch, or what is neither: the framing tells.
    Other,
}

impl Frame {
    fn of(body: &[u8]) -> Self {
        if !body.trim_ascii_start().starts_with(b"{") {
            return Self::Other;
        }
        let Ok(members) = serde_json::from_slice::<BTreeMap<Cow<'_, str>, &RawValue>>(body) else {
            return Self::Other;
        };
        match members.get("id") {
            Some(id) if id.get().starts_with(['{', '[', 't', 'f']) => Self::StrangeId,
            None if members.contains_key("method") => Self::Notification,
            _ => Self::Other,
        }
    }
}

fn strange_id() -> HttpResponse {
    let error = RpcError::new(
        code::INVALID_REQUEST,
        "the id of a request is text, a number or null",
    );
    response::from_method_response(MethodResponse::error(Id::Null, error_object(error)))
}

fn empty() -> HttpResponse {
    let mut response = HttpResponse::new(HttpBody::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// The share of all bodies that this one takes, in KiB; none if it is too long. Twice its length: it is held as bytes, and its
/// parameters as values.
fn body_share(shared: &Shared, headers: &HeaderMap) -> Option<u32> {
    let most = shared.limits.body_bytes as usize;
    let length = match headers.get(CONTENT_LENGTH) {
        Some(length) => length.to_str().ok()?.parse().ok()?,
        None => most,
    };
    (length <= most).then(|| kibibytes(2 * length))
}

async fn upgrade(
    shared: Arc<Shared>,
    connection: &Connection,
    session: Arc<Session>,
    mut request: Request<Incoming>,
) -> HttpResponse {
    let Some(permit) = connection.take_place() else {
        return text(
            StatusCode::BAD_REQUEST,
            "this connection is a WebSocket already",
        );
    };
    let state = ConnectionState::new(shared.stop.clone(), connection.number, permit);
    request.extensions_mut().insert(Arc::clone(&session));
    request.extensions_mut().insert(Arc::clone(&shared));
    let service = RpcServiceBuilder::new().layer_fn({
        let (shared, session) = (Arc::clone(&shared), Arc::clone(&session));
        move |channels: RpcService| Dispatch {
            shared: Arc::clone(&shared),
            session: Arc::clone(&session),
            channels: Some(channels),
        }
    });
    let request = request.map(HttpBody::new);
    match ws::connect(
        request,
        shared.limits.websocket(),
        shared.channels.clone(),
        state,
        service,
    )
    .await
    {
        Ok((response, run)) => {
            tokio::spawn(async move {
                tokio::select! {
                    () = run => {}
                    () = session.overrun.notified() => {
                        tracing::warn!("a WebSocket was closed: it sent more requests at once than are taken");
                    }
                }
            });
            response
        }
        Err(response) => response,
    }
}

/// What is at other paths: pages that the daemon has there (`/metrics`, `/healthz`), or nothing.
fn other_page(shared: &Shared, path: &str) -> HttpResponse {
    if let Some(page) = shared.pages.as_ref().and_then(|pages| pages(path)) {
        return http::Response::builder()
            .status(page.status)
            .header(CONTENT_TYPE, page.content_type)
            .body(HttpBody::from(page.body))
            .unwrap_or_else(|_| response::internal_error());
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

fn text(status: StatusCode, text: &'static str) -> HttpResponse {
    let mut response = HttpResponse::new(HttpBody::from(text));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}
