//! One's own actor: made as the README of the SDK says, deployed, called, upgraded while the network runs.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use filigree_build::{BuildOptions, build};
use filigree_node_tests::{Node, program};
use serde_json::{Value, json};

/// What its author adds to the template: the method by which it lets itself be upgraded.
const CHANGE_CODE: &str = r#"
    /// Becomes another version.
    #[method]
    pub fn change_code(ctx: &mut Context, code: Cid, params: RawBytes) -> Result<()> {
        let owner = ctx.load::<Abacus>()?.owner;
        ensure!(ctx.caller() == owner, forbidden, "only the owner may change the code");
        Err(ctx.upgrade(&code, params.into()).into())
    }
"#;
/// What the second version has besides: it takes over, with a gift.
const TAKE_OVER: &str = r#"
    /// Takes over from the first version.
    #[upgrade]
    pub fn take_over(ctx: &mut Context, _from: UpgradeInfo, gift: u64) -> Result<Self> {
        let mut abacus: Abacus = ctx.load()?;
        abacus.value += gift;
        Ok(abacus)
    }

    /// Twice the value.
    #[view]
    pub fn double(&self) -> u64 {
        self.value * 2
    }
"#;
/// Where it is added.
const BEFORE: &str = "\n    /// The value.\n    #[view]";

/// Runs `filigree-actor`, as at a shell: without what cargo sets for tests.
fn tool(folder: &Path, words: &[&str]) -> Result<()> {
    let mut command = Command::new(program::filigree_actor()?);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        let is_cargos = name.starts_with("CARGO") && name != "CARGO_HOME";
        if is_cargos || name.starts_with("RUST") && name != "RUSTUP_HOME" {
            command.env_remove(name.as_ref());
        }
    }
    // What the workspace needs is there; nothing more may be asked for.
    command.env("CARGO_NET_OFFLINE", "true");
    let output = command.args(words).current_dir(folder).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "filigree-actor {}: {said}",
        words.join(" ")
    );
    Ok(())
}

/// An author edits the actor.
fn add(project: &Path, text: &str) -> Result<()> {
    let source = project.join("src/lib.rs");
    let before = std::fs::read_to_string(&source)?;
    ensure!(before.contains(BEFORE), "the template is another: {before}");
    let after = before.replacen(BEFORE, &format!("{text}{BEFORE}"), 1);
    Ok(std::fs::write(source, after)?)
}

/// What a call returned, by its `--json`.
#[track_caller]
fn returned(answer: &Value) -> &Value {
    assert_eq!(answer["exit_code"], 0, "{answer}");
    &answer["return"]
}

#[track_caller]
fn created(answer: &Value) -> String {
    assert_eq!(answer["exit_code"], 0, "{answer}");
    let address = answer["robust_address"].as_str().unwrap_or_default();
    assert!(address.starts_with("t2"), "{answer}");
    address.to_owned()
}

#[test]
fn an_actor_made_from_the_template_is_deployed_called_and_upgraded() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let checkout = filigree_bundle::checkout();
    let checkout = checkout.to_str().context("the checkout's name is UTF-8")?;
    tool(folder.path(), &["new", "abacus", "--checkout", checkout])?;
    let project = folder.path().join("abacus");
    // What it depends on is compiled once for all runs of the tests.
    std::os::unix::fs::symlink(program::target()?, project.join("target"))?;
    add(&project, CHANGE_CODE)?;
    tool(&project, &["build", "--out", "first.wasm"])?;
    add(&project, TAKE_OVER)?;
    tool(&project, &["build", "--out", "second.wasm"])?;
    let wasm = |name: &str| project.join(name).to_string_lossy().into_owned();

    let node = Node::instant(&folder.path().join("home"))?;
    let owner = json!({ "owner": node.rich()?.to_string() }).to_string();
    let installed = node.verb(&["actor", "install", &wasm("first.wasm")])?;
    let first = installed["code"].as_str().context("a code CID")?.to_owned();
    let made = node.verb(&["actor", "create", &first, &owner, "--name", "abacus"])?;
    let actor = created(&made).parse()?;
    assert_eq!(node.code_of(actor)?, first);
    for (by, sum) in [("5", 5), ("7", 12)] {
        let counted = node.verb(&["actor", "call", "abacus", "Increment", by])?;
        assert_eq!(returned(&counted), &json!(sum), "{counted}");
    }
    // Another one may not count, and is told why.
    node.verb(&["wallet", "new", "--name", "other"])?;
    node.verb(&["send", "other", "10 FIL"])?;
    let call = [
        "actor",
        "call",
        "abacus",
        "Increment",
        "1",
        "--from",
        "other",
    ];
    let refused = node.verb(&call).unwrap_err().to_string();
    assert!(refused.contains("is not the owner"), "{refused}");
    assert!(node.verb(&["state", "call", "abacus", "Double"]).is_err());

    node.verb(&[
        "actor",
        "upgrade",
        "abacus",
        &wasm("second.wasm"),
        "{\"gift\":100}",
    ])?;
    node.advance(1)?;
    assert_ne!(node.code_of(actor)?, first);
    // What it had counted is still there.
    let read = node.verb(&["state", "call", "abacus", "Value"])?;
    assert_eq!(returned(&read), &json!(112), "{read}");
    let read = node.verb(&["state", "call", "abacus", "Double"])?;
    assert_eq!(returned(&read), &json!(224), "{read}");
    let counted = node.verb(&["actor", "call", "abacus", "Increment", "3"])?;
    assert_eq!(returned(&counted), &json!(115), "{counted}");
    assert!(node.replay_down_to(0)? > 5);
    Ok(())
}

#[test]
fn an_actor_that_is_larger_than_messages_elsewhere_is_deployed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("token.wasm");
    let options = BuildOptions {
        quiet: true,
        ..BuildOptions::new(filigree_bundle::checkout().join("sdk/examples/token"))
    };
    let wasm = build(&options)?.wasm;
    assert!(wasm.len() > 64 << 10, "{} bytes", wasm.len());
    std::fs::write(&path, wasm)?;
    let path = path.to_string_lossy();

    let node = Node::instant(&folder.path().join("home"))?;
    let rich = node.rich()?.to_string();
    let params =
        json!({ "name": "Gold", "symbol": "AU", "granularity": 1, "minter": rich }).to_string();
    let token = created(&node.verb(&["actor", "create", &path, &params])?);
    let minted = json!({ "to": rich, "amount": "700", "operator_data": "0x" }).to_string();
    let answer = node.verb(&["actor", "call", &token, "Mint", &minted])?;
    assert_eq!(answer["exit_code"], 0, "{answer}");
    let supply = node.verb(&["state", "call", &token, "TotalSupply"])?;
    assert_eq!(returned(&supply), &json!("700"), "{supply}");
    Ok(())
}
