//! WebSockets frame by frame: fragments and what comes between them, how they end, and that slow is not silent.

mod common;

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use common::{Node, receive};
use filigree_rpc::Limits;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tungstenite::{Bytes, Error, Message, WebSocket};

const VERSION: &str = r#"{"jsonrpc":"2.0","id":1,"method":"Filecoin.Version","params":[]}"#;

fn fragment(bytes: &str, kind: Data, is_last: bool) -> Message {
    let bytes = Bytes::copy_from_slice(bytes.as_bytes());
    Message::Frame(Frame::message(bytes, OpCode::Data(kind), is_last))
}

/// The code that a WebSocket is closed with.
fn end(socket: &mut WebSocket<TcpStream>) -> CloseCode {
    loop {
        match socket.read().unwrap() {
            Message::Close(Some(frame)) => return frame.code,
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn control_frames_come_between_fragments() {
    let node = Node::start(Limits::default());
    let mut socket = node.websocket();
    let (first, rest) = VERSION.split_at(20);
    let (second, third) = rest.split_at(20);
    for _ in 0..3 {
        socket.send(fragment(first, Data::Text, false)).unwrap();
        socket.send(Message::Pong(Bytes::new())).unwrap();
        socket
            .send(fragment(second, Data::Continue, false))
            .unwrap();
        socket
            .send(Message::Ping(Bytes::from_static(b"there?")))
            .unwrap();
        socket.send(fragment(third, Data::Continue, true)).unwrap();
        let mut is_answered = false;
        let mut is_there = false;
        while !(is_answered && is_there) {
            match socket.read().unwrap() {
                Message::Text(text) => is_answered = text.contains("filigree"),
                Message::Pong(bytes) => is_there = bytes == "there?",
                Message::Ping(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

/// However the length comes together.
#[test]
fn who_sends_too_much_is_told_and_closed() {
    let limits = Limits {
        body_bytes: 1 << 20,
        ..Limits::default()
    };
    let node = Node::start(limits);
    let half = " ".repeat((1 << 19) + 1);
    let fragments = [
        fragment(&half, Data::Text, false),
        fragment(&half, Data::Continue, false),
    ];
    let whole = [Message::text(half.repeat(2))];
    for frames in [&fragments[..], &whole[..]] {
        let mut socket = node.websocket();
        socket.send(Message::text(VERSION)).unwrap();
        assert_eq!(receive(&mut socket)["id"], 1);
        for frame in frames {
            socket.send(frame.clone()).unwrap();
        }
        assert_eq!(receive(&mut socket)["error"]["code"], -32007);
        assert_eq!(end(&mut socket), CloseCode::Size);
    }
}

#[test]
fn who_breaks_the_rules_is_told_which() {
    let node = Node::start(Limits::default());
    // A frame that is not masked; a fragment of nothing; a reserved kind; text that is no UTF-8.
    let masked = |first: u8, byte: u8| vec![first, 0x81, 0, 0, 0, 0, byte];
    for (frame, code) in [
        (vec![0x81, 1, b'7'], CloseCode::Protocol),
        (masked(0x80, b'7'), CloseCode::Protocol),
        (masked(0x83, b'7'), CloseCode::Protocol),
        (masked(0x81, 0xff), CloseCode::Invalid),
    ] {
        let mut socket = node.websocket();
        socket.get_mut().write_all(&frame).unwrap();
        assert_eq!(end(&mut socket), code, "{frame:?}");
    }
}

#[test]
fn who_says_nothing_is_closed_and_told_why() {
    let limits = Limits {
        silence: Duration::from_millis(100),
        ..Limits::default()
    };
    let node = Node::start(limits);
    assert_eq!(end(&mut node.websocket()), CloseCode::Policy);
}

#[test]
fn a_server_that_stops_says_so() {
    let node = Node::start(Limits::default());
    let mut socket = node.websocket();
    socket.send(Message::text(VERSION)).unwrap();
    assert_eq!(receive(&mut socket)["id"], 1);
    node.stop();
    assert_eq!(end(&mut socket), CloseCode::Away);
}

#[test]
fn a_closed_websocket_is_closed_by_the_server_too() {
    let node = Node::start(Limits::default());
    let mut socket = node.websocket();
    socket.close(None).unwrap();
    loop {
        match socket.read() {
            Ok(_) => {}
            Err(Error::ConnectionClosed) => return,
            Err(other) => panic!("{other}"),
        }
    }
}

/// A message on a slow line takes longer than the silence that is borne, and is heard all the while.
#[test]
fn slow_is_not_silent() {
    let silence = Duration::from_secs(3);
    let limits = Limits {
        silence,
        ..Limits::default()
    };
    let node = Node::start(limits);
    let mut socket = node.websocket();
    let length = u8::try_from(VERSION.len()).unwrap();
    let mut frame = vec![0x81, 0x80 | length, 0, 0, 0, 0];
    frame.extend_from_slice(VERSION.as_bytes());
    let start = Instant::now();
    let pause = 2 * silence / u32::from(length);
    for byte in frame {
        socket.get_mut().write_all(&[byte]).unwrap();
        std::thread::sleep(pause);
    }
    assert!(start.elapsed() > silence);
    assert_eq!(receive(&mut socket)["result"]["Agent"], "filigree");
}

/// It comes in several frames.
#[test]
fn a_long_answer_comes_whole() {
    let node = Node::start(Limits::default());
    let mut socket = node.websocket();
    let discover = r#"{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}"#;
    socket.send(Message::text(discover)).unwrap();
    let one = receive(&mut socket);
    let batch = format!("[{}]", [discover; 20].join(","));
    socket.send(Message::text(batch)).unwrap();
    let all = receive(&mut socket);
    let all = all.as_array().unwrap();
    assert_eq!(all.len(), 20);
    assert!(all.iter().all(|answer| *answer == one));
}
