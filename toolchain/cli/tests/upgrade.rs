//! `upgrade rehearse` as it is run: counters of the first version over to the second.

use std::path::PathBuf;
use std::process::{Command, Output};

use cid::Cid;
use example_counter::CounterClient;
use filigree_build::car::{self, Car};
use filigree_sandbox::{Sandbox, wasm_of};
use fvm_ipld_encoding::IPLD_RAW;
use fvm_shared::econ::TokenAmount;

/// Counters in the state, f0101 to f0150.
const COUNTERS: u64 = 50;

/// The one whose state is damaged.
const DAMAGED: u64 = 117;

struct Folder(tempfile::TempDir);

impl Folder {
    /// A folder with `state.car`, `v1.wasm` and `v2.wasm`.
    fn new() -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        let v1 = wasm_of!("../../sdk/examples/counter");
        let v2 = wasm_of!("../../sdk/examples/counter-v2");
        let mut sandbox = Sandbox::new();
        let alice = sandbox.account(TokenAmount::from_whole(10));
        let code = sandbox.install(v1);
        for by in 0..COUNTERS {
            let construction = CounterClient::new(alice.address);
            let counter = CounterClient::at(sandbox.deploy(&code, construction).ok());
            sandbox.call(alice, counter.increment(by * by)).ok();
        }
        sandbox.set_state(DAMAGED, &(alice.id, "seventeen"));
        sandbox.save(folder.path("state.car")).unwrap();
        std::fs::write(folder.path("v1.wasm"), v1).unwrap();
        std::fs::write(folder.path("v2.wasm"), v2).unwrap();
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, line: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_filigree-actor"))
            .args(["upgrade", "rehearse"])
            .args(line.split_whitespace())
            .current_dir(self.0.path())
            .output()
            .unwrap()
    }

    /// Asserts the exit code; gives what was printed.
    #[track_caller]
    fn prints(&self, line: &str, code: i32) -> String {
        let output = self.run(line);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{line}: {errors}");
        assert!(!errors.contains("panicked"), "{line}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Asserts exit code 1 and a message with this in it.
    #[track_caller]
    fn fails(&self, line: &str, part: &str) {
        let output = self.run(line);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{line}: {errors}");
        assert!(errors.contains(part), "{line}: {errors}");
        assert!(!errors.contains("panicked"), "{line}: {errors}");
    }
}

#[test]
fn all_counters_are_upgraded_and_the_file_stays_as_it_is() {
    let folder = Folder::new();
    let before = std::fs::read(folder.path("state.car")).unwrap();
    let line = "--state state.car --actor Counter --new v2.wasm --params 5 --invariant Value";
    let text = folder.prints(line, 1);
    for part in [
        "50 actors: 1 FAILED, 49 passed",
        "f0117 FAILED",
        "exit code 21 (USR_SERIALIZATION): malformed DAG-CBOR",
        "f0101 passed",
        "  + step_limit: 5",
        "gas: least ",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("f0150 passed"), "{text}");
    let full = folder.prints(&format!("{line} --full --threads 3"), 1);
    assert!(
        full.contains("f0150 passed") && full.contains("with 3 threads"),
        "{full}"
    );

    let json = folder.prints(
        "--state state.car --old v1.wasm --new v2.wasm --params 5 --json",
        1,
    );
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["passed"], &json["failed"]), (&49.into(), &1.into()));
    let last = &json["actors"][49];
    assert_eq!(last["after"]["value"], 49 * 49);
    assert_eq!(last["changes"][1]["path"], "step_limit");
    assert_eq!(json["actors"][16]["exit_code"], 21);

    assert_eq!(std::fs::read(folder.path("state.car")).unwrap(), before);
    let files = std::fs::read_dir(folder.0.path()).unwrap().count();
    assert_eq!(files, 3);
}

