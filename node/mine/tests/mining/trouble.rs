//! What goes wrong costs an epoch, not the miner.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use filigree_mine::{AdvanceError, Clock, Lost};

use crate::world::{Damaged, GENESIS_TIME, MINERS, Node, folder};

#[test]
fn a_proof_that_fails_costs_the_epoch_and_says_why() {
    let folder = folder();
    let prover = Arc::new(Damaged::default());
    let clock = Clock::virtual_from(0);
    let node = Node::start_with(&folder, &MINERS[..1], clock, Arc::<Damaged>::clone(&prover));
    prover.0.store(true, Ordering::Release);
    let error = (0..20).find_map(|_| node.mining.advance(1).err()).unwrap();
    assert!(
        matches!(&error, AdvanceError::Lost { why, .. } if matches!(**why, Lost::Proof(_))),
        "{error}"
    );
    assert!(error.to_string().contains("damaged"), "{error}");
    assert_eq!(node.chain.head().height(), 0);
    let (_, record) = &node.mining.records()[0];
    assert_eq!(record.lost, 1);
    assert!(record.last_trouble.as_ref().unwrap().1.contains("damaged"));
    prover.0.store(false, Ordering::Release);
    assert!(node.advance(10).height() > 0);
}

#[test]
fn the_loop_goes_on_after_lost_epochs() {
    let folder = folder();
    let prover = Arc::new(Damaged::default());
    prover.0.store(true, Ordering::Release);
    let clock = Clock::resumed(GENESIS_TIME);
    let node = Node::start_with(&folder, &MINERS, clock, Arc::<Damaged>::clone(&prover));
    let wait_for = |what: &dyn Fn() -> bool| {
        let deadline = Instant::now() + Duration::from_secs(600);
        while !what() {
            assert!(Instant::now() < deadline, "{:?}", node.mining.records());
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    wait_for(&|| {
        node.mining
            .records()
            .iter()
            .any(|(_, record)| record.lost > 0)
    });
    assert_eq!(node.chain.head().height(), 0);
    prover.0.store(false, Ordering::Release);
    wait_for(&|| node.chain.head().height() > 0);
}

/// Nobody sends window proofs here.
#[test]
fn a_network_of_which_nothing_is_proven_any_more_has_ended_and_says_so() {
    let folder = folder();
    let node = Node::start(&folder, &MINERS);
    let ended = |node: &Node| {
        let records = node.mining.records();
        records.iter().all(|(_, record)| {
            let barred = record.barred.as_deref().unwrap_or_default();
            barred.contains("this chain has ended")
        })
    };
    // All sectors are due in a proving period.
    let epochs = (1..=600).find(|_| {
        node.advance(1);
        ended(&node)
    });
    assert!(epochs.is_some_and(|epochs| epochs > 20), "{epochs:?}");
    // It stays so, without any other trouble.
    let head = node.chain.head();
    assert_eq!(node.advance(20), head);
    assert!(ended(&node));
    assert!(
        node.mining
            .records()
            .iter()
            .all(|(_, record)| record.lost == 0)
    );
}
