//! Garbage collection beside a node that computes states: what is kept of results, and that none outlives its blocks.

mod common;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::mpsc;
use std::thread;

use cid::Cid;
use common::{MINERS, Plan, World, address};
use filigree_blocks::Tipset;
use filigree_bundle::{Network, Recipe, kept};
use filigree_node_state::{States, Store};
use filigree_store::gc::{GcRoots, GcStage, gc};
use filigree_store::{
    Db, Durability, Extent, HeadChange, IndexedTipset, Options, StoreError, links, load_car,
};
use fvm_ipld_blockstore::Blockstore;

/// A network whose blocks are on disk.
fn on_disk() -> (tempfile::TempDir, Db, World) {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(dir.path(), &Options::small()).unwrap();
    let car = kept::car(&Recipe::of(Network::Devnet)).unwrap();
    let loaded = load_car(&db, &car[..], &mut |_| ControlFlow::Continue(()));
    let (roots, _) = loaded.unwrap();
    let world = World::on(Store::from(db.blocks()), &roots[0], |_, root| root);
    make_head(&db, &world.head);
    (dir, db, world)
}

fn make_head(db: &Db, tipset: &Tipset) {
    for block in tipset.blocks() {
        let header = block.header();
        db.blocks()
            .put_keyed(&header.cid(), &header.to_bytes())
            .unwrap();
    }
    let indexed = IndexedTipset {
        height: tipset.height(),
        key: tipset.key().clone(),
        messages: vec![],
    };
    let change = HeadChange {
        base: tipset.height().checked_sub(1).filter(|base| *base >= 0),
        apply: &[indexed],
    };
    let mut batch = db.batch();
    db.index().change_head(&mut batch, &change).unwrap();
    batch.commit(Durability::Buffered).unwrap();
}

/// The head, and a fork of which nothing is on the chain.
fn head_and_fork(db: &Db, world: &mut World) -> (Tipset, Tipset) {
    let genesis = world.head.clone();
    let mut extend = |miner, from| {
        world.head = genesis.clone();
        let messages = vec![world.send(from, address(3), 1)];
        let plan = Plan {
            miner,
            wins: 1,
            messages,
        };
        world.extend(1, vec![plan])
    };
    let (fork, head) = (extend(MINERS[1], 2), extend(MINERS[0], 0));
    make_head(db, &head);
    (head, fork)
}

/// Roots that keep what these tipsets lead to.
fn roots(states: &States, needed: &[&Tipset]) -> GcRoots {
    let needed: Vec<_> = needed.iter().map(|tipset| tipset.key()).collect();
    let kept = states.keep_results(|key| needed.contains(&key));
    GcRoots {
        pins: kept.iter().flat_map(|k| [k.state, k.receipts]).collect(),
        ..GcRoots::default()
    }
}

#[track_caller]
fn expect_tree(db: &Db, root: Cid) {
    let (mut seen, mut open) = (BTreeSet::new(), vec![root]);
    while let Some(cid) = open.pop() {
        if seen.insert(cid) {
            let block = db.blocks().get(&cid).unwrap();
            let block = block.unwrap_or_else(|| panic!("{cid} is gone"));
            links(&cid, &block, &mut open).unwrap();
        }
    }
}

#[test]
fn what_the_head_leads_to_stays_however_much_was_asked_for_since() {
    let (_dir, db, mut world) = on_disk();
    let (head, fork) = head_and_fork(&db, &mut world);
    let states = &world.states;
    let known = states.tipset_state(&head).unwrap();
    let of_fork = states.tipset_state(&fork).unwrap();
    let computed = states.applied().tipsets;
    let roots = || Ok(roots(states, &[&head]));
    gc(&db, Extent::FULL, roots, &mut |_| ControlFlow::Continue(())).unwrap();
    assert!(!db.blocks().has(&of_fork.state).unwrap());
    assert_eq!(states.tipset_state(&head).unwrap(), known);
    assert_eq!(states.applied().tipsets, computed, "it is still known");
    expect_tree(&db, known.state);
}

/// It has deleted states when it is stopped, and their results are forgotten: they are computed again.
#[test]
fn a_collection_that_is_stopped_leaves_no_result_without_its_state() {
    let (_dir, db, mut world) = on_disk();
    let (head, fork) = head_and_fork(&db, &mut world);
    let states = &world.states;
    let of_fork = states.tipset_state(&fork).unwrap();
    let roots = || Ok(roots(states, &[&head]));
    let stopped = gc(
        &db,
        Extent::FULL,
        roots,
        &mut |progress| match progress.deleted_blocks {
            0 => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        },
    );
    assert!(matches!(stopped, Err(StoreError::Stopped)));
    assert!(!db.blocks().has(&of_fork.state).unwrap());
    assert_eq!(states.tipset_state(&fork).unwrap(), of_fork);
    expect_tree(&db, of_fork.state);
}

/// Whoever is given a result while a collection begins can read its state to the end.
#[test]
fn a_result_that_is_given_during_a_collection_keeps_its_state() {
    let (_dir, db, mut world) = on_disk();
    let (head, fork) = head_and_fork(&db, &mut world);
    let states = &world.states;
    let known = states.tipset_state(&fork).unwrap();
    let computed = states.applied().tipsets;
    let roots = || {
        assert_eq!(states.tipset_state(&fork)?, known);
        assert_eq!(states.applied().tipsets, computed);
        Ok(roots(states, &[&head]))
    };
    gc(&db, Extent::FULL, roots, &mut |_| ControlFlow::Continue(())).unwrap();
    expect_tree(&db, known.state);
}

/// A state that is deleted behind its result's back, as by a process that was killed while it collected, is computed again.
#[test]
fn a_result_whose_state_is_gone_is_computed_again() {
    let (_dir, db, mut world) = on_disk();
    let (_, fork) = head_and_fork(&db, &mut world);
    let states = &world.states;
    let known = states.tipset_state(&fork).unwrap();
    let none = || Ok(GcRoots::default());
    gc(&db, Extent::FULL, none, &mut |_| ControlFlow::Continue(())).unwrap();
    assert!(!db.blocks().has(&known.state).unwrap());
    assert_eq!(states.tipset_state(&fork).unwrap(), known);
    expect_tree(&db, known.state);
}

/// Work lasts until the result is among those that are kept.
#[test]
fn a_collection_asks_for_its_roots_when_the_result_is_among_them() {
    let (_dir, db, world) = on_disk();
    let head = &world.head;
    let states = world.fresh_states();
    let (begin, begun) = mpsc::channel();
    let (wait, waiting) = mpsc::channel();
    *world.history.on_child.lock().unwrap() = Some(Box::new(move || {
        begin.send(()).unwrap();
        // The collection says that it waits, or has ended without.
        let _ = waiting.recv();
    }));
    thread::scope(|scope| {
        let (states, db) = (&states, &db);
        let collection = scope.spawn(move || {
            begun.recv().unwrap();
            let roots = || {
                assert_eq!(states.keep_results(|key| key == head.key()).len(), 1);
                Ok(GcRoots::default())
            };
            gc(db, Extent::LIGHT, roots, &mut |progress| {
                if progress.stage == GcStage::Waiting {
                    let _ = wait.send(());
                }
                ControlFlow::Continue(())
            })
            .unwrap()
        });
        states.tipset_state(head).unwrap();
        collection.join().unwrap();
    });
}
