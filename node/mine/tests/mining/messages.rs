//! Messages come into blocks.

use std::time::{Duration, Instant};

use filigree_blocks::ChainMessage;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;

use crate::world::{MINERS, Node, folder, nobody, rich, rich_bls};

fn fil(whole: u64) -> TokenAmount {
    TokenAmount::from_whole(whole)
}

#[test]
fn messages_of_both_kinds_are_mined_in_order_and_paid() {
    let folder = folder();
    let mut node = Node::start(&folder, &MINERS);
    let mut sent = Vec::new();
    for at in 0..6 {
        let sender = if at % 2 == 0 { rich() } else { rich_bls() };
        sent.push(node.send(&sender, nobody(60), fil(at + 1)).cid());
    }
    assert_eq!(node.pool.len(), 6);
    for _ in 0..20 {
        if node.pool.is_empty() {
            break;
        }
        node.advance(1);
    }
    assert_eq!(node.pool.len(), 0);
    assert_eq!(node.balance(&nobody(60)), fil(21));
    // The next tipset has the receipts, and the index knows where the messages are.
    node.advance(2);
    for cid in sent {
        let place = node.chain.index().find_message(&cid).unwrap().unwrap();
        let tipset = node.chain.tipset(&place.tipset).unwrap();
        let receipts = node.states.receipts(&tipset).unwrap();
        assert_eq!(receipts[place.index as usize].exit_code, ExitCode::OK);
    }
    let mut kinds = [0, 0];
    for tipset in node.tipsets() {
        for message in node.states.messages(&tipset).unwrap() {
            kinds[usize::from(matches!(message, ChainMessage::Signed(_)))] += 1;
        }
    }
    assert_eq!(kinds, [3, 3]);
    node.check_states();
}

#[test]
fn blocks_come_as_soon_as_a_message_does() {
    let folder = folder();
    let mut node = Node::start(&folder, &MINERS);
    node.mining.instant().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(
        node.chain.head().height(),
        0,
        "without messages time stands still"
    );
    for round in 1..=3 {
        let cid = node.send(&rich(), nobody(70), fil(1)).cid();
        let deadline = Instant::now() + Duration::from_secs(600);
        // In a block, and a block on top of that.
        let found = |node: &Node| {
            let place = node.chain.index().find_message(&cid).unwrap()?;
            (node.chain.head().height() > place.height).then_some(())
        };
        while found(&node).is_none() {
            assert!(Instant::now() < deadline, "{:?}", node.mining.records());
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(node.balance(&nobody(70)), fil(round));
    }
    node.mining.stop();
    let height = node.chain.head().height();
    assert!(height < 40, "{height}");
}

#[test]
fn a_thread_that_panicked_is_noticed() {
    let folder = folder();
    let mut node = Node::start(&folder, &MINERS);
    node.mining.after_each_epoch(Box::new(|_| panic!("a bug")));
    node.mining.instant().unwrap();
    assert_eq!(node.mining.dead_thread(), None);
    node.send(&rich(), nobody(70), fil(1));
    let deadline = Instant::now() + Duration::from_secs(600);
    while node.mining.dead_thread().is_none() {
        assert!(Instant::now() < deadline, "{:?}", node.mining.records());
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(node.mining.dead_thread().as_deref(), Some("mine instant"));
    node.mining.stop();
    assert_eq!(node.mining.dead_thread(), None, "it was stopped");
}
