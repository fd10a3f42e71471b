//! After a restart or a kill, no miner makes a block where it has made one.

use std::collections::BTreeSet;

use filigree_blocks::{Tipset, cid_of};
use filigree_chain::ChainError;
use filigree_mine::last::{LastBlocks, SecondBlock};
use filigree_mine::{AdvanceError, Lost};
use fvm_shared::econ::TokenAmount;

use crate::world::{MINERS, Node, folder, nobody, rich};

/// The epochs at which the miner has blocks on the chain.
fn epochs_of(node: &Node, miner: u64) -> Vec<i64> {
    let tipsets = node.tipsets();
    let headers = tipsets.iter().flat_map(|tipset| tipset.headers());
    let own = headers.filter(|header| header.miner.id() == Ok(miner));
    own.map(|header| header.height).collect()
}

#[test]
fn a_restarted_node_goes_on_where_it_stopped() {
    let folder = folder();
    let before = {
        let mut node = Node::start(&folder, &MINERS);
        node.send(&rich(), nobody(80), TokenAmount::from_whole(3));
        node.advance(6)
    };
    let node = Node::start(&folder, &MINERS);
    assert_eq!(node.chain.head(), before);
    let after = node.advance(6);
    assert!(after.height() > before.height());
    assert!(node.chain.is_ancestor(&before, &after).unwrap());
    for miner in MINERS {
        let epochs = epochs_of(&node, miner);
        let distinct: BTreeSet<_> = epochs.iter().collect();
        assert_eq!(distinct.len(), epochs.len());
    }
    assert_eq!(node.balance(&nobody(80)), TokenAmount::from_whole(3));
    node.check_states();
}

/// It was killed between writing down that it makes a block and showing the block: that epoch is lost, the parents are not.
#[test]
fn a_block_that_nobody_saw_costs_its_epoch_and_no_more() {
    let folder = folder();
    let (miner, epoch, base) = {
        let node = Node::start(&folder, &MINERS[..1]);
        let base = node.advance(5);
        let epoch = base.height().max(5) + 1;
        let unseen = cid_of(b"never shown");
        let claimed =
            LastBlocks::new(&node.db).claim(MINERS[0], epoch, unseen, &base, |_| Ok(false));
        claimed.unwrap();
        (MINERS[0], epoch, base)
    };
    let node = Node::start(&folder, &MINERS[..1]);
    for _ in 0..20 {
        if node.chain.head() != base {
            break;
        }
        node.advance(1);
    }
    let epochs = epochs_of(&node, miner);
    assert!(!epochs.contains(&epoch), "{epochs:?}");
    assert!(epochs.iter().any(|other| *other > epoch), "{epochs:?}");
    let next = node.chain.head();
    assert_eq!(
        next.parents(),
        base.key(),
        "the miner builds on the same parents"
    );
}

/// It was killed after the block was stored, before the chain took it.
#[test]
fn a_block_that_was_stored_is_taken_after_a_restart() {
    let folder = folder();
    let head = {
        let node = Node::start(&folder, &MINERS[..1]);
        let head = node.advance(8);
        let parents = node.chain.parents(&head).unwrap();
        node.chain.set_head(&parents).unwrap();
        head
    };
    let node = Node::start(&folder, &MINERS[..1]);
    assert_eq!(node.chain.head(), head);
}