#[test]
fn one_actor_is_upgraded_to_a_project_that_is_built() {
    let folder = Folder::new();
    let project = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sdk/examples/counter-v2");
    let options = "--offline --quiet --state state.car --address f0102 --params 7";
    let text = folder.prints(&format!("{project} {options}"), 0);
    assert!(text.contains("1 actors: all passed"), "{text}");
    assert!(text.contains("+ step_limit: 7"), "{text}");
}

#[test]
fn a_bare_state_will_do() {
    let folder = Folder::new();
    let saved = Sandbox::load(folder.path("state.car")).unwrap();
    let bytes = std::fs::read(folder.path("state.car")).unwrap();
    let read = Car::read(&bytes).unwrap();
    let blocks: Vec<_> = read.blocks.iter().map(|b| (b.cid, b.data)).collect();
    let bare = car::write(*saved.state_root(), blocks);
    std::fs::write(folder.path("bare.car"), bare).unwrap();
    // Nobody installed the code there: its name is in its Wasm.
    let line = "--state bare.car --actor Counter --new v2.wasm --params 5 -n 25";
    assert!(folder.prints(line, 1).contains("1 FAILED, 49 passed"));

    // Without the code of the network's actors, and without their list.
    let (list,): (Cid,) = saved.state(0);
    let of_network = |cid: &Cid| cid.codec() == IPLD_RAW || *cid == list;
    let blocks = || read.blocks.iter().map(|b| (b.cid, b.data));
    let bare = blocks().filter(|(cid, _)| !of_network(cid));
    let bundle = blocks().filter(|(cid, _)| of_network(cid));
    std::fs::write(
        folder.path("bare.car"),
        car::write(*saved.state_root(), bare),
    )
    .unwrap();
    std::fs::write(folder.path("bundle.car"), car::write(list, bundle)).unwrap();
    folder.fails(line, "`--bundle FILE`");
    let line = format!("{line} --bundle bundle.car");
    assert!(folder.prints(&line, 1).contains("1 FAILED, 49 passed"));
}

#[test]
fn what_cannot_be_rehearsed_is_told() {
    let folder = Folder::new();
    let state = "--state state.car";
    folder.fails(
        &format!("{state} --actor Token --new v2.wasm"),
        "no actor runs code called Token; there are:",
    );
    folder.fails(
        &format!("{state} --actor Token --new v2.wasm"),
        ", 50 actors",
    );
    folder.fails(
        &format!("{state} --old v2.wasm --new v2.wasm"),
        "no actor runs the code ",
    );
    folder.fails(
        &format!("{state} --old v9.wasm --new v2.wasm"),
        "is no file and no code CID",
    );
    folder.fails(
        &format!("{state} --address f09 --new v2.wasm"),
        "there is no actor f09",
    );
    folder.fails(
        &format!("{state} --actor Counter --new v1.wasm"),
        "exports no `upgrade`",
    );
    folder.fails(
        &format!("{state} --actor Counter --new state.car"),
        "is no Wasm and no bundle",
    );
    folder.fails(
        &format!("{state} --actor Counter --new v2.wasm --params true"),
        "parameters of the upgrade: ",
    );
    folder.fails(
        &format!("{state} --actor Counter --new v2.wasm --invariant Sound"),
        "invariant Sound: Counter has no method Sound",
    );
    folder.fails(
        "--state v1.wasm --actor Counter --new v2.wasm",
        "not a CAR file",
    );
    folder.fails(
        "--state none.car --actor Counter --new v2.wasm",
        "none.car: No such file",
    );
    let bytes = std::fs::read(folder.path("state.car")).unwrap();
    std::fs::write(folder.path("cut.car"), &bytes[..bytes.len() - 7]).unwrap();
    folder.fails(
        "--state cut.car --actor Counter --new v2.wasm",
        "the CAR is cut off",
    );
    folder.fails(
        &format!("{state} --actor Counter --new v2.wasm -n 99"),
        "18 to 28",
    );

    // Misuse.
    for line in [
        "",
        state,
        "--state state.car --actor A --old B --new v2.wasm",
        "--state s --address x --new n",
    ] {
        assert_eq!(folder.run(line).status.code(), Some(2), "{line}");
    }
}
