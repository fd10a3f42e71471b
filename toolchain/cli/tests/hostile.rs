//! Damaged and hostile files given to the program as it is run: every verb that reads files ends with 0 or 1, says why it
//! ends with 1, and never panics. And whatever fails leaves what an earlier run made.
//!
//! States given to `trace` and `profile` are in `calls`, those of `upgrade` in `command_line`, reports in `gas`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const ACTOR: &str = r#"(module
    (import "vm" "exit" (func $exit (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 2)
    (table 4 funcref) (elem (i32.const 1) func $f)
    (global $g (mut i64) (i64.const 3))
    (func $f (param i32 i64) (result i32)
        (block (loop (br_if 1 (local.get 0)) (br_table 0 1 (i32.const 0))))
        (memory.fill (i32.const 0) (i32.const 0) (local.get 0))
        (i32.const 7))
    (func $token::invoke (export "invoke") (param i32) (result i32)
        (call_indirect (param i32 i64) (result i32) (local.get 0) (global.get $g) (i32.const 1)))
    (data (i32.const 100) "some data")
    (@custom "filigree.schema" "{\"filigree\":1,\"actor\":\"Token\",\"state\":null,\"methods\":[{\"name\":\"Mint\",\"number\":\"7\",\"kind\":\"method\",\"params\":[],\"returns\":\"u64\"}]}"))"#;

const TOOLCHAIN: &str =
    "[toolchain]\nchannel = \"1.95.0\"\ntargets = [\"wasm32-unknown-unknown\"]\n";

/// An actor that needs no other crate.
const LIBRARY: &str =
    "#[cfg(filigree_entry)]\n#[unsafe(no_mangle)]\nextern \"C\" fn invoke(_: u32) -> u32 { 0 }\n";

/// A folder with a good module, a good bundle of it, and a project.
struct Folder {
    folder: tempfile::TempDir,
    wasm: Vec<u8>,
    car: Vec<u8>,
}

impl Folder {
    fn new() -> Self {
        let mut folder = Folder {
            folder: tempfile::tempdir().unwrap(),
            wasm: wat::parse_str(ACTOR).unwrap(),
            car: Vec::new(),
        };
        folder.write("good.wasm", &folder.wasm);
        folder.ends("bundle one=good.wasm two=good.wasm --out good.car", 0);
        folder.car = std::fs::read(folder.path("good.car")).unwrap();
        for (file, text) in [
            (
                "project/Cargo.toml",
                "[package]\nname = \"small\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n",
            ),
            (
                "project/Cargo.lock",
                "version = 4\n\n[[package]]\nname = \"small\"\nversion = \"0.1.0\"\n",
            ),
            ("project/rust-toolchain.toml", TOOLCHAIN),
            ("project/src/lib.rs", LIBRARY),
        ] {
            folder.write(file, text.as_bytes());
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// Runs a line, which must not panic; a failure must say something.
    #[track_caller]
    fn run(&self, line: &str) -> Output {
        let output = Command::new(env!("CARGO_BIN_EXE_filigree-actor"))
            .args(line.split_whitespace())
            .current_dir(self.folder.path())
            .env("FILIGREE_CACHE", self.path("cache"))
            .env_remove("CARGO_TARGET_DIR")
            .output()
            .unwrap();
        let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
        let code = output.status.code();
        assert!(matches!(code, Some(0 | 1)), "{line}: {code:?} {err}");
        assert!(!err.contains("panicked"), "{line}: {err}");
        if code == Some(1) {
            let is_said = [
                "error: ",
                "FAILS",
                "\"passes\": false",
                "differ",
                "~ ",
                "- ",
                "+ ",
                "NOT as recorded",
            ];
            let is_said = is_said
                .iter()
                .any(|part| out.contains(part) || err.contains(part));
            assert!(is_said, "{line}: {out}{err}");
        }
        output
    }

    /// `verify` refuses the file before it asks for a project.
    #[track_caller]
    fn is_nothing_to_verify_against(&self, file: &str) {
        let output = self.run(&format!("verify none --against {file}"));
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1));
        assert!(err.contains("--against") && err.contains(file), "{err}");
    }

    #[track_caller]
    fn ends(&self, line: &str, code: i32) {
        let output = self.run(line);
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{line}: {err}");
    }
}

/// The same numbers in every run (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % below as u64) as usize
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next(256) as u8).collect()
    }
}

/// Lines in which every verb that reads modules or bundles, and starts no compiler, reads this one.
fn lines(file: &str) -> [String; 9] {
    [
        format!("check {file}"),
        format!("check {file} --json -n 18"),
        format!("inspect {file}"),
        format!("inspect {file} --json"),
        format!("schema {file} --typescript"),
        format!("bundle {file} --out made.car"),
        format!("bundle ls {file}"),
        format!("bundle diff good.car {file}"),
        format!("bundle diff {file} good.car"),
    ]
}

#[test]
fn flipped_bits_in_a_module() {
    let folder = Folder::new();
    let mut numbers = Numbers(1);
    for n in 0..24 {
        let mut bytes = folder.wasm.clone();
        for _ in 0..=numbers.next(3) {
            let at = numbers.next(bytes.len());
            bytes[at] ^= 1 << numbers.next(8);
        }
        folder.write("bad.wasm", &bytes);
        for line in lines("bad.wasm") {
            folder.run(&line);
        }
        // Each starts a compiler.
        if n < 3 {
            folder.ends("verify project --offline --against bad.wasm", 1);
        }
    }
}

