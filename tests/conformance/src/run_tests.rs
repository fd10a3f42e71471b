//! The runner on a vector made here, on tampered copies of it, and on vectors that must be skipped.

use std::sync::Arc;

use filigree_vm::Engines;
use fvm_shared::EMPTY_ARR_CID;
use fvm_shared::error::ExitCode;

use crate::diff::Difference;
use crate::run::{Outcome, Run, Runner, Skip};
use crate::sample;
use crate::vector::{ApplyMessage, Loaded, Selector, Vector, VectorError, VectorFile};
use crate::{NoActors, suite};

/// A CID of nothing at hand: a state root of mainnet.
const NOWHERE: &str = "bafy2bzacebypic5up4c4wazg6nf4ms23eizwhduk7b7beowo4wpqlowehbkdy";

fn run(change: impl FnOnce(&mut VectorFile)) -> Run {
    run_named("sample", change)
}

fn run_named(name: &str, change: impl FnOnce(&mut VectorFile)) -> Run {
    let mut file = sample::file();
    change(&mut file);
    let vector = Vector::new(name, file).unwrap();
    sample::runner().run(&vector, &vector.file.preconditions.variants[0])
}

/// Runs a tampered vector, which must fail with exactly one difference, told in the given words.
fn fails(change: impl FnOnce(&mut VectorFile), words: &[&str]) -> Difference {
    let run = run(change);
    let Outcome::Failed(mut differences) = run.outcome else {
        panic!("{:?}", run.outcome);
    };
    assert_eq!(differences.len(), 1, "{differences:?}");
    let difference = differences.remove(0);
    let text = difference.to_string();
    for word in words {
        assert!(text.contains(word), "`{word}` is not in: {text}");
    }
    difference
}

fn skips(run: &Run) -> String {
    let Outcome::Skipped(skip) = &run.outcome else {
        panic!("{:?}", run.outcome);
    };
    assert!(run.gas.is_empty());
    skip.to_string()
}

#[test]
fn a_good_vector_passes() {
    let run = run(|_| {});
    assert_eq!(run.outcome, Outcome::Passed);
    assert_eq!(run.gas.len(), 1);
    assert_eq!(run.gas[0].actual, Some(run.gas[0].expected));
    assert!(run.gas[0].expected > 0);
}

#[test]
fn a_wrong_exit_code_fails() {
    let difference = fails(
        |file| file.postconditions.receipts[0].exit_code = 16,
        &["message 0: exit code: expected 16", "got 0"],
    );
    let Difference::ExitCode {
        expected, actual, ..
    } = difference
    else {
        panic!("{difference:?}");
    };
    assert_eq!((expected, actual), (ExitCode::new(16), ExitCode::OK));
}

#[test]
fn wrong_gas_fails() {
    let gas = sample::file().postconditions.receipts[0].gas_used;
    fails(
        |file| file.postconditions.receipts[0].gas_used -= 1,
        &[&format!(
            "message 0: gas: expected {}, got {gas} (+1)",
            gas - 1
        )],
    );
}

#[test]
fn a_wrong_return_fails() {
    fails(
        |file| file.postconditions.receipts[0].return_data = vec![0x83, 0x40],
        &["message 0: return: expected 2 bytes 8340, got no bytes"],
    );
}

#[test]
fn a_wrong_events_root_fails() {
    fails(
        |file| file.postconditions.receipts[0].events_root = Some(Some(EMPTY_ARR_CID)),
        &["message 0: events root: expected bafy", "got none"],
    );
    assert_eq!(
        run(|file| file.postconditions.receipts[0].events_root = None).outcome,
        Outcome::Passed
    );
}

#[test]
fn a_wrong_state_root_fails_and_shows_the_actors() {
    // The state before stands for a wrong state after: the sender has neither paid nor counted its message.
    let difference = fails(
        |file| file.postconditions.state_tree = file.preconditions.state_tree.clone(),
        &[
            "state root: expected bafy",
            "actor f0100:",
            "sequence: expected 0, got 1",
            "balance: expected 10.0, got 6.99",
            "actor f0101:",
            "balance: expected 1.0, got 4.0",
        ],
    );
    let Difference::State { detail, .. } = difference else {
        panic!("{difference:?}");
    };
    let first = &detail.actors[0];
    assert!(
        first.id < sample::SENDER,
        "reward or burnt funds come first: {first:?}"
    );
    assert_eq!((detail.missing_blocks, detail.error), (0, None));
}

#[test]
fn a_state_root_that_is_not_in_the_vector_is_said_so() {
    fails(
        |file| file.postconditions.state_tree.root_cid = NOWHERE.parse().unwrap(),
        &["cannot be compared: the block", "is missing"],
    );
}

