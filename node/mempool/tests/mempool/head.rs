//! The head moves.

use filigree_blocks::{ChainMessage, SignedMessage};
use filigree_keys::{Key, KeyType};
use filigree_mempool::{Event, Removal};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;

use crate::support::{World, id_of, key, on_chain};

/// Applies a tipset with messages; the senders' numbers follow.
fn apply(world: &World, messages: &[&SignedMessage], senders: &[(&Key, u64)]) {
    move_head(world, &[], messages, senders);
}

fn move_head(
    world: &World,
    reverted: &[&SignedMessage],
    applied: &[&SignedMessage],
    senders: &[(&Key, u64)],
) {
    let epoch = *world.epoch.read().unwrap();
    *world.epoch.write().unwrap() = epoch + 1;
    for (key, sequence) in senders {
        world.prepare(key, *sequence);
    }
    let tipset = |epoch, messages: &[&SignedMessage]| {
        let messages: Vec<ChainMessage> = messages.iter().map(|signed| on_chain(signed)).collect();
        match messages.is_empty() {
            true => vec![],
            false => vec![(epoch, messages)],
        }
    };
    let (reverted, applied) = (tipset(epoch, reverted), tipset(epoch + 1, applied));
    world.pool.change_head(&reverted, &applied, world.base());
}

fn removed(event: Event) -> (u64, Removal) {
    match event {
        Event::Removed(pending, why) => (pending.nonce(), why),
        Event::Added(pending) => panic!("{} was added", pending.nonce()),
    }
}

#[test]
fn what_is_mined_leaves_and_the_rest_stays() {
    for key_type in KeyType::ALL {
        let world = World::new();
        let key = world.sender(key_type, 1);
        let other = world.sender(key_type, 2);
        let messages = [0, 1, 2].map(|nonce| world.signed(&key, nonce));
        for signed in &messages {
            world.push(signed).unwrap();
        }
        world.push(&world.signed(&other, 0)).unwrap();
        let events = world.pool.subscribe(10);
        apply(&world, &[&messages[0], &messages[1]], &[(&key, 2)]);
        assert_eq!(world.nonces(&key), [2]);
        assert_eq!(world.nonces(&other), [0]);
        assert_eq!(world.next_nonce(&key), 3);
        assert!(world.pool.get(&messages[0].cid()).is_none());
        let left: Vec<_> = events.try_iter().map(removed).collect();
        assert_eq!(left, [(0, Removal::Mined), (1, Removal::Mined)]);
        apply(&world, &[&messages[2]], &[(&key, 3)]);
        assert_eq!(world.pool.len(), 1);
        assert_eq!(world.next_nonce(&key), 3);
    }
}

#[test]
fn another_message_with_its_number_overtakes_one() {
    let world = World::new();
    let key = world.sender(KeyType::Secp256k1, 1);
    world.push(&world.paying(&key, 0, 1)).unwrap();
    world.push(&world.paying(&key, 1, 1)).unwrap();
    let events = world.pool.subscribe(10);
    // The pool has not seen it.
    let mined = world.paying(&key, 0, 2);
    apply(&world, &[&mined], &[(&key, 1)]);
    assert_eq!(world.nonces(&key), [1]);
    assert_eq!(
        events.try_iter().map(removed).collect::<Vec<_>>(),
        [(0, Removal::Overtaken)]
    );
    // Nor that one, and it fills no gap but moves the number.
    apply(
        &world,
        &[&world.paying(&key, 1, 2), &world.paying(&key, 2, 2)],
        &[(&key, 3)],
    );
    assert!(world.pool.is_empty());
    assert_eq!(world.next_nonce(&key), 3);
}

#[test]
fn senders_that_blocks_name_by_id_are_found() {
    let world = World::new();
    let key = world.sender(KeyType::Secp256k1, 1);
    world.push(&world.signed(&key, 0)).unwrap();
    let mut by_id = world.message(&key, 0);
    by_id.from = Address::new_id(id_of(&key));
    let by_id = world.sign(&key, by_id);
    apply(&world, &[&by_id], &[(&key, 1)]);
    assert!(world.pool.is_empty());
    assert_eq!(
        world
            .pool
            .next_nonce(&Address::new_id(id_of(&key)))
            .unwrap(),
        1
    );
    // It does not come back: what its id stands for may have changed.
    move_head(&world, &[&by_id], &[], &[(&key, 0)]);
    assert!(world.pool.is_empty());
}

