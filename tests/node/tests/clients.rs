//! Clients that were written for Lotus, as their makers publish them, talk to our node: what they take for granted is there.
//!
//! They are installed when the test runs, from wherever this machine's npm gets its packages, and only for the test. Where that does
//! not work, the test is skipped, and says so.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use filigree_node_tests::node::Wish;
use filigree_node_tests::talk::head;
use filigree_node_tests::{Node, skip};
use filigree_rpc::method::state::search::StateSearchMsg;
use serde_json::Value;

/// The packages and their versions: two clients of the Lotus API, made by different people.
const PACKAGES: [&str; 4] = [
    "@filecoin-shipyard/lotus-client-rpc@1.2.0",
    "@filecoin-shipyard/lotus-client-provider-nodejs@1.1.1",
    "@filecoin-shipyard/lotus-client-schema@4.2.0",
    "iso-filecoin@7.4.7",
];
/// What uses them.
const SCRIPT: &str = include_str!("../clients/lotus.mjs");
/// The oldest Node.js that they run on.
const OLDEST_NODE: u32 = 20;

/// Installs the packages into a folder; why not, if that cannot be done here.
fn install(folder: &Path) -> Result<Option<String>> {
    let node = match Command::new("node").arg("--version").output() {
        Ok(output) if output.status.success() => output.stdout,
        _ => return Ok(Some("there is no Node.js here".to_owned())),
    };
    let version = String::from_utf8_lossy(&node);
    let major = version.trim_start_matches('v').split('.').next();
    let major: u32 = major.and_then(|major| major.parse().ok()).unwrap_or(0);
    if major < OLDEST_NODE {
        let version = version.trim();
        return Ok(Some(format!(
            "Node.js is {version}, and the clients need v{OLDEST_NODE}"
        )));
    }
    std::fs::write(
        folder.join("package.json"),
        "{ \"private\": true, \"type\": \"module\" }",
    )?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--ignore-scripts", "--no-audit", "--no-fund"]);
    npm.args(["--loglevel", "error", "--fetch-retries", "1"]);
    npm.args(["--fetch-timeout", "20000"]);
    npm.args(PACKAGES).current_dir(folder);
    match npm.output() {
        Ok(output) if output.status.success() => Ok(None),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            Ok(Some(format!("npm cannot install the clients: {said}")))
        }
        Err(_) => Ok(Some("there is no npm here".to_owned())),
    }
}

#[test]
fn public_clients_send_messages_and_read_them_back() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let clients = folder.path().join("clients");
    std::fs::create_dir(&clients)?;
    if let Some(why) = install(&clients)? {
        skip::loudly("public clients of the Lotus API", &why);
        return Ok(());
    }
    std::fs::write(clients.join("lotus.mjs"), SCRIPT)?;

    let node = Node::start(&folder.path().join("home"), Wish::Seconds { miners: 1 })?;
    let output = Command::new("node")
        .arg("lotus.mjs")
        .env("FILIGREE_TEST_URL", &node.url)
        .env("FILIGREE_TEST_TOKEN", &node.token)
        .current_dir(&clients)
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "{said}{}\n{}",
        String::from_utf8_lossy(&output.stderr),
        node.log()
    );
    let seen: Value = serde_json::from_str(said.lines().last().unwrap_or_default())
        .with_context(|| said.clone().into_owned())?;
    // The node knows of them what the clients do.
    for way in ["http", "ws", "signed"] {
        let message = seen[way].as_str().context("a CID")?.parse()?;
        let found = node.call(StateSearchMsg {
            from: head(),
            message,
            limit: -1,
            allow_replaced: false,
        })?;
        let found = found.with_context(|| format!("{way}: {message} is not on chain"))?;
        assert!(found.receipt.exit_code.is_success(), "{way}: {found:?}");
    }
    Ok(())
}