#[test]
fn a_message_the_host_refuses_fails() {
    // A gas limit above what a message may ask for gives no receipt at all.
    let change = |file: &mut VectorFile| {
        let mut message: fvm_shared::message::Message =
            fvm_ipld_encoding::from_slice(&file.apply_messages[0].bytes).unwrap();
        message.gas_limit = u64::MAX;
        file.apply_messages[0].bytes = fvm_ipld_encoding::to_vec(&message).unwrap();
    };
    fails(change, &["the host gave no result: message 0"]);
    assert_eq!(run(change).gas[0].actual, None);
}

#[test]
fn a_vector_without_its_bundle_is_skipped_by_manifest() {
    let vector = Vector::new("sample", sample::file()).unwrap();
    let variant = &vector.file.preconditions.variants[0];
    let run = Runner::new(Engines::new(1, None), Vec::new()).run(&vector, variant);
    let manifest = sample::bundle().manifest;
    let expected = format!("its bundle is not given: the one with manifest {manifest}");
    assert_eq!(skips(&run), expected);
    let skip = Skip::Actors(NoActors::BundleNotGiven { manifest });
    assert_eq!(run.outcome, Outcome::Skipped(skip));
}

#[test]
fn a_vector_that_holds_its_actors_needs_no_bundle() {
    let mut vector = Vector::new("sample", sample::file()).unwrap();
    let blocks = Arc::make_mut(&mut vector.blocks);
    for (cid, block) in sample::bundle().blocks.iter() {
        blocks.insert(*cid, block.clone());
    }
    let variant = &vector.file.preconditions.variants[0];
    let run = Runner::new(Engines::new(1, None), Vec::new()).run(&vector, variant);
    assert_eq!(run.outcome, Outcome::Passed);
}

#[test]
fn what_cannot_run_is_skipped_with_the_reason() {
    let nv17 = run(|file| file.preconditions.variants[0].nv = 17);
    assert_eq!(
        skips(&nv17),
        "network version 17 is not supported, only 18 to 28"
    );
    let nv29 = run(|file| file.preconditions.variants[0].nv = 29);
    assert_eq!(
        skips(&nv29),
        "network version 29 is not supported, only 18 to 28"
    );
    let chaos = run(|file| {
        file.selector = Some(Selector {
            chaos_actor: Some("true".to_owned()),
            ..Selector::default()
        });
    });
    assert_eq!(skips(&chaos), "needs the chaos actor");
    let later = run(|file| file.apply_messages[0].epoch_offset = Some(1));
    assert!(skips(&later).contains("message 0 is at another epoch"));
    let same = run(|file| file.apply_messages[0].epoch_offset = Some(0));
    assert_eq!(same.outcome, Outcome::Passed);
}

#[test]
fn the_dispute_that_cannot_pass_is_skipped_by_name() {
    let reason = "cannot pass: the dispute succeeded on mainnet";
    for name in [
        "fil_10_storageminer/DisputeWindowedPoSt/Ok/x-1",
        "nv18/ext-0002-fil_10_storageminer-DisputeWindowedPoSt-Ok-1",
    ] {
        assert!(
            skips(&run_named(name, |_| {})).starts_with(reason),
            "{name}"
        );
    }
    let by_id = run(|file| {
        let id = "ext-0002-fil_10_storageminer-DisputeWindowedPoSt-Ok-1".to_owned();
        file.meta.as_mut().unwrap().id = id;
    });
    assert!(skips(&by_id).starts_with(reason));
    let refused = run_named(
        "ext-0002-fil_10_storageminer-DisputeWindowedPoSt-16-1",
        |_| {},
    );
    assert_eq!(refused.outcome, Outcome::Passed);
}

#[test]
fn malformed_vectors_are_named_with_what_is_wrong() {
    let check = |change: &dyn Fn(&mut VectorFile), words: &str| {
        let mut file = sample::file();
        change(&mut file);
        let error = Vector::new("some/vector", file).unwrap_err().to_string();
        assert!(error.starts_with("some/vector: "), "{error}");
        assert!(error.contains(words), "{error}");
    };
    check(&|f| f.car = vec![1, 2, 3], "not a gzipped CAR");
    check(&|f| f.car = sample::gzip(b"no car"), "not a gzipped CAR");
    check(&|f| f.car.truncate(f.car.len() / 2), "not a gzipped CAR");
    let elsewhere =
        |f: &mut VectorFile| f.preconditions.state_tree.root_cid = NOWHERE.parse().unwrap();
    check(&elsewhere, "is not in `car`");
    check(
        &|f| f.apply_messages[0].bytes.truncate(9),
        "message 0 cannot be decoded",
    );
    check(&|f| f.apply_messages.clear(), "`apply_messages` is empty");
    check(&|f| f.preconditions.variants.clear(), "`variants` is empty");
    check(
        &|f| f.postconditions.receipts.clear(),
        "0 receipts for 1 messages",
    );
    let twice = |f: &mut VectorFile| {
        f.apply_messages.push(ApplyMessage {
            bytes: f.apply_messages[0].bytes.clone(),
            epoch_offset: None,
        });
    };
    check(&twice, "1 receipts for 2 messages");
}

