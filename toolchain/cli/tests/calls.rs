//! `profile` and `trace` as they are run: one call on a saved sandbox, the tests of a project, a conformance vector.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use filigree_conformance::vector::VectorFile;
use filigree_sandbox::{Sandbox, wasm};
use filigree_sdk::call::Construction;
use fvm_ipld_encoding::CBOR;
use fvm_ipld_encoding::ipld_block::IpldBlock;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use serde_json::{Value, json};

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The saved sandbox: alice has deployed a counter. Its id, and the file's bytes.
fn saved() -> &'static (String, Vec<u8>) {
    static SAVED: OnceLock<(String, Vec<u8>)> = OnceLock::new();
    SAVED.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sandbox.car");
        let mut sandbox = Sandbox::new();
        let alice = sandbox.account(TokenAmount::from_whole(5));
        let mallory = sandbox.account(TokenAmount::from_whole(5));
        sandbox.label(alice, "alice");
        sandbox.label(mallory, "mallory\x1b[2J");
        let code = sandbox.install(wasm::of(root().join("sdk/examples/counter")));
        let owner = fvm_ipld_encoding::to_vec(&alice.address).unwrap();
        let params = Some(IpldBlock {
            codec: CBOR,
            data: owner,
        });
        let counter = sandbox.deploy(&code, Construction { params }).ok();
        sandbox.save(&file).unwrap();
        let id = Address::new_id(sandbox.id(counter)).to_string();
        (id, std::fs::read(file).unwrap())
    })
}

struct Folder(tempfile::TempDir);

impl Folder {
    /// A folder with `sandbox.car`.
    fn new() -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        std::fs::write(folder.path("sandbox.car"), &saved().1).unwrap();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs a line in which `COUNTER` is the counter.
    fn run(&self, line: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_filigree-actor"))
            .args(line.replace("COUNTER", &saved().0).split_whitespace())
            .current_dir(self.0.path())
            .env_remove("NO_COLOR")
            .output()
            .unwrap()
    }

    #[track_caller]
    fn prints(&self, line: &str) -> String {
        let output = self.run(line);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.prints(line)).unwrap()
    }

    /// Asserts an exit code, a message with this in it, and no panic.
    #[track_caller]
    fn ends(&self, code: i32, line: &str, part: &str) {
        let output = self.run(line);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{line}: {errors}");
        assert!(errors.contains(part), "{line}: {errors}");
        assert!(!errors.contains("panicked"), "{line}: {errors}");
    }
}

const CALL: &str = "--state sandbox.car --to COUNTER --method Increment --params 5";

#[test]
fn trace_shows_names_parameters_returns_and_events() {
    let folder = Folder::new();
    let text = folder.prints(&format!("trace {CALL}"));
    let counter = &saved().0;
    for part in [
        &format!("alice(f0100) → Counter({counter}).Increment {{\"by\":5}}"),
        "└─ ← 5",
        &format!("event of Counter({counter}): incremented {{\"by\":5}}"),
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains('\x1b'), "no terminal, no colours: {text}");
    let coloured = folder.prints(&format!("trace {CALL} --color always"));
    assert!(coloured.contains("\x1b["), "{coloured}");
    // What the call did was forgotten.
    assert_eq!(folder.prints(&format!("trace {CALL}")), text);
    assert_eq!(
        std::fs::read(folder.path("sandbox.car")).unwrap(),
        saved().1
    );
}

#[test]
fn trace_as_json_and_of_calls_that_fail() {
    let folder = Folder::new();
    let tree = folder.json(&format!("trace {CALL} --from f0101 --json"));
    assert_eq!(tree["call"]["method"], "Increment");
    assert_eq!(tree["call"]["params"], json!({ "by": 5 }));
    assert_eq!(tree["call"]["exit_code"], 18);
    assert_eq!(tree["call"]["message"], "only the owner may count");
    assert_eq!(tree["events"], json!([]));
    let text = folder.prints(&format!("trace {CALL} --from f0101"));
    assert!(text.starts_with("mallory\\u{1b}[2J(f0101)"), "{text}");
    // By number, without a schema: a send, which makes an account.
    let send = "trace --state sandbox.car --to f1abjxfbp274xpdqcpuaykwkfb43omjotacm2p3za --method 0 --value 1.5FIL --json";
    let tree = folder.json(send);
    assert_eq!(tree["call"]["value"], "1500000000000000000");
    assert_eq!(tree["call"]["exit_code"], 0);
}

