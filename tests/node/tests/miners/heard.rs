//! The chain as somebody hears of it who subscribed to changes of the head, over WebSocket.

use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use filigree_blocks::Tipset;
use filigree_node_tests::Node;
use filigree_rpc::json::Json as _;
use serde_json::{Value, json};
use tungstenite::client::IntoClientRequest as _;
use tungstenite::{Error, Message, WebSocket};

/// How long is listened at a time.
const LISTENED: Duration = Duration::from_millis(200);

/// See the head of the file.
pub struct Heard {
    socket: WebSocket<TcpStream>,
    /// From where hearing began to the head.
    chain: Vec<Tipset>,
    /// Heads that were reverted, each with the one that came instead.
    reorganised: Vec<(Tipset, Tipset)>,
}

impl Heard {
    /// Begins to listen to a node.
    pub fn of(node: &Node) -> Result<Self> {
        let rest = node.url.strip_prefix("http://");
        let rest = rest.context("the RPC is HTTP")?;
        let (address, _) = rest.split_once('/').context("the RPC has a path")?;
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(LISTENED))?;
        let request = format!("ws://{rest}").into_client_request()?;
        let (mut socket, _) = handshake(request, stream)?;
        let call =
            json!({ "jsonrpc": "2.0", "id": 1, "method": "Filecoin.ChainNotify", "params": [] });
        socket.send(Message::text(call.to_string()))?;
        Ok(Self {
            socket,
            chain: Vec::new(),
            reorganised: Vec::new(),
        })
    }

    /// The chain, upwards.
    pub fn chain(&self) -> &[Tipset] {
        &self.chain
    }

    /// Heads that gave way to others.
    pub fn reorganised(&self) -> &[(Tipset, Tipset)] {
        &self.reorganised
    }

    /// Hears the next changes, if any come soon; each must fit the one before.
    pub fn hear(&mut self) -> Result<()> {
        let text = match self.socket.read() {
            Ok(message) if message.is_text() => message.into_text()?,
            Ok(_) => return Ok(()),
            Err(Error::Io(e)) if is_silence(&e) => return Ok(()),
            Err(e) => return Err(e.into()),
        };
        let value: Value = serde_json::from_str(&text)?;
        match value["method"].as_str() {
            Some("xrpc.ch.val") => {}
            Some(other) => bail!("the channel is closed: {other}"),
            None => return Ok(()),
        }
        let before = self.chain.last().cloned();
        let changes = value["params"][1].as_array().cloned().unwrap_or_default();
        for change in changes {
            let kind = change["Type"].as_str().unwrap_or_default();
            self.change(kind, Tipset::read(change["Val"].clone())?)?;
        }
        let after = self.chain.last().context("a head is left")?.clone();
        if let Some(before) = before
            && !self.chain.contains(&before)
        {
            self.reorganised.push((before, after));
        }
        Ok(())
    }

    fn change(&mut self, kind: &str, tipset: Tipset) -> Result<()> {
        let top = self.chain.last();
        match (kind, top) {
            ("current", None) => self.chain.push(tipset),
            ("apply", Some(top)) => {
                ensure!(
                    tipset.parents() == top.key(),
                    "{tipset:?} is not on {top:?}"
                );
                self.chain.push(tipset);
            }
            ("revert", Some(top)) => {
                ensure!(*top == tipset, "{tipset:?} was not the top");
                self.chain.pop();
            }
            (kind, top) => bail!("{kind} {tipset:?} comes after {top:?}"),
        }
        Ok(())
    }
}

/// What a client and a server agree on first. It takes its time on a busy machine.
fn handshake(
    request: tungstenite::handshake::client::Request,
    stream: TcpStream,
) -> Result<(
    WebSocket<TcpStream>,
    tungstenite::handshake::client::Response,
)> {
    use tungstenite::HandshakeError;
    let mut shaking = tungstenite::client(request, stream);
    loop {
        shaking = match shaking {
            Ok(done) => return Ok(done),
            Err(HandshakeError::Interrupted(middle)) => middle.handshake(),
            Err(HandshakeError::Failure(error)) => return Err(error.into()),
        };
    }
}

fn is_silence(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{TimedOut, WouldBlock};
    matches!(error.kind(), TimedOut | WouldBlock)
}
