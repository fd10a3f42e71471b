//! Requests that nobody should send, to the binary: each is answered with the code that JSON-RPC 2.0 (section 5.1) and Lotus have for it,
//! over HTTP and over a WebSocket, and the node's memory does not grow of them.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result};
use filigree_node_tests::Node;
use filigree_rpc::method::common::Version;
use serde_json::Value;
use tungstenite::{Message, WebSocket};

/// How much more memory the node may ever have while it is sent all of this, MiB: of requests it holds 128 at once.
const MOST_PEAK_MIB: u64 = 512;
/// How much more it may have afterwards.
const MOST_GROWTH_MIB: u64 = 192;

/// A token that is none.
const FORGED: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJBbGxvdyI6WyJhZG1pbiJdfQ.c2lnbmVk";

/// An answer over HTTP.
struct Answer {
    status: u16,
    body: String,
}

/// Sends a request, whatever it is.
fn send(node: &Node, head: &str, headers: &str, body: &[u8]) -> Result<Answer> {
    let address = address(node)?;
    let mut stream = TcpStream::connect(&address)?;
    stream.set_read_timeout(Some(Duration::from_secs(120)))?;
    let length = body.len();
    let head = format!(
        "{head} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes())?;
    // It may have refused before all was sent.
    _ = stream.write_all(body);
    let mut answer = Vec::new();
    _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer)?;
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Ok(Answer {
        status: status.with_context(|| format!("no answer to {head}"))?,
        body: body.to_owned(),
    })
}

fn address(node: &Node) -> Result<String> {
    let rest = node.url.strip_prefix("http://");
    let (address, _) = rest
        .and_then(|rest| rest.split_once('/'))
        .context("the RPC is HTTP")?;
    Ok(address.to_owned())
}

fn post(node: &Node, token: &str, body: &[u8]) -> Result<Answer> {
    let headers = match token {
        "" => String::new(),
        token => format!("Authorization: Bearer {token}\r\n"),
    };
    send(node, "POST /rpc/v1", &headers, body)
}

fn websocket(node: &Node) -> Result<WebSocket<TcpStream>> {
    let stream = TcpStream::connect(address(node)?)?;
    stream.set_read_timeout(Some(Duration::from_secs(120)))?;
    let url = format!("ws://{}/rpc/v1?token={}", address(node)?, node.token);
    let (socket, _) = tungstenite::client(url, stream)?;
    Ok(socket)
}

/// The code of an error in an answer that is as JSON-RPC has it: one JSON object, with an id, a message, and no result. 0: there is a result.
/// Of a batch, the first.
fn code_of(sent: &str, answer: &str) -> Result<i64> {
    let start: String = sent.chars().take(200).collect();
    let answer: Value = serde_json::from_str(answer).with_context(|| start.clone())?;
    let answer = answer.get(0).unwrap_or(&answer);
    assert_eq!(answer["jsonrpc"], "2.0", "{start}: {answer}");
    let fields = answer.as_object().context("an answer is an object")?;
    assert!(fields.contains_key("id"), "{start}: {answer}");
    if fields.contains_key("result") {
        assert!(!fields.contains_key("error"), "{start}: {answer}");
        return Ok(0);
    }
    let message = answer["error"]["message"].as_str();
    let message = message.with_context(|| format!("{start}: {answer}"))?;
    assert!(
        !message.is_empty() && message.len() < 10_000,
        "{start}: {answer}"
    );
    let code = answer["error"]["code"].as_i64();
    code.with_context(|| format!("{start}: {answer}"))
}

fn request(method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"Filecoin.{method}","params":{params}}}"#)
}

