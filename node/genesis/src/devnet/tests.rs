//! Templates for networks of one's own: what they say, and what they cannot.

use std::collections::BTreeSet;

use fvm_shared::sector::{RegisteredSealProof, SectorSize};

use super::*;

/// The example with its keys uncommented: comments are sentences, and the rest is TOML.
fn uncommented() -> String {
    let is_toml = |line: &&str| {
        let word = line.split(' ').next().unwrap_or_default();
        line.starts_with('[') || line.split_once(" = ").is_some_and(|(key, _)| key == word)
    };
    let lines = EXAMPLE.lines().filter_map(|line| line.strip_prefix("# "));
    lines.filter(is_toml).collect::<Vec<_>>().join("\n")
}

/// All keys of a table and the tables in it, as `policy.finality_epochs`; those of lists as `accounts.key`.
fn keys(value: &toml::Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                let path = format!("{path}.{key}");
                keys(value, &path, found);
                found.insert(path);
            }
        }
        toml::Value::Array(list) => list.iter().for_each(|value| keys(value, path, found)),
        _ => (),
    }
}

fn keys_of(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let table: toml::Table = toml::from_str(text).unwrap();
    keys(&toml::Value::Table(table), "", &mut found);
    found
}

#[test]
fn the_example_has_every_key() {
    let nothing = DevnetTemplate::parse(EXAMPLE).unwrap();
    assert_eq!(nothing, DevnetTemplate::default());
    let text = uncommented();
    let all = DevnetTemplate::parse(&text).unwrap();
    // A new key is a new line here: what is none in the example does not compare.
    let DevnetTemplate {
        network_name: Some(_),
        network_version: Some(VERSION),
        chain_id: Some(CHAIN_ID),
        block_time: Some(_),
        base_fee: Some(_),
        policy:
            Policy {
                blocks_per_epoch: Some(_),
                finality_epochs: Some(_),
                power_lookback_epochs: Some(_),
                ticket_lookback_epochs: Some(_),
                min_miner_power_bytes: Some(_),
                max_message_bytes: Some(_),
                propagation_delay_seconds: Some(_),
                clock_drift_seconds: Some(_),
            },
        accounts,
        multisigs,
        verifiers,
        miners,
    } = &all
    else {
        panic!("a key is missing in the example: {all:?}");
    };
    let lengths = [
        accounts.len(),
        multisigs.len(),
        verifiers.len(),
        miners.len(),
    ];
    assert_eq!(lengths, [2, 1, 1, 1]);
    // The other way round: what the example says is what the template says, key by key.
    let written = toml::to_string(&all).unwrap();
    assert_eq!(keys_of(&written), keys_of(&text), "{written}");
    assert_eq!(DevnetTemplate::parse(&written).unwrap(), all);
    // What is usual, as the example tells it.
    let usual = DevnetTemplate {
        network_name: all.network_name.clone(),
        ..DevnetTemplate::default()
    };
    let usual = usual.resolve(made(&usual)).unwrap();
    assert_eq!(Some(usual.base_fee), all.base_fee);
    let miner = Miner {
        worker: miners[0].worker.clone(),
        ..Miner::default()
    };
    assert_eq!(miners[0], miner);
}

fn made(template: &DevnetTemplate) -> Made {
    let keys = template.keys(1_000);
    Made {
        first_miner: 1_000,
        genesis_time: 1_760_000_000,
        bundle: None,
        beacon: None,
        keys: keys.iter().map(Key::stand_in).collect(),
        sectors: vec![Vec::new(); template.miners.len()],
    }
}

