//! Templates that are read, and templates that are not.

use fvm_shared::sector::{RegisteredSealProof, SectorSize};

use super::*;

const KEYS: [&str; 2] = [
    "t1xtfpzyftaeffefb5y3yjgfi5cmpbup6pw745bcq",
    "f1uyqzflb7y7kkzm7js7223ekqfytbdzzja3ireii",
];

fn text() -> String {
    let (one, other) = (KEYS[0], KEYS[1]);
    format!(
        r#"network_name = "test"
chain_id = 31415926
network_version = 28
genesis_time = 1760000000
policy = "devnet"

[verified_registry]
root = {{ signers = ["{one}", "{other}"], threshold = 2 }}
verifiers = [{{ address = "{one}", allowance = 1099511627776 }}]

[reserve]
address = "{other}"

[[accounts]]
address = "{one}"
balance = 1000

[[multisigs]]
signers = ["{one}"]
threshold = 1
balance = "0.5"
vesting_duration = 10

[[miners]]
owner = "{one}"
worker = "{one}"
sector_size = "2KiB"
peer_id = "12D3KooW9pP4Seg3kZYhySpuVjn1RPdQBsUFZKiFxGMGQN5MeL6A"
sectors = [{{ number = 3, comm_r = "bagboea4b5abcaaabaibqibiga4eascqlbqgq4dyqcejbgfavcylrqgi2dmob2hq7" }}]
"#
    )
}

/// Asserts that a template with `from` replaced by `to` is refused, with these words.
#[track_caller]
fn refused(from: &str, to: &str, words: &[&str]) {
    let text = text();
    assert!(text.contains(from), "{from}");
    let error = Template::parse(&text.replacen(from, to, 1)).unwrap_err();
    let error = error.to_string();
    for word in words {
        assert!(error.contains(word), "{word}: {error}");
    }
}

#[test]
fn a_template_is_read_and_written() {
    let template = Template::parse(&text()).unwrap();
    assert_eq!(template.base_fee, TokenAmount::from_atto(100_000_000));
    assert_eq!(template.accounts[0].balance, TokenAmount::from_whole(1_000));
    assert_eq!(
        template.multisigs[0].balance,
        TokenAmount::from_atto(500_000_000_000_000_000u64)
    );
    assert_eq!(template.policy(), &DEVNET);
    let sector = &template.miners[0].sectors[0];
    let proof = sector.seal_proof(SectorSize::_2KiB);
    assert_eq!(proof, RegisteredSealProof::StackedDRG2KiBV1P1);
    let written = template.to_toml().unwrap();
    assert_eq!(Template::parse(&written).unwrap(), template, "{written}");
}

#[test]
fn unknown_keys_are_refused_with_their_line() {
    refused("chain_id", "chain", &["line 2", "chain"]);
    refused("balance = 1000", "balanc = 1000", &["line 16", "balanc"]);
    refused(
        "threshold = 2 }",
        "threshold = 2, weight = 1 }",
        &["line 8", "weight"],
    );
}

#[test]
fn values_are_refused_with_their_line() {
    refused("balance = 1000", "balance = \"a lot\"", &["line 16", "FIL"]);
    refused("balance = 1000", "balance = -1", &["line 16", "FIL"]);
    refused("2KiB", "3KiB", &["3KiB", "2KiB, 8MiB"]);
    refused("\"devnet\"", "\"othernet\"", &["line 5", "mainnet"]);
    refused("bagboea4b5", "bagboea4", &["CID"]);
    refused(
        "address = \"f1",
        "threshold = 1 #\"f1",
        &["either an address, or signers"],
    );
}

#[test]
fn contradictions_are_told() {
    refused("\"test\"", "\"\"", &["no name"]);
    refused("threshold = 2", "threshold = 3", &["2 signers", "3"]);
    refused("threshold = 1", "threshold = 0", &["cannot ask for 0"]);
    refused(
        "{ number = 3",
        "{ number = 3, comm_d = \"bafy2bzacecmda75ovposbdateg7eyhwij65zklgyijgcjwynlklmqazpwlhba\"",
        &["sector 3", "CommD"],
    );
    refused(
        "{ number = 3",
        "{ number = 3, seal_proof = 8",
        &["sector 3", "another size"],
    );
    refused(
        "sector_size =",
        "committed_capacity = \"more.toml\"\nsector_size =",
        &["from a file"],
    );
    let twice = "number = 3, comm_r = \"bagboea4b5abcaaabaibqibiga4eascqlbqgq4dyqcejbgfavcylrqgi2dmob2hq7\" }, { number = 3";
    refused("number = 3", twice, &["sector 3 twice"]);
}
