//! The benchmark as it is run, small: what it prints, and its exit codes.

use std::process::{Command, Output};

use serde_json::Value;

fn bench(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench-node"));
    command.args(arguments).output().unwrap()
}

fn number(value: &Value, name: &str) -> f64 {
    let number = value[name].as_f64();
    number.unwrap_or_else(|| panic!("{name} in {value}"))
}

#[test]
fn every_part_is_measured() {
    let output = bench(&["--quick", "--json"]);
    let progress = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{progress}");
    let figures: Value = serde_json::from_slice(&output.stdout).unwrap();

    let tipsets = figures["tipsets"].as_array().unwrap();
    let of: Vec<_> = tipsets.iter().map(|tipset| tipset["of"].as_str()).collect();
    assert_eq!(of, [Some("payments"), Some("payments"), Some("calls")]);
    for tipset in tipsets {
        // Senders of both kinds.
        let bls = number(tipset, "bls");
        assert!(bls > 0.0 && bls < number(tipset, "messages"), "{tipset}");
        assert!(number(tipset, "gas") > 1e6, "{tipset}");
        for side in ["host_ms", "apply_ms", "signatures_ms", "check_ms"] {
            let rounds = tipset[side].as_array().unwrap();
            assert_eq!(rounds.len(), 2, "{tipset}");
            assert!(rounds.iter().all(|ms| ms.as_f64() > Some(0.0)), "{tipset}");
        }
    }
    let blocks = &figures["blocks"];
    let [select, round] = ["select_ms", "round_ms"].map(|of| blocks[of][0].as_f64().unwrap());
    assert!(select > 0.0 && round > select, "{blocks}");

    let [plain, compressed] = [0, 1].map(|at| &figures["snapshot"][at]);
    assert!(
        number(plain, "file_bytes") >= number(plain, "car_bytes"),
        "{plain}"
    );
    assert!(
        number(compressed, "file_bytes") < number(compressed, "car_bytes"),
        "{compressed}"
    );
    for method in figures["rpc"].as_array().unwrap() {
        assert_eq!(number(method, "clients"), 64.0);
        let [half, most, all] = ["p50_ms", "p99_ms", "longest_ms"].map(|of| number(method, of));
        assert!(half > 0.0 && half <= most && most <= all, "{method}");
    }
    let epochs = &figures["epochs"];
    assert_eq!(number(epochs, "epochs"), 30.0);
    assert!(number(epochs, "last_mib") > 10.0, "{epochs}");
    assert!(
        number(epochs, "before_bytes") > number(epochs, "genesis_bytes"),
        "{epochs}"
    );
}

#[test]
fn what_cannot_be_carried_out_is_told() {
    let output = bench(&["--quick", "--only", "blocks", "--bundle", "nowhere.car"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("nowhere.car is no bundle of actors"),
        "{said}"
    );
    assert_eq!(bench(&["--rounds", "0"]).status.code(), Some(2));
}