#[test]
fn any_flipped_bit_in_a_bundle_is_seen() {
    let folder = Folder::new();
    let mut numbers = Numbers(2);
    for _ in 0..16 {
        let mut bytes = folder.car.clone();
        let at = numbers.next(bytes.len());
        bytes[at] ^= 1 << numbers.next(8);
        folder.write("bad.car", &bytes);
        for line in lines("bad.car") {
            folder.ends(&line, 1);
        }
        folder.is_nothing_to_verify_against("bad.car");
    }
}

#[test]
fn cut_files_and_noise() {
    let folder = Folder::new();
    let mut numbers = Numbers(3);
    let mut files = Vec::new();
    for _ in 0..6 {
        files.push(folder.wasm[..numbers.next(folder.wasm.len())].to_vec());
        files.push(folder.car[..numbers.next(folder.car.len())].to_vec());
        let count = numbers.next(2_000);
        files.push(numbers.bytes(count));
        files.push([b"\0asm\x01\0\0\0", &numbers.bytes(100)[..]].concat());
        files.push([&folder.car[..60], &numbers.bytes(100)[..]].concat());
    }
    for bytes in files {
        folder.write("bad", &bytes);
        for line in lines("bad") {
            // What is left of a module may be one, as long as nothing wants to run it.
            match line.starts_with("inspect") || line.starts_with("bundle bad") {
                true => drop(folder.run(&line)),
                false => folder.ends(&line, 1),
            }
        }
        if !bytes.starts_with(b"\0asm") {
            folder.is_nothing_to_verify_against("bad");
        }
    }
}

/// What is done to a file: a bit flipped, or cut.
fn damage(whole: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    let at = numbers.next(bytes.len());
    match numbers.next(2) {
        0 => bytes.truncate(at),
        _ => bytes[at] ^= 1 << numbers.next(8),
    }
    bytes
}

#[test]
fn vectors_and_bundles_of_networks() {
    let folder = Folder::new();
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/conformance/vectors");
    let read = |name: &str| std::fs::read(vectors.join(name)).unwrap();
    let (vector, bundle) = (read("nv21-failures.json"), read("bundle-from-nv21.car"));
    folder.write("vector.json", &vector);
    folder.write("bundle.car", &bundle);
    folder.ends("trace --vector vector.json --bundle bundle.car", 0);
    let mut numbers = Numbers(4);
    let mut unharmed = 0;
    for _ in 0..40 {
        folder.write("bad.json", &damage(&vector, &mut numbers));
        let output = folder.run("trace --vector bad.json --bundle bundle.car");
        unharmed += usize::from(output.status.success());
        folder.write("bad.car", &damage(&bundle, &mut numbers));
        folder.ends("trace --vector vector.json --bundle bad.car", 1);
    }
    // A bit of a name, or in the description.
    assert!(unharmed < 10, "{unharmed} of 40 damaged vectors pass");

    for bytes in [
        &b""[..],
        b"{}",
        b"[",
        b"\xff\xfe",
        &[b'['; 100_000],
        b"{\"class\":\"\\u001b[2J\"}",
        &bundle,
    ] {
        folder.write("bad.json", bytes);
        let output = folder.run("trace --vector bad.json --bundle bundle.car");
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(err.contains("bad.json") && !err.contains('\x1b'), "{err:?}");
        let code = i32::from(*bytes != *bundle);
        folder.ends("trace --vector vector.json --bundle bad.json", code);
    }
}

#[test]
fn what_fails_leaves_what_was_made_before() {
    let folder = Folder::new();
    let read = |name: &str| std::fs::read(folder.path(name)).unwrap();
    folder.ends("build project --offline --out small.wasm", 0);
    folder.ends("bundle project --offline --out small.car", 0);
    folder.ends("verify project --offline --against small.wasm", 0);
    let before = ["small.wasm", "small.car"].map(read);

    // A project that does not compile.
    folder.write("project/src/lib.rs", b"fn broken( {");
    folder.ends("build project --offline --out small.wasm", 1);
    folder.ends("bundle project --offline --out small.car", 1);
    folder.ends("bundle good.wasm project --offline --out small.car", 1);
    folder.ends("verify project --offline --against small.wasm", 1);
    // Files that are none.
    folder.write("bad.wasm", b"\0asm\x01\0\0\0\x01\xff");
    folder.ends("bundle good.wasm bad.wasm --out small.car", 1);
    folder.ends("bundle good.wasm none.wasm --out small.car", 1);
    assert_eq!(before, ["small.wasm", "small.car"].map(read));

    // Another actor is told from what it was.
    folder.write(
        "project/src/lib.rs",
        LIBRARY.replace("{ 0 }", "{ 77 }").as_bytes(),
    );
    folder.ends("verify project --offline --against small.wasm", 1);
    assert_eq!(before, ["small.wasm", "small.car"].map(read));
    folder.ends("build project --offline --out small.wasm", 0);
    assert_ne!(before[0], read("small.wasm"));
}
