//! Garbage collection beside a node that writes and reads.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;

use cid::Cid;
use filigree_store::check::check;
use filigree_store::gc::{GcProgress, GcRoots, GcStage, gc};
use filigree_store::{Db, Durability, HeadChange, StoreError, TableDef, links, load_car, save_car};
use fvm_ipld_blockstore::Blockstore;

use crate::chain::{extend, indexed, state, store, tipset};
use crate::gc::{TEN, is_whole};

const ROOT: TableDef<(), Cid> = TableDef::new("test.root");

/// Work begun before a collection ends before it asks for its roots, and what it wrote is kept through them.
#[test]
fn work_under_way_is_waited_for() {
    let (_dir, db) = store();
    extend(&db, None, 30, 0);
    let work = db.blocks().work();
    let root = state(&db.blocks(), 99, 4);
    let is_asked = AtomicBool::new(false);
    let (wait, waiting) = mpsc::channel();
    thread::scope(|scope| {
        let is_asked = &is_asked;
        let db = &db;
        let collection = scope.spawn(move || {
            let roots = || {
                is_asked.store(true, Ordering::SeqCst);
                let pins = db.table(ROOT).get(&())?.into_iter().collect();
                Ok(GcRoots {
                    pins,
                    ..GcRoots::default()
                })
            };
            gc(db, TEN, roots, &mut |progress| {
                if progress.stage == GcStage::Waiting {
                    let _ = wait.send(());
                }
                ControlFlow::Continue(())
            })
            .unwrap()
        });
        waiting.recv().expect("it waits");
        assert!(!is_asked.load(Ordering::SeqCst));
        db.table(ROOT)
            .set(&(), &root, Durability::Buffered)
            .unwrap();
        drop(work);
        collection.join().unwrap();
    });
    assert!(is_asked.load(Ordering::SeqCst));
    let report = check(&db, None, TEN, &[root], &mut |_| ControlFlow::Continue(())).unwrap();
    assert!(report.is_good(), "{report:?}");
}

/// A collection that gave up waiting leaves it to the next one.
#[test]
fn work_that_a_stopped_collection_waited_for_is_waited_for_again() {
    let (_dir, db) = store();
    extend(&db, None, 30, 0);
    let work = db.blocks().work();
    let stopped = gc(&db, TEN, || Ok(GcRoots::default()), &mut |progress| {
        assert_eq!(progress.stage, GcStage::Waiting);
        ControlFlow::Break(())
    });
    assert!(matches!(stopped, Err(StoreError::Stopped)));
    drop(db.blocks().work());
    let is_over = AtomicBool::new(false);
    let mut work = Some(work);
    let roots = || {
        assert!(is_over.load(Ordering::SeqCst), "the first work is open");
        Ok(GcRoots::default())
    };
    gc(&db, TEN, roots, &mut |_| {
        // It has waited.
        is_over.store(true, Ordering::SeqCst);
        work.take();
        ControlFlow::Continue(())
    })
    .unwrap();
}

/// Whatever way blocks come into the store, a collection under way keeps them.
#[test]
fn a_file_that_is_loaded_during_a_collection_stays() {
    let (_other_dir, other) = store();
    let root = state(&other.blocks(), 99, 4);
    let (mut cids, mut open) = (BTreeSet::new(), vec![root]);
    while let Some(cid) = open.pop() {
        let block = other.blocks().get(&cid).unwrap().unwrap();
        links(&cid, &block, &mut open).unwrap();
        cids.insert(cid);
    }
    let car = save_car(&other.blocks(), &[root], cids, Vec::new()).unwrap();

    let (_dir, db) = store();
    extend(&db, None, 30, 0);
    let garbage = state(&db.blocks(), 98, 5);
    let roots = || {
        load_car(&db, &car[..], &mut |_| ControlFlow::Continue(()))?;
        Ok(GcRoots::default())
    };
    gc(&db, TEN, roots, &mut |_| ControlFlow::Continue(())).unwrap();
    expect_tree(&db, root);
    assert!(!db.blocks().has(&garbage).unwrap());
}

