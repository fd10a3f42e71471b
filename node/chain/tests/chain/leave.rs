//! Blocks that the chain leaves, whatever they weigh.

use std::sync::atomic::Ordering;

use filigree_blocks::Tipset;
use filigree_chain::{ChainError, Event, Notice, NullRounds, Taken};

use crate::world::{FewStates, World, config, genesis};

/// A chain of 1000's blocks up to epoch 4, with one of 1001 beside that of epoch 3, and a fork of 1002 from epoch 1 on.
struct Fork {
    world: World,
    ours: Vec<Tipset>,
    fork: Tipset,
}

impl Fork {
    fn new() -> Self {
        let world = World::new();
        let first = world.grow(&genesis(), 1, &[1000]);
        let second = world.grow(&first, 2, &[1000]);
        let third = world.grow(&second, 3, &[1000, 1001]);
        let fourth = world.grow(&third, 4, &[1000]);
        let fork = world.tipset(&first, 2, &[1002]);
        assert_eq!(world.chain.take(&fork).unwrap(), Taken::Lighter);
        Self {
            world,
            ours: vec![first, second, third, fourth],
            fork,
        }
    }
}

#[test]
fn the_head_goes_to_the_blocks_beside() {
    let Fork { world, ours, .. } = Fork::new();
    let (_, listener) = world.chain.subscribe(10);
    let [bad, beside] = [1000, 1001].map(|miner| {
        let mut blocks = ours[2].blocks().iter();
        let of = |id| fvm_shared::address::Address::new_id(id);
        blocks
            .find(|block| block.header().miner == of(miner))
            .unwrap()
            .clone()
    });
    assert!(world.chain.leave(&bad.cid()).unwrap());
    let expected = Tipset::new([beside.header().clone()]).unwrap();
    assert_eq!(world.chain.head(), expected);
    let steps = [
        Event::Revert(ours[3].clone()),
        Event::Revert(ours[2].clone()),
        Event::Apply(expected.clone()),
    ];
    assert_eq!(listener.try_next(), Some(Notice::Change(steps[..].into())));
    // What was built on it is forgotten: the head goes on from where it is.
    let next = world.tipset(&expected, 4, &[1001]);
    assert_eq!(world.chain.take(&next).unwrap(), Taken::Head);
    assert!(!world.chain.leave(&bad.cid()).unwrap(), "it is left");
    assert_eq!(world.chain.head(), next);
}

#[test]
fn the_head_goes_to_the_heaviest_fork_or_to_the_parents() {
    let Fork { world, ours, fork } = Fork::new();
    assert!(world.chain.leave(&ours[1].first().cid()).unwrap());
    assert_eq!(world.chain.head(), fork);
    assert!(world.chain.leave(&fork.first().cid()).unwrap());
    assert_eq!(world.chain.head(), ours[0]);
    // After a restart no fork is remembered.
    let Fork { world, ours, .. } = Fork::new();
    let world = world.reopen();
    assert!(world.chain.leave(&ours[1].first().cid()).unwrap());
    assert_eq!(world.chain.head(), ours[0]);
}

#[test]
fn a_fork_that_is_not_the_head_is_forgotten() {
    let Fork { world, ours, fork } = Fork::new();
    assert!(!world.chain.leave(&fork.first().cid()).unwrap());
    assert_eq!(world.chain.head(), ours[3]);
    assert!(!world.chain.candidates().contains(&fork.first().cid()));
    // With a checkpoint on what is left, there is none any more.
    world.chain.set_checkpoint(&ours[2]).unwrap();
    assert!(world.chain.leave(&ours[2].blocks()[0].cid()).unwrap());
    assert_eq!(world.chain.checkpoint(), None);
}

#[test]
fn what_is_not_here_and_the_genesis_change_nothing() {
    let Fork { world, ours, .. } = Fork::new();
    for cid in [
        filigree_blocks::cid_of(b"nowhere"),
        genesis().first().cid(),
        world.tipset(&ours[3], 5, &[1002]).first().cid(),
    ] {
        assert!(!world.chain.leave(&cid).unwrap());
    }
    assert_eq!(world.chain.head(), ours[3]);
}

