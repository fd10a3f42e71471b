//! The program as `cargo xtask bundle` runs it. That it builds is tested where bundles are used.

use std::process::Command;

#[test]
fn a_network_that_is_none_is_refused_before_anything_is_built() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("actors.car");
    let mut program = Command::new(env!("CARGO_BIN_EXE_bundle"));
    let typed = program.args(["--network", "othernet", "--out"]).arg(&out);
    let output = typed.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    for word in ["othernet", "mainnet", "calibnet", "devnet"] {
        assert!(said.contains(word), "{word} in {said}");
    }
    assert!(!out.exists());
}
