//! Sandboxes go to files and come back; forks read a network's state and leave the file as it is.

use example_counter::{Counter, CounterClient};
use filigree_sandbox::{Account, Sandbox, wasm_of};
use filigree_sdk::prelude::*;
use fvm_ipld_blockstore::Blockstore;

fn sandbox() -> (Sandbox, Account, CounterClient) {
    let mut sandbox = Sandbox::builder()
        .base_fee(TokenAmount::from_atto(100))
        .seed(3)
        .build();
    let alice = sandbox.account(TokenAmount::from_whole(10));
    sandbox.label(alice, "alice");
    let code = sandbox.install(wasm_of!("../examples/counter"));
    let counter = CounterClient::at(
        sandbox
            .deploy(&code, CounterClient::new(alice.address))
            .ok(),
    );
    sandbox.call(alice, counter.increment(5)).ok();
    sandbox.advance(7);
    (sandbox, alice, counter)
}

#[test]
fn what_is_saved_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made/sandbox.car");
    let (mut before, alice, counter) = sandbox();
    before.save(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let mut after = Sandbox::load(&path).unwrap();
    assert_eq!(after.state_root(), before.state_root());
    assert_eq!(
        (after.epoch(), after.timestamp()),
        (before.epoch(), before.timestamp())
    );
    assert_eq!(after.base_fee(), before.base_fee());

    // They go on alike, traces with names and all.
    let calls = [
        before.call(alice, counter.increment(1)),
        after.call(alice, counter.increment(1)),
    ];
    let [one, other] = calls.map(|outcome| {
        (
            outcome.receipt().clone(),
            outcome.trace().plain(),
            outcome.ok(),
        )
    });
    assert_eq!(one, other);
    assert!(
        one.1.starts_with("alice(f0100) → Counter(f0101).Increment"),
        "{}",
        one.1
    );
    assert_eq!(
        before.account(TokenAmount::default()),
        after.account(TokenAmount::default())
    );
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[test]
fn native_code_is_installed_again_after_loading() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sandbox.car");
    let mut sandbox = Sandbox::new();
    let alice = sandbox.account(TokenAmount::from_whole(10));
    let code = sandbox.install_native::<Counter>();
    let counter = CounterClient::at(
        sandbox
            .deploy(&code, CounterClient::new(alice.address))
            .ok(),
    );
    sandbox.save(&path).unwrap();
    let mut sandbox = Sandbox::load(&path).unwrap();
    assert_eq!(sandbox.install_native::<Counter>(), code);
    assert_eq!(sandbox.call(alice, counter.increment(1)).ok(), 1);
}

#[test]
fn a_fork_goes_on_from_a_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("sandbox.car");
    let (sandbox, alice, counter) = sandbox();
    sandbox.save(&saved).unwrap();

    // A snapshot as nodes export them: its root is the last block's header, which names the state.
    let header = |root| {
        let parents: Vec<Cid> = Vec::new();
        let text = ("f01000", (0_u8, 1_u8));
        let left = (text, (), (), (), (), parents, Bytes(vec![0, 1]));
        let ((a, b), c, d, e, f, g, h) = left;
        let fee = TokenAmount::from_atto(250);
        (
            a,
            b,
            c,
            d,
            e,
            g,
            h,
            3_000_000_i64,
            root,
            f,
            (),
            (),
            1_700_000_000_u64,
            (),
            0_u64,
            fee,
        )
    };
    let header = fvm_ipld_encoding::to_vec(&header(*sandbox.state_root())).unwrap();
    let store = fvm_ipld_blockstore::MemoryBlockstore::new();
    let head = store
        .put(
            multihash_codetable::Code::Blake2b256,
            &fvm_ipld_blockstore::Block::new(0x71, &header),
        )
        .unwrap();
    let bytes = std::fs::read(&saved).unwrap();
    let car = filigree_build::car::Car::read(&bytes).unwrap();
    let mut blocks: Vec<(Cid, &[u8])> = car
        .blocks
        .iter()
        .map(|block| (block.cid, block.data))
        .collect();
    blocks.push((head, &header));
    let snapshot = folder.path().join("snapshot.car");
    let bytes = filigree_build::car::write(head, blocks);
    std::fs::write(&snapshot, &bytes).unwrap();

    let mut fork = Sandbox::fork(&snapshot).unwrap();
    assert_eq!((fork.epoch(), fork.timestamp()), (3_000_000, 1_700_000_000));
    assert_eq!(fork.base_fee(), &TokenAmount::from_atto(250));
    assert_eq!(fork.call(alice, counter.increment(2)).ok(), 7);
    assert_eq!(std::fs::read(&snapshot).unwrap(), bytes);
    assert_eq!(
        Sandbox::fork(&snapshot)
            .unwrap()
            .state::<Counter>(counter.address)
            .value,
        5
    );
    // A saved sandbox can be forked too.
    assert_eq!(Sandbox::fork(&saved).unwrap().epoch(), sandbox.epoch());

    let error = Sandbox::load(&snapshot).err().unwrap().to_string();
    assert!(error.contains("not a saved sandbox"), "{error}");
}

#[test]
fn files_that_are_something_else_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let error = Sandbox::fork(&path).err().unwrap().to_string();
    assert!(error.contains("file: No such file"), "{error}");
    std::fs::write(&path, b"\0asm\x01\0\0\0").unwrap();
    let error = Sandbox::load(&path).err().unwrap().to_string();
    assert!(error.contains("not a CAR file"), "{error}");
    let cid = filigree_build::code_cid(b"x");
    std::fs::write(&path, filigree_build::car::write(cid, [(cid, &b"x"[..])])).unwrap();
    let error = Sandbox::fork(&path).err().unwrap().to_string();
    assert!(error.contains("give a chain snapshot"), "{error}");
}
