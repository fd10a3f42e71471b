//! The server: JSON-RPC 2.0 over HTTP and WebSocket at one path of one port.
//!
//! jsonrpsee serves HTTP on a connection, and tungstenite frames WebSockets; what a message is, who may ask for what is in it, and how much
//! of everything there may be, is decided here: framing that reads a message before it is measured would be past every bound.
//! In reading order: [`limits`], `connections`, `http` (one HTTP request), `websocket` (one WebSocket), `heard` (its silence), `session` (one caller),
//! `message` (what was sent), `dispatch` (what is done about it), `channel` (values that are sent later), `answer` (what is held until
//! it is written).

mod answer;
mod channel;
mod connections;
mod dispatch;
mod heard;
mod http;
pub mod limits;
mod message;
mod session;
mod websocket;

use std::collections::BTreeMap;
use std::io;
use std::net::{self, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use jsonrpsee::server::{ServerHandle, StopHandle, serve_with_graceful_shutdown, stop_channel};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use connections::{Connection, Connections};

pub use http::PATH;
pub use limits::Limits;

use crate::counts::Counts;
use crate::error::{Reply, RpcError, code};
use crate::services::Services;
use crate::table::Row;

/// How long callers have to read their last answers when the server stops.
const GRACE: Duration = Duration::from_secs(3);

/// What is at a path that is not the methods'.
#[derive(Clone, Debug)]
pub struct Page {
    /// HTTP's status: 200 if all is well.
    pub status: u16,
    /// `text/plain`, …
    pub content_type: &'static str,
    /// The text.
    pub body: String,
}

/// Pages by their paths (`/metrics`). Called on the server's threads: it must be quick.
pub type Pages = Arc<dyn Fn(&str) -> Option<Page> + Send + Sync>;

/// A server that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    handle: ServerHandle,
}

impl Server {
    /// Starts one at this address; port 0 takes a free one. Must be called inside of a tokio runtime.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub async fn start(
        address: SocketAddr,
        services: Arc<Services>,
        limits: Limits,
        pages: Option<Pages>,
    ) -> io::Result<Self> {
        let listener = net::TcpListener::bind(address)?;
        Self::serve(listener, services, limits, pages, Arc::default())
    }

    /// As [`start`](Self::start), at an address that is held already; answers are counted.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn serve(
        listener: net::TcpListener,
        services: Arc<Services>,
        limits: Limits,
        pages: Option<Pages>,
        counts: Arc<Counts>,
    ) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        let (stop, handle) = stop_channel();
        let rows: BTreeMap<_, _> = crate::method::rows().map(|row| (row.name, row)).collect();
        let places = |count: usize| Arc::new(Semaphore::new(count));
        let shared = Arc::new(Shared {
            rows,
            services,
            bodies: places(limits.bodies_kib() as usize),
            messages: places(limits.messages_kib() as usize),
            answers: places(kibibytes(limits.answers_bytes as usize) as usize),
            running: places(limits.running),
            waiting: places(limits.waiting),
            waiting_over_http: places((limits.connections / 2).max(1)),
            websockets: places(limits.places_of_websockets()),
            limits,
            pages,
            counts,
            stop,
        });
        tokio::spawn(accept(shared, listener));
        Ok(Self { address, handle })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more requests, ends those that wait, and returns when those that run are answered.
    pub async fn stop(self) {
        // It fails if it was stopped before, and then there is only to wait.
        _ = self.handle.stop();
        self.handle.stopped().await;
    }
}

/// What all connections share.
struct Shared {
    rows: BTreeMap<&'static str, &'static Row>,
    services: Arc<Services>,
    limits: Limits,
    /// KiB of requests over HTTP that are held.
    bodies: Arc<Semaphore>,
    /// KiB of messages of WebSockets that are held. HTTP has its own: who uploads slowly keeps no WebSocket waiting.
    messages: Arc<Semaphore>,
    /// KiB of answers that are not written yet.
    answers: Arc<Semaphore>,
    /// Methods that run.
    running: Arc<Semaphore>,
    /// Methods that wait for the chain.
    waiting: Arc<Semaphore>,
    /// Those of them that were called over HTTP.
    waiting_over_http: Arc<Semaphore>,
    websockets: Arc<Semaphore>,
    pages: Option<Pages>,
    counts: Arc<Counts>,
    stop: StopHandle,
}

impl Shared {
    /// The row of a method. OpenRPC's own name for its document stands beside Lotus'.
    fn row(&self, name: &str) -> Option<&'static Row> {
        let name = if name == "rpc.discover" {
            "Filecoin.Discover"
        } else {
            name
        };
        self.rows.get(name).copied()
    }

    /// Runs a method on a thread of its own when one is free. The thread counts until the method ends, even if its caller has
    /// gone: methods cannot be interrupted.
    async fn on_a_thread(
        &self,
        run: impl FnOnce() -> Reply<String> + Send + 'static,
    ) -> Reply<String> {
        let running = Arc::clone(&self.running);
        let Ok(running) = running.acquire_owned().await else {
            return Err(RpcError::busy("the node is shutting down"));
        };
        let thread = tokio::task::spawn_blocking(move || {
            let _running = running;
            run()
        });
        thread.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a method panicked");
            Err(RpcError::new(
                code::INTERNAL,
                "a bug of the node: its log says more",
            ))
        })
    }

    /// Returns when the server is stopped.
    async fn stopped(&self) {
        self.stop.clone().shutdown().await;
    }
}

/// KiB of so many bytes, rounded up.
fn kibibytes(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX)
}

async fn accept(shared: Arc<Shared>, listener: TcpListener) {
    let connections = Connections::new(shared.limits.connections);
    loop {
        let next = async {
            let accepted = listener.accept().await;
            // One that is accepted waits here for a place; further ones in the system's queue.
            (connections.enter().await, accepted)
        };
        let (connection, accepted) = tokio::select! {
            next = next => next,
            () = shared.stopped() => return,
        };
        match (connection, accepted) {
            (Ok(connection), Ok((stream, _))) => {
                tokio::spawn(serve(Arc::clone(&shared), connection, stream));
            }
            (Err(_), _) => return,
            (_, Err(error)) => {
                // No file handles, most often: they come back as connections end.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve(shared: Arc<Shared>, connection: Arc<Connection>, stream: TcpStream) {
    _ = stream.set_nodelay(true);
    let stopped = shared.stop.clone().shutdown();
    let late = {
        let stopped = shared.stop.clone().shutdown();
        async {
            stopped.await;
            tokio::time::sleep(GRACE).await;
        }
    };
    let service = tower::service_fn({
        let connection = Arc::clone(&connection);
        move |request| {
            let answer = http::answer(Arc::clone(&shared), Arc::clone(&connection), request);
            async move { Ok::<_, std::convert::Infallible>(answer.await) }
        }
    });
    let served = tokio::select! {
        served = serve_with_graceful_shutdown(stream, service, stopped) => served,
        () = connection.closed() => return,
        () = late => return,
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended");
    }
}
