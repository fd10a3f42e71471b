//! What a check says about chains that are whole and chains that are not.

use std::ops::ControlFlow;

use cid::Cid;
use filigree_blocks::Tipset;
use filigree_store::check::{CheckReport, MissingBlock, check};
use filigree_store::{Db, Depth, Durability, Extent, HeadChange, Part, StoreError};
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::from_slice;

use crate::chain::{cid, extend, indexed, store, tipset, without};

fn run(db: &Db, extent: Extent) -> CheckReport {
    check(db, None, extent, &[], &mut |_| ControlFlow::Continue(())).unwrap()
}

/// The third leaf of the second node of a tipset's state.
fn leaf(db: &Db, tipset: &Tipset) -> Cid {
    let block = db.blocks().get(&tipset.parent_state()).unwrap().unwrap();
    let (_, nodes, _, _): (u64, Vec<Cid>, Cid, u64) = from_slice(&block).unwrap();
    let block = db.blocks().get(&nodes[1]).unwrap().unwrap();
    let (_, leaves): (u64, Vec<Cid>) = from_slice(&block).unwrap();
    leaves[2]
}

#[track_caller]
fn expect_one(report: &CheckReport, cid: Cid, part: Part, path: &str) -> MissingBlock {
    assert!(!report.is_good());
    assert_eq!(report.missing_count, 1, "{report:?}");
    let missing = report.missing[0].clone();
    assert_eq!((missing.cid, missing.part), (cid, part));
    assert_eq!(missing.path.clone().unwrap().join("/"), path);
    missing
}

#[test]
fn a_whole_chain_is_good() {
    let (_dir, db) = store();
    let tipsets = extend(&db, None, 40, 0);
    let report = run(&db, Extent::FULL);
    assert!(report.is_good(), "{report:?}");
    assert_eq!(report.checked.headers, 2 * (tipsets.len() as u64 - 1) + 1);
    assert!(report.checked.blocks > 200);
    assert_eq!((report.checked.head, report.checked.height), (40, 0));
    let counts = report.checked.counts();
    assert_eq!((counts.done, counts.total), (40, 40));
}

#[test]
fn a_store_without_a_chain_cannot_be_checked() {
    let (_dir, db) = store();
    let error = check(&db, None, Extent::FULL, &[], &mut |_| {
        ControlFlow::Continue(())
    });
    assert!(matches!(error.unwrap_err(), StoreError::NoHead));
}

#[test]
fn a_missing_leaf_of_the_state_is_named_with_its_path() {
    let (dir, db) = store();
    let tipsets = extend(&db, None, 10, 0);
    let leaf = leaf(&db, &tipsets[8]);
    let db = without(&dir, db, &[leaf]);
    let missing = expect_one(&run(&db, Extent::FULL), leaf, Part::State, "1/1/1/2");
    assert!(!missing.is_damaged);
    // The head's state has it too, and is met first.
    assert_eq!(missing.height, 10);
    let text = missing.to_string();
    assert!(text.contains(&leaf.to_string()), "{text}");
    assert!(text.contains("missing, in the state of epoch 10"), "{text}");
    assert!(text.ends_with("at 1/1/1/2"), "{text}");
}

#[test]
fn a_block_with_other_bytes_is_damaged() {
    let (_dir, db) = store();
    let tipsets = extend(&db, None, 10, 0);
    let leaf = leaf(&db, &tipsets[8]);
    db.blocks().put_keyed(&leaf, b"other").unwrap();
    let missing = expect_one(&run(&db, Extent::FULL), leaf, Part::State, "1/1/1/2");
    assert!(missing.is_damaged);
}

#[test]
fn missing_messages_and_headers_are_named() {
    let (dir, mut db) = store();
    let tipsets = extend(&db, None, 10, 0);
    let header = tipsets[5].blocks()[1].header().clone();
    for (cid, part) in [
        (header.messages, Part::Messages),
        (header.cid(), Part::Header),
    ] {
        let block = db.blocks().get(&cid).unwrap().unwrap();
        db = without(&dir, db, &[cid]);
        expect_one(&run(&db, Extent::FULL), cid, part, "");
        db.blocks().put_keyed(&cid, &block).unwrap();
    }
    assert!(run(&db, Extent::FULL).is_good());
}

