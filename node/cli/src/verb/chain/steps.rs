//! `chain path`, `chain notify`: how the head moves.

use std::net::TcpStream;

use anyhow::{Context, Result, bail};
use filigree_rpc::json::Json;
use filigree_rpc::json::node::HeadChange;
use filigree_rpc::method::chain::ChainGetPath;
use serde_json::{Value, json};
use tungstenite::client::IntoClientRequest;
use tungstenite::http::HeaderValue;

use crate::node::Node;
use crate::{print, show};

/// Shows the steps from one tipset to another.
pub(super) fn path(node: &Node, from: &str, to: &str) -> Result<()> {
    let path = node.call(ChainGetPath {
        from: node.tipset(Some(from))?.key().clone(),
        to: node.tipset(Some(to))?.key().clone(),
    })?;
    node.show(&path, || {
        let lines: Vec<String> = path.0.iter().map(step_line).collect();
        lines.join("\n")
    })
}

/// Subscribes and prints what comes.
pub(super) fn notify(node: &Node, count: Option<u64>) -> Result<()> {
    let address = node.url.strip_prefix("http://");
    let address = address.context("the head can be watched over http:// only")?;
    let authority = address.split('/').next().unwrap_or(address);
    let stream = TcpStream::connect(authority).with_context(|| authority.to_owned())?;
    let mut request = format!("ws://{address}").into_client_request()?;
    if let Some(token) = &node.token {
        let value = HeaderValue::from_str(&format!("Bearer {token}"))?;
        request.headers_mut().insert("Authorization", value);
    }
    let (mut socket, _) = tungstenite::client(request, stream)
        .map_err(|e| anyhow::anyhow!("{authority} takes no WebSocket: {e}"))?;
    let subscribe =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "Filecoin.ChainNotify", "params": [] });
    socket.send(tungstenite::Message::text(subscribe.to_string()))?;
    let mut left = count.unwrap_or(u64::MAX);
    while left > 0 {
        let message = socket.read().context("the node ended the connection")?;
        let tungstenite::Message::Text(text) = message else {
            continue;
        };
        let mut message: Value = serde_json::from_str(&text)?;
        if let Some(error) = message.get("error").filter(|error| !error.is_null()) {
            bail!("{}", error["message"].as_str().unwrap_or("refused"));
        }
        match message["method"].as_str() {
            Some("xrpc.ch.val") => {
                for step in Vec::<HeadChange>::read(message["params"][1].take())? {
                    print_step(node, &step)?;
                    left = left.saturating_sub(1);
                }
            }
            Some("xrpc.ch.close") => {
                bail!("the node closed the channel: too much was missed; start again")
            }
            _ => {}
        }
    }
    Ok(())
}

fn print_step(node: &Node, step: &HeadChange) -> Result<()> {
    if node.is_json() {
        return print::text(&print::of_rpc(step)?.to_string());
    }
    print::text(&step_line(step))
}

fn step_line(step: &HeadChange) -> String {
    format!(
        "{:<8} {}",
        print::plain(&step.kind),
        show::tipset(&step.tipset)
    )
}