#[test]
fn names_become_addresses() {
    let text = r#"
[[accounts]]
key = "alice"
type = "bls"
balance = 7

[[verifiers]]
address = "default"
allowance = 4096
clients = [{ address = "bls", datacap = 1024 }]

[[miners]]
owner = "alice"
worker = "alice"
sector_size = "8MiB"
seal_type = "synthetic"

[[miners]]
"#;
    let template = DevnetTemplate::parse(text).unwrap();
    let made = made(&template);
    let keys = made.keys.clone();
    assert!(keys.contains_key("worker-f01001") && !keys.contains_key("worker-f01000"));
    let genesis = template.resolve(made).unwrap();
    let alice = keys["alice"];
    assert_eq!(
        [genesis.miners[0].owner, genesis.miners[0].worker],
        [alice; 2]
    );
    assert_eq!(genesis.miners[1].owner, keys["default"]);
    assert_eq!(genesis.miners[1].worker, keys["worker-f01001"]);
    let last = genesis.accounts.last().unwrap();
    assert_eq!(
        (last.address, &last.balance),
        (alice, &TokenAmount::from_whole(7))
    );
    // The treasury is a verifier once, with what the template says.
    let [verifier] = &*genesis.verified_registry.verifiers else {
        panic!("{:?}", genesis.verified_registry);
    };
    assert_eq!(
        (verifier.address, verifier.allowance),
        (keys["default"], 4_096)
    );
    assert_eq!(verifier.clients[0].address, keys["bls"]);
    assert_eq!(template.miners[0].sector_size, SectorSize::_8MiB);
    let proofs = [0, 1].map(|at: usize| template.miners[at].seal_proof());
    let expected = [
        RegisteredSealProof::StackedDRG8MiBV1P1_Feat_SyntheticPoRep,
        RegisteredSealProof::StackedDRG2KiBV1P1,
    ];
    assert_eq!(proofs, expected);
}

/// Asserts that a text is refused, with these words.
#[track_caller]
fn refused(text: &str, words: &[&str]) {
    let error = DevnetTemplate::parse(text).unwrap_err().to_string();
    for word in words {
        assert!(error.contains(word), "{word}: {error}");
    }
}

#[test]
fn unknown_keys_are_refused_with_their_line_and_what_was_meant() {
    refused("network_name = \"x\"\nmoney = 5\n", &["line 2", "money"]);
    refused(
        "netwrk_name = \"x\"",
        &["line 1", "netwrk_name", "did you mean `network_name`?"],
    );
    refused(
        "[[accounts]]\nkey = \"a\"\nbalanc = 5",
        &["line 3", "did you mean `balance`?"],
    );
    refused("[policy]\nfinality = 5", &["line 2", "finality_epochs"]);
    refused(
        "[[miners]]\nsector = 5",
        &["line 2", "did you mean `sectors`?"],
    );
    refused(
        "[[accounts]]\nkey = \"a\"\nblock_time = 5",
        &["line 3", "before the first [table]"],
    );
    let verifier = "[[verifiers]]\naddress = \"bls\"\nallowance = 4096\nclient = []";
    refused(verifier, &["line 4", "did you mean `clients`?"]);
    // What no template can change.
    let told = [
        "line 2",
        "compiled into the actors",
        "(10 there)",
        "cargo xtask bundle",
    ];
    refused("[policy]\npre_commit_challenge_delay = 5", &told);
}

#[test]
fn values_are_refused_with_the_line_or_the_way_out() {
    refused(
        "[[accounts]]\nbalance = 5",
        &["line 1", "either the key", "or an address"],
    );
    refused(
        "[[accounts]]\nkey = \"a\"\naddress = \"t01\"",
        &["either the key"],
    );
    refused("[[accounts]]\nkey = \"t1a\"", &["no name of a key"]);
    refused(
        "[[accounts]]\nkey = \"a\"\ntype = \"rsa\"",
        &["line 3", "secp256k1"],
    );
    refused(
        "[[accounts]]\nkey = \"beacon\"",
        &["beacon", "every network has"],
    );
    refused(
        "[[accounts]]\nkey = \"a\"\n[[accounts]]\nkey = \"a\"",
        &["a is there twice"],
    );
    refused(
        "[[accounts]]\naddress = \"t01\"",
        &["not the address of a key"],
    );
    refused("chain_id = 314", &["31415926"]);
    refused("network_version = 20", &["20", "from 21 on"]);
    refused("block_time = 0", &["1 to 3600"]);
    refused("network_name = \"\"", &["no name"]);
    refused(
        "[policy]\nblocks_per_epoch = 6",
        &["policy.blocks_per_epoch", "1 to 5"],
    );
    refused(
        "[policy]\nfinality_epochs = -1",
        &["policy.finality_epochs", "10 to 900"],
    );
    // No block could give way to another.
    refused(
        "[policy]\nfinality_epochs = 9",
        &["policy.finality_epochs", "10 to 900"],
    );
    refused("[policy]\nmax_message_bytes = 2000000", &["1048576"]);
}

