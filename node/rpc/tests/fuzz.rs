//! What nobody should send: the server answers each with an error of its code, stays, and its memory does not grow.

mod common;

use std::fs;
use std::time::Duration;

use common::{Node, receive};
use filigree_rpc::Limits;
use serde_json::Value;
use tungstenite::Message;

/// Numbers that look random, and are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

const SEEDS: &[&str] = &[
    r#"{"jsonrpc":"2.0","id":1,"method":"Filecoin.Version","params":[]}"#,
    r#"{"jsonrpc":"2.0","id":"a","method":"Filecoin.WalletValidateAddress","params":["f01"]}"#,
    r#"{"jsonrpc":"2.0","id":2,"method":"Filecoin.WalletVerify","params":["f01","aGk=",{"Type":1,"Data":"aGk="}]}"#,
    r#"{"jsonrpc":"2.0","id":3,"method":"Filecoin.AuthVerify","params":["a.b.c"]}"#,
    r#"[{"jsonrpc":"2.0","id":4,"method":"Filecoin.Session","params":[]},{"jsonrpc":"2.0","method":"xrpc.cancel","params":[4]}]"#,
    r#"{"jsonrpc":"2.0","id":5,"method":"Filecoin.WalletSignMessage","params":["f01",{"To":"f01","From":"f02","Value":"1"}]}"#,
];

const VALUES: &[&str] = &[
    "null",
    "true",
    "0",
    "-1",
    "1e999",
    "18446744073709551616",
    "0.5",
    "\"\"",
    "\"f01\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "[]",
    "{}",
    "[[]]",
    r#"{"/":"bafy"}"#,
    r#"{"/":{"/":[]}}"#,
    r#"{"Type":300,"Data":null}"#,
    "[null,null,null]",
    "\"\u{fffd}\"",
];

/// A request that went wrong in one to three ways.
fn broken(random: &mut Random) -> String {
    let mut text = random.pick(SEEDS).to_owned();
    for _ in 0..=random.below(3) {
        let from = random.below(text.len());
        let Some(from) = (from..text.len()).find(|&i| text.is_char_boundary(i)) else {
            continue;
        };
        match random.below(6) {
            0 => text.truncate(from),
            1 => text.insert_str(from, random.pick(VALUES)),
            2 => text.insert(
                from,
                ['{', '}', '[', ']', '"', ',', ':', '\\', '\0'][random.below(9)],
            ),
            3 => _ = text.remove(from),
            4 => text = text.replacen("[]", random.pick(VALUES), 1),
            _ => {
                let value = random.pick(VALUES);
                text = text
                    .replacen("\"f01\"", value, 1)
                    .replacen("\"aGk=\"", value, 1);
            }
        }
        if text.is_empty() {
            break;
        }
    }
    text
}

/// Whether this is an answer that may be given: results, and errors with codes that are meant.
fn check(sent: &str, answer: &Value) {
    if let Value::Array(answers) = answer {
        return answers.iter().for_each(|answer| check(sent, answer));
    }
    assert_eq!(answer["jsonrpc"], "2.0", "{sent}: {answer}");
    if answer.get("result").is_none() {
        let code = answer["error"]["code"].as_i64();
        let meant = [-32700, -32600, -32601, -32602, 1];
        assert!(
            code.is_some_and(|code| meant.contains(&code)),
            "{sent}: {answer}"
        );
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(
            !message.is_empty() && message.len() < 2000,
            "{sent}: {answer}"
        );
    }
}

#[test]
fn broken_requests_are_answered_over_http() {
    let node = Node::start(Limits::default());
    let bearer = format!("Authorization: Bearer {}\r\n", node.token());
    let mut random = Random(7);
    for round in 0..1500 {
        let text = broken(&mut random);
        let headers = if round % 2 == 0 { "" } else { &bearer };
        let answer = node.post(headers, &text);
        assert!(
            matches!(answer.status, 200 | 204),
            "{text}: {}",
            answer.status
        );
        // What is only notifications has no answer.
        match answer.status {
            204 => assert_eq!(answer.body, "", "{text}"),
            _ => check(&text, &answer.json()),
        }
    }
    assert!(
        node.client()
            .call(filigree_rpc::method::common::Version {})
            .is_ok()
    );
}

#[test]
fn broken_requests_are_answered_over_websocket() {
    let node = Node::start(Limits::default());
    let mut socket = node.websocket();
    let mut random = Random(8);
    for round in 0..3000 {
        let text = broken(&mut random);
        socket.send(Message::text(text.as_str())).unwrap();
        // A request that is sure to be answered tells that nothing is left to read.
        let last =
            format!(r#"{{"jsonrpc":"2.0","id":"last {round}","method":"Filecoin.Version"}}"#);
        socket.send(Message::text(last)).unwrap();
        loop {
            let answer = receive(&mut socket);
            if answer["id"] == format!("last {round}") {
                break;
            }
            check(&text, &answer);
        }
    }
}

fn request(params: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"Filecoin.WalletValidateAddress","params":{params}}}"#
    )
}