#[test]
fn json_is_read_as_it_is_written() {
    let json = serde_json::to_vec(&sample::file()).unwrap();
    let Loaded::Message(vector) = Loaded::parse("sample", &json).unwrap() else {
        panic!("a message vector");
    };
    let variant = &vector.file.preconditions.variants[0];
    assert_eq!(
        sample::runner().run(&vector, variant).outcome,
        Outcome::Passed
    );
}

#[test]
fn json_that_is_no_vector_is_refused() {
    let check = |json: &str, words: &str| {
        let error = Loaded::parse("v", json.as_bytes()).unwrap_err();
        assert!(matches!(error, VectorError::Json { .. }), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    };
    check("", "EOF");
    check("[]", "v: not a vector");
    check("{}", "missing field `class`");
    check(r#"{"class":"message"}"#, "missing field `car`");
    check(r#"{"class":"message","car":"%"}"#, "Invalid symbol");
    let json = serde_json::to_string(&sample::file()).unwrap();
    check(
        &json.replace(r#""gas_used":"#, r#""gas_used":-"#),
        "invalid value: integer `-",
    );
    check(
        &json.replace(r#""nv":21"#, r#""nv":"21""#),
        "invalid type: string",
    );
}

#[test]
fn a_folder_is_run_file_by_file_in_the_order_of_names() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &[u8]| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let mut file = sample::file();
    write("b/good.json", &serde_json::to_vec(&file).unwrap());
    file.postconditions.receipts[0].gas_used += 1;
    write("a.json", &serde_json::to_vec(&file).unwrap());
    write("c.json", b"{");
    write("d.json", br#"{"class":"tipset","anything":1e400}"#);
    write("e.car", b"not a vector");

    let found = crate::vector::find(folder.path()).unwrap();
    let count = std::sync::atomic::AtomicUsize::new(0);
    let progress = |_: &[crate::VectorReport]| {
        count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    };
    let reports = suite::run(&sample::runner(), &found, 3, &progress).unwrap();
    let text: Vec<String> = reports.iter().map(ToString::to_string).collect();
    assert_eq!(count.into_inner(), 4);
    assert_eq!(text.len(), 4);
    assert!(
        text[0].starts_with("FAILED   a (watermelon)\n    message 0: gas"),
        "{}",
        text[0]
    );
    assert_eq!(text[1], "passed   b/good (watermelon)");
    assert!(
        text[2].starts_with("FAILED   c\n    the vector cannot be used: c: not a vector"),
        "{}",
        text[2]
    );
    assert_eq!(
        text[3],
        "skipped  d: class `tipset`, only `message` vectors are run"
    );
    assert_eq!(
        crate::Totals::of(&reports).to_string(),
        "1 passed, 2 failed, 1 skipped"
    );
}

#[test]
fn missing_blocks_of_the_expected_state_are_counted() {
    // Only the state root after is kept, as in a vector whose state after is incomplete.
    let mut file = sample::file();
    file.postconditions.receipts[0].gas_used = 0;
    let mut vector = Vector::new("sample", file).unwrap();
    let after = vector.file.postconditions.state_tree.root_cid;
    let mut root: fvm_shared::state::StateRoot =
        fvm_ipld_encoding::from_slice(&vector.blocks[&after]).unwrap();
    root.actors = NOWHERE.parse().unwrap();
    let block = fvm_ipld_encoding::to_vec(&root).unwrap();
    let incomplete: cid::Cid = "bafy2bzaced7anhj4u7mawfuze6hd7sk7j7smcsqexvm3osdddpz4ubwqgz7ei"
        .parse()
        .unwrap();
    Arc::make_mut(&mut vector.blocks).insert(incomplete, block);
    vector.file.postconditions.state_tree.root_cid = incomplete;

    let run = sample::runner().run(&vector, &vector.file.preconditions.variants[0]);
    let Outcome::Failed(differences) = run.outcome else {
        panic!("{:?}", run.outcome);
    };
    assert_eq!(differences.len(), 2, "{differences:?}");
    let text = differences[1].to_string();
    assert!(
        text.contains("not compared: 1 blocks of the state trees"),
        "{text}"
    );
    assert!(
        text.contains("expected no such actor in the blocks at hand"),
        "{text}"
    );
}
