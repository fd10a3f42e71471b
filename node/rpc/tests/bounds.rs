//! How much of everything there may be: places for WebSockets, answers that nobody reads, values and depth of messages.

mod common;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::mpsc;
use std::time::Duration;

use common::{Node, receive};
use filigree_rpc::Limits;
use filigree_rpc::method::common::Version;
use serde_json::Value;
use tungstenite::{Message, WebSocket};

const VERSION: &str = r#"{"jsonrpc":"2.0","id":1,"method":"Filecoin.Version","params":[]}"#;

/// A batch whose answer is longer than what sockets take ahead.
fn long_answer() -> String {
    let discover = r#"{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}"#;
    format!("[{}]", [discover; 80].join(","))
}

/// Whether a WebSocket is opened; if not, with which status it is refused.
fn open(node: &Node) -> Result<WebSocket<TcpStream>, u16> {
    let url = format!("ws://{}/rpc/v1?token={}", node.address, node.token());
    let stream = TcpStream::connect(node.address).unwrap();
    let patience = Some(Duration::from_secs(60));
    stream.set_read_timeout(patience).unwrap();
    match tungstenite::client(url, stream) {
        Ok((socket, _)) => Ok(socket),
        Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(response))) => {
            Err(response.status().as_u16())
        }
        Err(other) => panic!("{other}"),
    }
}

/// Sends a request, and gives the connection before anything of the answer but its first byte is read.
fn ask(node: &Node, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(node.address).unwrap();
    let patience = Some(Duration::from_secs(60));
    stream.set_read_timeout(patience).unwrap();
    let length = body.len();
    let request = format!(
        "POST /rpc/v1 HTTP/1.1\r\nHost: node\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut first = [0];
    stream.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"H");
    stream
}

/// The rest of an answer.
fn read_all(mut stream: TcpStream) -> Value {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap()
}

/// However many WebSockets there are, pages and calls over HTTP are answered.
#[test]
fn websockets_leave_places_for_http() {
    let limits = Limits {
        connections: 8,
        websockets: 8,
        ..Limits::default()
    };
    let node = Node::start(limits);
    let mut sockets: Vec<_> = (0..6).map(|_| open(&node).unwrap()).collect();
    for _ in 0..4 {
        assert_eq!(open(&node).unwrap_err(), 503);
        assert_eq!(node.http("GET", "/healthz", "", b"").status, 200);
        assert!(node.client().call(Version {}).is_ok());
    }
    for socket in &mut sockets {
        socket.send(Message::text(VERSION)).unwrap();
        assert_eq!(receive(socket)["id"], 1);
    }
    // A place comes back with the end of its WebSocket, soon.
    sockets.pop().unwrap().close(None).unwrap();
    let again = (0..1000).find_map(|_| {
        std::thread::sleep(Duration::from_millis(10));
        open(&node).ok()
    });
    assert!(again.is_some());
}

#[test]
fn what_is_no_handshake_takes_no_place() {
    let limits = Limits {
        connections: 4,
        websockets: 1,
        ..Limits::default()
    };
    let node = Node::start(limits);
    let wrong = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 7\r\n";
    for _ in 0..8 {
        assert_eq!(node.http("GET", "/rpc/v1", wrong, b"").status, 400);
    }
    assert!(open(&node).is_ok());
}

/// Who still reads an answer is not idle: for whoever comes next the connection is not closed.
#[test]
fn a_slow_reader_gets_the_whole_answer() {
    let limits = Limits {
        connections: 1,
        ..Limits::default()
    };
    let node = Node::start(limits);
    let reader = ask(&node, &long_answer());
    let address = node.address;
    let (answered, is_answered) = mpsc::channel();
    let next = std::thread::spawn(move || {
        let url = format!("http://{address}/rpc/v1");
        let answer = filigree_rpc::Client::new(url, None).call(Version {});
        // Nobody waits for this any more, if all is well.
        _ = answered.send(());
        answer
    });
    // That it comes too soon is what must not be; that it does not come is not waited for.
    let too_soon = is_answered.recv_timeout(Duration::from_secs(1));
    assert_eq!(read_all(reader).as_array().unwrap().len(), 80);
    assert!(too_soon.is_err(), "there is one place");
    assert!(next.join().unwrap().is_ok());
}

/// A node that has room for one long answer and a half.
fn node_with_little_room() -> Node {
    let node = Node::start(Limits::default());
    let length = node.post("", &long_answer()).body.len();
    Node::start(Limits {
        answers_bytes: u32::try_from(length / 2 * 3).unwrap(),
        ..Limits::default()
    })
}

/// While an answer waits to be read there is no room for another, but for short ones; when it is read, there is.
fn check_room(node: &Node, read: impl FnOnce() -> Value) {
    let is_refused = || node.post("", &long_answer()).json()[79]["error"]["code"] == -32009;
    for _ in 0..3 {
        assert!(is_refused());
        assert!(node.client().call(Version {}).is_ok());
    }
    assert_eq!(read().as_array().unwrap().len(), 80);
    // It is given back as soon as the last byte is written, which is before it is read, or just after.
    let has_room = (0..1000).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        !is_refused()
    });
    assert!(has_room);
}

#[test]
fn answers_that_nobody_reads_have_one_bound() {
    let node = node_with_little_room();
    let reader = ask(&node, &long_answer());
    check_room(&node, || read_all(reader));
}