#[test]
fn what_is_nested_deep_is_refused() {
    let node = Node::start(Limits::default());
    for depth in [65, 128, 129, 10_000, 1_000_000] {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let nested = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let answer = node.post("", &request(&format!("[{nested}]")));
            assert_eq!(answer.code(), -32602, "{depth}: {}", answer.body);
            let answer = node.post("", &request(&nested));
            assert_eq!(answer.code(), -32602, "{depth}: {}", answer.body);
            // Where no parameters are.
            let answer = node.post("", &nested);
            let code = answer.json().get(0).map_or_else(
                || answer.code(),
                |answer| answer["error"]["code"].as_i64().unwrap(),
            );
            assert_eq!(code, -32600, "{depth}: {}", answer.body);
            let odd = format!(r#"{{"jsonrpc":"2.0","id":{nested},"method":"Filecoin.Version"}}"#);
            assert_eq!(node.post("", &odd).code(), -32600);
            // A batch that is never closed has too much in it before that is seen.
            let expected = match (open, depth) {
                ("[", 1_000_000) => -32600,
                _ => -32700,
            };
            assert_eq!(node.post("", &open.repeat(depth)).code(), expected);
        }
    }
    let allowed = format!("[{}{}]", "[".repeat(63), "]".repeat(63));
    let answer = node.post("", &request(&allowed)).json();
    assert_eq!(
        answer["error"]["message"],
        "text: a string is expected, found a list"
    );
}

#[test]
fn huge_lists_and_strings_are_read_up_to_the_limit() {
    let limits = Limits {
        body_bytes: 1 << 20,
        ..Limits::default()
    };
    let node = Node::start(limits);
    for value in ["0", "[]", "{}", "\"\"", "null", "1e5"] {
        let count = (900 << 10) / (value.len() + 1);
        let list = vec![value; count].join(",");
        assert_eq!(node.post("", &request(&format!("[{list}]"))).code(), -32602);
        assert_eq!(
            node.post("", &request(&format!("[[{list}]]"))).code(),
            -32602
        );
    }
    let answer = node.post("", &request(&format!("[\"{}\"]", "f".repeat(900 << 10))));
    assert_eq!(answer.code(), 1);
    for length in [(1 << 20) + 1, 20 << 20] {
        let answer = node.post("", &"[".repeat(length));
        assert_eq!((answer.status, answer.code()), (413, -32007));
    }
    // Lengths that are lies, or none.
    for headers in [
        "Content-Length: 5000000000\r\n",
        "Transfer-Encoding: chunked\r\n",
    ] {
        let head =
            format!("POST /rpc/v1 HTTP/1.1\r\nHost: node\r\nConnection: close\r\n{headers}\r\n");
        let answer = raw(
            &node,
            &head,
            &format!("{:x}\r\n{}", 2 << 20, "[".repeat(2 << 20)),
        );
        assert!(
            answer.contains(" 413 ") || answer.contains(" 400 "),
            "{headers}: {answer:?}"
        );
    }
    let mut socket = node.websocket();
    socket
        .send(Message::text("[".repeat((1 << 20) + 1)))
        .unwrap();
    assert_eq!(receive(&mut socket)["error"]["code"], -32007);
}

fn raw(node: &Node, head: &str, body: &str) -> String {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(node.address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(300)))
        .unwrap();
    _ = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body.as_bytes()));
    // Nobody reads the rest of the body: the connection may be reset after the answer, and what came before that counts.
    let mut answer = Vec::new();
    _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Memory of this process, in MiB.
fn resident_mib() -> usize {
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = pages.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4 / 1024
}

/// The most memory that this process ever had, in MiB.
fn peak_mib() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.unwrap().trim().strip_suffix(" kB").unwrap();
    kib.parse::<usize>().unwrap() / 1024
}

/// Short texts make long lists: two bytes of `0,` are a value of 32 bytes, while it grows of 96.
#[test]
fn memory_stays_bounded_while_many_send_much() {
    let node = Node::start(Limits::default());
    let before = peak_mib();
    for value in ["0", "[]", "{}"] {
        let list = vec![value; (7 << 20) / (value.len() + 1)].join(",");
        let body = request(&format!("[[{list}]]"));
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| assert_eq!(node.post("", &body).code(), -32602));
            }
        });
    }
    // The callers are of this process: what they hold is counted, too.
    let grown = peak_mib() - before;
    assert!(grown < 600, "{grown} MiB more");
}

/// A WebSocket that sends and does not read is read no more before what waits for it is much, and then closed.
#[test]
fn a_websocket_that_does_not_read_is_closed() {
    let limits = Limits {
        body_bytes: 1 << 20,
        messages_bytes: 4 << 20,
        answer_time: Duration::from_secs(2),
        ..Limits::default()
    };
    let node = Node::start(limits);
    let mut socket = node.websocket();
    let discover = r#"{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}"#;
    let before = resident_mib();
    let mut sent = 0;
    while socket.send(Message::text(discover)).is_ok() {
        sent += 1;
        assert!(sent < 1_000_000, "still open");
    }
    let grown = resident_mib().saturating_sub(before);
    assert!(grown < 200, "{grown} MiB more after {sent} requests");
    assert!(
        node.client()
            .call(filigree_rpc::method::common::Version {})
            .is_ok()
    );
}