/// Only what was asked for is looked at.
#[test]
fn a_check_goes_as_deep_as_it_is_told() {
    let (dir, db) = store();
    let tipsets = extend(&db, None, 30, 0);
    let old = tipsets.iter().find(|t| t.height() == 10).unwrap();
    let gone = [old.parent_state(), old.blocks()[0].header().messages];
    let db = without(&dir, db, &gone);
    let recent = |state, messages| Extent {
        state: Depth::Recent(state),
        messages: Depth::Recent(messages),
    };
    assert!(run(&db, recent(20, 20)).is_good());
    assert_eq!(run(&db, recent(21, 20)).missing[0].part, Part::State);
    assert_eq!(run(&db, recent(20, 21)).missing[0].part, Part::Messages);
    let full = run(&db, Extent::FULL);
    assert_eq!(full.missing_count, 2);
}

#[test]
fn pins_must_be_whole_too() {
    let (_dir, db) = store();
    extend(&db, None, 5, 0);
    let report = check(&db, None, Extent::FULL, &[cid(b"pin")], &mut |_| {
        ControlFlow::Continue(())
    });
    expect_one(&report.unwrap(), cid(b"pin"), Part::Pinned, "");
}

/// Nodes do not exchange the messages of the genesis block; receipts and events can be computed. What is there must be right.
#[test]
fn what_nodes_do_not_exchange_may_be_missing() {
    let (dir, db) = store();
    let tipsets = extend(&db, None, 5, 0);
    let genesis = tipsets[0].first();
    let block = db
        .blocks()
        .get(&tipsets[3].parent_receipts())
        .unwrap()
        .unwrap();
    let mut events = Vec::new();
    filigree_store::links(&tipsets[3].parent_receipts(), &block, &mut events).unwrap();
    let other = tipsets[2].parent_receipts();
    let gone = [genesis.messages, genesis.parent_receipts, events[0], other];
    let db = without(&dir, db, &gone);
    assert!(run(&db, Extent::FULL).is_good());
    db.blocks().put_keyed(&other, b"other").unwrap();
    let missing = expect_one(&run(&db, Extent::FULL), other, Part::Receipts, "");
    assert!(missing.is_damaged);
    let db = without(&dir, db, &[other]);
    let db = without(&dir, db, &[genesis.parent_state]);
    assert!(!run(&db, Extent::FULL).is_good());
}

#[test]
fn an_index_that_does_not_fit_the_chain_is_noticed() {
    let (_dir, db) = store();
    let tipsets = extend(&db, None, 10, 0);
    let blocks = db.blocks();
    // The index has another tipset at height 6 and one at height 9, which is an epoch without blocks.
    let stray = |height| indexed(&blocks, &tipset(&blocks, tipsets[3].key(), height, 1, 5), 5);
    let at = |height: i64| tipsets.iter().find(|t| t.height() == height).unwrap();
    let apply = [
        indexed(&blocks, at(5), 0),
        stray(6),
        indexed(&blocks, at(7), 0),
        indexed(&blocks, at(8), 0),
        stray(9),
        indexed(&blocks, at(10), 0),
    ];
    let mut batch = db.batch();
    let change = HeadChange {
        base: Some(3),
        apply: &apply,
    };
    db.index().change_head(&mut batch, &change).unwrap();
    batch.commit(Durability::Buffered).unwrap();
    let report = run(&db, Extent::FULL);
    assert_eq!(report.missing_count, 0);
    assert!(
        report.wrong_heights.contains(&6) && report.wrong_heights.contains(&8),
        "{report:?}"
    );
    // The old chain's head is not the index's: only its blocks are looked at.
    let other = check(&db, Some(tipsets[3].key()), Extent::FULL, &[], &mut |_| {
        ControlFlow::Continue(())
    });
    assert!(other.unwrap().is_good());
}

#[test]
fn a_check_can_be_stopped() {
    let (_dir, db) = store();
    extend(&db, None, 20, 0);
    let result = check(
        &db,
        None,
        Extent::FULL,
        &[],
        &mut |_| ControlFlow::Break(()),
    );
    assert!(matches!(result, Err(StoreError::Stopped)));
}
