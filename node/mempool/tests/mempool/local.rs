//! Messages from here: over restarts, and over finality.

use filigree_keys::KeyType;
use filigree_mempool::{Event, Removal};
use fvm_shared::econ::TokenAmount;

use crate::support::{World, on_chain};

#[test]
fn messages_from_here_survive_a_restart_and_others_do_not() {
    let mut world = World::new();
    let here = world.sender(KeyType::Bls, 1);
    let elsewhere = world.sender(KeyType::Secp256k1, 2);
    // Not in order, with a gap, and with a replacement.
    for nonce in [2, 0, 7, 1] {
        world.push_here(&world.signed(&here, nonce)).unwrap();
    }
    let better = world.paying(&here, 0, 1_000);
    world.push_here(&better).unwrap();
    world.push(&world.signed(&elsewhere, 0)).unwrap();
    world.restart();
    assert_eq!(world.nonces(&here), [0, 1, 2, 7]);
    assert_eq!(world.pool.pending_of(here.address())[0].signed, better);
    assert_eq!(world.next_nonce(&here), 3);
    assert!(world.nonces(&elsewhere).is_empty());
}

/// Whoever hears of it may put it into a block at once.
#[test]
fn a_message_from_here_is_on_disk_before_anybody_hears_of_it() {
    let world = World::new();
    let kept = world.kept();
    let key = world.sender(KeyType::Secp256k1, 1);
    let events = world.pool.subscribe(100);
    std::thread::scope(|scope| {
        let listener = scope.spawn(move || {
            (0..50).all(|_| {
                let Ok(Event::Added(pending)) = events.recv() else {
                    panic!("messages come, and nothing else happens");
                };
                let place = (pending.sender(), pending.nonce());
                kept.get(&place).unwrap().is_some()
            })
        });
        for nonce in 0..50 {
            world.push_here(&world.signed(&key, nonce)).unwrap();
        }
        assert!(listener.join().unwrap());
    });
}

#[test]
fn a_mined_message_is_kept_for_a_finality_and_then_forgotten() {
    let mut world = World::new();
    let key = world.sender(KeyType::Bls, 1);
    let signed = world.signed(&key, 0);
    world.push_here(&signed).unwrap();
    world.prepare(&key, 1);
    let mined_at = 1_001;
    *world.epoch.write().unwrap() = mined_at;
    world
        .pool
        .change_head(&[], &[(mined_at, vec![on_chain(&signed)])], world.base());
    assert!(world.pool.is_empty());
    world.restart();
    assert!(world.pool.is_empty());
    // The signature, which blocks do not have, is still known.
    *world.epoch.write().unwrap() = mined_at + 899;
    world.sync();
    world.restart();
    world.prepare(&key, 0);
    world
        .pool
        .change_head(&[(mined_at, vec![on_chain(&signed)])], &[], world.base());
    assert_eq!(world.pool.pending_of(key.address())[0].signed, signed);
    world.restart();
    assert_eq!(world.nonces(&key), [0]);
    // Mined again, and final.
    world.prepare(&key, 1);
    world
        .pool
        .change_head(&[], &[(mined_at, vec![on_chain(&signed)])], world.base());
    *world.epoch.write().unwrap() = mined_at + 900;
    world.sync();
    world.restart();
    world.prepare(&key, 0);
    world
        .pool
        .change_head(&[(mined_at, vec![on_chain(&signed)])], &[], world.base());
    assert!(world.pool.is_empty());
}

#[test]
fn a_message_that_was_mined_while_the_node_was_down_is_not_taken_back() {
    let mut world = World::new();
    let key = world.sender(KeyType::Secp256k1, 1);
    for nonce in [0, 1] {
        world.push_here(&world.signed(&key, nonce)).unwrap();
    }
    world.prepare(&key, 1);
    world.restart();
    assert_eq!(world.nonces(&key), [1]);
    *world.epoch.write().unwrap() = 2_000;
    world.sync();
    world.prepare(&key, 0);
    world.restart();
    assert_eq!(world.nonces(&key), [1], "it was forgotten after a finality");
}

#[test]
fn one_that_cannot_be_kept_over_a_restart_for_want_of_funds_waits_on_disk() {
    let mut world = World::new();
    let key = world.sender(KeyType::Secp256k1, 1);
    world.push_here(&world.signed(&key, 0)).unwrap();
    world.fund(&key, TokenAmount::default(), 0);
    world.restart();
    assert!(world.pool.is_empty());
    world.fund(&key, TokenAmount::from_whole(1), 0);
    world.restart();
    assert_eq!(world.nonces(&key), [0]);
}

#[test]
fn clearing_forgets_others_or_all() {
    let mut world = World::new();
    let here = world.sender(KeyType::Secp256k1, 1);
    let elsewhere = world.sender(KeyType::Secp256k1, 2);
    world.push_here(&world.signed(&here, 0)).unwrap();
    world.push(&world.signed(&elsewhere, 0)).unwrap();
    world.pool.clear(false).unwrap();
    assert_eq!(world.nonces(&here), [0]);
    assert!(world.nonces(&elsewhere).is_empty());
    let events = world.pool.subscribe(10);
    world.pool.clear(true).unwrap();
    assert!(world.pool.is_empty());
    assert!(matches!(
        events.try_recv(),
        Ok(Event::Removed(_, Removal::Cleared))
    ));
    world.restart();
    assert!(world.pool.is_empty());
}
