//! Garbage collection: what goes, and what stays.

use std::ops::ControlFlow;

use cid::Cid;
use filigree_blocks::{Tipset, TipsetKey};
use filigree_store::check::check;
use filigree_store::gc::{GcReport, GcRoots, GcStage, gc};
use filigree_store::{Db, Depth, Extent, StoreError};
use fvm_ipld_blockstore::Blockstore;

use crate::chain::{all_blocks, cid, extend, put, state, store, tipset, without};

/// State and messages of the last ten epochs.
pub const TEN: Extent = Extent {
    state: Depth::Recent(10),
    messages: Depth::Recent(10),
};

fn collect(db: &Db, roots: GcRoots) -> GcReport {
    gc(db, TEN, || Ok(roots), &mut |_| ControlFlow::Continue(())).unwrap()
}

/// All blocks that a check to this depth looks at.
pub fn is_whole(db: &Db, extent: Extent) -> bool {
    let report = check(db, None, extent, &[], &mut |_| ControlFlow::Continue(())).unwrap();
    report.is_good()
}

#[test]
fn what_the_chain_leads_to_stays_and_the_rest_goes() {
    let (dir, db) = store();
    let tipsets = extend(&db, None, 100, 0);
    let (db, before) = all_blocks(&dir, db);
    let old = tipsets.iter().find(|t| t.height() == 50).unwrap();
    assert!(db.blocks().has(&old.parent_state()).unwrap());
    let report = collect(&db, GcRoots::default());
    assert!(is_whole(&db, TEN));
    // What was deleted on purpose is no damage.
    assert!(is_whole(&db, Extent::FULL));
    let head = tipsets.last().unwrap();
    assert_eq!(db.floor().unwrap(), Some(head.height() - 10));
    for tipset in &tipsets {
        for block in tipset.blocks() {
            assert!(db.blocks().has(&block.cid()).unwrap(), "headers stay");
        }
    }
    assert!(!db.blocks().has(&old.parent_state()).unwrap());
    assert!(!db.blocks().has(&old.first().messages).unwrap());
    assert!(!db.blocks().has(&old.parent_receipts()).unwrap());
    assert!(
        db.blocks().has(&tipsets[0].parent_state()).unwrap(),
        "the genesis state stays"
    );
    let (db, after) = all_blocks(&dir, db);
    let done = report.done;
    assert_eq!(done.stage, GcStage::Compacting);
    assert_eq!(done.kept_blocks, after.len() as u64);
    assert_eq!(done.deleted_blocks, (before.len() - after.len()) as u64);
    assert!(done.deleted_blocks > 500, "{report:?}");
    assert!(done.deleted_bytes > 50 * done.deleted_blocks, "{report:?}");
    assert_eq!(report.missing_blocks, 0);
    // A second one finds nothing more.
    let again = collect(&db, GcRoots::default()).done;
    assert_eq!(
        (again.deleted_blocks, again.kept_blocks),
        (0, done.kept_blocks)
    );
}

/// What a store takes on disk follows.
#[test]
fn the_disk_is_freed() {
    let (_dir, db) = store();
    extend(&db, None, 5, 0);
    let noise = |n: u32| {
        let hashes = (0..125_u32).flat_map(|i| {
            cid(&[n, i].map(u32::to_le_bytes).concat())
                .hash()
                .digest()
                .to_vec()
        });
        hashes.collect::<Vec<_>>()
    };
    // Less than the memory for writes: nothing of it is in files as yet, and it counts all the same.
    for n in 0..500 {
        db.blocks().put_keyed(&cid(&noise(n)), &noise(n)).unwrap();
    }
    assert!(db.usage().blocks_bytes < 1_000_000);
    let report = collect(&db, GcRoots::default());
    assert!(report.disk_bytes_before > 1_500_000, "{report:?}");
    assert!(
        report.disk_bytes_after < report.disk_bytes_before / 10,
        "{report:?}"
    );
    assert_eq!(report.done.compacted_percent, 100);
}

