//! Blocks of our own miners that callers of the RPC have made, or submit.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use filigree_blocks::{FullBlock, Tipset, TipsetKey};
use filigree_chain::Taken;
use filigree_consensus::Reason;
use filigree_mine::last::{LastBlocks, SecondBlock};
use filigree_mine::{AdvanceError, GuardError, Lost};
use filigree_store::Extent;
use filigree_store::gc::{GcRoots, gc};
use fvm_shared::econ::TokenAmount;

use crate::world::{MINERS, Node, folder, nobody, rich, worker};

/// The first block that a miner makes on a new network, without messages and with one: both good, and at the same epoch, for
/// draws do not depend on messages.
fn twins() -> [FullBlock; 2] {
    [false, true].map(|pays| {
        let folder = folder();
        let mut node = Node::start(&folder, &MINERS[..1]);
        if pays {
            node.send(&rich(), nobody(90), TokenAmount::from_whole(1));
        }
        node.advance(8);
        let tipset = node.tipsets().swap_remove(0);
        node.chain.full_block(tipset.first()).unwrap()
    })
}

fn is_second_of_epoch<T>(result: &Result<T, GuardError>) -> bool {
    matches!(result, Err(GuardError::Second(SecondBlock::Epoch { .. })))
}

#[test]
fn of_two_blocks_of_an_epoch_one_is_given_out() {
    let [first, second] = twins();
    assert_eq!(first.header.height, second.header.height);
    assert_ne!(first.header.cid(), second.header.cid());
    let folder = folder();
    let node = Node::start(&folder, &[]);
    node.advance(8);
    node.guard.give_out(&first).unwrap();
    assert!(is_second_of_epoch(&node.guard.give_out(&second)));
    assert!(is_second_of_epoch(&node.guard.submit(&second)));
    // The same block as often as it is wanted.
    node.guard.give_out(&first).unwrap();
    assert_eq!(node.guard.submit(&first).unwrap(), Taken::Head);
    drop(node);
    let node = Node::start(&folder, &[]);
    node.advance(8);
    assert!(
        is_second_of_epoch(&node.guard.give_out(&second)),
        "after a restart"
    );
}

#[test]
fn of_two_blocks_of_an_epoch_one_is_submitted() {
    let [first, second] = twins();
    let folder = folder();
    let node = Node::start(&folder, &[]);
    node.advance(8);
    assert_eq!(node.guard.submit(&first).unwrap(), Taken::Head);
    assert!(is_second_of_epoch(&node.guard.submit(&second)));
    assert!(node.guard.submit(&first).is_ok());
    // By any other way it is a block like those of strangers.
    assert!(node.intake.submit(&second).is_ok());
}

/// A guard judges a block before the door does, and perhaps long before.
#[test]
fn who_listens_hears_of_blocks_that_pass_a_guard() {
    let blocks: Vec<FullBlock> = {
        let folder = folder();
        let node = Node::start(&folder, &MINERS[..1]);
        node.advance(12);
        let tipsets = node.tipsets();
        let headers = tipsets.iter().map(|tipset| tipset.first());
        headers
            .map(|header| node.chain.full_block(header).unwrap())
            .collect()
    };
    let folder = folder();
    let node = Node::start(&folder, &[]);
    node.advance(12);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&heard);
    node.intake.listen(Box::new(move |header| {
        hears.lock().unwrap().push(header.cid());
        true
    }));
    node.guard.give_out(&blocks[0]).unwrap();
    assert_eq!(*heard.lock().unwrap(), [], "the chain has not taken it");
    for block in &blocks[..2] {
        node.guard.submit(block).unwrap();
        node.guard.submit(block).unwrap();
    }
    let expected = [&blocks[0], &blocks[1]].map(|block| block.header.cid());
    assert_eq!(*heard.lock().unwrap(), expected);
}

/// Taken down first, and not stored for a kill in between, it would bar its miner for good.
#[test]
fn a_block_is_stored_before_it_is_taken_down() {
    let [first, second] = twins();
    let folder = folder();
    let node = Node::start(&folder, &[]);
    node.advance(8);
    node.guard.give_out(&first).unwrap();
    assert!(node.chain.block(&second.header.cid()).is_err());
    assert!(is_second_of_epoch(&node.guard.give_out(&second)));
    assert_eq!(
        node.chain.block(&second.header.cid()).unwrap(),
        second.header
    );
}

