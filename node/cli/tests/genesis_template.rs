//! A network that begins with what a template says, and a template that is wrong. A process of its own, as the other tests have it.

#[path = "devnet/network.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod network;

use std::collections::BTreeMap;
use std::fs;

use filigree_bundle::{Network as BundleNetwork, Recipe, kept};
use network::Network;
use serde_json::{Value, json};

/// Two miners, one with a worker of the template, and a small one as it is without a word; accounts of each kind; a verifier with a client;
/// rules.
const TEMPLATE: &str = r#"
network_name = "templatenet"
network_version = 28
chain_id = 31415926
block_time = 7
base_fee = 12345

[policy]
blocks_per_epoch = 3
finality_epochs = 100
power_lookback_epochs = 20
max_message_bytes = 100000

[[accounts]]
key = "alice"
type = "bls"
balance = 1000000

[[accounts]]
key = "bob"
balance = "12.5"

[[accounts]]
address = "t1abjxfbp274xpdqcpuaykwkfb43omjotacm2p3za"
balance = 7

[[multisigs]]
signers = ["alice", "bob"]
threshold = 2
balance = 50

[[verifiers]]
address = "alice"
allowance = 1048576
clients = [{ address = "bob", datacap = 4096 }]

[[miners]]
owner = "alice"
worker = "alice"
sector_size = "8MiB"
sectors = 3

[[miners]]
sector_size = "8MiB"
sectors = 1
seal_type = "synthetic"

[[miners]]
"#;

/// The weaker of the two wins every other epoch: that it wins none of so many is less likely than a broken disk.
const EPOCHS: u32 = 60;

#[test]
fn a_network_is_what_its_template_says() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("actors.car");
    let car = kept::car(&Recipe::of(BundleNetwork::Devnet)).unwrap();
    fs::write(&bundle, car).unwrap();
    let template = folder.path().join("mine.toml");
    fs::write(&template, TEMPLATE).unwrap();
    let [bundle, template] = [&bundle, &template].map(|path| path.to_str().unwrap().to_owned());
    let words = [
        "devnet",
        "--instant",
        "--proofs",
        "mock",
        "--bundle",
        &bundle,
    ];
    let words = [&words[..], &["--genesis", &template]].concat();
    let mut network = Network::serve(&words, folder);
    has_what_was_asked_for(&network);
    both_miners_make_blocks(&network);
    // The rules are those of the network, also when it goes on.
    let height = network.json("chain head")["Height"].clone();
    assert!(network.stop());
    let folder = tempfile::tempdir().unwrap();
    fs::rename(network.data(), folder.path().join("data")).unwrap();
    let network = Network::serve(&["devnet"], folder);
    assert_eq!(network.json("chain head")["Height"], height);
    follows_its_rules(&network);
    both_miners_make_blocks(&network);
}

