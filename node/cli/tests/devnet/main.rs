//! Every verb against a network that the program itself runs: mock proofs, a virtual clock.

mod copies;
mod network;

use std::fs;
use std::path::Path;

use network::Network;
use serde_json::{Value, json};

/// The address of an account that is not there yet.
pub(crate) const STRANGER: &str = "t1abjxfbp274xpdqcpuaykwkfb43omjotacm2p3za";

#[test]
fn a_session_from_the_first_look_to_an_actor_of_ones_own() {
    let network = Network::start();
    looks_around(&network);
    keeps_keys(&network);
    sends(&network);
    reads_chain_and_state(&network);
    deploys_an_actor(&network);
    manages(&network);
}

fn looks_around(network: &Network) {
    let status = network.json("status");
    assert_eq!(status["network"]["Proofs"], "mock");
    assert!(network.text("status").contains("mock"));
    let version = network.json("version");
    assert!(
        version["node"]["Version"]
            .as_str()
            .unwrap()
            .contains("mock")
    );
    let height = network.json("chain head")["Height"].as_i64().unwrap();
    // Not every epoch has a block.
    let head = network.json("devnet advance 5");
    assert!(head["Height"].as_i64() > Some(height), "{head}");
    // Where there is no terminal, a line now and then.
    let output = network.run("devnet advance 45");
    let lines = String::from_utf8_lossy(&output.stderr).lines().count();
    assert!(output.status.success() && lines <= 2, "{lines}: {output:?}");
    assert_eq!(network.json("devnet upgrades"), json!([]));
}

fn keeps_keys(network: &Network) {
    let mut addresses = Vec::new();
    for kind in ["secp256k1", "bls", "delegated"] {
        let address = network.json(&format!("wallet new --type {kind} --name my-{kind}"));
        addresses.push(address.as_str().unwrap().to_owned());
    }
    let list = network.json("wallet list");
    let named = |name: &str| {
        let list = list.as_array().unwrap();
        let is = |entry: &&Value| entry["names"].as_array().unwrap().contains(&json!(name));
        list.iter().find(is).unwrap()["address"].clone()
    };
    assert_eq!(named("my-bls"), addresses[1]);
    assert!(network.text("wallet list").contains("my-delegated"));
    network.ok("wallet name rich my-bls");
    network.ok("wallet name rich --remove");
    assert_eq!(network.json("wallet default my-bls"), addresses[1]);
    network.ok("wallet default default");
    // What is exported comes back.
    for (kind, format, more) in [
        ("bls", "json", ""),
        ("secp256k1", "hex", ""),
        ("delegated", "ethereum", "--type delegated"),
    ] {
        let exported = network.text(&format!("wallet export my-{kind} --format {format}"));
        let file = network.file("key");
        fs::write(&file, exported).unwrap();
        network.fails(&format!("wallet delete my-{kind}"), "--yes");
        let address = network.json(&format!("wallet default my-{kind}"));
        network.ok("wallet default default");
        network.ok(&format!("wallet delete my-{kind} --yes"));
        let line = format!("wallet import {} {more} --name my-{kind}", file.display());
        assert_eq!(network.json(&line), address);
    }
    let signature = network.text("wallet sign my-bls --text Hello");
    let verify = |text: &str| {
        format!(
            "wallet verify my-bls --text {text} --signature {}",
            signature.trim()
        )
    };
    network.ok(&verify("Hello"));
    assert_eq!(network.run(&verify("Goodbye")).status.code(), Some(1));
}

fn sends(network: &Network) {
    let sent = network.json(&format!("send {STRANGER} 1.5 FIL"));
    assert_eq!(sent["exit_code"], 0);
    let cid = sent["cid"].as_str().unwrap();
    assert_eq!(
        network.text(&format!("wallet balance {STRANGER}")).trim(),
        "1.5 FIL"
    );
    for kind in ["secp256k1", "bls", "delegated"] {
        assert_eq!(
            network.json(&format!("send my-{kind} 2FIL"))["exit_code"],
            0
        );
    }
    assert_eq!(
        network.json("send my-bls 100 nanoFIL --from my-delegated")["exit_code"],
        0
    );
    let shown = network.json(&format!("msg show {cid}"));
    assert_eq!(shown["message"]["Value"], "1500000000000000000");
    assert_eq!(network.json(&format!("msg wait {cid}"))["exit_code"], 0);
    network.fails(
        &format!("send {STRANGER} 1 FIL --from nobody"),
        "wallet list",
    );
    network.fails("send my-bls 100000000000 FIL", "");
    // One that is not waited for, replaced before it is mined, or mined before it is replaced.
    let waiting = network.json("send my-bls 1FIL --no-wait");
    assert_eq!(waiting["exit_code"], Value::Null);
    network.ok(&format!("msg wait {}", waiting["cid"].as_str().unwrap()));
    network.ok("mpool pending");
    assert_eq!(network.json("mpool stat")["messages"], 0);
    assert!(network.json("mpool nonce default").as_u64().unwrap() >= 5);
    network.fails(&format!("mpool replace {cid}"), "mpool pending");
    network.ok("mpool clear --yes");
}

