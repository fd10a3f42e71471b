//! `filigree` where no node runs: what is said then, and what works all the same.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use filigree_blocks::{BlockHeader, MessageCids, MessageRoots, Ticket, TipsetKey};
use filigree_store::snapshot::export_file;
use filigree_store::{Db, Depth, Extent, Options};
use fvm_ipld_blockstore::Blockstore as _;
use fvm_ipld_encoding::CborStore as _;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use multihash_codetable::Code;
use serde_json::Value;

/// Runs a line with a data directory; the user's own node is out of reach.
fn run(line: &str, data: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_filigree"));
    command
        .args(line.split_whitespace())
        .env("FILIGREE_HOME", data);
    for variable in ["FILIGREE_API", "FILIGREE_TOKEN"] {
        command.env_remove(variable);
    }
    command.output().unwrap()
}

fn error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn verbs_that_need_a_node_say_how_to_start_one() {
    let dir = tempfile::tempdir().unwrap();
    for line in [
        "status",
        "stop",
        "wallet list",
        "send f0100 1FIL",
        "msg call f04 CurrentTotalPower",
        "actor methods f04",
        "chain head",
        "state actor f04",
        "mpool pending",
        "miner info",
        "sector list",
        "auth new --perm read",
        "devnet advance 1",
        "devnet upgrades",
        "db gc",
    ] {
        let output = run(line, dir.path());
        assert_eq!(output.status.code(), Some(1), "{line}");
        let error = error(&output);
        assert!(error.contains("start"), "{line}: {error}");
    }
    assert!(
        fs::read_dir(dir.path()).unwrap().next().is_none(),
        "nothing is left there"
    );
}

#[test]
fn a_node_that_was_named_and_does_not_answer_is_named_in_the_error() {
    let dir = tempfile::tempdir().unwrap();
    for line in [
        "chain head --api 127.0.0.1:1",
        "version --api http://127.0.0.1:1",
    ] {
        let output = run(line, dir.path());
        assert_eq!(output.status.code(), Some(1), "{line}");
        assert!(error(&output).contains("127.0.0.1:1"), "{}", error(&output));
    }
}

#[test]
fn what_is_not_understood_ends_with_2() {
    let dir = tempfile::tempdir().unwrap();
    for line in [
        "fly",
        "wallet",
        "send f0100",
        "wallet new --type rsa",
        "msg show not-a-cid",
        "devnet upgrade --bundle x.car",
        "devnet upgrade --bundle x.car --at soon",
        "mpool replace",
        "auth new --perm root",
        "wallet sign f0100",
        "completions tcl",
    ] {
        assert_eq!(run(line, dir.path()).status.code(), Some(2), "{line}");
    }
}

#[test]
fn amounts_are_refused_before_anything_is_asked() {
    let dir = tempfile::tempdir().unwrap();
    for line in ["send f0100 much", "send f0100 1.5", "send f0100 1 dollar"] {
        let output = run(line, dir.path());
        assert_eq!(output.status.code(), Some(1), "{line}");
        assert!(error(&output).contains("FIL"), "{}", error(&output));
    }
}

#[test]
fn configurations_are_shown_and_checked() {
    let dir = tempfile::tempdir().unwrap();
    let output = run("config default", dir.path());
    assert!(output.status.success());
    let path = dir.path().join("config.toml");
    fs::write(&path, &output.stdout).unwrap();
    assert!(run("config check", dir.path()).status.success());
    fs::write(&path, "[rpc]\nbatch = 7\n").unwrap();
    let output = run("config show --set rpc.depth=9 --json", dir.path());
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(shown["rpc"]["batch"], 7);
    assert_eq!(shown["rpc"]["depth"], 9);
    fs::write(&path, "[rpc]\nbach = 7\n").unwrap();
    let output = run("config check", dir.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(error(&output).contains("line 2"), "{}", error(&output));
    let keys = run("config keys --json", dir.path());
    let keys: Value = serde_json::from_slice(&keys.stdout).unwrap();
    assert!(keys["rpc.batch"].is_string());
}

#[test]
fn shells_get_completions_with_every_verb() {
    let dir = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let output = run(&format!("completions {shell}"), dir.path());
        assert!(output.status.success(), "{shell}");
        let script = String::from_utf8(output.stdout).unwrap();
        for verb in ["devnet", "wallet", "snapshot"] {
            assert!(script.contains(verb), "{shell}: {verb}");
        }
    }
}

