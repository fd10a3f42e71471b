//! The collector beside writers, at moments that no test from outside can choose.

use std::ops::ControlFlow;
use std::time::Duration;

use filigree_blocks::cid_of;
use fvm_ipld_blockstore::Blockstore as _;

use super::*;

/// A block that leads to others.
fn put(db: &Db, name: &str, links: &[Cid]) -> Cid {
    let block = fvm_ipld_encoding::to_vec(&(name, links)).unwrap();
    let cid = cid_of(&block);
    db.blocks().put_keyed(&cid, &block).unwrap();
    cid
}

/// Somebody hears that a block is here while the collector follows another one, and the collector takes note of it before it is done
/// with that.
#[test]
fn what_is_touched_while_touched_blocks_are_followed_is_kept_with_all_below() {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(folder.path(), &Default::default()).unwrap();
    let below = put(&db, "below", &[]);
    let late = put(&db, "late", &[below]);
    let first = put(&db, "first", &[put(&db, "leaf", &[])]);
    let garbage = put(&db, "garbage", &[]);
    let armed = db.barrier().arm();
    // Before the sweep, and when `first` is marked; its leaf is marked after that.
    let mut touched = vec![late, first];
    let mut report = |_: &GcProgress| {
        if let Some(cid) = touched.pop() {
            assert!(db.blocks().has(&cid).unwrap());
        }
        ControlFlow::Continue(())
    };
    let mut progress = GcProgress::new(0);
    let mut collector = Collector {
        db: &db,
        armed: &armed,
        touched: DiskSet::new(db.clone(), TOUCHED_BYTES),
        missing_blocks: 0,
        progress: &mut progress,
        is_closed: false,
        // At every block.
        pace: Pace::every(1, Duration::ZERO),
        report: &mut report,
    };
    let mut walk = Walk::new(&db, Extent::FULL);
    collector.sweep(&mut walk).unwrap();
    let is_here = |cid: &Cid| db.blocks().read(cid).unwrap().is_some();
    assert!(touched.is_empty() && is_here(&first));
    assert!(is_here(&late), "deleted though somebody was told of it");
    assert!(is_here(&below), "deleted though a kept block leads to it");
    assert!(!is_here(&garbage));
}