#[test]
fn blocks_of_strangers_are_none_of_ours() {
    let twins = twins();
    let folder = folder();
    for miner in MINERS {
        let key = worker(miner);
        let file = format!("keystore/{}.key", key.address());
        std::fs::remove_file(folder.path().join(file)).unwrap();
    }
    let node = Node::start(&folder, &[]);
    node.advance(8);
    for twin in &twins {
        node.guard.submit(twin).unwrap();
    }
}

/// The mining loop makes none beside it, and has the chain take it: else a network of one miner would stand still.
#[test]
fn a_miner_goes_on_from_a_block_that_was_given_out() {
    let [given, _] = twins();
    let folder = folder();
    let node = Node::start(&folder, &MINERS[..1]);
    let epoch = given.header.height;
    node.advance(u64::try_from(epoch).unwrap() - 1);
    assert_eq!(node.chain.head().height(), 0);
    node.guard.give_out(&given).unwrap();
    // It is the block that the miner would have made itself.
    node.advance(1);
    assert_eq!(node.chain.head(), Tipset::new([given.header]).unwrap());

    let [_, given] = twins();
    let folder = crate::world::folder();
    let node = Node::start(&folder, &MINERS[..1]);
    node.advance(u64::try_from(epoch).unwrap() - 1);
    node.guard.give_out(&given).unwrap();
    // It is in no chain, and garbage is collected.
    let roots = || {
        let blocks = LastBlocks::new(&node.db).since(node.chain.head().height())?;
        assert_eq!(blocks, [given.header.cid()]);
        let heads = blocks.into_iter().map(|block| TipsetKey::new([block]));
        Ok(GcRoots {
            heads: heads.collect(),
            pins: Vec::new(),
        })
    };
    gc(&node.db, Extent::FULL, roots, &mut |_| {
        ControlFlow::Continue(())
    })
    .unwrap();
    let mut troubles = Vec::new();
    while node.chain.head().height() == 0 {
        if let Err(AdvanceError::Lost { why, .. }) = node.mining.advance(1) {
            troubles.push(*why);
        }
    }
    assert!(
        matches!(
            &troubles[..],
            [
                Lost::Second(SecondBlock::Epoch { .. }),
                ..,
                Lost::Second(SecondBlock::Parents { .. })
            ]
        ),
        "{troubles:?}"
    );
    let tipsets = node.tipsets();
    assert_eq!(tipsets[0], Tipset::new([given.header]).unwrap());
}

#[test]
fn nothing_is_taken_down_of_a_block_that_is_not_good() {
    let [first, second] = twins();
    let folder = folder();
    let node = Node::start(&folder, &[]);
    node.advance(8);
    let mut bad = first.clone();
    bad.header.parent_weight += 1;
    bad.header.signature = Some(worker(MINERS[0]).sign(&bad.header.signing_bytes()));
    let mut later = first;
    later.header.height += 2;
    for block in [&bad, &later] {
        for refused in [
            node.guard.give_out(block).unwrap_err(),
            node.guard.submit(block).map(drop).unwrap_err(),
        ] {
            assert!(
                matches!(&refused, GuardError::Intake(why) if why.reason().is_some()),
                "{refused}"
            );
        }
    }
    node.guard.give_out(&second).unwrap();
}

#[test]
fn a_block_is_made_an_epoch_ahead_and_no_earlier() {
    let blocks = {
        let folder = folder();
        let node = Node::start(&folder, &MINERS[..1]);
        node.advance(12);
        let tipsets = node.tipsets();
        let blocks = tipsets.iter().map(|tipset| tipset.first());
        let blocks = blocks.map(|header| node.chain.full_block(header).unwrap());
        blocks.collect::<Vec<_>>()
    };
    let late = blocks.iter().position(|block| block.header.height >= 4);
    let (earlier, block) = (&blocks[..late.unwrap()], &blocks[late.unwrap()]);
    let before = |epochs: i64| {
        let folder = folder();
        let node = Node::start(&folder, &[]);
        node.advance(u64::try_from(block.header.height - epochs).unwrap());
        let of_the_past =
            |earlier: &&FullBlock| earlier.header.height <= block.header.height - epochs;
        for block in earlier.iter().filter(of_the_past) {
            node.intake.submit(block).unwrap();
        }
        node.guard.give_out(block)
    };
    before(1).unwrap();
    let refused = before(3).unwrap_err();
    assert!(
        matches!(&refused, GuardError::Intake(refused) if matches!(refused.reason(), Some(Reason::Future { .. }))),
        "{refused}"
    );
}
