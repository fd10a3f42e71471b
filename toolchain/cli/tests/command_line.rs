//! The program as it is run: what it prints, its exit codes, and files that are cut, empty, random or hostile.
//!
//! If `FILIGREE_BUNDLE` names an official bundle, of network version 21 or later, the verbs that read bundles read it too.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const ACTOR: &str = r#"(module
    (import "vm" "exit" (func (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 2)
    (func $token::invoke (export "invoke") (param i32) (result i32) (i32.const 0))
    (@custom "filigree.schema" "{\"filigree\":1,\"actor\":\"Token\",\"state\":null,\"methods\":[{\"name\":\"Mint\",\"number\":\"7\",\"kind\":\"method\",\"params\":[],\"returns\":\"u64\"}]}"))"#;

struct Folder(tempfile::TempDir);

impl Folder {
    /// A folder with an actor `token.wasm`, and `bad.wasm`, which no host runs.
    fn new() -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        folder.write("token.wasm", &wat::parse_str(ACTOR).unwrap());
        let bad = ACTOR.replace("(i32.const 0)", "(drop (ref.null func)) (i32.const 0)");
        folder.write("bad.wasm", &wat::parse_str(bad).unwrap());
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    fn run(&self, line: &str) -> Output {
        run(self.0.path(), line)
    }

    /// Asserts success and gives what was printed.
    #[track_caller]
    fn prints(&self, line: &str) -> String {
        let output = self.run(line);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn json(&self, line: &str) -> serde_json::Value {
        serde_json::from_str(&self.prints(line)).unwrap()
    }

    /// Asserts exit code 1, a message with this in it, and no panic.
    #[track_caller]
    fn fails(&self, line: &str, part: &str) {
        let output = self.run(line);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{line}: {errors}");
        assert!(errors.contains(part), "{line}: {errors}");
        assert!(!errors.contains("panicked"), "{line}: {errors}");
    }
}

fn run(folder: &Path, line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_filigree-actor"))
        .args(line.split_whitespace())
        .current_dir(folder)
        .output()
        .unwrap()
}

#[test]
fn check_says_whether_and_where() {
    let folder = Folder::new();
    assert!(
        folder
            .prints("check token.wasm")
            .contains("token.wasm: passes at network version 28")
    );
    let output = folder.run("check token.wasm bad.wasm -n 18");
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("bad.wasm: FAILS at network version 18"),
        "{text}"
    );
    assert!(
        text.contains(
            "`ref.null`, which the host does not run [function 1 (token::invoke), byte 0x"
        ),
        "{text}"
    );
    let output = folder.run("check bad.wasm --json");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json[0]["findings"][0]["severity"], "refused");
    assert_eq!(json[0]["passes"], false);
    folder.fails("check token.wasm -n 99", "18 to 28");
    folder.fails("check none.wasm", "cannot read none.wasm");
}

#[test]
fn inspect_shows_sizes() {
    let folder = Folder::new();
    let text = folder.prints("inspect token.wasm");
    for part in [
        "vm::exit",
        "token::invoke",
        "2 pages of 64 KiB",
        "filigree.schema (custom)",
        "Schema: Token",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let json = folder.json("inspect token.wasm --json");
    assert_eq!(json["crates"][0]["crate"], "token");
    assert_eq!(json["schema"]["actor"], "Token");
}

#[test]
fn bundles_are_made_listed_and_compared() {
    let folder = Folder::new();
    folder.prints("bundle token.wasm other=bad.wasm --out one.car");
    folder.prints("bundle token.wasm other=bad.wasm --out two.car");
    let read = |name| std::fs::read(folder.path(name)).unwrap();
    assert_eq!(read("one.car"), read("two.car"));
    let list = folder.json("bundle ls one.car --json");
    assert_eq!(list["actors"][1]["name"], "other");
    assert_eq!(list["actors"][1]["number"], 2);
    folder.prints("bundle diff one.car two.car");
    folder.prints("bundle other=bad.wasm token=bad.wasm --out two.car");
    let output = folder.run("bundle diff one.car two.car");
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("~ token") && text.contains("# other  number 2 -> 1"),
        "{text}"
    );

    // The other verbs take bundles too.
    assert!(folder.prints("inspect one.car").contains("other"));
    assert!(
        folder
            .prints("inspect one.car --actor token")
            .contains("vm::exit")
    );
    assert_eq!(folder.run("check one.car").status.code(), Some(1));
    folder.fails("inspect one.car --actor none", "it has: token, other");
    folder.fails("schema one.car", "choose with --actor: token, other");
    folder.fails("bundle token.wasm token.wasm", "in the list twice");
    folder.fails("bundle ls token.wasm", "is one module");
}

