//! The benchmark as it is run, with as few rounds as there can be: what it prints, and its exit codes.

use std::process::{Command, Output};

fn bench(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench-sdk"));
    command.args(arguments).output().unwrap()
}

#[test]
fn figures_are_printed() {
    let output = bench(&["--rounds", "1", "--few-rounds", "--json"]);
    let progress = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{progress}");
    assert!(progress.contains("timing calls"), "{progress}");
    let figures: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();

    let number = |pointer: &str| figures.pointer(pointer).and_then(|v| v.as_f64()).unwrap();
    assert!(number("/start_without_modules/first_call_ms") > 0.0);
    assert!(number("/start/first_call_ms") > 0.0);
    assert!(number("/calls/0/wasm_us") > 0.0 && number("/calls/1/native_us") > 0.0);
    for (actor, name) in ["counter", "token"].into_iter().enumerate() {
        let actor = figures.pointer(&format!("/actors/{actor}")).unwrap();
        assert_eq!(actor["actor"], name);
        assert!(actor["schema_bytes"].as_u64() < actor["size_bytes"]["ours"].as_u64());
        let gas = actor["gas"].as_array().unwrap();
        assert!(gas.iter().all(|gas| gas["ours"].as_u64() > Some(100_000)));
        let calls = gas.iter().filter_map(|gas| gas["call"].as_str());
        let expected = if name == "token" {
            "BurnFrom"
        } else {
            "ChangeCode"
        };
        assert!(calls.into_iter().any(|call| call == expected));
    }
}

#[test]
fn too_few_rounds_are_refused() {
    let output = bench(&["--rounds", "1"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("at least 5"), "{said}");
    assert_eq!(bench(&["--start", "none.wasm"]).status.code(), Some(2));
}