#[test]
fn the_version_is_told_without_a_node() {
    let dir = tempfile::tempdir().unwrap();
    let output = run("version --json", dir.path());
    let version: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(version["program"], env!("CARGO_PKG_VERSION"));
    assert_eq!(version["node"], Value::Null);
}

#[test]
fn directories_without_a_chain_are_told_by_name() {
    let dir = tempfile::tempdir().unwrap();
    for line in ["db check", "db usage", "snapshot export x.car"] {
        let output = run(line, dir.path());
        assert_eq!(output.status.code(), Some(1), "{line}");
        let error = error(&output);
        assert!(error.contains("holds no chain"), "{line}: {error}");
    }
}

#[test]
fn a_file_that_is_no_snapshot_leaves_no_chain_behind() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("x.car");
    fs::write(&file, "no snapshot").unwrap();
    let data = dir.path().join("data");
    let output = run(&format!("snapshot import {}", file.display()), &data);
    assert_eq!(output.status.code(), Some(1));
    let output = run("db check", &data);
    assert!(error(&output).contains("no chain"), "{}", error(&output));
}

/// Height of the head of [`foreign`].
const HEAD: i64 = 1_000;

/// A snapshot of a network that nobody here knows, with so many states, as Lotus writes it: without receipts.
fn foreign(folder: &Path, states: u64) -> PathBuf {
    let db = Db::open(folder.join(format!("of-{states}")), &Options::small()).unwrap();
    let blocks = db.blocks();
    let mut parents = TipsetKey::new([]);
    let none = MessageCids {
        bls: vec![],
        signed: vec![],
    };
    let messages = MessageRoots::write(&blocks, &none).unwrap();
    for height in 0..=HEAD {
        let state = blocks.put_cbor(&("state", height), Code::Blake2b256);
        let header = BlockHeader {
            miner: Address::new_id(1000),
            ticket: Some(Ticket {
                vrf_proof: height.to_be_bytes().to_vec(),
            }),
            election_proof: None,
            beacon_entries: vec![],
            winning_post: vec![],
            parents,
            parent_weight: height.into(),
            height,
            parent_state: state.unwrap(),
            parent_receipts: filigree_blocks::cid_of(b"receipts that are in no file"),
            messages,
            bls_aggregate: None,
            timestamp_seconds: height as u64 * 30,
            signature: None,
            fork_signal: 0,
            parent_base_fee: TokenAmount::from_atto(100),
        };
        blocks.put_keyed(&header.cid(), &header.to_bytes()).unwrap();
        parents = TipsetKey::new([header.cid()]);
    }
    let extent = Extent {
        state: Depth::Recent(states),
        messages: Depth::Recent(states),
    };
    let file = folder.join(format!("{states}.car.zst"));
    export_file(&db, Some(&parents), extent, &file, &mut |_| {
        ControlFlow::Continue(())
    })
    .unwrap();
    file
}

#[test]
fn a_snapshot_of_others_is_taken_in_and_all_that_it_has_is_checked() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let file = foreign(dir.path(), 900);
    let import = format!("snapshot import {} --json", file.display());
    let output = run(&import, &data);
    assert!(output.status.success(), "{}", error(&output));
    let imported: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(imported["height"], HEAD);
    assert_eq!(imported["states_from"], HEAD - 899);
    let output = run("db check --json", &data);
    assert!(output.status.success(), "{}", error(&output));
    let checked: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(checked["Good"], true);
    assert_eq!(checked["Floor"], HEAD - 900);
    // Headers, the states above the floor and the first one, and one set of messages.
    let least = (HEAD + 1) + 901;
    assert!(checked["Blocks"].as_i64() > Some(least), "{checked}");
}

#[test]
fn a_snapshot_from_which_no_node_could_go_on_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let file = foreign(dir.path(), 899);
    let output = run(&format!("snapshot import {}", file.display()), &data);
    assert_eq!(output.status.code(), Some(1));
    let said = error(&output);
    assert!(
        said.contains("no state or no messages of epoch 101"),
        "{said}"
    );
    assert!(said.contains("epochs 101 to 1000"), "{said}");
    let output = run("db check", &data);
    assert!(error(&output).contains("no chain"), "{}", error(&output));
}
