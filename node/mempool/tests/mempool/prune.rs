//! Too many messages.

use filigree_keys::{Key, KeyType};
use filigree_mempool::{Event, Limits, Refusal, Removal};
use fvm_shared::version::NetworkVersion;

use crate::support::World;

fn small(priority: &[&Key]) -> World {
    let limits = Limits {
        high: 10,
        low: 6,
        priority: priority.iter().map(|key| *key.address()).collect(),
    };
    World::with(limits, NetworkVersion::V25)
}

#[test]
fn the_best_stay_when_there_are_too_many() {
    let world = small(&[]);
    let keys: Vec<Key> = (1..=11)
        .map(|n| world.sender(KeyType::Secp256k1, n))
        .collect();
    let events = world.pool.subscribe(100);
    for (key, premium) in keys.iter().zip(1..) {
        world.push(&world.paying(key, 0, premium * 10)).unwrap();
    }
    assert_eq!(world.pool.len(), 6);
    for (number, key) in keys.iter().enumerate() {
        assert_eq!(world.nonces(key).is_empty(), number < 5, "{number}");
    }
    let pruned = events
        .try_iter()
        .filter(|event| matches!(event, Event::Removed(_, Removal::Pruned)));
    assert_eq!(pruned.count(), 5);
}

#[test]
fn the_worst_is_refused_where_all_others_are_better() {
    let world = small(&[]);
    let keys: Vec<Key> = (1..=11)
        .map(|n| world.sender(KeyType::Secp256k1, n))
        .collect();
    for key in &keys[1..] {
        world.push(&world.paying(key, 0, 100)).unwrap();
    }
    let refused = world.push(&world.paying(&keys[0], 0, 1)).unwrap_err();
    assert!(matches!(refused, Refusal::PoolFull) && refused.is_soft());
    assert_eq!(world.pool.len(), 6);
}

#[test]
fn messages_that_cannot_be_mined_go_first() {
    let world = small(&[]);
    let keys: Vec<Key> = (1..=6)
        .map(|n| world.sender(KeyType::Secp256k1, n))
        .collect();
    for key in &keys[..5] {
        // The first lets the second be mined; that one has no predecessor.
        world.push(&world.paying(key, 0, 1)).unwrap();
        world.push(&world.paying(key, 2, 10_000)).unwrap();
    }
    world.push(&world.paying(&keys[5], 0, 1)).unwrap();
    assert_eq!(world.pool.len(), 6);
    assert!(keys.iter().all(|key| world.nonces(key) == [0]));
}

#[test]
fn messages_from_here_and_of_priority_stay_however_many_there_are() {
    let first = crate::support::key(KeyType::Secp256k1, 1);
    let world = small(&[&first]);
    let [first, here, other] = [1, 2, 3].map(|n| world.sender(KeyType::Secp256k1, n));
    for nonce in 0..8 {
        world.push(&world.paying(&first, nonce, 1)).unwrap();
    }
    world.push(&world.paying(&other, 0, 1_000)).unwrap();
    for nonce in 0..8 {
        world.push_here(&world.paying(&here, nonce, 1)).unwrap();
    }
    assert_eq!(world.nonces(&first).len(), 8);
    assert_eq!(world.nonces(&here).len(), 8);
    assert!(world.nonces(&other).is_empty());
    // Those that stay anyway leave room for some more before all is gone through again.
    world.push(&world.paying(&other, 0, 1_000)).unwrap();
    assert_eq!(world.nonces(&other), [0]);
}
