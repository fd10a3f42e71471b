//! Blocks, one after the other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use filigree_mine::{AdvanceError, Clock, InstantError, MockWinning};

use crate::world::{GENESIS_TIME, MINERS, Node, folder};

#[test]
fn blocks_come_and_the_head_advances() {
    let folder = folder();
    let node = Node::start(&folder, &MINERS);
    let head = node.advance(12);
    assert_eq!(head, node.chain.head());
    assert!(head.height() > 8, "{}", head.height());
    let tipsets = node.tipsets();
    for tipset in &tipsets {
        let expected = GENESIS_TIME + tipset.height() as u64;
        assert_eq!(tipset.min_timestamp_seconds(), expected);
    }
    let blocks: usize = tipsets.iter().map(|tipset| tipset.blocks().len()).sum();
    let records = node.mining.records();
    let counted: u64 = records.iter().map(|(_, record)| record.blocks).sum();
    assert_eq!(counted, blocks as u64);
    for (_, record) in &records {
        assert_eq!((record.rounds, record.lost), (12, 0));
        assert_eq!(record.last_round, Some(12));
        assert_eq!(record.barred, None);
    }
    node.check_states();
}

/// One of three miners wins four epochs of five.
#[test]
fn epochs_without_a_winner_are_passed() {
    let folder = folder();
    let node = Node::start(&folder, &MINERS[..1]);
    node.advance(40);
    let tipsets = node.tipsets();
    assert!((20..40).contains(&tipsets.len()), "{}", tipsets.len());
    let mut bridged = 0;
    for pair in tipsets.windows(2) {
        let epochs = pair[1].height() - pair[0].height();
        // It has the entries of the epochs without a block too.
        assert_eq!(pair[1].first().beacon_entries.len() as i64, epochs);
        bridged += epochs - 1;
    }
    assert!(bridged > 0);
    node.check_states();
}

#[test]
fn a_virtual_clock_shows_the_epoch_that_was_tried() {
    let folder = folder();
    let node = Node::start(&folder, &MINERS[..1]);
    node.advance(7);
    assert_eq!(node.mining.clock().now_seconds(), GENESIS_TIME + 7);
}

#[test]
fn what_keeps_up_with_a_virtual_clock_is_waited_for_after_each_epoch() {
    let folder = folder();
    let node = Node::start(&folder, &MINERS);
    let (sender, receiver) = std::sync::mpsc::channel();
    node.mining.after_each_epoch(Box::new(move |head| {
        sender.send(head.clone()).unwrap();
    }));
    let head = node.advance(3);
    let heard: Vec<_> = receiver.try_iter().collect();
    assert_eq!(heard.len(), 3);
    assert_eq!(heard[2], head);
}

#[test]
fn on_the_wall_clock_blocks_come_by_themselves_at_their_time() {
    let folder = folder();
    let clock = Clock::resumed(GENESIS_TIME);
    let node = Node::start_with(&folder, &MINERS, clock.clone(), Arc::new(MockWinning));
    let deadline = Instant::now() + Duration::from_secs(600);
    while node.chain.head().height() < 3 {
        assert!(Instant::now() < deadline, "{:?}", node.mining.records());
        std::thread::sleep(Duration::from_millis(20));
    }
    for tipset in node.tipsets() {
        assert!(tipset.min_timestamp_seconds() <= clock.now_seconds());
    }
    node.mining.stop();
    let stopped = node.chain.head();
    std::thread::sleep(Duration::from_millis(1_500));
    assert_eq!(node.chain.head(), stopped);
    assert!(matches!(
        node.mining.advance(1),
        Err(AdvanceError::NotVirtual)
    ));
    assert!(matches!(
        node.mining.instant(),
        Err(InstantError::NotVirtual)
    ));
    node.check_states();
}