#[test]
fn profile_draws_the_call_with_the_gas_of_its_receipt() {
    let folder = Folder::new();
    let names = root().join("sdk/examples/counter");
    let names = names.display();
    let line = format!("profile {CALL} --folded out.folded --json -o out.svg --names {names}");
    let profile = folder.json(&line);
    let tree = folder.json(&format!("trace {CALL} --json"));
    assert_eq!(profile["gas"], tree["gas"]);
    assert_eq!(profile["exit_code"], 0);
    let own = profile["functions"].as_array().unwrap().iter();
    let own: u64 = own.map(|f| f["own"].as_u64().unwrap()).sum();
    assert_eq!(tree["gas"], own);

    let svg = std::fs::read_to_string(folder.path("out.svg")).unwrap();
    for part in [
        "<svg",
        "Counter.Increment",
        "filigree_sdk::",
        "syscall ipld::block_link",
    ] {
        assert!(svg.contains(part), "{part}");
    }
    let folded = std::fs::read_to_string(folder.path("out.folded")).unwrap();
    assert!(folded.contains("Counter.Increment;invoke;"), "{folded}");
    assert!(!folded.contains("function "), "{folded}");
    // The same again, byte by byte.
    folder.prints(&line);
    assert_eq!(
        std::fs::read_to_string(folder.path("out.svg")).unwrap(),
        svg
    );

    // Without the source there are numbers, and advice.
    folder.ends(0, &format!("profile {CALL}"), "--names");
    assert!(folder.path("profile.svg").exists());
    // A call that runs out of gas is profiled too.
    let short = folder.json(&format!("profile {CALL} --gas-limit 1500000 --json"));
    assert_eq!(
        (&short["exit_code"], &short["gas"]),
        (&json!(7), &json!(1_500_000))
    );
}

#[test]
fn what_cannot_be_called_is_said() {
    let folder = Folder::new();
    let call = |rest: &str| format!("trace --state sandbox.car --to COUNTER {rest}");
    folder.ends(1, &call("--method Incremnt"), "Increment");
    folder.ends(1, &call("--method Increment"), "by (u64)");
    folder.ends(1, &call("--method Increment --params five"), "not JSON");
    folder.ends(1, &call("--method Increment --params -5"), "found -5");
    folder.ends(1, &call("--method Value --from f0777"), "f0777");
    folder.ends(1, &call(""), "--method");
    folder.ends(
        1,
        "trace --state sandbox.car --to f0999 --method 2",
        "f0999",
    );
    folder.ends(
        1,
        "trace --state none.car --to f0999 --method 2",
        "none.car",
    );
    folder.ends(
        1,
        &format!("profile {CALL} --gas-limit 5"),
        "refused before it ran",
    );
    folder.ends(
        1,
        &format!("profile {CALL} --only Token"),
        "Counter.Increment",
    );
    folder.ends(
        1,
        &format!("profile {CALL} --names sandbox.car"),
        "not a WebAssembly module",
    );
    folder.ends(2, "trace --to f0999", "--state");
    folder.ends(
        2,
        "trace --state sandbox.car --to nobody --method 2",
        "no address",
    );
    folder.ends(
        2,
        &format!("profile {CALL} --test x"),
        "cannot be used with",
    );
    folder.ends(2, "profile", "--state");
    for option in [
        "bundle a.car",
        "to f01",
        "method x",
        "gas-limit 1",
        "names .",
    ] {
        folder.ends(2, &format!("profile --all-tests --{option}"), "--all-tests");
    }
    folder.ends(
        1,
        &call("--method Value --bundle none.car"),
        "the bundle none.car: No such file",
    );
}

#[test]
fn damaged_states_are_refused_without_panic() {
    let folder = Folder::new();
    let whole = &saved().1;
    let mut ran = 0;
    for n in 0..24 {
        let mut bytes = whole.clone();
        if n % 2 == 0 {
            bytes.truncate(whole.len() * n / 24);
        } else {
            bytes[whole.len() * n / 24] ^= 0x55;
        }
        std::fs::write(folder.path("sandbox.car"), bytes).unwrap();
        let output = folder.run(&format!("trace {CALL}"));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!errors.contains("panicked"), "{n}: {errors}");
        match output.status.code() {
            // What was flipped was not needed.
            Some(0) => ran += 1,
            code => {
                assert_eq!(code, Some(1), "{n}: {errors}");
                assert!(errors.starts_with("error: "), "{n}: {errors}");
            }
        }
    }
    assert!(ran < 12, "{ran} of 24 damaged files did no harm");
}