#[test]
fn forks_and_pins_stay_when_they_are_named() {
    let (_dir, db) = store();
    let tipsets = extend(&db, None, 30, 0);
    let fork = tipset(&db.blocks(), tipsets[20].key(), 28, 2, 7);
    let pinned = state(&db.blocks(), 31, 8);
    let stray = state(&db.blocks(), 31, 9);
    let roots = GcRoots {
        heads: vec![fork.key().clone()],
        pins: vec![pinned],
    };
    collect(&db, roots.clone());
    let whole = |pin| {
        // Ten epochs of the head are eight of the fork.
        let eight = Extent {
            state: Depth::Recent(8),
            messages: Depth::Recent(8),
        };
        let report = check(&db, Some(fork.key()), eight, &[pin], &mut |_| {
            ControlFlow::Continue(())
        });
        report.unwrap().is_good()
    };
    assert!(whole(pinned));
    assert!(!db.blocks().has(&stray).unwrap());
    collect(
        &db,
        GcRoots {
            pins: vec![],
            ..roots.clone()
        },
    );
    assert!(!db.blocks().has(&pinned).unwrap());
    assert!(whole(fork.parent_state()));
    collect(&db, GcRoots::default());
    assert!(!db.blocks().has(&fork.blocks()[0].cid()).unwrap());
    assert!(is_whole(&db, TEN));
}

