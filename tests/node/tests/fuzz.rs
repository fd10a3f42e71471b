//! Requests that nobody should send, to the binary: answers with codes that are meant, and memory that does not grow.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result};
use filigree_node_tests::Node;
use filigree_rpc::method::common::Version;
use serde_json::Value;

/// How much more memory it may have after all of this, MiB: answers of 16 MiB at once are allowed.
const MOST_GROWTH_MIB: u64 = 256;

/// Sends a body; status and answer.
fn post(node: &Node, token: Option<&str>, body: &[u8]) -> Result<(u16, String)> {
    let rest = node
        .url
        .strip_prefix("http://")
        .context("the RPC is HTTP")?;
    let (address, _) = rest.split_once('/').context("the RPC has a path")?;
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let authorization =
        token.map_or_else(String::new, |t| format!("Authorization: Bearer {t}\r\n"));
    let head = format!(
        "POST /rpc/v1 HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nConnection: close\r\n{authorization}Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    // It may have refused before all was sent.
    _ = stream.write_all(body);
    let mut answer = Vec::new();
    _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Ok((status.unwrap_or(0), body.to_owned()))
}

/// The code of the error that a body is answered with.
fn code(node: &Node, token: Option<&str>, body: &str) -> Result<Option<i64>> {
    let (_, answer) = post(node, token, body.as_bytes())?;
    let json = answer.find(['{', '[']).map_or("", |at| &answer[at..]);
    // Chunks have their lengths between them; what is asked for here is short and in one.
    let mut values = serde_json::Deserializer::from_str(json).into_iter::<Value>();
    let answer = values.next().transpose()?;
    let answer = answer.context("there is an answer in JSON")?;
    // Of a batch, the first.
    let answer = answer.get(0).unwrap_or(&answer);
    Ok(answer["error"]["code"].as_i64())
}

/// Memory of a process, MiB.
fn memory_mib(process: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    Ok(kib.context("a process has memory")? / 1024)
}

fn request(method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"Filecoin.{method}","params":{params}}}"#)
}

#[test]
fn what_nobody_should_send_is_answered_and_forgotten() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::instant(&folder.path().join("home"))?;
    node.advance(2)?;
    let all = Some(node.token.clone());
    let all = all.as_deref();
    // Warm.
    for _ in 0..20 {
        node.call(Version {})?;
    }
    let before = memory_mib(node.process())?;

    assert_eq!(code(&node, all, "{")?, Some(-32700));
    assert_eq!(code(&node, all, "[]")?, Some(-32600));
    assert_eq!(
        code(&node, all, &request("NoSuchMethod", "[]"))?,
        Some(-32601)
    );
    assert_eq!(
        code(&node, all, &request("ChainGetBlock", "[7]"))?,
        Some(-32602)
    );
    assert_eq!(
        code(&node, all, &request("StateGetActor", "[]"))?,
        Some(-32602)
    );
    assert_eq!(
        code(&node, all, &request("WalletBalance", r#"{"a":1}"#))?,
        Some(-32602)
    );
    // Without a token one may read, and nothing else; with a wrong one nothing.
    assert_eq!(code(&node, None, &request("ChainHead", "[]"))?, None);
    assert_eq!(
        code(&node, None, &request("WalletNew", r#"["bls"]"#))?,
        Some(1)
    );
    let (status, _) = post(&node, Some("a.b.c"), request("ChainHead", "[]").as_bytes())?;
    assert_eq!(status, 401);

    for round in 0..20 {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert!(code(&node, all, &deep)?.is_some(), "round {round}");
        let params = format!("[{deep}]");
        assert!(code(&node, all, &request("ChainGetTipSet", &params))?.is_some());
        let many = format!("[{}]", vec![request("Version", "[]"); 10_000].join(","));
        assert!(code(&node, all, &many)?.is_some());
        let list = format!("[[{}]]", vec!["0"; 1_000_000].join(","));
        assert!(code(&node, all, &request("ChainGetTipSet", &list))?.is_some());
        let (status, _) = post(&node, all, &vec![b' '; 64 << 20])?;
        assert_ne!(status, 200);
        let text = format!("[\"{}\"]", "a".repeat(4 << 20));
        assert!(code(&node, all, &request("WalletValidateAddress", &text))?.is_some());
    }
    let after = memory_mib(node.process())?;
    assert!(
        after < before + MOST_GROWTH_MIB,
        "{before} MiB before, {after} after"
    );
    // It goes on.
    let height = node.head()?.height();
    assert!(node.advance(1)?.height() > height);
    assert!(node.stop()?.success());
    Ok(())
}