/// Everything that can be asked of a network's bundle; gives the names of its actors.
#[track_caller]
fn reads_bundle(folder: &Folder, file: &Path, version: u32) -> Vec<String> {
    let bytes = std::fs::read(file).unwrap();
    let file = file.display();
    let list = folder.json(&format!("bundle ls {file} --json"));
    let root = cid::Cid::try_from(list["root"].as_str().unwrap()).unwrap();
    let header = &bytes[..100];
    assert!(header.windows(38).any(|part| part == root.to_bytes()));
    let checks = folder.json(&format!("check {file} --json -n {version}"));
    let text = folder.prints(&format!("inspect {file}"));
    let mut names = Vec::new();
    for (index, actor) in list["actors"].as_array().unwrap().iter().enumerate() {
        let name = actor["name"].as_str().unwrap();
        assert_eq!(actor["number"], index + 1);
        assert_eq!(checks[index]["actor"], name);
        assert_eq!(checks[index]["passes"], true);
        assert!(text.contains(name), "{name}: {text}");
        let inspected = folder.json(&format!("inspect {file} --actor {name} --json"));
        for key in ["code_cid", "size_bytes"] {
            assert_eq!(inspected[key], actor[key], "{name}");
        }
        names.push(name.to_owned());
    }
    let same = folder.json(&format!("bundle diff {file} {file} --json"));
    assert_eq!(same["changed"], serde_json::json!([]));
    names
}

#[test]
fn bundles_of_networks_are_read() {
    let folder = Folder::new();
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance/vectors");
    let bundle = |version| vectors.join(format!("bundle-from-nv{version}.car"));
    let expected = "system init cron account reward placeholder eam ethaccount";
    for version in [18, 21] {
        let names = reads_bundle(&folder, &bundle(version), version);
        assert_eq!(names.join(" "), expected);
    }
    let (old, new) = (bundle(18), bundle(21));
    let line = format!("bundle diff {} {} --json", old.display(), new.display());
    let output = folder.run(&line);
    assert_eq!(output.status.code(), Some(1));
    let diff: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let changed = diff["changed"].as_array().unwrap();
    let changed: Vec<&str> = changed
        .iter()
        .map(|c| c["name"].as_str().unwrap())
        .collect();
    assert_eq!(changed.join(" "), expected);
    if let Some(file) = std::env::var_os("FILIGREE_BUNDLE") {
        let names = reads_bundle(&folder, Path::new(&file), 28);
        assert_eq!(names[..2], ["system", "init"]);
    }
}

#[test]
fn schema_is_printed() {
    let folder = Folder::new();
    assert_eq!(
        folder.json("schema token.wasm")["methods"][0]["name"],
        "Mint"
    );
    assert!(
        folder
            .prints("schema token.wasm --typescript")
            .contains("Mint")
    );
    folder.write("none.wasm", &wat::parse_str("(module)").unwrap());
    folder.fails("schema none.wasm", "has no schema");
}

/// Every verb that reads a file, on files that are none.
#[test]
fn bad_files_are_refused_with_a_message() {
    let folder = Folder::new();
    folder.prints("bundle token.wasm --out good.car");
    let wasm = std::fs::read(folder.path("token.wasm")).unwrap();
    let car = std::fs::read(folder.path("good.car")).unwrap();
    let mut flipped = car.clone();
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    let noise: Vec<u8> = (0..4096u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let files: [(&str, Vec<u8>); 8] = [
        ("empty", Vec::new()),
        ("text", b"hello, world\n".to_vec()),
        ("noise", noise.clone()),
        ("cut.wasm", wasm[..wasm.len() - 5].to_vec()),
        ("noise.wasm", [b"\0asm\x01\0\0\0", &noise[..]].concat()),
        ("cut.car", car[..car.len() - 5].to_vec()),
        ("flipped.car", flipped),
        (
            "endless.car",
            b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f".to_vec(),
        ),
    ];
    for (name, bytes) in &files {
        folder.write(name, bytes);
        for line in [
            format!("inspect {name}"),
            format!("inspect {name} --json"),
            format!("schema {name}"),
            format!("bundle ls {name}"),
            format!("bundle diff good.car {name}"),
            format!("bundle diff {name} good.car"),
            format!("bundle {name} --out made.car"),
            format!("verify --against {name}"),
            format!("upgrade rehearse --state {name} --actor Token --new token.wasm"),
            format!("upgrade rehearse --state good.car --actor Token --new {name}"),
        ] {
            folder.fails(&line, "error: ");
        }
        let output = folder.run(&format!("check {name}"));
        assert_eq!(output.status.code(), Some(1), "check {name}");
        assert!(
            !String::from_utf8_lossy(&output.stderr).contains("panicked"),
            "check {name}"
        );
    }
    assert!(!folder.path("made.car").exists());
    folder.fails("inspect .", "cannot read .");
}

#[test]
fn failures_of_projects_are_said() {
    let folder = Folder::new();
    folder.fails(
        "build",
        "has none in it; give the folder of an actor's crate",
    );
    folder.fails(
        "verify --against bafk2bzaced3klw7qqdu4tv4difcwko6ojsgn5vromzgx3xg3lrjg6wdxabwxi",
        "no Cargo.toml",
    );
    folder.fails("new Token", "cannot be a crate");
    folder.fails("new token --checkout .", "no sdk/actor");
    assert!(!folder.path("token").exists());
}