fn has_what_was_asked_for(network: &Network) {
    let genesis = network.data().join("genesis.car");
    let shown = network.json(&format!("genesis show {}", genesis.display()));
    assert_eq!(shown["network"], "templatenet");
    let checked = network.json(&format!("genesis check {}", genesis.display()));
    assert_eq!(checked, json!([]));
    let first = network.json("chain tipset 0");
    assert_eq!(first["Blocks"][0]["ParentBaseFee"], "12345");
    follows_its_rules(network);

    for (who, balance) in [
        ("bob", "12.5 FIL"),
        ("t1abjxfbp274xpdqcpuaykwkfb43omjotacm2p3za", "7 FIL"),
    ] {
        assert_eq!(
            network.text(&format!("wallet balance {who}")).trim(),
            balance
        );
    }
    // A key that was made is there to sign.
    assert_eq!(network.json("send bob 1FIL --from alice")["exit_code"], 0);
    let datacap = datacap(network);
    // Of what the verifier may give, its client has some; who has the money may give, too.
    assert_eq!(
        datacap("StateVerifierStatus", "alice"),
        json!((1_048_576 - 4_096).to_string())
    );
    assert_eq!(
        datacap("StateVerifierStatus", "default"),
        json!((1_u64 << 50).to_string())
    );
    assert_eq!(datacap("StateVerifiedClientStatus", "bob"), json!("4096"));
    assert_eq!(datacap("StateVerifiedClientStatus", "alice"), json!(null));

    assert_eq!(
        network.json("miner list"),
        json!(["t01000", "t01001", "t01002"])
    );
    let power = |miner: &str| network.json(&format!("state power {miner}"));
    let raw = |miner: &str| power(miner)["MinerPower"]["RawBytePower"].clone();
    assert_eq!(
        ["f01000", "f01001", "f01002"].map(raw),
        ["25165824", "8388608", "4096"].map(|bytes| json!(bytes))
    );
    let alice = network.json("state lookup alice")["id"].clone();
    let info = network.json("miner info --miner f01000");
    assert_eq!(info["info"]["Owner"], alice);
    assert_eq!(info["info"]["Worker"], alice);
    let sectors = network.json("miner sectors --miner f01001");
    // Synthetic, of 8 MiB.
    assert_eq!(sectors[0]["SealProof"], 11);
    assert_eq!(
        network
            .json("miner sectors --miner f01000")
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

fn follows_its_rules(network: &Network) {
    let found = network.json("state network");
    assert_eq!(found["name"], "templatenet");
    assert_eq!(found["params"]["BlockDelaySecs"], 7);
    assert_eq!(found["params"]["Eip155ChainID"], 31_415_926);
    let toml = fs::read_to_string(network.data().join("network.toml")).unwrap();
    for line in ["blocks_per_epoch = 3", "finality_epochs = 100"] {
        assert!(toml.contains(line), "{toml}");
    }
    let huge = network.file("huge.wasm");
    fs::write(&huge, vec![0; 100_001]).unwrap();
    // 512 bytes are for what is beside the code.
    network.fails(&format!("actor install {}", huge.display()), "99,488");
}

fn both_miners_make_blocks(network: &Network) {
    network.ok(&format!("devnet advance {EPOCHS}"));
    let tipsets = network.json(&format!("chain list --count {EPOCHS}"));
    let mut made: BTreeMap<&str, u32> = BTreeMap::new();
    for tipset in tipsets.as_array().unwrap() {
        for block in tipset["Blocks"].as_array().unwrap() {
            *made.entry(block["Miner"].as_str().unwrap()).or_default() += 1;
        }
    }
    // The third is too small to win in so short a time.
    for miner in ["t01000", "t01001"] {
        assert!(made.contains_key(miner), "{made:?}");
    }
}

/// Asks what somebody has of datacap, bytes.
fn datacap(network: &Network) -> impl Fn(&str, &str) -> Value + '_ {
    let api = fs::read_to_string(network.data().join("api")).unwrap();
    let client = filigree_rpc::Client::new(api.trim(), None);
    move |method, who| {
        let address = network.json(&format!("state lookup {who}"))["id"].clone();
        let params = json!([address, null]).to_string();
        client
            .call_text(&format!("Filecoin.{method}"), &params)
            .unwrap()
    }
}

/// What `filigree devnet` says to a template; nothing is made before it is found wrong.
#[track_caller]
fn refused(template: &str, more: &[&str], words: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (folder.path().join("mine.toml"), folder.path().join("data"));
    fs::write(&file, template).unwrap();
    let mut command = network::filigree();
    command
        .arg("devnet")
        .arg("--genesis")
        .arg(&file)
        .arg("--data")
        .arg(&data)
        .args(more);
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    for word in words {
        assert!(error.contains(word), "{word:?} is not in\n{error}");
    }
    assert!(!data.exists(), "{template}");
}

#[test]
fn a_wrong_template_is_refused_with_line_key_and_what_was_meant() {
    let told = [
        "mine.toml",
        "genesis template",
        "line 2",
        "balanc",
        "did you mean `balance`?",
    ];
    refused("[[accounts]]\nbalanc = 5", &[], &told);
    let told = [
        "pre_commit_challenge_delay",
        "compiled into the actors",
        "cargo xtask bundle",
    ];
    refused("[policy]\npre_commit_challenge_delay = 5", &[], &told);
    refused("chain_id = 314", &[], &["31415926"]);
    refused("network_version = 29", &[], &["29"]);
    refused(
        "[[miners]]\n[[miners]]",
        &["--miners", "2"],
        &["--miners", "[[miners]]"],
    );
    refused(
        "[[miners]]\nsector_size = \"8MiB\"",
        &[],
        &["2KiB", "--proofs mock"],
    );
    refused("block_time = 10", &["--proofs", "real"], &["20s"]);
}
