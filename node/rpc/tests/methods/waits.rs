//! Callers who wait for the chain for ever: what they hold, and how they give up.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::mpsc;
use std::time::Duration;

use filigree_rpc::Limits;
use serde_json::Value;
use tungstenite::Message;

use crate::common::{Node, receive};
use crate::{node_with, send};

const VERSION: &str = r#"{"jsonrpc":"2.0","id":"last","method":"Filecoin.Version","params":[]}"#;

fn small() -> Limits {
    Limits {
        body_bytes: 1 << 20,
        bodies_bytes: 5 << 20,
        messages_bytes: 5 << 20,
        connections: 16,
        websockets: 8,
        ..Limits::default()
    }
}

/// A request that waits for a message of the pool, as long as a request may be.
fn long_wait(node: &Node, id: &str) -> String {
    let cid = send(&node.client(), 1).cid();
    let begin = format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"Filecoin.StateWaitMsg","params":[{{"/":"{cid}"}},0,-1,true],"more":""#
    );
    let more = "x".repeat((1 << 20) - begin.len() - 2);
    format!("{begin}{more}\"}}")
}

#[test]
fn who_waits_in_a_websocket_holds_no_text() {
    let node = node_with(small());
    let wait = long_wait(&node, "1");
    let mut socket = node.websocket();
    for _ in 0..8 {
        socket.send(Message::text(wait.as_str())).unwrap();
    }
    socket.send(Message::text(VERSION)).unwrap();
    assert_eq!(receive(&mut socket)["id"], "last");
}

/// Of nine who wait over HTTP eight may, and there is room for the texts of two: the ninth is refused for the one reason, not for the
/// other.
#[test]
fn who_waits_over_http_holds_no_text() {
    let node = node_with(small());
    let wait = long_wait(&node, "1");
    let (answered, answers) = mpsc::channel();
    let head = format!(
        "POST /rpc/v1 HTTP/1.1\r\nHost: node\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        wait.len()
    );
    for _ in 0..9 {
        let mut stream = TcpStream::connect(node.address).unwrap();
        let (request, answered) = (format!("{head}{wait}"), answered.clone());
        std::thread::spawn(move || {
            let mut answer = String::new();
            // Those that still wait at the end are cut off.
            _ = stream.write_all(request.as_bytes());
            _ = stream.read_to_string(&mut answer);
            _ = answered.send(answer);
        });
    }
    let first = answers.recv_timeout(Duration::from_secs(300)).unwrap();
    assert!(
        first.contains("too many requests wait for the chain"),
        "{first}"
    );
    node.stop();
}

/// Who waits in a batch waits no longer than methods run: its others are held meanwhile.
#[test]
fn a_wait_in_a_batch_has_an_end() {
    let limits = Limits {
        run_time: Duration::from_secs(2),
        ..small()
    };
    let node = node_with(limits);
    let cid = send(&node.client(), 1).cid();
    let wait = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"Filecoin.StateWaitMsg","params":[{{"/":"{cid}"}},0,-1,true]}}"#
    );
    let answers: Value = node.post("", &format!("[{wait},{wait},{VERSION}]")).json();
    assert_eq!(answers[0]["error"]["code"], -32009);
    assert_eq!(answers[1]["error"]["code"], -32009);
    assert_eq!(answers[2]["id"], "last");
}

/// A long request takes its time to be read: who cancels it meanwhile is heard.
#[test]
fn a_call_can_be_cancelled_at_once() {
    let node = node_with(Limits::default());
    let mut socket = node.websocket();
    for round in 0..20 {
        let wait = long_wait(&node, &round.to_string());
        let cancel = format!(r#"{{"jsonrpc":"2.0","method":"xrpc.cancel","params":[{round}]}}"#);
        socket.send(Message::text(wait)).unwrap();
        socket.send(Message::text(cancel)).unwrap();
        let answer = receive(&mut socket);
        assert_eq!(answer["id"], round);
        assert_eq!(answer["error"]["message"], "cancelled by the caller");
    }
}