#[test]
fn answers_that_wait_in_a_websocket_have_it_too() {
    let node = node_with_little_room();
    let mut socket = node.websocket();
    socket.send(Message::text(long_answer())).unwrap();
    // More than a ping has come: the answer is being written.
    let mut bytes = vec![0; 64 << 10];
    while socket.get_ref().peek(&mut bytes).unwrap() < 4096 {
        std::thread::sleep(Duration::from_millis(5));
    }
    check_room(&node, || receive(&mut socket));
}

/// A connection on which nobody reads is closed in the end.
#[test]
fn who_does_not_read_is_closed() {
    let limits = Limits {
        connections: 1,
        answer_time: Duration::from_millis(200),
        ..Limits::default()
    };
    let node = Node::start(limits);
    let silent = ask(&node, &long_answer());
    // There is one place, which the other keeps until it is closed.
    assert!(node.client().call(Version {}).is_ok());
    drop(silent);
    let limits = Limits {
        answer_time: Duration::from_millis(200),
        ..Limits::default()
    };
    let node = Node::start(limits);
    let mut socket = node.websocket();
    socket.send(Message::text(long_answer())).unwrap();
    let mut rounds = 0;
    // Writing fails once the other side has closed.
    while socket.send(Message::text(VERSION)).is_ok() {
        std::thread::sleep(Duration::from_millis(10));
        rounds += 1;
        assert!(rounds < 6000, "still open");
    }
}

/// Whoever does not read does not keep the server from stopping.
#[test]
fn a_server_stops_while_nobody_reads() {
    let limits = Limits {
        answer_time: Duration::from_secs(3600),
        ..Limits::default()
    };
    let node = Node::start(limits);
    let mut socket = node.websocket();
    socket.send(Message::text(long_answer())).unwrap();
    let reader = ask(&node, &long_answer());
    node.stop();
    drop((reader, socket));
}

/// The same bound for a request and for a batch, for parameters and for what nobody asked for, over HTTP and over a WebSocket.
#[test]
fn values_of_a_message_have_one_bound() {
    let limits = Limits {
        values: 1000,
        ..Limits::default()
    };
    let node = Node::start(limits);
    let mut socket = node.websocket();
    let mut code = |body: &str| {
        let over_http = node.post("", body).json();
        socket.send(Message::text(body)).unwrap();
        let over_websocket = receive(&mut socket);
        assert_eq!(over_http["error"]["code"], over_websocket["error"]["code"]);
        assert_eq!(over_http["id"], over_websocket["id"]);
        (over_http["error"]["code"].as_i64(), over_http["id"].clone())
    };
    let members: Vec<String> = (0..1000).map(|n| format!(r#""m{n}":0"#)).collect();
    let members = members.join(",");
    let list = ["0"; 1000].join(",");
    let request = |params: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":7,"method":"Filecoin.WalletValidateAddress","params":{params}}}"#
        )
    };
    let seven = Value::from(7);
    assert_eq!(code(&request(r#"["f01"]"#)), (None, seven.clone()));
    let wrong = (Some(-32602), seven);
    assert_eq!(code(&request(&format!("[[{list}]]"))), wrong);
    assert_eq!(code(&request(&format!("[{{{members}}}]"))), wrong);
    let version = VERSION.replace(r#""id":1"#, &format!(r#""id":7,{members}"#));
    assert_eq!(code(&version), wrong);
    // Each of these has few.
    let some = request(&format!("[[{}]]", ["0"; 100].join(",")));
    let batch = format!("[{}]", [some.as_str(); 20].join(","));
    assert_eq!(code(&batch), (Some(-32600), Value::Null));
    assert_eq!(code(&format!("[{list}]")), (Some(-32600), Value::Null));
    assert_eq!(
        code(&format!("[{}]", [VERSION; 20].join(","))),
        (None, Value::Null)
    );
}

#[test]
fn depth_has_one_bound_in_batches_and_over_websockets() {
    let node = Node::start(Limits::default());
    let mut socket = node.websocket();
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for (depth, message) in [
        (64, "a string is expected"),
        (65, "nested"),
        (50_000, "nested"),
    ] {
        let params = nested(depth);
        let request = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"Filecoin.WalletValidateAddress","params":{params}}}"#
        );
        let batch = format!("[{request}]");
        socket.send(Message::text(request.as_str())).unwrap();
        let plain = receive(&mut socket);
        socket.send(Message::text(batch.as_str())).unwrap();
        let batched = receive(&mut socket)[0].clone();
        for answer in [node.post("", &batch).json()[0].clone(), plain, batched] {
            let error = &answer["error"];
            assert_eq!(
                (&error["code"], &answer["id"]),
                (&(-32602).into(), &1.into())
            );
            assert!(
                error["message"].as_str().unwrap().contains(message),
                "{answer}"
            );
        }
    }
    // Ids, members and parameters of what is no call are skipped, however deep they are.
    let deep = nested(50_000);
    for (body, code) in [
        (
            format!(r#"{{"jsonrpc":"2.0","id":{deep},"method":"m"}}"#),
            -32600,
        ),
        (
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":{deep}}}"#),
            -32600,
        ),
        (format!(r#"{{"more":{deep}}}"#), -32600),
        (format!("[{deep}]"), -32600),
    ] {
        let answer = node.post("", &body).json();
        let error = answer.get(0).unwrap_or(&answer);
        assert_eq!(error["error"]["code"], code, "{answer}");
    }
    let cancel = format!(r#"{{"jsonrpc":"2.0","method":"xrpc.cancel","params":[{deep}]}}"#);
    socket.send(Message::text(cancel)).unwrap();
    socket.send(Message::text(VERSION)).unwrap();
    assert_eq!(receive(&mut socket)["result"]["Agent"], "filigree");
}
