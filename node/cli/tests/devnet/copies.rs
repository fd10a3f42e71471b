//! What is done with a chain in a file: a copy that is only read, and a network that begins with its state.

use std::fs;

use serde_json::json;

use crate::STRANGER;
use crate::network::{Network, filigree};

#[test]
fn a_chain_in_a_file_is_served_and_forked() {
    let old = Network::start();
    let (counter, _) = old.counters();
    let owner = old.json("wallet default").as_str().unwrap().to_owned();
    old.ok(&format!("send {STRANGER} 1.5 FIL"));
    let created = old.json(&format!("actor create {} {owner}", counter.display()));
    let actor = created["actor"].as_str().unwrap().to_owned();
    old.ok(&format!("actor call {actor} increment 5"));
    // A head's messages are in the state of the next block.
    old.ok("devnet advance 2");
    let file = old.file("chain.car.zst");
    let height = old.json(&format!("snapshot export {}", file.display()))["Height"]
        .as_i64()
        .unwrap();
    let reserve = old.text("wallet balance f090");

    let genesis = old.data().join("genesis.car");
    let shown = old.json(&format!("genesis show {}", genesis.display()));
    assert_eq!(shown["total"], "2000000000000000000000000000", "{shown}");
    let text = old.text(&format!("genesis show {}", genesis.display()));
    assert!(text.contains("t01000  storageminer"), "{text}");
    let walked = old.json(&format!("genesis walk {}", genesis.display()));
    assert_eq!(walked["missing"], json!([]), "{walked}");
    let parts = walked["parts"].as_array().unwrap();
    let blocks = |what: &str| {
        let part = parts.iter().find(|part| part["what"] == what).unwrap();
        part["blocks"].as_u64().unwrap()
    };
    // The system actor has the code of all of them.
    assert!(blocks("system") > 15 && blocks("storageminer") > 3 && blocks("state tree") > 1);
    let checked = old.json(&format!("genesis check {}", genesis.display()));
    assert_eq!(checked, json!([]));
    let here = old.bundle();
    old.fails(&format!("genesis show {}", here.display()), "is no genesis");

    // A copy answers as the network does, and mines nothing.
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("data");
    old.ok(&format!(
        "snapshot import {} --network-of {} --data {}",
        file.display(),
        old.data().display(),
        copy.display()
    ));
    let output = filigree()
        .args(["devnet", "--api", "127.0.0.1:0", "--data"])
        .arg(&copy)
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        error.contains("filigree daemon") && error.contains("--fork"),
        "{error}"
    );
    // The second time there is a keystore; it has no keys of the network all the same.
    let served = Network::serve(&["daemon"], folder);
    assert_eq!(served.json("chain head")["Height"], height);
    assert_eq!(
        served.json(&format!("state call {actor} value"))["return"],
        5
    );
    let replayed = served.json(&format!("state replay --tipset {}", height - 1));
    assert_eq!(replayed["OnChain"], true, "{replayed}");
    served.fails("devnet advance 1", "no miners at work");
    served.ok("wallet new --name mine");
    drop(served);

    let mut fork = Network::fork(&file);
    assert_eq!(
        fork.text(&format!("wallet balance {STRANGER}")).trim(),
        "1.5 FIL"
    );
    assert_eq!(fork.json(&format!("state call {actor} value"))["return"], 5);
    let name = fork.json("state network")["name"].clone();
    assert_ne!(name, old.json("state network")["name"]);
    // Its miners have power, the old one has none; there is as much FIL as before.
    let miners = fork.json("state miners");
    let miners = miners.as_array().unwrap();
    assert_eq!(miners.len(), 1, "{miners:?}");
    assert_ne!(miners[0]["miner"], "t01000");
    assert_ne!(fork.text("wallet balance f090"), reserve);
    // Blocks are mined, messages run, window proofs are made.
    let sent = fork.json(&format!("send {STRANGER} 1 FIL"));
    assert_eq!(sent["exit_code"], 0, "{sent}");
    assert_eq!(
        fork.text(&format!("wallet balance {STRANGER}")).trim(),
        "2.5 FIL"
    );
    fork.ok("devnet advance 70");
    let faults = fork.json("miner faults");
    assert_eq!(faults, json!({ "faulty": [], "recovering": [] }));
    let called = fork.json(&format!("actor create {} {}", counter.display(), "f0101"));
    assert_eq!(called["exit_code"], 0, "{called}");
    assert_eq!(fork.json("db check")["Good"], true);
    // It goes on, also when it is asked the same again, and is not taken for a fork of another state.
    let other = fork.file("other.car");
    old.ok("devnet advance 1");
    old.ok(&format!("snapshot export {}", other.display()));
    assert!(fork.stop());
    let fork_it = "devnet --api 127.0.0.1:0 --fork";
    let refused = fork.run(&format!("{fork_it} {}", other.display()));
    let error = String::from_utf8_lossy(&refused.stderr);
    assert!(
        error.contains("is another") && error.contains("--reset"),
        "{error}"
    );
    fs::write(&other, "no snapshot").unwrap();
    let refused = fork.run(&format!("{fork_it} {} --reset", other.display()));
    let error = String::from_utf8_lossy(&refused.stderr);
    assert!(error.contains("cannot be forked"), "{error}");
    assert!(
        fork.data().join("network.toml").exists(),
        "nothing is deleted for it"
    );
}
