//! Who has how much of what all callers share: nobody's requests are the end of others.

mod common;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use common::{Node, receive};
use filigree_rpc::Limits;
use serde_json::Value;
use tungstenite::Message;

const VERSION: &str = r#"{"jsonrpc":"2.0","id":1,"method":"Filecoin.Version","params":[]}"#;
const DISCOVER: &str = r#"{"jsonrpc":"2.0","id":2,"method":"rpc.discover"}"#;

/// A caller over HTTP who begins to send as much as all of them may, and then sends nothing.
fn half_an_upload(node: &Node, length: u32) -> TcpStream {
    let mut stream = TcpStream::connect(node.address).unwrap();
    let patience = Some(Duration::from_secs(60));
    stream.set_read_timeout(patience).unwrap();
    let head = format!(
        "POST /rpc/v1 HTTP/1.1\r\nHost: node\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    // It is asked for the rest once it has its share.
    let mut go_on = [0; 12];
    stream.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100");
    stream
}

#[test]
fn who_uploads_closes_no_websocket() {
    let limits = Limits {
        body_bytes: 1 << 20,
        bodies_bytes: 1 << 20,
        messages_bytes: 1 << 20,
        body_time: Duration::from_secs(3600),
        ..Limits::default()
    };
    let node = Node::start(limits);
    let mut socket = node.websocket();
    let upload = half_an_upload(&node, 1 << 20);
    for _ in 0..20 {
        socket.send(Message::text(VERSION)).unwrap();
        assert_eq!(receive(&mut socket)["id"], 1);
    }
    drop(upload);
}

/// Messages take their turns: there is room for four at once, and none of twelve WebSockets is closed.
#[test]
fn websockets_wait_for_each_other() {
    let limits = Limits {
        body_bytes: 8 << 10,
        messages_bytes: 20 << 10,
        ..Limits::default()
    };
    let node = Node::start(limits);
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| {
                let mut socket = node.websocket();
                for _ in 0..200 {
                    socket.send(Message::text(VERSION)).unwrap();
                    assert_eq!(receive(&mut socket)["id"], 1);
                }
            });
        }
    });
}

/// Answers to a batch count while it runs: when there is no room for one, the others are not run.
#[test]
fn a_batch_ends_where_there_is_no_room_for_its_answers() {
    let length = Node::start(Limits::default()).post("", DISCOVER).body.len();
    let limits = Limits {
        answers_bytes: u32::try_from(length * 7 / 2).unwrap(),
        ..Limits::default()
    };
    let node = Node::start(limits);
    let batch = format!("[{},{VERSION}]", [DISCOVER; 5].join(","));
    let answers: Value = node.post("", &batch).json();
    let code = |answer: &Value| answer["error"]["code"].as_i64();
    let codes: Vec<_> = answers.as_array().unwrap().iter().map(code).collect();
    let busy = Some(-32009);
    assert_eq!(codes, [None, None, None, busy, busy, busy]);
    assert_eq!(answers[5]["id"], 1);
    // What was not run has not been counted either: all is given back.
    let again = (0..1000).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        node.post("", DISCOVER).json()["result"].is_object()
    });
    assert!(again);
}
