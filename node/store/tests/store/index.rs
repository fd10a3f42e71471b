//! The index under extensions and reorganisations.

use filigree_blocks::{Tipset, TipsetKey};
use filigree_store::{
    AddressMessage, Db, Durability, Head, HeadChange, IndexedTipset, Page, Position,
};
use fvm_ipld_encoding::to_vec;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;

use crate::chain::{cid, extend, indexed, message, open, store, tipset};

fn head_of(tipset: &Tipset) -> Head {
    Head {
        height: tipset.height(),
        key: tipset.key().clone(),
    }
}

fn change(db: &Db, base: Option<ChainEpoch>, apply: &[IndexedTipset]) {
    let mut batch = db.batch();
    let change = HeadChange { base, apply };
    db.index().change_head(&mut batch, &change).unwrap();
    batch.commit(Durability::Synced).unwrap();
}

/// Asserts that the index is what it would be had these tipsets alone ever been applied.
#[track_caller]
fn expect_chain(db: &Db, tipsets: &[Tipset], fork_from: ChainEpoch, fork: u64) {
    let index = db.index();
    let fork_at = |height| if height >= fork_from { fork } else { 0 };
    assert_eq!(index.head().unwrap(), tipsets.last().map(head_of));
    let all: Vec<Head> = index
        .tipsets(0..=ChainEpoch::MAX)
        .map(Result::unwrap)
        .collect();
    assert_eq!(all, tipsets.iter().map(head_of).collect::<Vec<_>>());
    let mut expected = Vec::new();
    for tipset in tipsets {
        let height = tipset.height();
        for place in 0..tipset.blocks().len() as u64 {
            let own = message(&db.blocks(), height, place, fork_at(height));
            let alias = cid(&to_vec(&("alias", height, place)).unwrap());
            for name in [own, alias] {
                let found = index.find_message(&name).unwrap().unwrap();
                assert_eq!(found.tipset, *tipset.key());
                assert_eq!((found.height, u64::from(found.index)), (height, place));
            }
            let position = Position {
                height,
                index: place as u32,
            };
            expected.push(AddressMessage { cid: own, position });
        }
    }
    expected.reverse();
    for limit in [1, 3, 1_000] {
        assert_eq!(
            pages(db, &Address::new_id(7), limit),
            expected,
            "pages of {limit}"
        );
    }
    let thirds = (0..3).map(|n| pages(db, &Address::new_id(100 + n), 10).len());
    assert_eq!(thirds.sum::<usize>(), expected.len());
}

fn pages(db: &Db, address: &Address, limit: usize) -> Vec<AddressMessage> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = db.index().messages_of(address, after, limit).unwrap();
        assert!(page.messages.len() <= limit);
        all.extend(page.messages);
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

#[test]
fn a_new_store_has_no_chain() {
    let (_dir, db) = store();
    let index = db.index();
    assert_eq!(index.head().unwrap(), None);
    assert_eq!(index.tipset_at(0).unwrap(), None);
    assert_eq!(index.tipset_up_to(100).unwrap(), None);
    assert_eq!(index.find_message(&cid(b"x")).unwrap(), None);
    let page = index.messages_of(&Address::new_id(7), None, 10).unwrap();
    assert_eq!(page, Page::default());
}

#[test]
fn the_index_follows_the_chain_and_survives_closing() {
    let (dir, db) = store();
    let tipsets = extend(&db, None, 23, 0);
    expect_chain(&db, &tipsets, 0, 0);
    drop(db);
    expect_chain(&open(&dir), &tipsets, 0, 0);
}

#[test]
fn epochs_without_blocks_have_the_tipset_before() {
    let (_dir, db) = store();
    let tipsets = extend(&db, None, 12, 0);
    let index = db.index();
    let height = |head: Option<Head>| head.map(|head| head.height);
    assert_eq!(index.tipset_at(4).unwrap(), None);
    assert_eq!(height(index.tipset_up_to(4).unwrap()), Some(3));
    assert_eq!(height(index.tipset_from(4).unwrap()), Some(5));
    assert_eq!(height(index.tipset_up_to(1_000).unwrap()), Some(12));
    assert_eq!(height(index.tipset_from(13).unwrap()), None);
    assert_eq!(height(index.tipset_up_to(-1).unwrap()), None);
    assert_eq!(index.tipset_at(-1).unwrap(), None);
    assert_eq!(
        index.tipset_up_to(5).unwrap().unwrap(),
        head_of(&tipsets[4])
    );
    let back: Vec<i64> = index
        .tipsets_back(3..=8)
        .map(|t| t.unwrap().height)
        .collect();
    assert_eq!(back, [8, 7, 6, 5, 3]);
}

#[test]
fn after_a_reorganisation_only_the_new_chain_is_answered() {
    let (_dir, db) = store();
    let old = extend(&db, None, 20, 0);
    let base = old.iter().position(|t| t.height() == 11).unwrap();
    let new = extend(&db, Some(&old[base]), 22, 1);
    let chain = [&old[..=base], &new].concat();
    expect_chain(&db, &chain, 12, 1);
    let gone = message(&db.blocks(), 15, 0, 0);
    assert_eq!(db.index().find_message(&gone).unwrap(), None);

    // Back to the old chain, in one step, which ends lower.
    let again: Vec<IndexedTipset> = old[base + 1..]
        .iter()
        .map(|tipset| indexed(&db.blocks(), tipset, 0))
        .collect();
    change(&db, Some(11), &again);
    expect_chain(&db, &old, 0, 0);

    // Down to where they part, and to the start.
    change(&db, Some(11), &[]);
    expect_chain(&db, &old[..=base], 0, 0);
    change(&db, Some(0), &[]);
    expect_chain(&db, &old[..1], 0, 0);
}

#[test]
fn another_genesis_replaces_everything() {
    let (_dir, db) = store();
    extend(&db, None, 20, 0);
    let genesis = tipset(&db.blocks(), &TipsetKey::new([]), 0, 1, 9);
    change(&db, None, &[indexed(&db.blocks(), &genesis, 9)]);
    expect_chain(&db, &[genesis], 0, 9);
}

/// A message that two forks have is found in the one that is on the chain.
#[test]
fn a_message_moves_with_the_chain() {
    let (_dir, db) = store();
    let old = extend(&db, None, 3, 0);
    let at = |height: ChainEpoch, fork: u64| {
        let tipset = tipset(&db.blocks(), old[3].key(), height, 1, fork);
        let mut entry = indexed(&db.blocks(), &tipset, 0);
        entry.messages[0].cids = vec![cid(b"the message")];
        entry
    };
    let (one, other) = (at(5, 1), at(6, 2));
    let found = || {
        db.index()
            .find_message(&cid(b"the message"))
            .unwrap()
            .map(|m| m.height)
    };
    change(&db, Some(3), std::slice::from_ref(&one));
    assert_eq!(found(), Some(5));
    change(&db, Some(3), &[other]);
    assert_eq!(found(), Some(6));
    change(&db, Some(3), &[]);
    assert_eq!(found(), None);
    change(&db, Some(3), &[one]);
    assert_eq!(found(), Some(5));
}

#[test]
#[should_panic(expected = "ascend from the base")]
fn heights_that_do_not_ascend_are_a_mistake() {
    let (_dir, db) = store();
    let tipsets = extend(&db, None, 3, 0);
    let entry = indexed(&db.blocks(), &tipsets[2], 0);
    change(&db, Some(2), &[entry]);
}