fn reads_chain_and_state(network: &Network) {
    let head = network.json("chain head");
    let block = head["Cids"][0]["/"].as_str().unwrap().to_owned();
    let height = head["Height"].as_i64().unwrap();
    assert_eq!(
        network
            .json("chain list --count 3")
            .as_array()
            .unwrap()
            .len(),
        3
    );
    assert_eq!(network.json(&format!("chain tipset {block}")), head);
    network.ok(&format!("chain tipset {}", height - 1));
    network.ok(&format!("chain block {block}"));
    network.ok(&format!("chain get {block}"));
    network.ok("chain messages");
    let mine = network.json("chain messages --address default");
    assert!(mine.as_array().unwrap().len() >= 5, "{mine}");
    let path = network.json(&format!("chain path {} head", height - 2));
    assert_eq!(path[0]["Type"], "apply");
    assert!(
        network
            .text("chain notify --count 1")
            .starts_with("current")
    );
    let step: Value = serde_json::from_str(&network.text("chain notify --count 1 --json")).unwrap();
    assert_eq!(step["Type"], "current");
    network.fails("chain set-head 1", "--yes");

    assert_eq!(network.json("state lookup t04")["id"], "t04");
    assert!(network.json("state actor t01000")["Code"].is_object());
    assert!(network.json("state read t02")["State"].is_object());
    assert!(network.json("state actors").as_array().unwrap().len() > 10);
    assert!(network.json("state actors --codes")["account"].is_object());
    assert_eq!(network.json("state miners")[0]["miner"], "t01000");
    assert_ne!(
        network.json("state power t01000")["MinerPower"]["RawBytePower"],
        "0"
    );
    network.ok("state power");
    network.ok("state market");
    network.ok("state market t01000");
    assert_eq!(network.json("state deals"), json!({}));
    assert_eq!(network.json("state network")["version"], 28);
    network.ok("state supply");
    let tried = network.json("state call t04 CurrentTotalPower --trace");
    assert_eq!(tried["exit_code"], 0);
    assert!(
        tried["return"].is_object() && tried["trace"].is_object(),
        "{tried}"
    );
    network.fails("state call t04 NoSuchMethod", "no method");
    let replayed = network.json(&format!("state replay --tipset {}", height - 2));
    assert_eq!(replayed["OnChain"], true, "{replayed}");
    assert!(network.text("msg methods t04").contains("CreateMiner"));
}

fn deploys_an_actor(network: &Network) {
    let (first, second) = network.counters();
    let owner = network.json("wallet default").as_str().unwrap().to_owned();
    network.fails(&format!("actor create {}", first.display()), "owner");
    let created = network.json(&format!(
        "actor create {} {owner} --name counter",
        first.display()
    ));
    let actor = created["actor"].as_str().unwrap().to_owned();
    network.ok("actor methods counter");
    assert!(
        network
            .text(&format!("actor methods {actor}"))
            .contains("Increment(by: u64)")
    );
    let called = network.json(&format!("actor call {actor} increment 5"));
    assert_eq!(
        (&called["exit_code"], &called["return"]),
        (&json!(0), &json!(5))
    );
    assert_eq!(
        network.json(&format!("state call {actor} value"))["return"],
        5
    );
    network.fails(&format!("actor call {actor} increment -1"), "by");
    // Forbidden to others: it fails already when it is tried.
    network.fails(
        &format!("actor call {actor} increment 1 --from my-bls"),
        "18",
    );
    let cid = called["cid"].as_str().unwrap();
    assert_eq!(network.json(&format!("state replay {cid}"))["return"], 5);
    let shown = network.json(&format!("msg show {cid}"));
    assert_eq!(shown["params"]["by"], 5);

    let upgraded = network.json(&format!("actor upgrade {actor} {} 3", second.display()));
    assert_eq!(upgraded["exit_code"], 0);
    assert_eq!(
        network.json(&format!("state call {actor} value"))["return"],
        5
    );
    network.fails(&format!("actor call {actor} increment 4"), "16");
    // Code that is installed needs no file.
    let code = created["code"].as_str().unwrap();
    let again = network.json(&format!("actor create {code} {owner}"));
    assert_ne!(again["actor"], created["actor"]);
    network.ok(&format!("actor install {}", first.display()));
    // One that no message of a public network could carry.
    let large = network.example("token");
    assert!(fs::metadata(&large).unwrap().len() > 64 << 10);
    let installed = network.json(&format!("actor install {}", large.display()));
    assert_eq!(installed["exit_code"], 0, "{installed}");
    let huge = network.file("huge.wasm");
    fs::write(&huge, vec![0; 1 << 20]).unwrap();
    network.fails(&format!("actor install {}", huge.display()), "1,048,064");
}

