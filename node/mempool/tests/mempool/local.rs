//! Messages from here: over restarts, over finality, and published again.

use filigree_keys::KeyType;
use filigree_mempool::{Event, Removal};
use fvm_shared::econ::TokenAmount;

use crate::support::{CAP, World, on_chain};

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

#[test]
fn messages_from_here_are_published_again_the_best_first_and_in_order() {
    let world = World::new();
    let [poor, rich, elsewhere] = [1, 2, 3].map(|number| world.sender(KeyType::Secp256k1, number));
    world.push_here(&world.paying(&poor, 0, 1)).unwrap();
    world.push_here(&world.paying(&poor, 2, 1)).unwrap();
    world.push_here(&world.paying(&rich, 0, 100)).unwrap();
    world.push_here(&world.paying(&rich, 1, 50)).unwrap();
    world.push(&world.paying(&elsewhere, 0, 1_000)).unwrap();
    let again = world.pool.to_republish().unwrap();
    let order: Vec<_> = again
        .iter()
        .map(|signed| {
            (
                signed.message.from == *rich.address(),
                signed.message.sequence,
            )
        })
        .collect();
    // Without the one beyond a gap, and the one from elsewhere.
    assert_eq!(order, [(true, 0), (true, 1), (false, 0)]);

    // A head that has one of them is a reason to publish the others at once.
    world.prepare(&poor, 1);
    let mined = vec![on_chain(&world.paying(&poor, 0, 1))];
    assert!(world.pool.change_head(&[], &[(1_001, mined)], world.base()));
    world.prepare(&elsewhere, 1);
    let mined = vec![on_chain(&world.paying(&elsewhere, 0, 1_000))];
    assert!(!world.pool.change_head(&[], &[(1_002, mined)], world.base()));
}

#[test]
fn what_waits_for_the_base_fee_is_published_when_it_has_fallen() {
    let world = World::new();
    let key = world.sender(KeyType::Secp256k1, 1);
    world.set_base_fee(CAP * 1_000);
    assert!(!world.push_here(&world.signed(&key, 0)).unwrap().publish);
    assert!(world.pool.to_republish().unwrap().is_empty());
    world.set_base_fee(CAP * 10);
    assert_eq!(world.pool.to_republish().unwrap().len(), 1);
}

#[test]
fn at_most_thirty_are_published_at_once() {
    let world = World::new();
    let key = world.sender(KeyType::Secp256k1, 1);
    for nonce in 0..40 {
        world.push_here(&world.signed(&key, nonce)).unwrap();
    }
    let again = world.pool.to_republish().unwrap();
    let nonces: Vec<_> = again.iter().map(|signed| signed.message.sequence).collect();
    assert_eq!(nonces, (0..30).collect::<Vec<_>>());
}
