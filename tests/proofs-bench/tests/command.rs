//! The benchmark as it is run, as briefly as it can be: what it prints, and its exit codes.

use std::process::{Command, Output};

fn bench(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench-proofs"));
    command.args(arguments).output().unwrap()
}

#[test]
fn verdicts_are_counted() {
    let output = bench(&["--only", "verify", "--rounds", "1", "--brief", "--json"]);
    let progress = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{progress}");
    let figures: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let rates = figures["verify"].as_array().unwrap();
    let processors = figures["processors"].as_u64().unwrap();
    assert_eq!(rates.len() as u64, 8 * processors.min(2));
    for rate in rates {
        let (per_s, answer) = (rate["per_s"].as_f64(), rate["answer_ms"].as_f64());
        assert!(per_s > Some(0.0) && answer > Some(0.1), "{rate}");
    }
    assert!(figures.get("steps").is_none());
}

#[test]
fn steps_are_run_on_both_sides() {
    let output = bench(&["--only", "steps", "--rounds", "2", "--brief", "--json"]);
    let progress = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{progress}");
    let figures: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let steps = figures["steps"].as_array().unwrap();
    let names: Vec<_> = steps.iter().map(|step| step["step"].as_str()).collect();
    let expected = [
        "pieces",
        "pre-commit-1",
        "pre-commit-2",
        "unseal",
        "update-encode",
    ];
    assert_eq!(names, expected.map(Some));
    for step in steps {
        for side in ["ours", "direct"] {
            let rounds = step[side].as_array().unwrap();
            assert_eq!(rounds.len(), 2, "{step}");
            for usage in rounds {
                let of = |what: &str| usage[what].as_f64().unwrap();
                assert!(of("cpu_s") > 0.0 && of("wall_s") > 0.0, "{step}");
                // A program with the proof library in it has more than a MiB.
                assert!(of("peak_mib") > 1.0, "{step}");
            }
        }
    }
}

#[test]
fn what_cannot_be_carried_out_is_told() {
    let output = bench(&["--only", "steps", "--parameters", "/nowhere/parameters"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("does not say in its name"), "{said}");
    assert_eq!(bench(&["--rounds", "0"]).status.code(), Some(2));
    // Roles are told what to do on their input, and this is empty.
    assert_eq!(bench(&["--role", "meter"]).status.code(), Some(2));
}
