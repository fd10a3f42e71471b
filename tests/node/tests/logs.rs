//! The log of the binary: one JSON object a line for programs, and levels that are changed while it runs.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use filigree_node_tests::{Node, node};
use serde_json::{Value, json};

/// Asks for a WebSocket as nobody should, of which the RPC tells in its log, if it is heard from `debug` on.
fn ask_wrongly(node: &Node) -> Result<()> {
    let rest = node.url.strip_prefix("http://").context("it is HTTP")?;
    let (address, path) = rest.split_once('/').context("there is a path")?;
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    write!(
        stream,
        "GET /{path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    )?;
    let mut status = [0; 12];
    stream.read_exact(&mut status)?;
    ensure!(
        &status == b"HTTP/1.1 400",
        "{}",
        String::from_utf8_lossy(&status)
    );
    Ok(())
}

/// What was logged so far. The words for people at the start are no part of it.
fn logged(home: &Path) -> Result<Vec<Value>> {
    let mut file = home.as_os_str().to_owned();
    file.push(".log");
    let text = fs::read_to_string(Path::new(&file))?;
    let lines = text.lines().filter(|line| {
        let is_event = line.starts_with('{');
        let is_for_people = [" INFO ", " WARN ", " DEBUG "]
            .iter()
            .any(|level| line.contains(level));
        assert!(is_event || !is_for_people, "no JSON: {line}");
        is_event
    });
    let lines = lines.map(|line| serde_json::from_str(line).with_context(|| line.to_owned()));
    lines.collect()
}

fn told_of_debugging(home: &Path) -> Result<usize> {
    let lines = logged(home)?;
    let lines = lines.iter().filter(|line| line["level"] == "DEBUG");
    let lines = lines.filter(|line| {
        let target = line["target"].as_str().unwrap_or_default();
        target.starts_with("filigree_rpc")
    });
    Ok(lines.count())
}

#[test]
fn the_log_is_json_and_its_levels_can_be_changed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("home");
    fs::create_dir(&home)?;
    fs::write(home.join("config.toml"), "[log]\nformat = \"json\"\n")?;
    let node = Node::instant(&home)?;

    let parts = node.verb(&["log", "list"])?;
    let parts = parts.as_array().context("a list")?;
    assert!(parts.contains(&json!("filigree_rpc")), "{parts:?}");
    assert_eq!(node.verb(&["log", "alerts"])?, json!([]));

    ask_wrongly(&node)?;
    assert_eq!(told_of_debugging(&home)?, 0);
    node.verb(&["log", "set-level", "filigree_rpc", "debug"])?;
    ask_wrongly(&node)?;
    let told = told_of_debugging(&home)?;
    assert!(told > 0);
    node.verb(&["log", "set-level", "*", "info"])?;
    ask_wrongly(&node)?;
    assert_eq!(told_of_debugging(&home)?, told);
    for wrong in [["nothing", "info"], ["filigree_rpc", "loud"]] {
        let output = node::verb(&home, &["log", "set-level", wrong[0], wrong[1]])?;
        assert_eq!(output.status.code(), Some(1), "{wrong:?}");
    }

    assert!(node.stop()?.success());
    let lines = logged(&home)?;
    for line in &lines {
        for field in ["timestamp", "level", "target", "message"] {
            assert!(line[field].is_string(), "{field}: {line}");
        }
    }
    let last = lines.last().context("something is said")?;
    assert_eq!(
        (&last["message"], &last["level"]),
        (&json!("stopped"), &json!("INFO"))
    );
    Ok(())
}
