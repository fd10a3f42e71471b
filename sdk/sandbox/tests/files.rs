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

/// A block header that names a state, as nodes encode it: only the epoch, the state, the time and the fee are read.
fn header(epoch: ChainEpoch, root: Cid, timestamp: u64, fee: &TokenAmount) -> Vec<u8> {
    let parents: Vec<Cid> = Vec::new();
    let weight = Bytes(vec![0, 1]);
    let header = (
        "f01000",
        (0_u8, 1_u8),
        (),
        (),
        (),
        parents,
        weight,
        epoch,
        root,
        (),
        (),
        (),
        timestamp,
        (),
        0_u64,
        fee,
    );
    fvm_ipld_encoding::to_vec(&header).unwrap()
}

/// A snapshot as nodes export them: its root is the last block's header; below are the blocks of a saved sandbox.
fn snapshot(saved: &[u8], header: &[u8]) -> Vec<u8> {
    let store = fvm_ipld_blockstore::MemoryBlockstore::new();
    let head = store
        .put(
            multihash_codetable::Code::Blake2b256,
            &fvm_ipld_blockstore::Block::new(0x71, header),
        )
        .unwrap();
    let car = filigree_build::car::Car::read(saved).unwrap();
    let blocks = car.blocks.iter().map(|block| (block.cid, block.data));
    filigree_build::car::write(head, blocks.chain([(head, header)]))
}

#[test]
fn a_fork_goes_on_from_a_snapshot() {
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("sandbox.car");
    let (sandbox, alice, counter) = sandbox();
    sandbox.save(&saved).unwrap();

    let fee = TokenAmount::from_atto(250);
    let header = header(3_000_000, *sandbox.state_root(), 1_700_000_000, &fee);
    let bytes = snapshot(&std::fs::read(&saved).unwrap(), &header);
    let snapshot = folder.path().join("snapshot.car");
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
fn what_the_file_of_a_fork_lacks_comes_from_a_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (sandbox, alice, counter) = sandbox();
    sandbox.save(path("sandbox.car")).unwrap();
    let saved = std::fs::read(path("sandbox.car")).unwrap();
    let car = filigree_build::car::Car::read(&saved).unwrap();
    let (list,): (Cid,) = sandbox.state(filigree_state::SYSTEM_ACTOR_ID);
    // A state as networks have it, without code and without the list of the codes.
    let write = |name: &str, root: Cid, with: &dyn Fn(&Cid) -> bool| {
        let blocks = car.blocks.iter().map(|block| (block.cid, block.data));
        let blocks = blocks.filter(|(cid, _)| with(cid));
        std::fs::write(path(name), filigree_build::car::write(root, blocks)).unwrap();
    };
    let is_code = |cid: &Cid| cid.codec() == fvm_ipld_encoding::IPLD_RAW;
    write("state.car", *sandbox.state_root(), &|cid| {
        !is_code(cid) && *cid != list
    });
    write("no-code.car", *sandbox.state_root(), &|cid| !is_code(cid));
    write("bundle.car", list, &|cid| is_code(cid) || *cid == list);

    let error = Sandbox::fork(path("state.car")).err().unwrap().to_string();
    assert!(error.contains(&list.to_string()), "{error}");
    assert!(error.contains("`Builder::bundle`"), "{error}");
    let fork = Sandbox::fork(path("no-code.car")).unwrap();
    let actor = fork.actor(counter.address).unwrap();
    let error = fork.schema_of(&actor).unwrap_err().to_string();
    assert!(error.contains(&actor.code.to_string()), "{error}");
    assert!(error.contains("`Builder::bundle`"), "{error}");

    let builder = Sandbox::builder().bundle(path("bundle.car"));
    let mut fork = builder.fork(path("state.car")).unwrap();
    assert_eq!(fork.call(alice, counter.increment(2)).ok(), 7);
    let error = Sandbox::builder().bundle(path("none.car"));
    let error = error.fork(path("state.car")).err().unwrap().to_string();
    assert!(error.contains("none.car: No such file"), "{error}");
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

#[test]
fn headers_of_no_chain_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("snapshot.car");
    let mut sandbox = Sandbox::new();
    let alice = sandbox.account(TokenAmount::from_whole(1));
    let saved = folder.path().join("sandbox.car");
    sandbox.save(&saved).unwrap();
    let saved = std::fs::read(&saved).unwrap();
    let root = *sandbox.state_root();
    let fork = |header: &[u8]| {
        std::fs::write(&path, snapshot(&saved, header)).unwrap();
        Sandbox::fork(&path)
    };
    let fee = TokenAmount::from_atto(1);

    for epoch in [i64::MIN, i64::MIN + 1, -1] {
        let error = fork(&header(epoch, root, 0, &fee)).err().unwrap();
        let error = error.to_string();
        assert!(error.contains(&format!("epoch {epoch}")), "{error}");
    }
    let negative = TokenAmount::from_atto(-1);
    let error = fork(&header(1, root, 0, &negative)).err().unwrap();
    assert!(error.to_string().contains("base fee"), "{error}");
    // Whatever stands in one, it is read or refused; what is read can be called.
    for epoch in [0, 1, i64::MAX] {
        for timestamp in [0, 1_700_000_000, u64::MAX] {
            let mut fork = fork(&header(epoch, root, timestamp, &fee)).unwrap();
            assert_eq!(fork.epoch(), epoch);
            fork.transfer(alice, 99, fee.clone()).ok();
        }
    }
    let good = header(1, root, 0, &fee);
    for at in 0..good.len() {
        assert!(fork(&good[..at]).is_err(), "cut at {at}");
        for value in [0x00, 0x1b, 0x3b, 0x9f, 0xff] {
            let mut bad = good.clone();
            bad[at] = value;
            // The test is that nothing panics.
            let _ = fork(&bad);
        }
    }
}

#[test]
fn a_file_that_cannot_be_saved_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sandbox.part");
    let (mut sandbox, alice, counter) = sandbox();
    sandbox.save(&path).unwrap();
    // The blocks come from the file that is written.
    let mut loaded = Sandbox::load(&path).unwrap();
    loaded.call(alice, counter.increment(1)).ok();
    loaded.save(&path).unwrap();
    let again = Sandbox::load(&path).unwrap();
    assert_eq!(again.state_root(), loaded.state_root());

    // A state with a link to nothing is not written, and nothing temporary is left.
    let before = std::fs::read(&path).unwrap();
    let nothing = filigree_build::code_cid(b"nowhere");
    let nothing = Cid::new_v1(0x71, *nothing.hash());
    sandbox.set_state(counter.address, &(nothing,));
    let error = sandbox.save(&path).err().unwrap().to_string();
    assert!(error.contains(&nothing.to_string()), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let files = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, 1);
}