/// A block that is garbage when a collection begins is written again, or asked for, at each stage: it stays, with what is below it.
#[test]
fn garbage_that_is_touched_comes_back_with_all_below_it() {
    for asks in [false, true] {
        for stage in [GcStage::Waiting, GcStage::Marking, GcStage::Sweeping] {
            let (_dir, db) = store();
            extend(&db, None, 60, 0);
            let root = state(&db.blocks(), 99, 4);
            let block = db.blocks().get(&root).unwrap().unwrap();
            let mut touched = false;
            let mut touch = |now: GcStage| {
                if now == stage && !touched {
                    touched = true;
                    if asks {
                        assert!(db.blocks().has(&root).unwrap());
                    } else {
                        db.blocks().put_keyed(&root, &block).unwrap();
                    }
                }
            };
            // The walk of a small chain tells nothing: between waiting and sweeping the roots are asked for.
            let touch = std::cell::RefCell::new(&mut touch);
            let roots = || {
                (touch.borrow_mut())(GcStage::Waiting);
                (touch.borrow_mut())(GcStage::Marking);
                Ok(GcRoots::default())
            };
            gc(&db, TEN, roots, &mut |progress| {
                (touch.borrow_mut())(progress.stage);
                ControlFlow::Continue(())
            })
            .unwrap();
            assert!(touched);
            let report =
                check(&db, None, TEN, &[root], &mut |_| ControlFlow::Continue(())).unwrap();
            assert!(report.is_good(), "{asks} {stage:?}: {report:?}");
        }
    }
}

/// A node goes on while collections run one after the other: it writes states, asks for blocks, and moves its head. Whatever it
/// has is whole at every moment.
#[test]
fn a_node_goes_on_beside_collections() {
    let (_dir, db) = store();
    let mut tipsets = extend(&db, None, 30, 0);
    let is_done = AtomicBool::new(false);
    let collections = AtomicU64::new(0);
    let deleted = AtomicU64::new(0);
    let (tell, told) = mpsc::channel();
    thread::scope(|scope| {
        let (is_done, db, collections, deleted) = (&is_done, &db, &collections, &deleted);
        scope.spawn(move || {
            while !is_done.load(Ordering::SeqCst) {
                let roots = || {
                    let pins = db.table(ROOT).get(&())?.into_iter().collect();
                    Ok(GcRoots {
                        pins,
                        ..GcRoots::default()
                    })
                };
                let report = gc(db, TEN, roots, &mut |_: &GcProgress| {
                    let _ = tell.send(());
                    ControlFlow::Continue(())
                })
                .unwrap();
                assert_eq!(report.missing_blocks, 0);
                collections.fetch_add(1, Ordering::SeqCst);
                deleted.fetch_add(report.done.deleted_blocks, Ordering::SeqCst);
            }
        });
        let mut height = 31;
        while height < 200 || collections.load(Ordering::SeqCst) < 5 {
            let base = tipsets.last().unwrap();
            // As a node does: the state after the head is computed, and the head moves to a tipset that names it.
            let work = db.blocks().work();
            let computed = state(&db.blocks(), height, 0);
            db.table(ROOT)
                .set(&(), &computed, Durability::Buffered)
                .unwrap();
            let new = tipset(&db.blocks(), base.key(), height, 2, 0);
            assert_eq!(new.parent_state(), computed);
            let mut batch = db.batch();
            let change = HeadChange {
                base: Some(base.height()),
                apply: &[indexed(&db.blocks(), &new, 0)],
            };
            db.index().change_head(&mut batch, &change).unwrap();
            batch.commit(Durability::Buffered).unwrap();
            drop(work);
            tipsets.push(new);
            height += 1;
            if height > 200 {
                // A node has longer epochs: what comes in one must not take longer to sweep than the epoch.
                told.recv().expect("collections go on");
            }
            if height % 20 == 0 {
                // What the last ten epochs need, read while the collection runs.
                for tipset in tipsets.iter().rev().take(9) {
                    expect_tree(db, tipset.parent_state());
                }
            }
        }
        is_done.store(true, Ordering::SeqCst);
    });
    assert!(deleted.load(Ordering::SeqCst) > 500);
    assert!(is_whole(&db, TEN));
}

#[track_caller]
fn expect_tree(db: &Db, root: Cid) {
    let mut seen = BTreeSet::new();
    let mut open = vec![root];
    while let Some(cid) = open.pop() {
        if seen.insert(cid) {
            let block = db.blocks().get(&cid).unwrap();
            let block = block.unwrap_or_else(|| panic!("{cid} is gone"));
            links(&cid, &block, &mut open).unwrap();
        }
    }
}