#[test]
fn what_a_reorganisation_takes_out_comes_back() {
    for key_type in KeyType::ALL {
        let world = World::new();
        let key = world.sender(key_type, 1);
        let messages = [0, 1, 2, 3].map(|nonce| world.signed(&key, nonce));
        for signed in &messages {
            world.push(signed).unwrap();
        }
        apply(
            &world,
            &[&messages[0], &messages[1], &messages[2]],
            &[(&key, 3)],
        );
        assert_eq!(world.nonces(&key), [3]);
        // The other chain has only the first.
        move_head(
            &world,
            &[&messages[0], &messages[1], &messages[2]],
            &[&messages[0]],
            &[(&key, 1)],
        );
        assert_eq!(world.nonces(&key), [1, 2, 3], "{key_type}");
        assert_eq!(world.next_nonce(&key), 4);
        let back = world.pool.pending_of(key.address());
        assert_eq!(back[0].signed, messages[1]);
    }
}

#[test]
fn a_bls_message_the_pool_never_saw_leaves_a_gap_when_it_is_reverted() {
    let world = World::new();
    let key = world.sender(KeyType::Bls, 1);
    let unseen = world.signed(&key, 0);
    apply(&world, &[&unseen], &[(&key, 1)]);
    world.push(&world.signed(&key, 1)).unwrap();
    assert_eq!(world.next_nonce(&key), 2);
    move_head(&world, &[&unseen], &[], &[(&key, 0)]);
    assert_eq!(world.nonces(&key), [1]);
    assert_eq!(world.next_nonce(&key), 0);
    world.push(&unseen).unwrap();
    assert_eq!(world.next_nonce(&key), 2);
}

#[test]
fn the_better_of_two_stays_when_a_message_comes_back() {
    for (pool_premium, stays) in [(100, false), (112, true)] {
        let world = World::new();
        let key = world.sender(KeyType::Secp256k1, 1);
        let mined = world.paying(&key, 0, 101);
        world.push(&mined).unwrap();
        apply(&world, &[&mined], &[(&key, 1)]);
        move_head(&world, &[&mined], &[], &[(&key, 0)]);
        assert_eq!(world.pool.pending_of(key.address())[0].cid, mined.cid());
        let other = world.paying(&key, 0, pool_premium);
        assert_eq!(world.push(&other).is_ok(), stays);
        // It comes back once more.
        move_head(&world, &[&mined], &[], &[(&key, 0)]);
        let kept = world.pool.pending_of(key.address());
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].cid == other.cid(), stays);
    }
}

#[test]
fn a_sender_that_is_gone_on_the_other_chain_loses_nothing() {
    let world = World::new();
    let key = world.sender(KeyType::Secp256k1, 1);
    world.fund(&key, TokenAmount::from_whole(1), 7);
    let mined = world.signed(&key, 7);
    world.push(&world.signed(&key, 8)).unwrap();
    apply(&world, &[&mined], &[(&key, 8)]);
    // Without state the numbers of the messages must do.
    world.break_state(true);
    apply(&world, &[&world.signed(&key, 8)], &[]);
    world.break_state(false);
    assert!(world.nonces(&key).is_empty());
    let stranger = key_of_nobody();
    move_head(
        &world,
        &[&world.sign(&stranger, world.message(&stranger, 0))],
        &[],
        &[],
    );
    assert_eq!(world.nonces(&stranger), [0]);
}

fn key_of_nobody() -> Key {
    key(KeyType::Secp256k1, 99)
}

#[test]
fn subscribers_hear_of_everything_until_they_fall_behind() {
    let world = World::new();
    let key = world.sender(KeyType::Secp256k1, 1);
    let (all, few) = (world.pool.subscribe(100), world.pool.subscribe(2));
    for (premium, nonce) in [(100, 0), (200, 0), (100, 1)] {
        world.push(&world.paying(&key, nonce, premium)).unwrap();
    }
    world.pool.clear(false).unwrap();
    let heard: Vec<String> = all
        .try_iter()
        .map(|event| match event {
            Event::Added(pending) => format!("+{}", pending.nonce()),
            Event::Removed(pending, why) => format!("-{} {why:?}", pending.nonce()),
        })
        .collect();
    assert_eq!(
        heard,
        ["+0", "-0 Replaced", "+0", "+1", "-0 Cleared", "-1 Cleared"]
    );
    assert_eq!(few.iter().count(), 2, "then it ends");
    assert!(world.pool.is_empty());
}
