//! Blocks that somebody declares bad, tipsets judged once more, and who is told of blocks.

use std::sync::{Arc, Mutex};

use cid::Cid;
use filigree_blocks::{FullBlock, Tipset};
use filigree_chain::Taken;
use filigree_store::Durability;
use filigree_sync::{IntakeError, MarkError};
use fvm_shared::econ::TokenAmount;

use crate::world::{MINERS, Node, folder, nobody, rich};

/// A chain of one miner, one block after the other, and its messages.
fn chain() -> Vec<FullBlock> {
    let folder = folder();
    let mut node = Node::start(&folder, &MINERS[..1]);
    node.advance(4);
    node.send(&rich(), nobody(90), TokenAmount::from_whole(1));
    node.advance(16);
    let tipsets = node.tipsets();
    let blocks = tipsets
        .iter()
        .map(|tipset| node.chain.full_block(tipset.first()).unwrap());
    blocks.collect()
}

/// A node without miners that has taken these blocks.
fn follower(folder: &tempfile::TempDir, blocks: &[FullBlock]) -> Node {
    let node = Node::start(folder, &[]);
    node.advance(30);
    for block in blocks {
        node.intake.submit(block).unwrap();
    }
    node
}

fn marked(error: &IntakeError) -> Option<Cid> {
    match error {
        IntakeError::Marked { bad, .. } => Some(**bad),
        _ => None,
    }
}

#[test]
fn the_chain_leaves_a_block_that_is_declared_bad_and_it_does_not_come_in_again() {
    let blocks = chain();
    let [.., before, bad, after, last] = &blocks[..] else {
        panic!("four blocks in twenty epochs");
    };
    let folder = folder();
    let node = follower(&folder, &blocks);
    let cid = bad.header.cid();
    node.intake.mark_bad(&cid, "it smells").unwrap();
    assert_eq!(node.intake.why_bad(&cid).as_deref(), Some("it smells"));
    let left = Tipset::new([before.header.clone()]).unwrap();
    assert_eq!(node.chain.head(), left);
    assert_eq!(node.pool.base().epoch, left.height(), "the pool follows");
    // Neither it nor what stands on it, whose parents are here.
    for block in [bad, after, last] {
        let refused = node.intake.submit(block).unwrap_err();
        assert_eq!(marked(&refused), Some(cid), "{refused}");
    }
    assert_eq!(node.chain.head(), left);
    drop(node);
    let node = Node::start(&folder, &[]);
    node.advance(30);
    let refused = node.intake.submit(after).unwrap_err();
    assert_eq!(marked(&refused), Some(cid), "after a restart: {refused}");
    node.intake.unmark_bad(&cid).unwrap();
    assert_eq!(node.intake.why_bad(&cid), None);
    for block in [bad, after, last] {
        assert_eq!(node.intake.submit(block).unwrap(), Taken::Head);
    }
}

#[test]
fn a_block_that_was_declared_bad_before_a_kill_is_left_at_the_next_start() {
    let blocks = chain();
    let folder = folder();
    let bad = blocks[blocks.len() - 2].header.cid();
    {
        let node = follower(&folder, &blocks);
        let marks = filigree_store::TableDef::<Cid, String>::new("sync.bad");
        let marks = node.db.table(marks);
        marks
            .set(&bad, &"it smells".to_owned(), Durability::Synced)
            .unwrap();
    }
    let node = Node::start(&folder, &[]);
    let expected = &blocks[blocks.len() - 3];
    assert_eq!(node.chain.head().first().cid(), expected.header.cid());
    assert_eq!(node.pool.base().epoch, expected.header.height);
}

#[test]
fn all_marks_are_taken_back_and_the_genesis_gets_none() {
    let blocks = chain();
    let folder = folder();
    let node = follower(&folder, &[]);
    let genesis = node.chain.genesis().first().cid();
    let refused = node.intake.mark_bad(&genesis, "it smells");
    assert!(matches!(refused, Err(MarkError::Genesis)));
    // They need not be here.
    for block in &blocks[..3] {
        node.intake
            .mark_bad(&block.header.cid(), "it smells")
            .unwrap();
    }
    assert!(node.intake.submit(&blocks[0]).is_err());
    node.intake.unmark_all_bad().unwrap();
    for block in &blocks {
        assert_eq!(node.intake.submit(block).unwrap(), Taken::Head);
    }
}

#[test]
fn a_tipset_is_judged_once_more() {
    let blocks = chain();
    let folder = folder();
    let node = follower(&folder, &blocks);
    let genesis = node.chain.genesis().clone();
    node.intake.validate(&genesis).unwrap();
    let tipsets = node.tipsets();
    for tipset in &tipsets {
        node.intake.validate(tipset).unwrap();
    }
    let last = &tipsets[tipsets.len() - 1];
    node.intake
        .mark_bad(&last.first().cid(), "it smells")
        .unwrap();
    let refused = node.intake.validate(last).unwrap_err();
    assert_eq!(marked(&refused), Some(last.first().cid()));
    // A block that came past the door, and names a state that nobody comes to. Its child is believed elsewhere.
    let mut wrong = blocks[blocks.len() - 1].clone();
    wrong.header.parent_state = genesis.parent_state();
    node.chain.put_block(&wrong).unwrap();
    let wrong = Tipset::new([wrong.header]).unwrap();
    node.chain.set_head(&wrong).unwrap();
    let refused = node.intake.validate(&wrong).unwrap_err();
    assert!(refused.to_string().contains("state"), "{refused}");
    assert!(refused.reason().is_some(), "{refused}");
}

#[test]
fn who_listens_hears_of_each_good_block_once() {
    let blocks = chain();
    let folder = folder();
    let node = follower(&folder, &[]);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&heard);
    node.intake.listen(Box::new(move |header| {
        let mut heard = hears.lock().unwrap();
        heard.push(header.cid());
        heard.len() < 3
    }));
    let mut bad = blocks[0].clone();
    bad.header.parent_weight += 1;
    node.intake.submit(&bad).unwrap_err();
    for block in &blocks {
        node.intake.submit(block).unwrap();
        node.intake.submit(block).unwrap();
    }
    let expected: Vec<Cid> = blocks[..3].iter().map(|block| block.header.cid()).collect();
    assert_eq!(*heard.lock().unwrap(), expected, "it wanted three");
}