#[test]
fn second_blocks_are_seen_before_they_are_made() {
    let folder = folder();
    let node = Node::start(&folder, &MINERS[..1]);
    node.advance(10);
    let tipsets = node.tipsets();
    let [.., earlier, last] = &tipsets[..] else {
        panic!("two tipsets in ten epochs");
    };
    let blocks = LastBlocks::new(&node.db);
    let claim = |epoch, parents| {
        // They were shown, and may be gone from the store.
        blocks.claim(MINERS[0], epoch, cid_of(b"other"), parents, |_| Ok(false))
    };
    let made = last.height();
    assert!(matches!(claim(made, last), Err(SecondBlock::Epoch { .. })));
    assert!(matches!(
        claim(made - 1, earlier),
        Err(SecondBlock::Epoch { .. })
    ));
    assert!(matches!(
        claim(made + 1, earlier),
        Err(SecondBlock::Parents { .. })
    ));
    // A tipset beside the miner's own block: the last one, and one from before.
    let beside = |own: &Tipset| {
        let mut sibling = own.first().clone();
        sibling.miner = fvm_shared::address::Address::new_id(MINERS[1]);
        Tipset::new([sibling]).unwrap()
    };
    let (sibling, early) = (beside(last), beside(&tipsets[0]));
    for sibling in [&sibling, &early] {
        let claimed = claim(made + 1, sibling);
        assert!(matches!(claimed, Err(SecondBlock::LeftOut { .. })));
    }
    // Parents that the miner built on long ago.
    for parents in &tipsets[..tipsets.len() - 1] {
        let claimed = claim(made + 1, parents);
        assert!(matches!(claimed, Err(SecondBlock::Parents { .. })));
    }
    let both = [last.first().clone(), sibling.first().clone()];
    let both = Tipset::new(both).unwrap();
    claim(made + 1, &both).unwrap();
}

/// All that the miner built in between is good; a block beside it would cost the miner a penalty.
#[test]
fn where_the_head_is_set_back_far_no_second_block_is_made() {
    let folder = folder();
    let node = Node::start(&folder, &MINERS[..1]);
    let head = node.advance(12);
    let far_back = node.tipsets()[1].clone();
    assert!(far_back.height() + 3 < head.height());
    node.chain.set_head(&far_back).unwrap();
    let error = (0..20).find_map(|_| node.mining.advance(1).err()).unwrap();
    let is_second = |why: &Lost| matches!(why, Lost::Second(SecondBlock::Parents { .. }));
    assert!(
        matches!(&error, AdvanceError::Lost { why, .. } if is_second(why)),
        "{error}"
    );
    assert_eq!(node.chain.head(), head, "the miner's own blocks are back");
    assert!(node.chain.is_ancestor(&head, &node.advance(8)).unwrap());
}

#[test]
fn a_block_that_cannot_be_read_is_not_taken_for_one_that_nobody_saw() {
    let folder = folder();
    let node = Node::start(&folder, &MINERS[..1]);
    let base = node.advance(5);
    let blocks = LastBlocks::new(&node.db);
    let claim = |ahead, is_stored: fn(&cid::Cid) -> Result<bool, ChainError>| {
        let block = cid_of(&[ahead as u8]);
        blocks.claim(MINERS[0], base.height() + ahead, block, &base, is_stored)
    };
    claim(10, |_| Ok(false)).unwrap();
    let unreadable = claim(11, |_| Err(ChainError::NoChain));
    assert!(matches!(unreadable, Err(SecondBlock::Unknown { .. })));
    let stored = claim(11, |_| Ok(true));
    assert!(matches!(stored, Err(SecondBlock::Parents { .. })));
    claim(11, |_| Ok(false)).unwrap();
}

#[test]
fn blocks_that_nobody_can_report_any_more_are_forgotten() {
    let folder = folder();
    let node = Node::start(&folder, &[]);
    let blocks = LastBlocks::new(&node.db);
    let genesis = node.chain.genesis();
    let claim = |epoch| {
        let claimed = blocks.claim(MINERS[0], epoch, cid_of(b"other"), genesis, |_| Ok(false));
        claimed.unwrap();
        blocks.show(MINERS[0], epoch, filigree_store::Durability::Buffered)
    };
    claim(5).unwrap();
    let again = blocks.claim(MINERS[0], 905, cid_of(b"other"), genesis, |_| Ok(false));
    assert!(matches!(again, Err(SecondBlock::Parents { last: 5, .. })));
    // A block elsewhere, a finality and more later.
    let elsewhere = far_away(genesis);
    let far = |_: &cid::Cid| Ok(false);
    blocks
        .claim(MINERS[0], 2_000, cid_of(b"far"), &elsewhere, far)
        .unwrap();
    claim(2_001).unwrap();
}

/// A tipset at epoch 1,999.
fn far_away(genesis: &Tipset) -> Tipset {
    let mut header = genesis.first().clone();
    header.height = 1_999;
    header.ticket = Some(filigree_blocks::Ticket { vrf_proof: vec![1] });
    Tipset::new([header]).unwrap()
}