fn manages(network: &Network) {
    assert_eq!(network.json("miner list"), json!(["t01000"]));
    assert_eq!(network.json("miner info")["miner"], "t01000");
    for verb in ["sectors", "deadlines", "partitions 0", "faults"] {
        network.ok(&format!("miner {verb}"));
        network.ok(&format!("miner {verb} --miner t01000 --json"));
    }
    let pledged = network.json("sector pledge");
    let number = pledged["SectorID"].as_u64().unwrap();
    let listed = network.json("sector list");
    let is_listed = |sector: &Value| sector["SectorID"] == number;
    assert!(listed.as_array().unwrap().iter().any(is_listed), "{listed}");
    network.ok(&format!("sector status {number}"));
    network.fails("sector status 999999", "999999");
    network.fails(&format!("sector remove {number}"), "--yes");

    let token = network.json("auth new --perm read,write");
    let token = token.as_str().unwrap();
    assert_eq!(
        network.json(&format!("auth verify {token}")),
        json!(["read", "write"])
    );
    let api = fs::read_to_string(network.data().join("api")).unwrap();
    let line = format!("wallet new --api {} --token {token}", api.trim());
    network.ok(&line);
    network.fails(
        &format!("wallet export default --api {} --token {token}", api.trim()),
        "auth new",
    );
    network.fails(&format!("wallet list --api {}", api.trim()), "token");

    assert_eq!(network.json("db check")["Good"], true);
    network.ok("db usage");
    network.ok("db gc --json");
    let bundle = network.bundle();
    let rehearsed = network.json(&format!(
        "devnet upgrade --bundle {} --only-rehearse",
        bundle.display()
    ));
    assert!(rehearsed["rehearsed"].is_object(), "{rehearsed}");
    network.fails("devnet upgrade --bundle no-such.car --at +5", "no-such.car");
    let line = format!("devnet upgrade --bundle {} --at +50", bundle.display());
    let epoch = network.json(&line)["scheduled"]["Epoch"].as_i64().unwrap();
    assert!(network.text("devnet upgrades").contains("to come"));
    network.ok(&format!("devnet cancel-upgrade {epoch}"));
    assert_eq!(network.json("devnet upgrades"), json!([]));
    network.fails(&format!("devnet cancel-upgrade {epoch}"), "devnet upgrades");

    // The chain, taken elsewhere.
    let file = network.file("chain.car.zst");
    let exported = network.json(&format!("snapshot export {}", file.display()));
    network.fails(&format!("snapshot export {}", file.display()), "already");
    let copy = network.file("copy");
    let import = format!(
        "snapshot import {} --network-of {} --data {}",
        file.display(),
        network.data().display(),
        copy.display()
    );
    let imported = network.json(&import);
    assert_eq!(imported["height"], exported["Height"]);
    let checked = network.json(&format!("db check --data {}", copy.display()));
    assert_eq!(checked["Good"], true);
    network.fails(&import, "network already");
    // Also where no node runs, the configuration holds.
    fs::write(copy.join("config.toml"), "[store]\ncach_mib = 1\n").unwrap();
    network.fails(&format!("db check --data {}", copy.display()), "cach_mib");
    imports_what_is_not_known(network, &file);
    network.fails(
        &format!(
            "snapshot import {} --data {}",
            file.display(),
            network.data().display()
        ),
        "in use",
    );
}

fn imports_what_is_not_known(network: &Network, file: &Path) {
    let data = network.file("alone");
    let import = format!(
        "snapshot import {} --data {}",
        file.display(),
        data.display()
    );
    let text = network.text(&import);
    assert!(
        text.contains("--network-of") && !text.contains("filigree daemon"),
        "{text}"
    );
    // A network that begins otherwise.
    let other = network.file("other");
    fs::create_dir(&other).unwrap();
    let toml = fs::read_to_string(network.data().join("network.toml")).unwrap();
    let genesis = toml
        .lines()
        .find(|line| line.starts_with("genesis = "))
        .unwrap();
    let block = network.json("chain head")["Cids"][0]["/"].clone();
    let toml = toml.replace(genesis, &format!("genesis = {block}"));
    fs::write(other.join("network.toml"), toml).unwrap();
    let data = network.file("wrong");
    network.fails(
        &format!(
            "snapshot import {} --network-of {} --data {}",
            file.display(),
            other.display(),
            data.display()
        ),
        "another network",
    );
    assert!(!data.join("db").exists(), "what nobody can use is not left");
}
