//! The door for blocks, with blocks as miners make them.

use std::sync::atomic::Ordering;

use filigree_blocks::{FullBlock, TipsetKey, cid_of};
use filigree_chain::Taken;
use filigree_consensus::Reason;
use filigree_sync::IntakeError;
use fvm_ipld_blockstore::Blockstore as _;
use fvm_shared::econ::TokenAmount;

use crate::world::{MINERS, Node, folder, nobody, rich, worker};

/// A node which has some blocks, and the last of them.
fn some_blocks(node: &mut Node) -> Vec<FullBlock> {
    node.send(&rich(), nobody(90), TokenAmount::from_whole(1));
    node.advance(8);
    let mut blocks = Vec::new();
    for tipset in node.tipsets() {
        for header in tipset.headers() {
            blocks.push(node.chain.full_block(header).unwrap());
        }
    }
    blocks
}

#[test]
fn blocks_of_another_node_are_taken_and_its_messages_leave_the_pool() {
    let folders = [folder(), folder()];
    let mut one = Node::start(&folders[0], &MINERS);
    let mut other = Node::start(&folders[1], &[]);
    other.send(&rich(), nobody(90), TokenAmount::from_whole(1));
    let blocks = some_blocks(&mut one);
    assert!(blocks.len() > 5);
    other.advance(8);
    assert_eq!(other.chain.head().height(), 0, "nobody mines here");
    for block in &blocks {
        other.intake.submit(block).unwrap();
    }
    assert_eq!(other.chain.head(), one.chain.head());
    assert_eq!(other.pool.len(), 0);
    // Known ones change nothing.
    let head = one.chain.head();
    for block in &blocks {
        let is_of_head = head.key().cids().contains(&block.header.cid());
        let expected = if is_of_head {
            Taken::Head
        } else {
            Taken::Lighter
        };
        assert_eq!(other.intake.submit(block).unwrap(), expected);
    }
    assert_eq!(other.chain.head(), head);
    other.check_states();
}

#[test]
fn bad_blocks_and_orphans_are_refused_with_the_reason() {
    let folders = [folder(), folder()];
    let mut one = Node::start(&folders[0], &MINERS[..1]);
    let other = Node::start(&folders[1], &[]);
    let blocks = some_blocks(&mut one);
    let [first, second, ..] = &blocks[..] else {
        panic!("two blocks in eight epochs");
    };
    let refused = |block: &FullBlock| other.intake.submit(block).unwrap_err();
    // The clock of the other node stands at the genesis.
    assert!(matches!(
        refused(&blocks[blocks.len() - 1]).reason(),
        Some(Reason::Future { .. })
    ));
    other.advance(8);
    let orphan = refused(second);
    assert!(
        matches!(&orphan, IntakeError::UnknownParents { parents } if *parents == second.header.parents),
        "{orphan}"
    );
    let mut twice = first.clone();
    let genesis = other.chain.head().first().cid();
    twice.header.parents = TipsetKey::new([genesis, genesis]);
    let twice = refused(&twice);
    assert!(
        matches!(twice.reason(), Some(Reason::ParentsNotATipset(_))),
        "{twice}"
    );
    let change = |change: fn(&mut FullBlock)| {
        let mut block = first.clone();
        change(&mut block);
        let signed = worker(MINERS[0]).sign(&block.header.signing_bytes());
        block.header.signature = Some(signed);
        refused(&block)
    };
    for (error, expected) in [
        (change(|block| block.header.parent_weight += 1), "weigh"),
        (change(|block| block.header.timestamp_seconds += 1), "time"),
        (
            change(|block| block.header.parent_state = cid_of(b"other")),
            "state",
        ),
        (
            change(|block| block.header.winning_post[0].proof_bytes[80] ^= 1),
            "proof",
        ),
        (
            change(|block| block.header.beacon_entries.last_mut().unwrap().signature[3] ^= 1),
            "election",
        ),
        (
            change(|block| block.header.parents = TipsetKey::new([])),
            "parents",
        ),
    ] {
        assert!(error.reason().is_some(), "{error}");
        assert!(error.to_string().contains(expected), "{expected}: {error}");
    }
    let mut unsigned = first.clone();
    unsigned.header.fork_signal = 1;
    assert!(matches!(
        refused(&unsigned).reason(),
        Some(Reason::BlockSignature { .. })
    ));
    // Nothing of that is in the way of the good one.
    assert_eq!(other.intake.submit(first).unwrap(), Taken::Head);
    assert_eq!(other.intake.submit(second).unwrap(), Taken::Head);
}