#[test]
fn miners_that_cannot_be_are_refused() {
    let bob = "[[accounts]]\nkey = \"bob\"\n";
    let miner = |rest: &str| format!("{bob}[[miners]]\n{rest}");
    refused(
        &miner("owner = \"nobody\""),
        &["no key nobody", "[[accounts]]"],
    );
    refused(
        &miner("owner = \"t1abjxfbp274xpdqcpuaykwkfb43omjotacm2p3za\""),
        &["an owner", "[[accounts]]"],
    );
    refused(&miner("worker = \"bob\""), &["bob", "type = \"bls\""]);
    refused(
        &miner("worker = \"t1abjxfbp274xpdqcpuaykwkfb43omjotacm2p3za\""),
        &["type = \"bls\""],
    );
    refused(
        &miner("sector_size = \"32GiB\""),
        &["miner 0", "2KiB and 8MiB", "cargo xtask bundle"],
    );
    refused(&miner("seal_type = \"other\""), &["synthetic"]);
    refused(&miner("sectors = 0"), &["nobody could make a block"]);
    refused(&miner("sectors = 1001"), &["miner 0", "1000"]);
    refused(&"[[miners]]\n".repeat(21), &["21 miners"]);
    let weak = format!(
        "[policy]\nmin_miner_power_bytes = 4097\n{}",
        "[[miners]]\n".repeat(4)
    );
    refused(&weak, &["min_miner_power_bytes", "4096"]);
    // With fewer, any power is enough.
    let few = format!(
        "[policy]\nmin_miner_power_bytes = 4097\n{}",
        "[[miners]]\n".repeat(3)
    );
    DevnetTemplate::parse(&few).unwrap();
    let wallet = "[[multisigs]]\nsigners = [\"bls\"]\nthreshold = 2";
    refused(wallet, &["1 signers", "2"]);
}

#[test]
fn datacap_adds_up() {
    let verifier = |rest: &str| {
        format!("[[verifiers]]\naddress = \"bls\"\nallowance = 4096\nclients = [{rest}]")
    };
    let client =
        |whom: &str, datacap: u64| format!("{{ address = \"{whom}\", datacap = {datacap} }},");
    DevnetTemplate::parse(&verifier(&client("delegated", 4_096))).unwrap();
    refused(&verifier(&client("delegated", 4_097)), &["4097", "4096"]);
    refused(&verifier(&client("delegated", 255)), &["255", "256"]);
    refused(&verifier(&client("default", 256)), &["is a verifier"]);
    refused(
        &verifier(&client("t1abjxfbp274xpdqcpuaykwkfb43omjotacm2p3za", 256)),
        &["a client", "[[accounts]]"],
    );
    refused(&[verifier(""), verifier("")].join("\n"), &["twice"]);
}

#[test]
fn the_readme_shows_a_template() {
    let readme = include_str!("../../../README.md");
    let block = readme.split("```toml\n").nth(1).unwrap();
    let text = block.split("```").next().unwrap();
    let template = DevnetTemplate::parse(text).unwrap();
    assert_eq!((template.miners.len(), template.accounts.len()), (2, 1));
}
