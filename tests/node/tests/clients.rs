//! Clients that were written for Lotus, as their makers publish them, talk to our node: what they take for granted is there.
//!
//! They are installed when the test runs, from wherever this machine's npm gets its packages, and only for the test. Where that does
//! not work, the test is skipped, and says so.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use filigree_node_tests::node::{PATIENCE, Wish};
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
    let said = folder.join("npm.log");
    let log = File::create(&said)?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--ignore-scripts", "--no-audit", "--no-fund"]);
    // What was fetched before is taken as it is; npm keeps it outside of this checkout.
    npm.args(["--prefer-offline", "--loglevel", "error"]);
    npm.args(["--fetch-retries", "1", "--fetch-timeout", "20000"]);
    npm.args(PACKAGES).current_dir(folder);
    npm.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    let Ok(child) = npm.spawn() else {
        return Ok(Some("there is no npm here".to_owned()));
    };
    let why = match Running(child).wait()? {
        Some(status) if status.success() => return Ok(None),
        Some(_) => std::fs::read_to_string(&said)?,
        None => "it takes too long".to_owned(),
    };
    Ok(Some(format!("npm cannot install the clients: {why}")))
}

/// A process that is not left behind.
struct Running(Child);

impl Running {
    /// How it ended; nothing, if it takes too long.
    fn wait(mut self) -> Result<Option<ExitStatus>> {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            if let Some(status) = self.0.try_wait()? {
                return Ok(Some(status));
            }
            sleep(Duration::from_millis(50));
        }
        Ok(None)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        _ = self.0.kill();
        _ = self.0.wait();
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