/// What another way moved the head by reaches the pool.
#[test]
fn messages_of_reverted_tipsets_come_back_into_the_pool() {
    let folder = folder();
    let mut node = Node::start(&folder, &MINERS[..1]);
    some_blocks(&mut node);
    assert_eq!(node.pool.len(), 0);
    let genesis = node.chain.genesis().clone();
    node.chain.set_head(&genesis).unwrap();
    node.intake.follow().unwrap();
    assert_eq!(node.pool.len(), 1);
    assert_eq!(node.pool.base().epoch, 0);
}

/// The messages of the head, which was set back, are damaged.
#[test]
fn a_block_that_the_chain_took_is_taken_though_the_pool_cannot_follow() {
    let folder = folder();
    let (early, paying) = {
        let mut node = Node::start(&folder, &MINERS[..1]);
        let early = node.advance(5);
        node.send(&rich(), nobody(90), TokenAmount::from_whole(1));
        node.advance(8);
        let tipsets = node.tipsets();
        let paying = tipsets.iter().find(|t| t.parents() == early.key());
        (early, paying.unwrap().clone())
    };
    // Nothing of it is in memory.
    let node = Node::start(&folder, &[]);
    let block = node.chain.full_block(early.first()).unwrap();
    let messages = paying.first().messages;
    assert_ne!(messages, early.first().messages);
    let damage = node.db.blocks().put_keyed(&messages, b"damaged");
    damage.unwrap();
    node.chain.set_head(&paying).unwrap();
    node.intake.follow().unwrap_err();
    assert_eq!(node.intake.submit(&block).unwrap(), Taken::Lighter);
}

#[test]
fn a_block_that_comes_again_is_not_judged_again() {
    let folders = [folder(), folder()];
    let mut one = Node::start(&folders[0], &MINERS[..1]);
    let other = Node::start(&folders[1], &[]);
    let blocks = some_blocks(&mut one);
    other.advance(8);
    let judged = || other.proofs_judged.load(Ordering::Relaxed);
    let first = &blocks[0];
    let mut bad = first.clone();
    bad.header.winning_post[0].proof_bytes[80] ^= 1;
    bad.header.signature = Some(worker(MINERS[0]).sign(&bad.header.signing_bytes()));
    for _ in 0..5 {
        let error = other.intake.submit(&bad).unwrap_err();
        assert!(
            matches!(error.reason(), Some(Reason::WinningPost)),
            "{error}"
        );
    }
    assert_eq!(judged(), 1);
    // The header with messages that are not its own says nothing of the block.
    let mut strange = first.clone();
    let with_message = |block: &&FullBlock| !block.signed.is_empty();
    let message = blocks.iter().find(with_message).unwrap().signed[0].clone();
    strange.signed = match first.signed.is_empty() {
        true => vec![message],
        false => vec![],
    };
    for _ in 0..2 {
        assert!(
            other
                .intake
                .submit(&strange)
                .unwrap_err()
                .reason()
                .is_some()
        );
    }
    let before = judged();
    for _ in 0..5 {
        assert_eq!(other.intake.submit(first).unwrap(), Taken::Head);
    }
    assert_eq!(judged(), before + 1);
    // Rules may be other ones now.
    other.chain.set_config(crate::world::config());
    other.intake.submit(first).unwrap();
    assert_eq!(judged(), before + 2);
}