/// What is kept, and the floor that is noted, count from the head as it is at the beginning: not from the higher head of a fork, and not
/// from where the chain has come to meanwhile.
#[test]
fn the_floor_counts_from_where_the_walk_began() {
    let (_dir, db) = store();
    let tipsets = extend(&db, None, 30, 0);
    let head = tipsets.last().unwrap();
    let fork = tipset(&db.blocks(), tipsets[20].key(), 36, 1, 7);
    let roots = || {
        extend(&db, Some(head), 33, 0);
        Ok(GcRoots {
            heads: vec![fork.key().clone()],
            pins: vec![],
        })
    };
    gc(&db, TEN, roots, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(db.index().head().unwrap().unwrap().height, 33);
    assert_eq!(db.floor().unwrap(), Some(20));
    // All that is above.
    assert!(is_whole(&db, Extent::FULL));
    let below = |height| tipsets.iter().find(|t| t.height() == height).unwrap();
    assert!(db.blocks().has(&below(21).parent_state()).unwrap());
    assert!(!db.blocks().has(&below(20).parent_state()).unwrap());
}

#[test]
fn collections_are_counted_with_what_they_deleted() {
    let (_dir, db) = store();
    extend(&db, None, 60, 0);
    assert_eq!(db.collections(), filigree_store::Collections::default());
    gc(&db, TEN, || anyhow::bail!("no roots"), &mut |_| {
        ControlFlow::Continue(())
    })
    .unwrap_err();
    let stopped = gc(
        &db,
        TEN,
        || Ok(GcRoots::default()),
        &mut |progress| match progress.deleted_blocks {
            0 => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        },
    );
    assert!(matches!(stopped, Err(StoreError::Stopped)));
    let before = db.collections();
    assert_eq!((before.completed, before.failed, before.stopped), (0, 1, 1));
    assert!(before.deleted_blocks > 100 && before.deleted_bytes > before.deleted_blocks);
    let garbage = put(&db.blocks(), &"garbage");
    assert!(db.blocks().has(&garbage).unwrap());
    let report = collect(&db, GcRoots::default());
    let after = db.collections();
    assert_eq!((after.completed, after.failed, after.stopped), (1, 1, 1));
    let deleted = before.deleted_blocks + report.done.deleted_blocks;
    assert_eq!(after.deleted_blocks, deleted);
    assert_eq!(after.kept_blocks, report.done.kept_blocks);
    assert_eq!(after.kept_bytes, report.done.kept_bytes);
    assert_eq!(after.last_millis, report.millis);
    // One that was not let begin is none.
    gc(&db, TEN, || Ok(GcRoots::default()), &mut |_| {
        gc(&db, TEN, || Ok(GcRoots::default()), &mut |_| {
            ControlFlow::Continue(())
        })
        .unwrap_err();
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(db.collections().failed, 1);
}

/// What is told goes from stage to stage, and what is done never becomes more than there is.
#[test]
fn progress_is_told_in_order() {
    let (_dir, db) = store();
    extend(&db, None, 60, 0);
    let mut stages = Vec::new();
    gc(&db, TEN, || Ok(GcRoots::default()), &mut |progress| {
        let counts = progress.counts();
        assert!(
            counts.total == 0 || counts.done <= counts.total,
            "{counts:?}"
        );
        if stages.last() != Some(&counts.doing) {
            stages.push(counts.doing);
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(stages, ["deleting the rest", "freeing the disk"]);
}

/// A tipset's key is a block that no header links to.
#[test]
fn the_keys_of_tipsets_stay() {
    let (_dir, db) = store();
    let blocks = db.blocks();
    let tipsets = extend(&db, None, 30, 0);
    let fork = tipset(&blocks, tipsets[20].key(), 28, 2, 7);
    let of_nobody = TipsetKey::new([tipsets[3].first().cid(), tipsets[5].first().cid()]);
    let keys = || tipsets.iter().map(Tipset::key).chain([fork.key()]);
    for key in keys().chain([&of_nobody]) {
        blocks.put_keyed(&key.cid(), &key.block()).unwrap();
    }
    collect(
        &db,
        GcRoots {
            heads: vec![fork.key().clone()],
            pins: vec![],
        },
    );
    for key in keys() {
        assert!(blocks.has(&key.cid()).unwrap(), "{key}");
    }
    assert!(!blocks.has(&of_nobody.cid()).unwrap());
}

/// A chain of which less is there than would be kept, as after the import of a light snapshot.
#[test]
fn an_incomplete_chain_is_collected_and_what_is_missing_is_counted() {
    let (dir, db) = store();
    let tipsets = extend(&db, None, 30, 0);
    let gone: Vec<Cid> = tipsets
        .iter()
        .rev()
        .take(3)
        .map(Tipset::parent_state)
        .collect();
    let db = without(&dir, db, &gone);
    let report = collect(&db, GcRoots::default());
    assert_eq!(report.missing_blocks, 3);
    assert!(report.done.deleted_blocks > 0);
}

#[test]
fn a_store_without_a_head_is_left_alone() {
    let (_dir, db) = store();
    let kept = put(&db.blocks(), &"kept");
    let result = gc(&db, TEN, || Ok(GcRoots::default()), &mut |_| {
        ControlFlow::Continue(())
    });
    assert!(matches!(result.unwrap_err(), StoreError::NoHead));
    assert!(db.blocks().has(&kept).unwrap());
}

#[test]
fn roots_that_are_not_known_end_it() {
    let (_dir, db) = store();
    extend(&db, None, 30, 0);
    let result = gc(&db, TEN, || anyhow::bail!("no forks"), &mut |_| {
        ControlFlow::Continue(())
    });
    let text = result.unwrap_err().to_string();
    assert!(text.contains("no forks"), "{text}");
    assert!(is_whole(&db, Extent::FULL));
}

#[test]
fn one_at_a_time_and_no_walk_beside_it() {
    let (_dir, db) = store();
    extend(&db, None, 30, 0);
    let mut refused = Vec::new();
    gc(&db, TEN, || Ok(GcRoots::default()), &mut |_| {
        let second = gc(&db, TEN, || Ok(GcRoots::default()), &mut |_| {
            ControlFlow::Continue(())
        });
        refused.push(second.unwrap_err().to_string());
        let walk = check(&db, None, TEN, &[], &mut |_| ControlFlow::Continue(()));
        refused.push(walk.unwrap_err().to_string());
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(!refused.is_empty());
    for text in refused {
        assert!(text.contains("garbage collection is running"), "{text}");
    }
    assert!(is_whole(&db, TEN));
}

/// Stopped at any report, whatever is kept is whole, and the next one does the rest.
#[test]
fn stopped_anywhere_it_leaves_the_chain_whole() {
    let (dir, mut db) = store();
    extend(&db, None, 60, 0);
    let mut reports = 0;
    for stop_at in 0.. {
        let mut told = 0;
        let result = gc(&db, TEN, || Ok(GcRoots::default()), &mut |_| {
            told += 1;
            if told > stop_at {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        assert!(is_whole(&db, TEN));
        // What is written now would be noted if it still ran.
        match result {
            Err(StoreError::Stopped) => reports += 1,
            Ok(_) => break,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(reports >= 2, "{reports}");
    let garbage = put(&db.blocks(), &"garbage");
    collect(&db, GcRoots::default());
    assert!(!db.blocks().has(&garbage).unwrap());
    let before;
    (db, before) = all_blocks(&dir, db);
    assert_eq!(
        collect(&db, GcRoots::default()).done.kept_blocks,
        before.len() as u64
    );
}
