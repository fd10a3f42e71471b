//! A server in this process, on a free port, and ways to talk to it.

#![allow(dead_code, reason = "each test uses some of it")]

pub mod door;
mod operator;
pub mod world;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use door::MockDoor;
use filigree_rpc::{About, Client, Limits, Page, Permissions, Server, Services, Tokens};
use filigree_wallet::{Cost, Password, Wallet};
use operator::MockOperator;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tungstenite::{Message, WebSocket};
use world::World;

pub struct Node {
    pub address: SocketAddr,
    pub services: Arc<Services>,
    /// How often the pool was told of a head that was set.
    pub followed: Arc<AtomicUsize>,
    pub asked_to_shut_down: Arc<AtomicBool>,
    pub door: Arc<MockDoor>,
    server: Option<Server>,
    runtime: Runtime,
    _folder: TempDir,
}

/// An answer over HTTP.
pub struct Answer {
    pub status: u16,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e} in {:?}", self.body))
    }

    pub fn code(&self) -> i64 {
        let code = self.json()["error"]["code"].as_i64();
        code.unwrap_or_else(|| panic!("no error: {} {}", self.status, self.body))
    }
}

impl Node {
    /// A node whose chain is a genesis without a state: for all that asks of none.
    pub fn start(limits: Limits) -> Self {
        Self::of(limits, World::empty)
    }

    /// A node with a network of its own.
    pub fn with_network(limits: Limits) -> Self {
        Self::of(limits, World::network)
    }

    fn of(limits: Limits, world: impl FnOnce(&TempDir) -> World) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cheap = Cost {
            memory_kib: 8,
            passes: 1,
            lanes: 1,
        };
        let password = Password::new("pass").unwrap();
        let wallet =
            Wallet::create_with(&folder.path().join("keystore"), &password, cheap).unwrap();
        let asked_to_shut_down = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&asked_to_shut_down);
        let door = Arc::new(MockDoor::default());
        let followed = Arc::new(AtomicUsize::new(0));
        let World {
            chain,
            states,
            pool,
        } = world(&folder);
        let services = Arc::new(Services {
            about: About::new("0.1.0+test").unwrap(),
            tokens: Tokens::new([1; 32]),
            wallet: Arc::new(wallet),
            chain,
            states,
            pool,
            sending: Default::default(),
            schemas: Default::default(),
            door: Arc::clone(&door) as _,
            beacon: Box::new(|epoch, _| Ok(vec![world::beacon().entry(epoch as u64 + 1)])),
            operator: Arc::new(MockOperator {
                followed: Arc::clone(&followed),
            }),
            tasks: Default::default(),
            shut_down: Box::new(move || asked.store(true, Ordering::Relaxed)),
        });
        let runtime = Runtime::new().unwrap();
        let pages = |path: &str| {
            (path == "/healthz").then(|| Page {
                status: 200,
                content_type: "text/plain",
                body: "well".into(),
            })
        };
        let any = "127.0.0.1:0".parse().unwrap();
        let server = Server::start(any, Arc::clone(&services), limits, Some(Arc::new(pages)));
        let server = runtime.block_on(server).unwrap();
        Self {
            address: server.address(),
            services,
            followed,
            asked_to_shut_down,
            door,
            server: Some(server),
            runtime,
            _folder: folder,
        }
    }

    /// Stops the server, and fails if that takes long.
    pub fn stop(mut self) {
        let stop = self.server.take().unwrap().stop();
        let stop = async { tokio::time::timeout(Duration::from_secs(300), stop).await };
        self.runtime.block_on(stop).unwrap();
    }

    pub fn token(&self) -> String {
        self.services.tokens.issue(Permissions::all())
    }

    pub fn client(&self) -> Client {
        Client::new(
            format!("http://{}/rpc/v1", self.address),
            Some(&self.token()),
        )
    }

    /// One HTTP request, written by hand: whatever it is, it is sent.
    pub fn http(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
        let mut stream = self.stream();
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: node\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
        );
        // The server may answer, and close, before it has read all of it.
        _ = stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(body));
        let mut answer = Vec::new();
        _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        Answer {
            status: status.unwrap_or_else(|| panic!("no answer: {answer:?}")),
            body: body.to_owned(),
        }
    }

    pub fn post(&self, headers: &str, body: &str) -> Answer {
        self.http("POST", "/rpc/v1", headers, body.as_bytes())
    }

    /// Calls a method with all permissions.
    pub fn call(&self, method: &str, params: &str) -> Value {
        let body = format!(r#"{{"jsonrpc":"2.0","id":7,"method":"{method}","params":{params}}}"#);
        let bearer = format!("Authorization: Bearer {}\r\n", self.token());
        let answer = self.post(&bearer, &body).json();
        assert_eq!(answer["id"], 7);
        answer
    }

    pub fn websocket(&self) -> WebSocket<TcpStream> {
        let url = format!("ws://{}/rpc/v1?token={}", self.address, self.token());
        let (socket, _) = tungstenite::client(url, self.stream()).unwrap();
        socket
    }

    fn stream(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        let patience = Some(Duration::from_secs(120));
        stream.set_read_timeout(patience).unwrap();
        stream.set_write_timeout(patience).unwrap();
        stream
    }
}

/// The next JSON that a WebSocket receives.
pub fn receive(socket: &mut WebSocket<TcpStream>) -> Value {
    loop {
        match socket.read().unwrap() {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("{other:?}"),
        }
    }
}
