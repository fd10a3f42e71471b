//! `build` as it is run: what counts as an input beside the source, and what a host would refuse.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

/// Reads one variable itself, and one by way of its build script.
const LIBRARY: &str = r#"#[cfg(filigree_entry)]
#[unsafe(no_mangle)]
extern "C" fn invoke(_: u32) -> u32 {
    option_env!("FLAVOUR").map_or(0, str::len) as u32 + 100 * env!("FROM_SCRIPT").len() as u32
}
"#;

const SCRIPT: &str = r#"fn main() {
    println!("cargo::rerun-if-env-changed=COLOUR");
    println!("cargo::rustc-env=FROM_SCRIPT={}", std::env::var("COLOUR").unwrap_or_default());
}
"#;

/// A folder with a project that needs no other crate, and its cache.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Folder(tempfile::tempdir().unwrap());
        for (file, text) in [
            (
                "Cargo.toml",
                "[package]\nname = \"small\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n",
            ),
            (
                "Cargo.lock",
                "version = 4\n\n[[package]]\nname = \"small\"\nversion = \"0.1.0\"\n",
            ),
            (
                "rust-toolchain.toml",
                "[toolchain]\nchannel = \"1.95.0\"\ntargets = [\"wasm32-unknown-unknown\"]\n",
            ),
            ("build.rs", SCRIPT),
            ("src/lib.rs", LIBRARY),
        ] {
            folder.write(file, text);
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join("project").join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn run(&self, line: &str, variables: &[(&str, &str)]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_filigree-actor"))
            .args(line.split_whitespace())
            .current_dir(self.path(""))
            .env("FILIGREE_CACHE", self.0.path().join("cache"))
            .env_remove("CARGO_TARGET_DIR")
            .envs(variables.iter().copied())
            .output()
            .unwrap()
    }

    /// The code CID of a build with these variables, and whether it was built before.
    #[track_caller]
    fn build(&self, variables: &[(&str, &str)]) -> (String, bool) {
        let output = self.run("build --offline --quiet --json", variables);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        let cid = json["code_cid"].as_str().unwrap().to_owned();
        (cid, json["from_cache"].as_bool().unwrap())
    }
}

#[test]
fn variables_that_code_or_script_reads_are_inputs() {
    let folder = Folder::new();
    let (plain, is_old) = folder.build(&[]);
    assert!(!is_old);
    assert_eq!(folder.build(&[("OTHER", "x")]), (plain.clone(), true));
    let mut seen = vec![plain.clone()];
    for variables in [
        &[("FLAVOUR", "salt")][..],
        &[("FLAVOUR", "sugar")],
        &[("COLOUR", "red")],
        &[("COLOUR", "blue"), ("FLAVOUR", "salt")],
    ] {
        let (cid, is_old) = folder.build(variables);
        assert!(!is_old && !seen.contains(&cid), "{variables:?}");
        assert_eq!(folder.build(variables), (cid.clone(), true));
        seen.push(cid);
    }
    assert_eq!(folder.build(&[]), (plain.clone(), false));

    // Neither the cache nor Cargo's folder tells `verify` what another environment gave.
    let line = format!("verify --offline --quiet --against {plain}");
    assert_eq!(folder.run(&line, &[]).status.code(), Some(0));
    let salted = folder.run(&line, &[("FLAVOUR", "salt")]);
    assert_eq!(salted.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&salted.stdout).contains("DIFFERENT"));
}

#[test]
fn what_no_host_runs_leaves_the_earlier_artefact() {
    let folder = Folder::new();
    let line = "build --offline --quiet --json --out small.wasm";
    assert!(folder.run(line, &[]).status.success());
    let before = std::fs::read(folder.path("small.wasm")).unwrap();
    folder.write("src/lib.rs", &LIBRARY.replace("fn invoke", "fn revoke"));
    // Not from the cache either.
    for _ in 0..2 {
        let output = folder.run(line, &[]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{errors}");
        assert!(errors.contains("invoke"), "{errors}");
        assert!(errors.contains("nothing was written to"), "{errors}");
        assert!(output.stdout.is_empty());
        assert_eq!(std::fs::read(folder.path("small.wasm")).unwrap(), before);
    }
}

#[test]
fn a_bundle_of_a_project_leaves_its_artefact() {
    let folder = Folder::new();
    assert!(folder.run("build --offline --quiet", &[]).status.success());
    let artefact = folder.path("target/filigree/small.wasm");
    let before = std::fs::read(&artefact).unwrap();
    folder.write("src/lib.rs", &LIBRARY.replace("100 *", "200 *"));
    let output = folder.run("bundle . --out small.car --offline", &[("COLOUR", "red")]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert_eq!(std::fs::read(&artefact).unwrap(), before);
    let car = std::fs::read(folder.path("small.car")).unwrap();
    let holds = |wasm: &[u8]| car.windows(wasm.len()).any(|window| window == wasm);
    assert!(!holds(&before), "the bundle has the source as it is now");
}