/// A project whose test writes to the file as a sandbox does, so that nothing has to be compiled for it.
fn mock_project(folder: &Folder) {
    let write = |name: &str, text: &str| {
        let path = folder.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "mock/Cargo.toml",
        "[package]\nname = \"mock\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n",
    );
    write(
        "mock/src/lib.rs",
        r#"
        #[cfg(test)]
        fn call(line: &str) {
            use std::io::Write;
            let file = std::env::var_os("FILIGREE_PROFILE").unwrap();
            let file = std::fs::OpenOptions::new().create(true).append(true).open(file);
            // In one write: tests that append at once do not mix.
            file.unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
        }
        #[test]
        fn mints() {
            call("Token.Mint;token::mint;syscall send::send;Bank.Pay;bank::pay 70");
            call("Token.Mint;host OnChainMessage 30");
        }
        #[test]
        fn pays() {
            call("Bank.Pay;bank::pay 5");
        }
        #[test]
        fn calls_nobody() {}
        #[test]
        #[ignore]
        fn breaks() {
            panic!("on purpose");
        }
        "#,
    );
}

#[test]
fn profile_runs_tests_and_takes_calls_out() {
    let folder = Folder::new();
    mock_project(&folder);
    let gas = |line: &str| folder.json(&format!("{line} --json"))["gas"].clone();
    assert_eq!(gas("profile mock --all-tests"), 105);
    assert_eq!(gas("profile mock --test mints"), 100);
    assert_eq!(gas("profile mock --all-tests --only Bank"), 75);
    assert_eq!(gas("profile mock --all-tests --only Token.Mint"), 100);
    let text = folder.prints("profile mock --test mints --top 1 --out made/it.svg");
    let rows = text
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let row = ["70", "70.0", "%", "70", "70.0", "%", "bank::pay"];
    assert!(rows.into_iter().any(|found| found == row), "{text}");
    assert!(
        text.contains("100 gas in all") && !text.contains("OnChainMessage"),
        "{text}"
    );
    let svg = std::fs::read_to_string(folder.path("made/it.svg")).unwrap();
    assert!(svg.contains("Gas of tests with &quot;mints&quot;"), "{svg}");
    folder.ends(
        1,
        "profile mock --test nobody",
        "no such test called an actor",
    );
    folder.ends(1, "profile none --all-tests", "name a project's folder");
}

/// A vector of the repository, and the bundle it was recorded with.
const VECTOR: &str = "tests/conformance/vectors/nv21-failures.json";
const BUNDLE: &str = "tests/conformance/vectors/bundle-from-nv21.car";

#[test]
fn trace_shows_vectors_and_whether_they_are_as_recorded() {
    let folder = Folder::new();
    let (vector, bundle) = (root().join(VECTOR), root().join(BUNDLE));
    let line = format!(
        "trace --vector {} --bundle {}",
        vector.display(),
        bundle.display()
    );
    let text = folder.prints(&line);
    assert!(
        text.contains("receipts and state are as recorded"),
        "{text}"
    );
    assert!(
        text.contains("message 0: recorded were exit code"),
        "{text}"
    );
    let shown = folder.json(&format!("{line} --json"));
    assert_eq!(shown[0]["matches"], true);
    let mut recorded: VectorFile =
        serde_json::from_slice(&std::fs::read(&vector).unwrap()).unwrap();
    let receipts = &recorded.postconditions.receipts;
    let messages = shown[0]["messages"].as_array().unwrap();
    assert_eq!(messages.len(), receipts.len());
    for (message, receipt) in messages.iter().zip(receipts) {
        assert_eq!(message["gas"], receipt.gas_used);
    }

    recorded.postconditions.receipts[0].gas_used += 1;
    let tampered = serde_json::to_vec(&recorded).unwrap();
    std::fs::write(folder.path("tampered.json"), tampered).unwrap();
    let output = folder.run(&format!(
        "trace --vector tampered.json --bundle {}",
        bundle.display()
    ));
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("tampered") && text.contains("NOT as recorded"),
        "{text}"
    );
    assert!(text.contains("message 0: gas"), "{text}");

    folder.ends(
        1,
        &format!("trace --vector {}", vector.display()),
        "--bundle",
    );
    folder.ends(1, &format!("{line} --variant none"), "it has: ");
    folder.ends(1, "trace --vector sandbox.car", "not a vector");
    folder.ends(1, "trace --vector .", "a folder");
}
