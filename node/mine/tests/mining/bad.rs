//! Blocks that somebody declares bad, tipsets judged once more, and who is told of blocks.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use cid::Cid;
use filigree_blocks::{FullBlock, Tipset};
use filigree_chain::Taken;
use filigree_store::Durability;
use filigree_sync::{Intake, IntakeError, MarkError, Parts};
use fvm_ipld_blockstore::Blockstore as _;
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

/// Something is wrong with the store: the parents of a block cannot be read, so the chain cannot leave it.
fn with_damaged_parents(blocks: &[FullBlock]) -> (tempfile::TempDir, Cid) {
    let folder = folder();
    let node = follower(&folder, blocks);
    let [.., before, block, _, _] = blocks else {
        panic!("four blocks in twenty epochs");
    };
    let damaged = node.db.blocks();
    damaged.put_keyed(&before.header.cid(), b"damaged").unwrap();
    (folder, block.header.cid())
}

#[test]
fn a_block_that_the_chain_cannot_leave_is_not_declared_bad() {
    let (folder, cid) = with_damaged_parents(&chain());
    for _ in 0..2 {
        let node = Node::start(&folder, &[]);
        assert_eq!(node.intake.why_bad(&cid), None, "also after a restart");
        let refused = node.intake.mark_bad(&cid, "it smells").unwrap_err();
        assert!(matches!(refused, MarkError::Chain(_)), "{refused}");
        assert_eq!(node.intake.why_bad(&cid), None);
    }
}

#[test]
fn a_node_starts_though_its_chain_cannot_leave_a_block_that_is_declared_bad() {
    let blocks = chain();
    let (folder, cid) = with_damaged_parents(&blocks);
    {
        let node = Node::start(&folder, &[]);
        let marks = filigree_store::TableDef::<Cid, String>::new("sync.bad");
        let marks = node.db.table(marks);
        // One comes before the other, whichever that is.
        for bad in [&cid, &blocks[blocks.len() - 1].header.cid()] {
            marks
                .set(bad, &"it smells".to_owned(), Durability::Synced)
                .unwrap();
        }
    }
    let node = Node::start(&folder, &[]);
    let left = &blocks[blocks.len() - 2].header;
    assert_eq!(node.chain.head().first().cid(), left.cid());
    assert_eq!(node.pool.base().epoch, left.height);
    // The old mark stays as it was; it can be taken back.
    assert!(node.intake.mark_bad(&cid, "it smells more").is_err());
    assert_eq!(node.intake.why_bad(&cid).as_deref(), Some("it smells"));
    node.intake.unmark_bad(&cid).unwrap();
    assert_eq!(node.intake.why_bad(&cid), None);
}

#[test]
fn what_is_no_block_is_not_declared_bad() {
    let blocks = chain();
    let folder = folder();
    let node = follower(&folder, &blocks);
    let head = node.chain.head();
    let key = filigree_blocks::cid_of(&head.key().block());
    for cid in [key, head.parent_state(), head.first().messages] {
        let refused = node.intake.mark_bad(&cid, "it smells").unwrap_err();
        assert!(matches!(refused, MarkError::NotABlock(_)), "{refused}");
        assert_eq!(node.intake.why_bad(&cid), None);
    }
    assert_eq!(node.chain.head(), head);
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

#[test]
fn a_block_that_comes_by_two_ways_at_once_is_told_once() {
    let blocks = chain();
    let folder = folder();
    let node = follower(&folder, &[]);
    let both = Barrier::new(2);
    let time = blocks[0].header.timestamp_seconds;
    let intake = Intake::new(Parts {
        db: node.db.clone(),
        chain: Arc::clone(&node.chain),
        states: node.states.clone(),
        pool: Arc::clone(&node.pool),
        // Neither has a verdict before both look for one.
        verify_winning: Box::new(move |_| {
            both.wait();
            Ok(true)
        }),
        now: Box::new(move || time),
    });
    let intake = intake.unwrap();
    let heard = Arc::new(AtomicUsize::new(0));
    let hears = Arc::clone(&heard);
    intake.listen(Box::new(move |_| {
        hears.fetch_add(1, Ordering::Relaxed);
        true
    }));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert_eq!(intake.submit(&blocks[0]).unwrap(), Taken::Head));
        }
    });
    assert_eq!(heard.load(Ordering::Relaxed), 1);
}