/// As after a light snapshot, or a collection: no weight can be told.
#[test]
fn where_there_is_one_way_only_no_state_is_needed() {
    for (left, beside) in [(1, None), (2, Some(1001))] {
        let Fork { world, ours, .. } = Fork::new();
        let bad = world.tipset(&ours[left - 1], ours[left].height(), &[1000]);
        let bad = bad.first().cid();
        let expected = match beside {
            None => ours[left - 1].clone(),
            Some(miner) => world.tipset(&ours[left - 1], ours[left].height(), &[miner]),
        };
        // No weight is in memory, and no fork.
        let world = world.reopen();
        world.states.are_gone.store(true, Ordering::Relaxed);
        assert!(world.chain.weight(&expected).is_err());
        assert!(world.chain.leave(&bad).unwrap());
        assert_eq!(world.chain.head(), expected);
    }
}

#[test]
fn when_a_block_cannot_be_left_nothing_is_forgotten() {
    let Fork { world, ours, .. } = Fork::new();
    let bad = world.tipset(&ours[1], 3, &[1000]);
    // No weight is in memory any more.
    world.chain.set_config(config());
    world.states.are_gone.store(true, Ordering::Relaxed);
    let before = world.chain.candidates();
    // To the block beside, or to the fork: weights must tell.
    let refused = world.chain.leave(&bad.first().cid()).unwrap_err();
    assert!(matches!(refused, ChainError::State(_)), "{refused}");
    assert_eq!(world.chain.head(), ours[3]);
    assert_eq!(world.chain.candidates(), before);
}

/// A chain with a finality of ten epochs, up to epoch 16, and a heavier fork from epoch 5 on, which was refused.
fn refused_fork() -> (World, Tipset, Tipset) {
    let mut config = config();
    config.finality_epochs = 10;
    let world = World::with(config, FewStates::default());
    let head = world.grow_chain(&genesis(), 1000, 1..=16);
    let mut fork = world.chain.tipset_at(&head, 5, NullRounds::After).unwrap();
    for height in 6..=17 {
        fork = world.tipset(&fork, height, &[1001, 1002, 1003]);
        world.chain.put_tipset(&fork).unwrap();
    }
    assert_eq!(world.chain.take(&fork).unwrap(), Taken::Refused);
    (world, head, fork)
}

#[test]
fn a_fork_that_was_refused_is_not_taken_for_that_a_block_is_left() {
    // Whoever leaves a block that is final goes back as far as must be, and no farther; the fork is from epoch 5 on.
    for (left, expected) in [(16, Some(15)), (7, Some(6)), (6, None)] {
        let (world, head, fork) = refused_fork();
        let at = |height| world.chain.tipset_at(&head, height, NullRounds::After);
        let expected = match expected {
            Some(height) => at(height).unwrap(),
            None => fork,
        };
        let left = at(left).unwrap().first().cid();
        assert!(world.chain.leave(&left).unwrap());
        assert_eq!(world.chain.head(), expected);
    }
}

#[test]
fn a_fork_that_a_checkpoint_refused_is_not_taken_for_that_a_block_is_left() {
    let world = World::new();
    let head = world.grow_chain(&genesis(), 1000, 1..=8);
    let at = |height| world.chain.tipset_at(&head, height, NullRounds::After);
    world.chain.set_checkpoint(&at(7).unwrap()).unwrap();
    let mut fork = at(5).unwrap();
    for height in 6..=8 {
        fork = world.tipset(&fork, height, &[1001, 1002]);
        world.chain.put_tipset(&fork).unwrap();
    }
    assert_eq!(world.chain.take(&fork).unwrap(), Taken::Refused);
    assert!(world.chain.leave(&head.first().cid()).unwrap());
    assert_eq!(world.chain.head(), at(7).unwrap());
    assert_eq!(world.chain.checkpoint(), Some(at(7).unwrap()));
}

#[test]
fn what_is_no_header_cannot_be_left() {
    let Fork { world, ours, .. } = Fork::new();
    let key = filigree_blocks::cid_of(&ours[1].key().block());
    let refused = world.chain.leave(&key).unwrap_err();
    assert!(matches!(refused, ChainError::Malformed { .. }), "{refused}");
    assert_eq!(world.chain.head(), ours[3]);
}