/// What is sent with a token that allows all, and the code that it is answered with, whichever way it comes.
fn malformed() -> Vec<(String, i64)> {
    let text = str::to_owned;
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let list = |of: &str, count: usize| vec![of; count].join(",");
    let members: Vec<String> = (0..120_000).map(|n| format!(r#""m{n}":0"#)).collect();
    let members = members.join(",");
    let version = request("Version", "[]");
    let few = request("ChainGetTipSet", &format!("[[{}]]", list("0", 2000)));
    vec![
        // It is no JSON.
        (text(""), -32700),
        (text("{"), -32700),
        (text("nonsense"), -32700),
        (text("[1,"), -32700),
        (
            text(r#"{"jsonrpc":"2.0","id":1,"method":"Filecoin.Version""#),
            -32700,
        ),
        (text(r#"{"jsonrpc":"2.0",}"#), -32700),
        (format!("[{version},"), -32700),
        ("{\"a\":".repeat(50_000), -32700),
        // It is no request.
        (text("{}"), -32600),
        (text("7"), -32600),
        (text("null"), -32600),
        (text("\"Filecoin.Version\""), -32600),
        (text("[]"), -32600),
        (text("[7]"), -32600),
        (text(r#"{"id":1,"method":"Filecoin.Version"}"#), -32600),
        (
            text(r#"{"jsonrpc":"1.0","id":1,"method":"Filecoin.Version"}"#),
            -32600,
        ),
        (text(r#"{"jsonrpc":"2.0","id":1}"#), -32600),
        (text(r#"{"jsonrpc":"2.0","id":1,"method":7}"#), -32600),
        (
            text(r#"{"jsonrpc":"2.0","id":{},"method":"Filecoin.Version"}"#),
            -32600,
        ),
        (
            text(r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"Filecoin.Version"}"#),
            -32600,
        ),
        (deep(50_000), -32600),
        (
            format!(
                r#"{{"jsonrpc":"2.0","id":{},"method":"Filecoin.Version"}}"#,
                deep(50_000)
            ),
            -32600,
        ),
        // There is no such method.
        (request("NoSuchMethod", "[]"), -32601),
        (request("version", "[]"), -32601),
        (request("", "[]"), -32601),
        (
            text(r#"{"jsonrpc":"2.0","id":1,"method":"Version"}"#),
            -32601,
        ),
        (
            text(r#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}"#),
            -32601,
        ),
        (format!("[{}]", request("ChainNotify", "[]")), -32601),
        // Its parameters are others.
        (request("ChainGetBlock", "[7]"), -32602),
        (request("ChainGetBlock", r#"[{"/":"bafy"}]"#), -32602),
        (request("ChainGetBlock", r#"[{"/":7}]"#), -32602),
        (request("StateGetActor", "[]"), -32602),
        (request("Version", "[1]"), -32602),
        (request("WalletBalance", r#"{"a":1}"#), -32602),
        (request("WalletBalance", "7"), -32602),
        (request("WalletBalance", r#"["f0x"]"#), -32602),
        (request("StateListMessages", r#"[null,[],1e99]"#), -32602),
        (
            request("WalletVerify", r#"["f01","0x00",{"Type":1,"Data":"!"}]"#),
            -32602,
        ),
        (request("WalletNew", r#"["rsa"]"#), -32602),
        (
            request("ChainGetTipSet", &format!("[{}]", deep(64))),
            -32602,
        ),
        (request("ChainGetTipSet", &deep(50_000)), -32602),
        (
            format!("[{}]", request("ChainGetTipSet", &deep(50_000))),
            -32602,
        ),
        // More than is read of one message.
        (
            request("ChainGetTipSet", &format!("[[{}]]", list("0", 1_000_000))),
            -32602,
        ),
        (
            request("ChainGetTipSet", &format!("[{{{members}}}]")),
            -32602,
        ),
        (
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"Filecoin.Version",{members}}}"#),
            -32602,
        ),
        (format!("[{}]", list("0", 1_000_000)), -32600),
        (format!("[{}]", list(&few, 60)), -32600),
        (format!("[{}]", list(&version, 101)), -32010),
        // What Lotus answers when a method fails.
        (request("WalletValidateAddress", r#"["f0x"]"#), 1),
        (
            request(
                "WalletValidateAddress",
                &format!("[\"{}\"]", "a".repeat(4 << 20)),
            ),
            1,
        ),
        (request("AuthVerify", r#"["a.b.c"]"#), 1),
        (request("StateGetActor", r#"["f099999",[]]"#), 11),
        // And what is as it should be.
        (version.clone(), 0),
        (format!("[{}]", list(&version, 100)), 0),
        (version.replace("\"id\":1", "\"id\":null"), 0),
        (version.replace("\"id\":1", "\"id\":-1.5"), 0),
    ]
}

/// Who may not ask is told so, before anything is read of what is asked.
fn check_tokens(node: &Node) -> Result<()> {
    let head = request("ChainHead", "[]");
    for token in [
        FORGED,
        "a.b.c",
        "a",
        &format!("{}x", node.token),
        &"a".repeat(6000),
    ] {
        assert_eq!(post(node, token, head.as_bytes())?.status, 401, "{token}");
        assert_eq!(post(node, token, b"{")?.status, 401, "{token}");
    }
    for headers in [
        "Authorization: Basic YTpi\r\n",
        "Authorization: Bearer \r\n",
    ] {
        let answer = send(node, "POST /rpc/v1", headers, head.as_bytes())?;
        assert_eq!(answer.status, 401, "{headers}");
    }
    let query = format!("POST /rpc/v1?token={FORGED}");
    assert_eq!(send(node, &query, "", head.as_bytes())?.status, 401);
    // Without one everybody may read, and nothing else.
    for (method, params, code) in [
        ("ChainHead", "[]", 0),
        ("WalletList", "[]", 1),
        ("WalletNew", r#"["bls"]"#, 1),
        ("WalletSign", r#"["f01","aGk="]"#, 1),
        ("Shutdown", "[]", 1),
        ("LogSetLevel", r#"["*","trace"]"#, 1),
    ] {
        let sent = request(method, params);
        let answer = post(node, "", sent.as_bytes())?;
        assert_eq!(answer.status, 200, "{method}");
        assert_eq!(code_of(&sent, &answer.body)?, code, "{method}");
        let refused = answer.body.contains("missing permission to invoke");
        assert_eq!(refused, code == 1, "{}", answer.body);
    }
    Ok(())
}

/// What is wrong before JSON is looked at.
fn check_http(node: &Node) -> Result<()> {
    let version = request("Version", "[]");
    for (head, status) in [
        ("GET /rpc/v1", 405),
        ("PUT /rpc/v1", 405),
        ("POST /rpc/v0", 404),
        ("POST /", 404),
        ("GET /nothing", 404),
    ] {
        assert_eq!(
            send(node, head, "", version.as_bytes())?.status,
            status,
            "{head}"
        );
    }
    let long = post(node, &node.token, &vec![b' '; 64 << 20])?;
    assert_eq!((long.status, code_of("", &long.body)?), (413, -32007));
    let no_text = post(node, &node.token, b"{\"jsonrpc\":\"\xff\"}")?;
    assert_eq!(code_of("no UTF-8", &no_text.body)?, -32700);
    let channel = request("ChainNotify", "[]");
    let answer = post(node, &node.token, channel.as_bytes())?;
    assert_eq!(
        code_of(&channel, &answer.body)?,
        -32601,
        "it needs a WebSocket"
    );
    let notification = br#"{"jsonrpc":"2.0","method":"Filecoin.Version"}"#;
    let told = post(node, &node.token, notification)?;
    assert_eq!((told.status, told.body.as_str()), (204, ""));
    Ok(())
}

/// A figure of a process's memory, MiB: `VmRSS`, what it has, or `VmHWM`, the most it ever had.
fn memory_mib(process: u32, figure: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(figure));
    let kib = line.and_then(|line| {
        let number = line.strip_prefix(':')?.split_whitespace().next()?;
        number.parse::<u64>().ok()
    });
    Ok(kib.context("a process has memory")? / 1024)
}

#[test]
fn what_nobody_should_send_is_answered_and_forgotten() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::instant(&folder.path().join("home"))?;
    node.advance(2)?;
    // Warm.
    for _ in 0..20 {
        node.call(Version {})?;
    }
    let before = memory_mib(node.process(), "VmRSS")?;
    let peak_before = memory_mib(node.process(), "VmHWM")?;

    check_tokens(&node)?;
    check_http(&node)?;
    let malformed = malformed();
    for _ in 0..5 {
        let mut socket = websocket(&node)?;
        for (sent, code) in &malformed {
            let answer = post(&node, &node.token, sent.as_bytes())?;
            let start: String = sent.chars().take(200).collect();
            assert_eq!(answer.status, 200, "{start}");
            assert_eq!(
                code_of(sent, &answer.body)?,
                *code,
                "{start}: {}",
                answer.body
            );
            socket.send(Message::text(sent.as_str()))?;
            let answer = loop {
                match socket.read()? {
                    Message::Text(text) => break text,
                    Message::Ping(_) | Message::Pong(_) => {}
                    other => panic!("{start}: {other:?}"),
                }
            };
            assert_eq!(code_of(sent, &answer)?, *code, "over a WebSocket: {start}");
        }
    }

    let after = memory_mib(node.process(), "VmRSS")?;
    let peak = memory_mib(node.process(), "VmHWM")?;
    assert!(
        after < before + MOST_GROWTH_MIB,
        "{before} MiB before, {after} after"
    );
    assert!(
        peak < peak_before + MOST_PEAK_MIB,
        "{peak_before} MiB before, {peak} at most"
    );
    // It goes on.
    let height = node.head()?.height();
    node.reach(height + 1)?;
    assert!(node.stop()?.success());
    Ok(())
}
